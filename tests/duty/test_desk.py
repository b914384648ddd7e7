"""Duty hours of the running gateway: an urgent letter is told at once, a missed check made up."""

from __future__ import annotations

import json
import re
import signal
import smtplib
import time
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest

from gateway.approval.calendar import Calendar
from gateway.archive.notepad import FileNotepad
from gateway.roles.duty import KEY, NOTED, NOTED_S, Told
from tests.roles.test_relay import Gateway, configure, start

URGENT = """From: <sonoivu@tinh.example>\r
To: <lanhsu@songoaivu.example>\r
Subject: =?utf-8?q?=5BH=E1=BB=8EA_T=E1=BB=90C=5D_B=E1=BA=A3o_h=E1=BB=99_c=C3=B4ng_d=C3=A2n?=\r
\r
Kinh gui\r
"""


def on_duty_now(config: Path) -> None:
    """Today is worked, and its checks of unit mailboxes are at the minute that began last."""
    here = datetime.now(Calendar().zone)
    main = (config / "vanthu.toml").read_text(encoding="utf-8")
    for kind in ("agency", "personal", "report"):
        main = re.sub(rf"(?m)^{kind} = \[.*?\]", f"{kind} = []", main)
    main = re.sub(r"(?m)^unit = \[.*?\]", f'unit = ["{here:%H:%M}"]', main)
    (config / "vanthu.toml").write_text(main, encoding="utf-8")
    rules = (config / "approval.toml").read_text(encoding="utf-8")
    rules = rules.replace('worked = ["2026-08-22"]', f'worked = ["{here:%Y-%m-%d}"]')
    (config / "approval.toml").write_text(rules, encoding="utf-8")


def set_back(config: Path) -> None:
    """As if what was told had been told an hour ago."""
    pad = FileNotepad(config.parent / "data/notepad.db")
    told = msgspec.json.decode(pad.get(NOTED, KEY) or "", type=Told)
    before = datetime.now(UTC) - timedelta(hours=1)
    marks = {k: msgspec.structs.replace(mark, at=before) for k, mark in told.marks.items()}
    text = msgspec.json.encode(msgspec.structs.replace(told, marks=marks)).decode()
    pad.put(NOTED, KEY, text, NOTED_S)
    pad.close()


def letters(gateway: Gateway, login: str, count: int) -> list[EmailMessage]:
    """What the duty desk has written to somebody, when there is so much of it."""
    box = gateway.config.parent / "data/mail/songoaivu.example" / login / "new"
    for _ in range(200):
        found = sorted(box.iterdir()) if box.exists() else []
        if len(found) >= count:
            return [message_from_bytes(p.read_bytes(), policy=policy.default) for p in found]
        time.sleep(0.1)
    pytest.fail(f"{login} has {len(found)} letters, not {count}")


def end(gateway: Gateway) -> None:
    gateway.process.send_signal(signal.SIGTERM)
    assert gateway.process.wait(30) == 0


def test_leaders_hear_at_once_and_keepers_at_the_check(tmp_path: Path) -> None:
    config, *ports = configure(tmp_path)
    on_duty_now(config)
    gateway = start(config, *ports)
    for _ in range(100):  # What was there before the desk began is not new.
        if (config.parent / "data/notepad.db").exists() and _noted(config):
            break
        time.sleep(0.1)
    with smtplib.SMTP("127.0.0.1", gateway.inbound) as client:
        client.sendmail("sonoivu@tinh.example", ["lanhsu@songoaivu.example"], URGENT.encode())
    (urgent,) = letters(gateway, "minh", 1)
    assert str(urgent["Subject"]) == "[HỎA TỐC] Bảo hộ công dân"
    assert "— Sổ văn bản đến Phòng Lãnh sự —" in urgent.get_content()
    gateway.process.kill()
    gateway.process.wait()

    set_back(config)
    gateway = start(config, *ports)
    _, check = letters(gateway, "minh", 2)  # The urgent one is not told again.
    (unit,) = map(json.loads, gateway.command("duty", "--json").stdout.splitlines())
    assert (unit["place"], unit["waiting"], unit["overdue"]) == ("book:den-lanhsu", 1, 0)
    assert unit["keepers"] == ["minh", "tuan"]
    assert check["Message-ID"].startswith("<duty-check-")
    assert "nobody has been told to handle it" in check.get_content()
    end(gateway)


def _noted(config: Path) -> bool:
    pad = FileNotepad(config.parent / "data/notepad.db")
    try:
        return pad.get(NOTED, KEY) is not None
    finally:
        pad.close()

"""Keepers are told what is held, and say their word by an authenticated mail."""

from __future__ import annotations

import re
import signal
import smtplib
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from datetime import time as clock
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from gateway.quarantine.boxes import Coded, box_kind, coded
from gateway.quarantine.digest import Item, due, text
from tests.quarantine.test_quarantine import BOX, held, lessons, send, wait_for_lessons
from tests.roles.test_relay import Gateway, configure, start
from tests.spam.made_up import letter_bytes

LAN = "lan@songoaivu.example"


def test_addresses_of_the_quarantine() -> None:
    code = "7k3f9qxm2v47k3f9qxm2v47k3f"
    assert coded(f"NhanThu-{code}") == Coded("release", code)
    assert coded(f"thurac-{code}") == Coded("refuse", code)
    assert coded("nhanthu-short") is None
    assert [box_kind(box) for box in ("spam", "HAM", f"thurac-{code}", "so")] == [
        "spam", "ham", "code", None
    ]  # fmt: skip


def test_a_digest_is_due_once_at_each_time() -> None:
    times = [clock(7, 30), clock(11, 0)]
    half_past_seven = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
    before = half_past_seven.replace(minute=29)
    assert due(before, half_past_seven, times)
    assert not due(half_past_seven, half_past_seven.replace(minute=31), times)
    assert due(before, half_past_seven.replace(hour=9), times)
    assert not due(before, before, times)
    assert not due(before, half_past_seven, [])


def test_the_digest_says_why_in_both_languages_and_marks_what_is_pressing() -> None:
    item = Item(
        datetime(2026, 11, 24, 1, 0, tzinfo=UTC), "Nam <nam@client.example>", "Đơn tố cáo",
        "2026-0000007", ("+7.0 points in all",), True, "nhanthu-1@gw", "thurac-1@gw",
    )  # fmt: skip
    said = text("so@songoaivu.example", [item], 3)
    assert said.count("nhanthu-1@gw") == 2
    assert "24/11/2026 08:00" in said
    assert "[CÓ THỂ LÀ CÔNG VĂN HOẶC ĐƠN THƯ] Đơn tố cáo" in said
    assert "[MAY BE A DISPATCH OR A PETITION] Đơn tố cáo" in said


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    config, *ports = configure(tmp_path)
    main = (config / "vanthu.toml").read_text(encoding="utf-8")
    soon = datetime.fromtimestamp(time.time() + 100, UTC).astimezone()
    from gateway.quarantine.digest import OFFICE

    here = soon.astimezone(OFFICE)
    main = re.sub(r"digest = \[.*?\]", f'digest = ["{here:%H:%M}"]', main)
    main = main.replace("publish_s = 30.0", "publish_s = 0.2")
    (config / "vanthu.toml").write_text(main, encoding="utf-8")
    chains = (config / "chains.toml").read_text(encoding="utf-8")
    chains = chains.replace(
        "incoming = { tag = 4.0, hold = 6.5", "incoming = { tag = 1.0, hold = 2.0"
    )
    (config / "chains.toml").write_text(chains, encoding="utf-8")
    running = start(config, *ports)
    yield running
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(30) == 0


def write(gateway: Gateway, to: str, raw: bytes = b"") -> None:
    context = ssl.create_default_context(cafile=gateway.config / "demo.pem")
    raw = raw or f"From: <{LAN}>\r\nTo: <{to}>\r\nSubject: x\r\n\r\n\r\n".encode()
    with smtplib.SMTP("localhost", gateway.submission) as client:
        client.starttls(context=context)
        client.login("lan", "secret")
        client.sendmail(LAN, [to], raw)


PHISH = b'Content-Type: text/html\r\n\r\n<a href="http://192.0.2.1/x">x</a> <input type="password">'


def letter(n: int) -> bytes:
    return f"From: <a@client.example>\r\nSubject: no {n}\r\n".encode() + PHISH + b"\r\n"


def test_held_mail_is_told_of_and_released_by_a_mail_of_its_keeper(gateway: Gateway) -> None:
    first, second = send(gateway, letter(1)), send(gateway, letter(2))
    box = gateway.config.parent / BOX
    for _ in range(1800):
        if box.exists() and any(box.iterdir()):
            break
        time.sleep(0.1)
    (digest,) = box.iterdir()
    mail = message_from_bytes(digest.read_bytes(), policy=policy.default)
    assert mail["Auto-Submitted"] == "auto-generated"
    body = mail.get_content()
    assert first in body
    assert second in body
    receive = re.findall(r"nhanthu-\S+", body)
    junk = re.findall(r"thurac-\S+", body)
    code = dict(zip(re.findall(r"2026-\d{7}", body), zip(receive, junk, strict=True), strict=True))

    write(gateway, code[first][0])
    write(gateway, code[second][1])
    wait_for_lessons(gateway, 2)
    assert held(gateway) == []
    gateway.settle()
    assert len(list(box.iterdir())) == 2
    assert lessons(gateway) == (1, 1)
    write(gateway, code[first][1])
    time.sleep(2.5)
    assert lessons(gateway) == (1, 1)
    story = gateway.command("why", first).stdout
    assert "release (quarantine)" in story


def test_of_a_petition_the_keeper_is_told_at_once_and_of_others_at_the_check_time(
    gateway: Gateway,
) -> None:
    box = gateway.config.parent / BOX
    send(gateway, letter(1))
    complaint = send(gateway, letter(2).replace(b"no 2", b"Don khieu nai"))
    for _ in range(300):
        if box.exists() and any(box.iterdir()):
            break
        time.sleep(0.1)
    (told,) = box.iterdir()
    body = message_from_bytes(told.read_bytes(), policy=policy.default).get_content()
    assert set(re.findall(r"2026-\d{7}", body)) == {complaint}
    assert held(gateway) != []


def test_letters_to_spam_and_ham_are_learnt(gateway: Gateway) -> None:
    inner = letter_bytes(1, is_spam=True)
    head = f"From: <{LAN}>\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    head += 'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    part = b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n"
    write(gateway, "spam@songoaivu.example", head.encode() + part * 2 + b"--b--\r\n")
    write(gateway, "ham@songoaivu.example", head.encode() + part + b"--b--\r\n")
    wait_for_lessons(gateway, 3)
    assert lessons(gateway) == (1, 2)
    with pytest.raises(smtplib.SMTPDataError, match="forward as attachment"):
        write(gateway, "spam@songoaivu.example")
    with smtplib.SMTP("127.0.0.1", gateway.inbound) as client:
        client.ehlo("client.example")
        client.mail("citizen@example.net")
        assert client.rcpt("spam@songoaivu.example")[0] == 550

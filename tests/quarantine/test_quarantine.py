"""Held as spam, looked into, released once and only to its recipients, and learnt from."""

from __future__ import annotations

import json
import signal
import smtplib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.quarantine.envelope import new_key
from gateway.spam import versions
from gateway.spam.trainer import Trainer
from tests.roles.test_relay import Gateway, configure, start
from tests.spam.made_up import letter_bytes
from tests.wrappings import EICAR

PHRASE = "mot hai ba bon nam"
KNOWN = 60
BOX = "data/mail/songoaivu.example/lan/new"


def teach(config: Path) -> None:
    """What the office has seen so far, as files in folders."""
    for is_spam in (True, False):
        folder = config.parent / ("spam" if is_spam else "ham")
        folder.mkdir()
        for number in range(KNOWN):
            (folder / f"{number}.eml").write_bytes(letter_bytes(number, is_spam=is_spam))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    tmp_path = tmp_path_factory.mktemp("office")
    config, *ports = configure(tmp_path)
    teach(config)
    chains = (config / "chains.toml").read_text(encoding="utf-8")
    chains = chains.replace("enough_ham = 300", "enough_ham = 50")
    (config / "chains.toml").write_text(chains, encoding="utf-8")
    main = (config / "vanthu.toml").read_text(encoding="utf-8")
    main = main.replace("publish_s = 30.0", "publish_s = 0.2")
    main = main.replace("certificates = [] ", 'certificates = ["secrecy.pem"] ')
    (config / "vanthu.toml").write_text(main, encoding="utf-8")
    key = config.parent / "officer.key"
    new_key(config / "secrecy.pem", key, "Binh", PHRASE, datetime.now(UTC))
    (config.parent / "phrase").write_text(PHRASE, encoding="utf-8")
    running = start(config, *ports)
    for kind in ("spam", "ham"):
        done = running.command("learn", kind, str(tmp_path / kind))
        assert done.returncode == 0, done.stderr
    wait_for_lessons(running, 2 * KNOWN)
    yield running
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(30) == 0


def lessons(gateway: Gateway) -> tuple[int, int]:
    folder = gateway.config.parent / "data/spam"
    number = versions.current(folder)
    if not number:
        return 0, 0
    label = versions.read(versions.path_of(folder, number)).label
    return label.ham, label.spam


def wait_for_lessons(gateway: Gateway, count: int) -> None:
    for _ in range(300):
        if sum(lessons(gateway)) >= count:
            time.sleep(1.2)  # The doors look once a second whether there is a new version.
            return
        time.sleep(0.1)
    pytest.fail(f"{lessons(gateway)} lessons, not {count}")


def send(gateway: Gateway, raw: bytes, *to: str) -> str:
    """The archive number that was told."""
    with smtplib.SMTP("127.0.0.1", gateway.inbound) as client:
        client.ehlo("client.example")
        client.mail("citizen@example.net")
        for address in to or ("lan@songoaivu.example",):
            client.rcpt(address)
        code, text = client.data(raw)
    assert code == 250, text
    return text.decode().split(" as ")[1].split()[0]


def held(gateway: Gateway) -> list[str]:
    out = gateway.command("quarantine", "list", "--json").stdout
    return [json.loads(line)["number"] for line in out.splitlines()]


def test_dispatches_and_petitions_are_shown_first(gateway: Gateway) -> None:
    spam = letter_bytes(920, is_spam=True)
    subject = b"Subject: =?utf-8?q?C=C3=B4ng_v=C4=83n_12/UBND-VP?="
    head = b"\r\n".join(
        subject if line.startswith(b"Subject:") else line for line in spam.split(b"\r\n")
    )
    urgent = send(gateway, head)
    plain = send(gateway, letter_bytes(921, is_spam=True))
    gateway.settle()
    assert held(gateway) == [urgent, plain]
    assert gateway.command("quarantine", "delete", urgent, plain).returncode == 0


def test_spam_is_held_shown_and_released_once_and_learnt(gateway: Gateway) -> None:
    good = send(gateway, letter_bytes(900, is_spam=False))
    first, second = (send(gateway, letter_bytes(n, is_spam=True)) for n in (901, 902))
    gateway.settle()
    assert sorted(held(gateway)) == [first, second]
    shown = gateway.command("quarantine", "show", first).stdout
    assert "it smells like letters that people here called spam" in shown
    before = lessons(gateway)

    assert gateway.command("quarantine", "release", first).returncode == 0
    again = gateway.command("quarantine", "release", first)
    assert again.returncode == 1
    assert "not in quarantine" in again.stderr
    assert gateway.command("quarantine", "learn", "spam", second).returncode == 0
    gateway.settle()
    assert held(gateway) == []
    box = gateway.config.parent / BOX
    told = b"Auto-Submitted: "  # Of the urgent one of another test its keeper was told at once.
    assert len([path for path in box.iterdir() if told not in path.read_bytes()]) == 2
    wait_for_lessons(gateway, sum(before) + 2)
    assert lessons(gateway) == (before[0] + 1, before[1] + 1)
    story = gateway.command("why", first).stdout
    assert "release (quarantine)" in story
    assert good not in held(gateway)


def test_a_virus_that_was_held_does_not_leave(gateway: Gateway) -> None:
    chains = gateway.config / "chains.toml"
    text = chains.read_text(encoding="utf-8")
    off = text.replace('programs = "reject"', 'programs = "reject"\ntest_virus = "hold"')
    chains.write_text(off, encoding="utf-8")
    gateway.process.send_signal(signal.SIGHUP)
    time.sleep(1.5)
    raw = letter_bytes(910, is_spam=False) + EICAR + b"\r\n"
    number = send(gateway, raw)
    chains.write_text(text, encoding="utf-8")
    refused = gateway.command("quarantine", "release", number)
    assert refused.returncode == 1
    assert "EICAR" in refused.stderr
    assert gateway.command("release", number).returncode == 1
    assert held(gateway) == [number]
    assert gateway.command("quarantine", "delete", number).returncode == 0
    assert held(gateway) == []


def test_what_was_learnt_can_be_listed_and_exported(gateway: Gateway, tmp_path: Path) -> None:
    ham, spam = lessons(gateway)
    listed = gateway.command("learn", "list").stdout
    assert f"ham {ham:7}  spam {spam:7}" in listed
    copy = tmp_path / "nose"
    assert gateway.command("learn", "export", str(copy)).returncode == 0
    assert versions.read(copy).label.ham == ham
    with pytest.raises(Exception, match="another trainer"):
        Trainer(gateway.config.parent / "data/spam", lambda: 0)


def test_a_secrecy_stamp_is_encrypted_told_and_lifted(gateway: Gateway) -> None:
    home = gateway.config.parent
    raw = letter_bytes(930, is_spam=False)
    lines = [
        b"Subject: =?utf-8?q?=5BM=E1=BA=ACT=5D_sao_dem?=" if line.startswith(b"Subject:") else line
        for line in raw.split(b"\r\n")
    ]
    number = send(
        gateway, b"\r\n".join(lines) + b"doan khach sao dem\r\n", "minh@songoaivu.example"
    )
    gateway.settle()
    assert number not in gateway.command("find", "--as", "minh", "sao dem").stdout
    assert all(b"khach sao" not in p.read_bytes() for p in files(home / "data"))
    assert gateway.command("release", number).returncode == 1
    boxes = [home / f"data/mail/songoaivu.example/{login}/new" for login in ("binh", "minh")]
    for box in boxes:
        for _ in range(100):
            if any(number.encode() in path.read_bytes() for path in files(box)):
                break
            time.sleep(0.1)
        else:
            pytest.fail(f"nobody was told in {box}")
    words = ["--reason", "an old stamp", "--key", str(home / "officer.key")]
    words += ["--passphrase-file", str(home / "phrase")]
    done = gateway.command("secrecy", "release", number, *words)
    assert done.returncode == 0, done.stderr
    gateway.settle()
    assert any(b"khach sao" in path.read_bytes() for path in files(boxes[1]))
    assert number not in gateway.command("find", "--as", "minh", "sao dem").stdout


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []

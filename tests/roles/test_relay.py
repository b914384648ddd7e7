"""The whole gateway as a process: a letter comes in and is found wherever it belongs."""

from __future__ import annotations

import json
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.cli.demo import certificate
from gateway.directory.passwords import hash_password
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
LETTER = b"From: <citizen@example.net>\r\nSubject: =?utf-8?b?xJDGoW4=?=\r\n\r\n.one\r\n..two\r\n"


@dataclass
class Gateway:
    """A running gateway."""

    config: Path
    inbound: int
    submission: int
    metrics: int
    process: subprocess.Popen[bytes]

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "gateway.cli", "--config", str(self.config), *words]
        return subprocess.run(
            line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )

    def found(self, *words: str) -> list[dict[str, object]]:
        return [
            json.loads(line) for line in self.command("find", "--json", *words).stdout.splitlines()
        ]

    def settle(self) -> None:
        """Wait until nothing is owed."""
        for _ in range(100):
            if self.command("queue", "empty").returncode == 0:
                return
            time.sleep(0.1)
        pytest.fail("the queue did not run empty")


def configure(folder: Path) -> tuple[Path, int, int, int]:
    """The shipped configuration on free ports."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config, ignore=shutil.ignore_patterns("*.pem", "*.key"))
    certificate(config / "demo.pem", config / "demo.key")
    (config / "passwords.toml").write_text(f'[passwords]\nlan = "{hash_password("secret")}"\n')
    ports = [free_port() for _ in range(4)]
    text = (config / "vanthu.toml").read_text(encoding="utf-8")
    for shipped, port in zip(("2525", "2587", "2465", "9125"), ports, strict=True):
        text = text.replace(shipped, str(port))
    (config / "vanthu.toml").write_text(text, encoding="utf-8")
    return config, ports[0], ports[1], ports[3]


def start(config: Path, inbound: int, submission: int, metrics: int) -> Gateway:
    line = [sys.executable, "-m", "gateway.cli", "--config", str(config), "run"]
    process = subprocess.Popen(line, cwd=ROOT)
    for _ in range(600):
        try:
            with socket.create_connection(("127.0.0.1", inbound), 1) as peer:
                assert peer.recv(3) == b"220"
            return Gateway(config, inbound, submission, metrics, process)
        except OSError:
            time.sleep(0.05)
    process.kill()
    pytest.fail("the gateway did not start")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    running = start(*configure(tmp_path))
    yield running
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(30) == 0


def send(gateway: Gateway) -> str:
    """Hand in the letter; the archive number that was told."""
    with smtplib.SMTP("127.0.0.1", gateway.inbound) as client:
        client.ehlo("client.example")
        client.mail("citizen@example.net")
        client.rcpt("lan@songoaivu.example")
        code, text = client.data(LETTER)
    assert code == 250
    return text.decode().split(" as ")[1].split()[0]


def test_a_letter_is_kept_delivered_found_and_explained(gateway: Gateway) -> None:
    number = send(gateway)
    assert number.endswith("-0000001")
    gateway.settle()
    box = gateway.config.parent / "data/mail/songoaivu.example/lan/new"
    (delivered,) = box.iterdir()
    assert delivered.read_bytes().endswith(LETTER)
    assert delivered.read_bytes().startswith(b"Return-Path: <citizen@example.net>\r\n")
    assert [f["subject"] for f in gateway.found(number, "--as", "lan")] == ["Đơn"]
    assert [f["number"] for f in gateway.found("--sender", "citizen")] == [number]
    story = gateway.command("why", number).stdout
    assert "helo client.example" in story
    assert "delivered" in story
    shown = subprocess.run(
        [
            *(sys.executable, "-m", "gateway.cli", "--config", str(gateway.config)),
            *("show", number, "--as", "lan"),
        ],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    assert shown.stdout == LETTER
    assert "in order" in gateway.command("archive", "verify").stdout


def test_the_clerk_signs_in_over_tls_alone(gateway: Gateway) -> None:
    context = ssl.create_default_context(cafile=gateway.config / "demo.pem")
    with smtplib.SMTP("localhost", gateway.submission) as client:
        assert client.docmd("MAIL", "FROM:<lan@songoaivu.example>")[0] == 530
        client.starttls(context=context)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("lan", "wrong")
        client.ehlo()
        client.login("lan", "secret")
        own, to = "lan@songoaivu.example", ["minh@songoaivu.example"]
        with pytest.raises(smtplib.SMTPDataError, match="may not send under this address"):
            client.sendmail(own, to, LETTER)
        client.sendmail(own, to, LETTER.replace(b"citizen@example.net", own.encode()))
    gateway.settle()
    (found,) = gateway.found("--recipient", "minh", "--state", "accepted")
    assert found["direction"] == "internal"


def test_a_restart_after_kill_9_goes_on_counting(gateway: Gateway) -> None:
    first = send(gateway)
    gateway.process.kill()
    gateway.process.wait()
    again = start(gateway.config, gateway.inbound, gateway.submission, gateway.metrics)
    gateway.process = again.process
    second = send(again)
    assert int(second.partition("-")[2]) == int(first.partition("-")[2]) + 1
    again.settle()
    box = gateway.config.parent / "data/mail/songoaivu.example/lan/new"
    assert len(list(box.iterdir())) == 2


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    config, *_ = configure(tmp_path)
    text = (config / "vanthu.toml").read_text(encoding="utf-8")
    (config / "vanthu.toml").write_text(
        text.replace("recipients = 500", "recipent = 500").replace(
            'chain = "outgoing"', 'chain = "out"'
        ),
        encoding="utf-8",
    )
    (config / "rulez.toml").write_text("")
    line = [sys.executable, "-m", "gateway.cli", "--config", str(config), "check"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "limits.recipent: there is no such limit; did you mean recipients?" in done.stderr
    assert "there is no chain 'out' in chains.toml; there are: inbound, outgoing" in done.stderr
    assert "rulez.toml:0: nothing reads this file" in done.stderr


def test_a_reload_takes_new_settings_and_keeps_the_old_ones_when_they_are_wrong(
    gateway: Gateway,
) -> None:
    directory = gateway.config / "directory.toml"
    text = directory.read_text(encoding="utf-8")

    def answer(recipient: str) -> int:
        with smtplib.SMTP("127.0.0.1", gateway.inbound) as client:
            client.ehlo("client.example")
            client.mail("citizen@example.net")
            return client.rcpt(recipient)[0]

    def answers(recipient: str, code: int) -> bool:
        for _ in range(50):
            if answer(recipient) == code:
                return True
            time.sleep(0.1)
        return False

    new = "moi@songoaivu.example"
    assert answer(new) == 550
    added = f'\n[people.moi]\nname = "Mới"\nunit = "vanphong"\naddresses = ["{new}"]\n'
    directory.write_text(text + added, encoding="utf-8")
    gateway.process.send_signal(signal.SIGHUP)
    assert answers(new, 250)
    directory.write_text(text + "nonsense = 1\n", encoding="utf-8")
    gateway.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert answer(new) == 250
    directory.write_text(text, encoding="utf-8")
    gateway.process.send_signal(signal.SIGHUP)
    assert answers(new, 550)

"""An approved message, as it lies in the recipient's mailbox, judged by OpenDKIM."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.identity.keyring import Keyring
from gateway.mail.message import Message
from tests.approval.played import DOMAIN, Office
from tests.interop.test_clients import program
from tests.interop.test_signatures import ROOT, quoted

PATIENCE_S = 60.0


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    played = Office.furnish(tmp_path / "office", 1)
    played.start()
    yield played
    played.stop()


def delivered(office: Office) -> bytes:
    """The one message that lies in the mailbox outside."""
    box = office.config / "mail" / "mofa.example" / "a" / "new"
    until = time.monotonic() + PATIENCE_S
    while not (found := list(box.glob("*"))):
        assert time.monotonic() < until, "it did not arrive"
        time.sleep(0.1)
    return found[0].read_bytes()


def renamed(raw: bytes) -> bytes:
    """The approval's signature under DKIM's name, and no other signature."""
    head, end, body = raw.partition(b"\r\n\r\n")
    lines: list[bytes] = []
    for line in head.split(b"\r\n"):
        if line[:1] in b" \t":
            lines[-1] += b"\r\n" + line
        else:
            lines.append(line)
    kept = [line for line in lines if not line.lower().startswith(b"dkim-signature:")]
    text = b"\r\n".join(kept) + end + body
    return text.replace(b"Approval-Signature:", b"DKIM-Signature:", 1)


@pytest.mark.interop
def test_opendkim_believes_an_approval_and_no_change_of_it(office: Office, tmp_path: Path) -> None:
    testmsg = program("opendkim-testmsg")
    if subprocess.run([program("unshare"), "-rnm", "true"], check=False).returncode:
        pytest.skip("unshare may not make a network of its own here")
    raw = b"Date: Tue, 24 Nov 2026 10:00:00 +0700\r\n" + office.letter(0, "Giay moi hop")
    mail = office.send("c0", f"u0@{DOMAIN}", ["a@mofa.example"], raw)  # OpenDKIM insists on Date.
    office.becomes(mail, "pending")
    assert office.command("approve", "grant", mail, "--as", "l0").returncode == 0
    raw = delivered(office)
    message = Message(raw)
    assert f"l0@{DOMAIN}" in message.header("Approved-By")
    assert f"i=l0@{DOMAIN}" in message.header("Approval-Signature")
    keys = Keyring.load(office.config / "approval-keys").keys
    zone = tmp_path / "zone.json"
    zone.write_text(json.dumps({key.record_name: quoted(key.record) for key in keys}), "utf-8")
    line = ["unshare", "-rnm", sys.executable, "-m", "tests.interop.jailed_dns", str(zone), testmsg]

    def judged(text: bytes) -> int:
        text = text.replace(b"\r\n", b"\n")
        return subprocess.run(line, input=text, cwd=ROOT, timeout=60, check=False).returncode

    approved = renamed(raw)
    assert judged(approved) == 0
    assert judged(approved.replace(b"authority=self", b"authority=KT", 1)) != 0
    assert judged(approved + b"x\r\n") != 0

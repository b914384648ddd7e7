"""What we write ourselves is signed like what our people send: notices, requests, reports."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gateway.approval.compose import Notice, notice
from gateway.approval.office import Office
from gateway.approval.tables import ApprovalTable
from gateway.archive.commands import Peer, Rcpt, Receive
from gateway.archive.journal import Entry
from gateway.delivery.report import Fate, Writer, report
from gateway.dns.canned import Canned
from gateway.identity import dkim_check, dmarc
from gateway.identity.keyring import Keyring, new_keys
from gateway.identity.signing import KeyringSigner
from gateway.mail.message import Message
from gateway.mail.origin import Word
from gateway.mail.services import Signer
from tests.conftest import LAN, FakeDirectory

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HOST = "gateway.so.example.vn"
RECEIVED = Receive(
    id="M" * 16, at_ms=int(NOW.timestamp() * 1000), state="accepted", direction="out",
    peer=Peer("smtp", "submission", "192.0.2.7", user="lan"), sender="lan@so.example.vn",
    recipients=(Rcpt("x@there.example"),), subject="Mời họp", message_id="<1@x>",
)  # fmt: skip


def asked(signer: Signer | None) -> Entry:
    """A request of the approval desk."""
    office = Office.of(FakeDirectory([LAN]), ApprovalTable(), HOST, signer)
    links = (("Duyệt", "mailto:a@b.vn"),)
    mail = Notice(to="head@there.example", subject="Yêu cầu duyệt", text="Mời xem.", links=links)
    return notice(office, mail, NOW)


def bounced(signer: Signer | None) -> Entry:
    writer = Writer("N" * 16, HOST, NOW, signer=signer)
    fate = Fate("x@there.example", "failed", "5.1.1", "550 5.1.1 nobody")
    message = Message(b"From: lan@so.example.vn\r\n\r\nx\r\n")
    return report("failed", RECEIVED, "2026-7", message, [fate], RECEIVED.sender, writer)


@pytest.mark.parametrize("made", [asked, bounced])
async def test_it_bears_our_signatures(tmp_path: Path, made: type) -> None:
    keys = new_keys(tmp_path, "so.example.vn", date(2026, 1, 1))
    names = {key.record_name: {"TXT": [key.record]} for key in keys}
    dns = Canned(names | {"_dmarc.so.example.vn": {"TXT": ["v=DMARC1; p=reject"]}})
    entry: Entry = made(KeyringSigner(Keyring.load(tmp_path)))
    (raw,) = entry.raw
    assert isinstance(entry.command, Receive)
    assert entry.command.size == len(raw)
    message = Message(bytes(raw))
    found = await dkim_check.check(dns, message, NOW.timestamp())
    assert [(one.word, one.domain) for one in found] == [(Word.PASS, "so.example.vn")] * 2
    assert (await dmarc.check(dns, message, None, found)).word is Word.PASS


@pytest.mark.parametrize("made", [asked, bounced])
def test_without_a_key_it_leaves_as_it_is(tmp_path: Path, made: type) -> None:
    (plain,) = made(None).raw
    (keyless,) = made(KeyringSigner(Keyring.load(tmp_path))).raw
    for raw in plain, keyless:
        assert Message(bytes(raw)).fields[0][0] == "from"

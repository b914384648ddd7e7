"""A door with the filters that ask who sent it, under made-up DNS: what they say of any bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from filters.arc import Arc
from filters.dkim import Dkim
from filters.dmarc import Dmarc
from filters.headers import Headers
from filters.sign import Sign
from filters.spf import Spf
from gateway.api import AddHeader, Address, Filter, Message, Recipient
from gateway.chain.chain import Chain, Link
from gateway.chain.inspection import Inspection, Outcome
from gateway.dns.canned import Canned, Zone
from gateway.identity.keyring import Keyring
from gateway.identity.signing import KeyringSigner
from gateway.identity.verifier import Verifier
from gateway.mail.dns import Dns
from gateway.mail.services import Services
from gateway.mail.session import Session, Transaction
from tests.conftest import LAN, FakeDirectory, FakeNotepad

NOW = datetime(2026, 11, 24, tzinfo=UTC)
LETTER = b"From: Lan <lan@example.vn>\r\nTo: x@example.net\r\nSubject: hi\r\n\r\nHello \r\n\r\n"
REFUSE: dict[str, dict[str, list[str]]] = {"_dmarc.example.vn": {"TXT": ["v=DMARC1; p=reject"]}}


class Noon:
    def now(self) -> datetime:
        return NOW


def chain(settings: Mapping[str, Filter] | None = None) -> Chain:
    """As it is shipped; ``settings`` are filters to take in place of the shipped ones."""
    default: dict[str, Filter] = {
        "spf": Spf(), "dkim": Dkim(), "arc": Arc(), "dmarc": Dmarc(), "headers": Headers(),
        "sign": Sign(),
    }  # fmt: skip
    link = {name: Link(name, one) for name, one in (default | dict(settings or {})).items()}
    steps = (("spf", "dkim", "arc"), ("dmarc",), ("headers",), ("sign",))
    return Chain("in", tuple(tuple(link[name] for name in step) for step in steps))


def walk(
    zone: Zone | Dns,
    keys: Path | None = None,
    user: str = "",
    settings: Mapping[str, Filter] | None = None,
) -> Inspection:
    dns: Dns = Canned(zone) if isinstance(zone, Mapping) else zone
    services = Services(
        directory=FakeDirectory([LAN]),
        clock=Noon(),
        notepad=FakeNotepad(),
        hostname="mx.here.vn",
        dns=dns,
        identity=Verifier(dns, Noon(), "mx.here.vn"),
        signer=KeyringSigner(Keyring.load(keys)) if keys else None,
    )
    session = Session("s", "smtp", ip_address("192.0.2.7"), services, helo="mx.example.vn")
    session.user = user
    return Inspection(chain(settings), session)


async def judged(asked: Inspection, letter: bytes, sender: str = "lan@example.vn") -> Outcome:
    await asked.mail(Transaction(asked.session, sender=Address.parse(sender)))
    await asked.rcpt(Recipient(Address.parse("x@example.net")))
    return await asked.message(Message(letter))


def results(outcome: Outcome) -> str:
    """Our Authentication-Results; empty where the message is refused."""
    fields = [e for e in outcome.edits if isinstance(e, AddHeader)]
    return next((f.value for f in fields if f.name == "Authentication-Results"), "")

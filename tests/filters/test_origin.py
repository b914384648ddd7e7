"""SPF, DKIM, DMARC, our results field and our signature, one after the other over one letter."""

from datetime import UTC, date, datetime
from ipaddress import ip_address
from pathlib import Path

from filters.arc import Arc
from filters.dkim import Dkim
from filters.dmarc import Dmarc
from filters.headers import Headers
from filters.sign import Sign
from filters.spf import Spf
from gateway.api import AddHeader, Address, DropHeader, Message, Pass, Recipient, Reject
from gateway.chain.chain import Chain, Link
from gateway.chain.inspection import Inspection, Outcome
from gateway.dns.canned import AWAY, Canned, Zone
from gateway.identity.keyring import Keyring, new_keys
from gateway.identity.signing import KeyringSigner
from gateway.identity.verifier import Verifier
from gateway.mail.services import Services
from gateway.mail.session import Session, Transaction
from gateway.mail.verdict import Defer
from tests.conftest import LAN, FakeDirectory, FakeNotepad

NOW = datetime(2026, 11, 24, tzinfo=UTC)
LETTER = b"From: Lan <lan@example.vn>\r\nTo: x@example.net\r\nSubject: hi\r\n\r\nHello \r\n\r\n"
INBOUND = Chain(
    "in",
    (
        (Link("spf", Spf()), Link("dkim", Dkim()), Link("arc", Arc())),
        (Link("dmarc", Dmarc()),),
        (Link("headers", Headers()),),
        (Link("sign", Sign()),),
    ),
)


class Noon:
    def now(self) -> datetime:
        return NOW


def walk(zone: Zone, keys: Path | None = None, user: str = "") -> Inspection:
    dns = Canned(zone)
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
    return Inspection(INBOUND, session)


async def judged(asked: Inspection, letter: bytes) -> Outcome:
    sender = Address.parse("lan@example.vn")
    await asked.mail(Transaction(asked.session, sender=sender))
    await asked.rcpt(Recipient(Address.parse("x@example.net")))
    return await asked.message(Message(letter))


REFUSE = {"_dmarc.example.vn": {"TXT": ["v=DMARC1; p=reject"]}}


async def test_what_we_sign_is_verified_and_stands_behind_its_author(tmp_path: Path) -> None:
    made = new_keys(tmp_path, "example.vn", date(2026, 11, 24))
    sent = await judged(walk({}, tmp_path, user="lan"), LETTER)
    leaving = bytes(sent.message.edited(sent.edits))
    assert leaving.count(b"DKIM-Signature:") == 2
    zone = REFUSE | {key.record_name: {"TXT": [key.record]} for key in made}
    came = await judged(walk(zone), leaving)
    assert came.verdict == Pass()
    (field,) = [e for e in came.edits if isinstance(e, AddHeader)]
    assert field.value.count("dkim=pass") == 2
    assert "dmarc=pass" in field.value
    for broken in (leaving.replace(b"Hello", b"Hallo"), b"Subject: more\r\n" + leaving):
        assert isinstance((await judged(walk(zone), broken)).verdict, Reject)


async def test_nothing_that_came_in_unauthenticated_is_signed(tmp_path: Path) -> None:
    new_keys(tmp_path, "example.vn", date(2026, 11, 24))
    came = await judged(walk({}, tmp_path), LETTER)
    assert not [e for e in came.edits if isinstance(e, AddHeader) and "DKIM" in e.name]


async def test_spf_alone_is_enough_and_silence_never_is() -> None:
    spf = {"example.vn": {"TXT": ["v=spf1 ip4:192.0.2.7 -all"]}}
    assert (await judged(walk(REFUSE | spf), LETTER)).verdict == Pass()
    assert isinstance((await judged(walk(REFUSE), LETTER)).verdict, Reject)
    away = REFUSE | {"example.vn": {AWAY: []}}
    assert isinstance((await judged(walk(away), LETTER)).verdict, Defer)
    unknown: Zone = {"_dmarc.example.vn": {AWAY: []}}
    assert isinstance((await judged(walk(unknown), LETTER)).verdict, Defer)


async def test_two_authors_are_no_author() -> None:
    for extra in (b"From: y@example.org\r\n", b"From : y@example.org\r\n"):
        assert isinstance((await judged(walk({}), extra + LETTER)).verdict, Reject)


async def test_results_under_our_name_are_ours_alone() -> None:
    forged = b"Authentication-Results: (x) MX.here.vn; dmarc=pass\r\n"
    other = b"Authentication-Results: mx.there.vn; dmarc=pass\r\n"
    came = await judged(walk({}), other + forged + LETTER)
    assert DropHeader("Authentication-Results", 1) in came.edits
    assert bytes(came.message.edited(came.edits)).count(b"dmarc=pass") == 1

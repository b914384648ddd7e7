"""Strangers wait once; who comes back, whom we know and what answers us does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from filters.greylist import Greylist
from gateway.api import (
    SPF,
    Acquaintance,
    Address,
    Defer,
    Mail,
    Message,
    Notepad,
    Pass,
    Points,
    Recipient,
    Session,
    SpfResult,
    Transaction,
    Verdict,
    Word,
)
from gateway.archive.notepad import FileNotepad
from gateway.mail.services import Services
from tests.conftest import FakeDirectory, FakeNotepad
from tests.filters.conftest import StoppedClock

OURS = Address.parse("lan@example.vn")


@dataclass
class Door:
    """A stranger at the door, as often as it takes."""

    filter: Greylist
    pad: Notepad = field(default_factory=FakeNotepad)
    clock: StoppedClock = field(
        default_factory=lambda: StoppedClock(datetime(2026, 11, 24, tzinfo=UTC))
    )
    points: float = 5.0
    spf: Word = Word.NONE

    def tries(
        self, client: str = "192.0.2.7", sender: str = "x@there.example", head: bytes = b""
    ) -> Verdict | None:
        services = Services(directory=FakeDirectory(), clock=self.clock, notepad=self.pad)
        session = Session("s", "smtp", ip_address(client), services)
        transaction = Transaction(session, "m", Address.parse(sender), [Recipient(OURS)])
        transaction.points.append(Points("spam", self.points))
        transaction.facts[SPF] = SpfResult(self.spf, "there.example")
        if self.filter.at == "rcpt":
            return self.filter.rcpt(transaction, OURS)
        return self.filter.message(Mail(transaction, Message(head + b"\r\nHello\r\n")))

    def waits(self, seconds: float) -> None:
        self.clock.moment += timedelta(seconds=seconds)


def test_a_stranger_waits_once_and_his_network_is_known() -> None:
    for at in ("rcpt", "message"):
        door = Door(Greylist.model_validate({"at": at}))
        first = door.tries()
        assert isinstance(first, Defer)
        assert first.reply.code == 451
        assert "in 121 seconds" in first.reply.text
        door.waits(60)
        assert isinstance(door.tries(), Defer)
        door.waits(61)
        assert isinstance(door.tries(client="192.0.2.200"), Pass)
        assert isinstance(door.tries(), Pass)
        assert isinstance(door.tries(client="192.0.3.7"), Defer)
        assert isinstance(door.tries(sender="y@there.example"), Defer)


def test_a_network_of_ipv6_is_a_64() -> None:
    door = Door(Greylist(wait_s=0))
    assert isinstance(door.tries(client="2001:db8::1"), Defer)
    assert isinstance(door.tries(client="2001:db8::ffff:1"), Pass)
    assert isinstance(door.tries(client="2001:db8:0:1::1"), Defer)


def test_a_first_try_counts_from_when_it_was_made_not_from_the_last() -> None:
    door = Door(Greylist(wait_s=120))
    for _ in range(4):
        assert isinstance(door.tries(), Defer)
        door.waits(30)
    assert isinstance(door.tries(), Pass)


def test_good_mail_and_known_people_do_not_wait() -> None:
    assert Door(Greylist(), points=1.0).tries() is None
    assert Door(Greylist()).tries(client="127.0.0.1") is None
    door = Door(Greylist())
    sent = Message(b"Message-ID: <1@example.vn>\r\n\r\n")
    Acquaintance(door.pad).note(OURS, [Address.parse("friend@there.example")], sent)
    assert isinstance(door.tries(sender="friend@there.example"), Pass)
    assert isinstance(door.tries(head=b"In-Reply-To: <1@example.vn>\r\n"), Pass)
    assert isinstance(door.tries(), Defer)


def test_a_network_that_came_back_often_is_believed() -> None:
    door = Door(Greylist(wait_s=0, good_after=2))
    for n in range(2):
        assert isinstance(door.tries(sender=f"{'ab'[n]}@x.example"), Defer)
        assert isinstance(door.tries(sender=f"{'ab'[n]}@x.example"), Pass)
    assert isinstance(door.tries(sender="c@y.example"), Pass)


def test_newsletters_number_their_senders() -> None:
    door = Door(Greylist(wait_s=0, good_after=0))
    assert isinstance(door.tries(sender="bounce-12-lan@there.example"), Defer)
    assert isinstance(door.tries(sender="bounce-345-lan@there.example"), Pass)


def test_where_spf_passes_the_domain_is_the_network() -> None:
    door = Door(Greylist(wait_s=0), spf=Word.PASS)
    assert isinstance(door.tries(client="192.0.2.7"), Defer)
    assert isinstance(door.tries(client="198.51.100.7"), Pass)


def test_what_is_known_survives_a_restart_and_is_shared(tmp_path: Path) -> None:
    clock = StoppedClock(datetime(2026, 11, 24, tzinfo=UTC))
    one = FileNotepad(tmp_path / "pad.db", lambda: clock.now().timestamp())
    assert isinstance(Door(Greylist(), one, clock).tries(), Defer)
    one.close()
    other = FileNotepad(tmp_path / "pad.db", lambda: clock.now().timestamp())
    clock.moment += timedelta(seconds=121)
    assert isinstance(Door(Greylist(), other, clock).tries(), Pass)
    clock.moment += timedelta(days=37)
    assert isinstance(Door(Greylist(), other, clock).tries(), Defer)
    other.close()

"""The compliance report (article 8): what a month's mail, approvals and documents came to.

For the office, each unit and each mailbox of agency and units, and of persons where that is asked.
It holds counts alone: no subject, no name of whom anybody wrote to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from statistics import median
from typing import TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import select

from gateway.approval import tally as approvals
from gateway.archive import schema
from gateway.archive.commands import Receive
from gateway.archive.shelf import Shelf
from gateway.directory.lookup import People
from gateway.mail.address import Address
from gateway.mail.people import Mailbox, MailboxKind
from gateway.mail.verdict import Desk
from gateway.quarantine.chapter import released
from gateway.registry import tally as books

OFFICE_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
ENCODING = "charset"
"""The filter that finds Vietnamese that is not Unicode (D11)."""
Key: TypeAlias = tuple[str, str]
"""("office", ""), ("unit", its key) or ("mailbox", its address' key)."""
OFFICE: Key = ("office", "")
_HOUR_MS = 3_600_000


@dataclass(slots=True)
class Counts:
    """One line of the report."""

    received: int = 0
    """Messages that came from outside or from colleagues, held ones too."""
    sent: int = 0
    refused: int = 0
    """Outgoing mail that was not taken: our people were told no."""
    asked: int = 0
    """Messages and drafts that needed a leader's word."""
    approved: int = 0
    declined: int = 0
    late: int = 0
    """Their time ran out before anybody decided."""
    waiting: int = 0
    hours: float | None = None
    """Median from the request to the word that counted."""
    spam: int = 0
    """Held in quarantine as they came."""
    released: int = 0
    """Of these, let go on by somebody."""
    encodings: int = 0
    """Mail of ours with Vietnamese that is not Unicode, stopped or not."""
    registered: int = 0
    """Incoming documents in the book."""
    unhandled: int = 0
    """Incoming documents without a number yet, or not done."""
    overdue: int = 0
    """Of these, those whose day is over."""
    issued: int = 0
    """Outgoing documents whose number was used."""


@dataclass(frozen=True, slots=True)
class Line:
    """Whom the counts are of."""

    kind: str
    """``office``, ``unit`` or ``mailbox``."""
    name: str
    unit: str
    """Its key, or that of the unit whose mailbox it is; empty for the office."""
    counts: Counts


@dataclass(frozen=True, slots=True)
class Month:
    """A month in the office's zone."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """``2026-08``. ValueError for anything else."""
        at = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
        return cls(at.year, at.month)

    @classmethod
    def before(cls, day: date) -> Month:
        """The last month that is over."""
        return cls(day.year, day.month - 1) if day.month > 1 else cls(day.year - 1, 12)

    @property
    def next(self) -> Month:
        return (
            Month(self.year, self.month + 1) if self.month < 12 else Month(self.year + 1, 1)  # noqa: PLR2004
        )

    @property
    def begins_ms(self) -> int:
        return int(datetime(self.year, self.month, 1, tzinfo=OFFICE_ZONE).timestamp() * 1000)

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02d}"


@dataclass(slots=True)
class _Sum:
    """Counts as they grow; ``took``: hours to each decision."""

    people: People
    lines: dict[Key, Counts] = field(default_factory=lambda: defaultdict(Counts))
    took: dict[Key, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, keys: Iterable[Key], *names: str) -> None:
        for key in keys:
            counts = self.lines[key]
            for name in names:
                setattr(counts, name, getattr(counts, name) + 1)

    def keys(self, boxes: Iterable[Mailbox | None], unit: str = "") -> set[Key]:
        """The office, and whose mailboxes these are."""
        known = [box for box in boxes if box is not None]
        units = {unit, *(box.unit for box in known)} - {""}
        return {
            OFFICE,
            *(("unit", one) for one in units),
            *(("mailbox", box.address.key) for box in known),
        }

    def box(self, address: str) -> Mailbox | None:
        """The mailbox of an address as it is kept; what is no address is nobody's."""
        with suppress(ValueError):
            return self.people.mailbox(Address.parse(address))
        return None


def report(
    shelf: Shelf, people: People, month: Month, today: date, *, persons: bool = False
) -> list[Line]:
    """The lines: the office, then the units with their mailboxes, those too at which nothing was.

    ``today`` says what is overdue. ``persons``: mailboxes of persons as well.
    """
    since_ms, until_ms = month.begins_ms, month.next.begins_ms
    so_far = _Sum(people)
    let_go = released(shelf.engine)
    for received in _messages(shelf, since_ms, until_ms):
        _message(so_far, received, let_go)
    for asked in approvals.asked(shelf.engine, since_ms, until_ms):
        _asked(so_far, asked)
    for stands in books.stands(shelf.engine, since_ms, until_ms):
        _document(so_far, stands, today.isoformat())
    for key, hours in so_far.took.items():
        so_far.lines[key].hours = round(median(hours), 1)
    return list(_lines(so_far, persons=persons))


def _messages(shelf: Shelf, since_ms: int, until_ms: int) -> Iterator[Receive]:
    """What came in these days, in order, without the messages themselves."""
    mail = schema.mails.c
    wanted = select(mail.segment, mail.offset).where(mail.at_ms >= since_ms, mail.at_ms < until_ms)
    with shelf.engine.connect() as connection:
        rows = connection.execute(wanted.order_by(mail.seq)).all()
    for row in rows:
        record = shelf.journal.read_at(row.segment, row.offset, with_raw=False)
        if isinstance(record.command, Receive):
            yield record.command


def _message(so_far: _Sum, said: Receive, let_go: frozenset[str]) -> None:
    if said.direction == "notice" or said.state == "discarded":
        return  # Ours, or a word to one of our desks.
    senders = so_far.keys([so_far.box(said.sender)])
    readers = so_far.keys(map(so_far.box, {one.address for one in said.recipients}))
    is_ours = said.direction != "in"
    if is_ours:
        so_far.add(senders, "refused" if said.state == "refused" else "sent")
        if any(told.filter == ENCODING and told.reason for told in said.findings):
            so_far.add(senders, "encodings")
    if said.state == "refused" or said.direction == "out":
        return
    is_spam = Desk.QUARANTINE.value in said.desks
    names = ["received", *(["spam"] if is_spam else [])]
    so_far.add(readers, *names, *(["released"] if is_spam and said.id in let_go else []))


def _asked(so_far: _Sum, asked: approvals.Asked) -> None:
    keys = so_far.keys([so_far.box(asked.box)], asked.unit)
    became = _BECAME.get(asked.state, ())
    so_far.add(keys, "asked", *became)
    if asked.took_ms is not None and became in {("approved",), ("declined",)}:
        for key in keys:
            so_far.took[key].append(asked.took_ms / _HOUR_MS)


_BECAME = {
    "approved": ("approved",),
    "queued": ("approved",),
    "tagged": ("approved",),
    "rejected": ("declined",),
    "expired": ("late",),
    "new": ("waiting",),
    "pending": ("waiting",),
}


def _document(so_far: _Sum, stands: books.Stands, today: str) -> None:
    keys = so_far.keys([so_far.box(stands.mailbox)], stands.unit)
    if stands.direction == "out":
        so_far.add(keys, *(["issued"] if stands.state == "used" else []))
        return
    if stands.state == "registered":
        so_far.add(keys, "registered")
    is_open = stands.state == "proposed" or (
        stands.state == "registered" and stands.progress not in {"done", "refused"}
    )
    if is_open:
        is_overdue = bool(stands.due) and stands.due < today
        so_far.add(keys, "unhandled", *(["overdue"] if is_overdue else []))


def _lines(so_far: _Sum, *, persons: bool) -> Iterator[Line]:
    yield Line("office", "", "", so_far.lines[OFFICE])
    boxes = [b for b in so_far.people.mailboxes() if persons or b.kind is not MailboxKind.PERSONAL]
    for unit in so_far.people.units():
        yield Line("unit", unit.name, unit.key, so_far.lines["unit", unit.key])
        for box in sorted((b for b in boxes if b.unit == unit.key), key=lambda b: str(b.address)):
            counts = so_far.lines["mailbox", box.address.key]
            yield Line("mailbox", str(box.address), unit.key, counts)

"""What the rows say waits, and what was registered. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, or_, select

from gateway.approval.book import Book
from gateway.approval.calendar import Calendar
from gateway.approval.gate import urgency
from gateway.archive import schema as archive
from gateway.archive.queries import Found, Queries, Wanted
from gateway.duty.hours import is_late, today
from gateway.duty.items import Item, Kind
from gateway.mail.address import Address, BadAddress
from gateway.mail.people import Directory, Mailbox, MailboxKind
from gateway.mail.verdict import Desk
from gateway.quarantine.reasons import is_pressing
from gateway.registry import schema
from gateway.registry.evidence import STAMPED

MOST = 5000
"""Of each kind the newest; who has more waiting needs no list."""
NOT_ROUTED = ("received", "registered", "submitted", "refused")
"""How far a registered document has come for which nobody is told to do anything."""
_entry, _task, _event = schema.entries.c, schema.tasks.c, schema.events.c


@dataclass(frozen=True, slots=True)
class Rows:
    """Questions about an archive, as an office that works by ``calendar`` asks them."""

    engine: Engine
    queries: Queries
    directory: Directory
    calendar: Calendar
    overdue_days: int
    """Working days after which what nobody has begun with is overdue; 0: never."""

    def waiting(self, now: datetime) -> list[Item]:
        """All that waits for somebody, in books, in quarantine and for approval."""
        with self.engine.connect() as connection:
            found = [*self._lines(connection, now), *self._given(connection, now)]
        return [*found, *self._held(now), *self._for_approval()]

    def registered(self, since: int, upto: int) -> list[Item]:
        """What was registered, and what was given to units, by records behind ``since``."""
        with self.engine.connect() as connection:
            return [
                *self._told(connection, since, upto, ("register",)),
                *self._given_since(connection, since, upto),
            ]

    def came_urgent(self, since: int, upto: int) -> list[Item]:
        """Documents with a mark of urgency that were proposed or registered since."""
        with self.engine.connect() as connection:
            kinds = ("propose", "register")
            found = self._told(connection, since, upto, kinds)
            return [item for item in found if item.urgency]

    def _lines(self, connection: Connection, now: datetime) -> Iterator[Item]:
        """Lines of incoming books: to be registered, to be routed, or with a term that ends."""
        day = today(now, self.calendar).isoformat()
        is_new, is_open = _entry.state == "proposed", _entry.progress.in_(NOT_ROUTED)
        ends = _entry.progress.not_in((*NOT_ROUTED, "done")) & (_entry.due != "")
        is_in = (_entry.direction == "in", _entry.state.in_(("proposed", "registered")))
        rows: list[Row[Any]] = []
        for fits in (or_(is_new, is_open), ~is_new & ends & (_entry.due <= day)):
            wanted = select(schema.entries).where(*is_in, fits)
            rows += connection.execute(wanted.order_by(_entry.seq.desc()).limit(MOST))
        private = self._private(connection, rows)
        for row in rows:
            if row.state == "proposed":
                kind = Kind.PROPOSED
            else:
                kind = Kind.UNROUTED if row.progress in NOT_ROUTED else Kind.DUE
            late = kind is not Kind.DUE and self._is_late(row.came_ms, now)
            late |= bool(row.due) and row.due < day
            place = f"book:{row.book}"
            yield _item(row, place, kind, row.seq, row.due, late, row.seq in private)

    def _given(self, connection: Connection, now: datetime) -> Iterator[Item]:
        """What units and people were given and have not begun with, or whose term ends."""
        day = today(now, self.calendar).isoformat()
        columns = (_task.who, _task.status, _task.due.label("term"), _task.at_ms.label("given_ms"))
        wanted = (
            select(schema.entries, *columns)
            .join(schema.tasks, _task.entry == _entry.seq)
            .where(_task.status.not_in(("done", "refused")), _entry.state != "voided")
        )
        rows = connection.execute(wanted.order_by(_entry.seq.desc()).limit(MOST)).all()
        private, given = self._private(connection, rows), _directions(connection, rows)
        for row in rows:
            is_new, is_due = row.status == "assigned", bool(row.term) and row.term <= day
            if not (is_new or is_due):
                continue
            late = (bool(row.term) and row.term < day) or (
                is_new and self._is_late(row.given_ms, now)
            )
            kind = Kind.GIVEN if is_new else Kind.DUE
            seq = given.get((row.seq, row.given_ms), row.seq)
            yield _item(row, row.who, kind, seq, row.term, late, row.seq in private)

    def _told(
        self, connection: Connection, since: int, upto: int, kinds: Iterable[str]
    ) -> list[Item]:
        wanted = (
            select(schema.entries, _event.seq.label("said"), _event.kind.label("what"))
            .join(schema.events, _event.entry == _entry.seq)
            .where(_event.seq > since, _event.seq <= upto, _event.counted)
            .where(_event.kind.in_(tuple(kinds)), _entry.direction == "in")
        )
        rows = connection.execute(wanted.order_by(_event.seq).limit(MOST)).all()
        private = self._private(connection, rows)
        return [
            _item(
                row,
                f"book:{row.book}",
                Kind.PROPOSED if row.what == "propose" else Kind.REGISTERED,
                row.said,
                row.due,
                False,
                row.seq in private,
            )
            for row in rows
        ]

    def _given_since(self, connection: Connection, since: int, upto: int) -> list[Item]:
        columns = (_task.who, _task.due.label("term"), _event.seq.label("said"))
        wanted: Select[Any] = (
            select(schema.entries, *columns)
            .join(schema.events, _event.entry == _entry.seq)
            .join(schema.tasks, (_task.entry == _event.entry) & (_task.at_ms == _event.at_ms))
            .where(_event.seq > since, _event.seq <= upto, _event.counted)
            .where(_event.kind == "direct", _task.who.startswith("unit:"))
        )
        rows = connection.execute(wanted.order_by(_event.seq).limit(MOST)).all()
        private = self._private(connection, rows)
        return [
            _item(row, row.who, Kind.GIVEN, row.said, row.term, False, row.seq in private)
            for row in rows
        ]

    def _private(self, connection: Connection, rows: Iterable[Row[Any]]) -> set[int]:
        """Lines of which a digest says the number alone: under a stamp of secrecy, of a sealed
        message, or from somebody's own mailbox."""
        rows = list(rows)
        if not rows:
            return set()
        seqs = {row.seq for row in rows}
        found = {row.seq for row in rows if STAMPED in row.note}
        amend, came = schema.amends.c, schema.arrivals.c
        stamped = select(amend.entry).where(amend.field == "note", amend.before == STAMPED)
        found |= seqs & set(connection.execute(stamped).scalars())
        wanted = select(came.entry, came.mailbox, came.route).where(came.entry.in_(seqs))
        for arrival in connection.execute(wanted):
            box = self._box(arrival.mailbox)
            if arrival.route == "person" or (box and box.kind is MailboxKind.PERSONAL):
                found.add(arrival.entry)
        at, mails = archive.mails.c, {row.mail for row in rows if row.mail}
        wanted_mails = select(at.id).where(at.id.in_(mails), at.sealing != "")
        sealed = set(connection.execute(wanted_mails).scalars())
        return found | {row.seq for row in rows if row.mail in sealed}

    def _held(self, now: datetime) -> Iterator[Item]:
        for found in self.queries.find(Wanted(desk=Desk.QUARANTINE, limit=MOST)):
            is_late = is_pressing(found) and self._is_late(found.at_ms, now)
            boxes = {
                box.address.key: box
                for address, state in found.recipients
                if state == "held" and (box := self._box(address)) is not None
            }
            for box in boxes.values():
                yield self._letter(found, box, Kind.HELD, is_late)

    def _for_approval(self) -> Iterator[Item]:
        for row in Book(self.engine).pending():
            box, found = self._box(row.box), self.queries.one(row.mail)
            if box is not None and found is not None:
                yield self._letter(found, box, Kind.APPROVAL, False, row.urgent)

    def _letter(
        self, found: Found, box: Mailbox, kind: Kind, is_late: bool, urgent: str = ""
    ) -> Item:
        is_own = box.kind is MailboxKind.PERSONAL
        person = self.directory.owner(box.address)
        return Item(
            place=f"box:{box.address.key}",
            kind=kind,
            seq=found.seq,
            at_ms=found.at_ms,
            number=found.number,
            words=found.subject,
            author=found.author or found.sender,
            urgency=urgent,
            is_overdue=is_late and not is_own,
            is_private=is_own or bool(found.sealing),
            owner=person.login if person is not None and is_own and not found.sealing else "",
        )

    def _box(self, address: str) -> Mailbox | None:
        try:
            return self.directory.mailbox(Address.parse(address)) if address else None
        except BadAddress:
            return None

    def _is_late(self, since_ms: int, now: datetime) -> bool:
        since = datetime.fromtimestamp(since_ms / 1000, UTC)
        return bool(self.overdue_days) and is_late(since, self.overdue_days, now, self.calendar)


def _item(
    row: Row[Any], place: str, kind: Kind, seq: int, due: str, is_late: bool, is_private: bool
) -> Item:
    """A line of a book as something that waits."""
    said = (row.number, row.kind, row.abstract)
    return Item(
        place=place,
        kind=kind,
        seq=seq,
        at_ms=row.came_ms,
        number=f"{row.n:02d}{row.suffix}/{row.year}" if row.n else "",
        words=" ".join(filter(None, said)),
        author=row.issuer,
        due=due,
        urgency=row.urgency or urgency(row.abstract),
        is_overdue=is_late,
        is_private=is_private,
    )


def _directions(connection: Connection, rows: Iterable[Row[Any]]) -> dict[tuple[int, int], int]:
    """The record of each direction, by its line and moment."""
    seqs = {row.seq for row in rows}
    wanted = select(_event.entry, _event.at_ms, _event.seq)
    found = connection.execute(wanted.where(_event.entry.in_(seqs), _event.kind == "direct"))
    return {(entry, at_ms): seq for entry, at_ms, seq in found}

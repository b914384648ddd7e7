"""What a clerk, a leader or a unit can do with the books: checked here, said to the journal.

The command line and the web desk both come through here. Each act checks the right to it, says its
command, waits until the fold has decided, and tells what became of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import ColumnElement, select

from gateway.archive import registering as say
from gateway.archive.commands import Command
from gateway.archive.registering import Assignee, Particulars, Registering
from gateway.mail.wanted import readings
from gateway.registry import schema
from gateway.registry.ledger import day_of
from gateway.registry.lines import Line, of_row
from gateway.registry.lookup import Lookup
from gateway.registry.numbered import by_number, parameters
from gateway.registry.rights import Asker, Forbidden
from gateway.registry.tables import BookTable
from gateway.runtime.ids import new_id
from gateway.runtime.words import tr

_OWN = re.compile(r"(?:([\w-]+):)?0*(\d{1,9})([a-zđ]?)(?:/((?:19|20)\d\d))?", re.IGNORECASE)
CHOICES_MAX = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a word: whether it counted, why, and the line as it is now."""

    counted: bool
    text: str
    line: Line | None = None
    is_known: bool = True
    """False: it is written down, and nobody has folded it yet."""


@dataclass(frozen=True, slots=True)
class RegistryDesk:
    """One for an opened archive."""

    lookup: Lookup
    keep: Callable[[Command], tuple[int, bool]]
    """Puts a command into the journal; its record, and whether the rows know of it by now."""
    now_ms: Callable[[], int]

    def book(self, key: str, direction: str = "") -> tuple[str, BookTable]:
        """A book by its key; without one, the only one there is in that direction."""
        books = self.lookup.rights.books.books
        fits = {k: b for k, b in books.items() if direction in {"", b.direction}}
        if not key and fits:
            roots = {k for k, u in self.lookup.rights.people.units.items() if not u.parent}
            main = [k for k, b in fits.items() if b.unit in roots]
            key = main[0] if len(main) == 1 else next(iter(fits)) if len(fits) == 1 else ""
        if key not in fits:
            raise LookupError(tr("name a book with --book: {all}", all=", ".join(fits) or "–"))
        return key, books[key]

    def waiting(self, asker: Asker, book: str) -> list[Line]:
        """Proposals in the order in which they came."""
        entry = schema.entries.c
        return self._select(
            asker, entry.state == "proposed", entry.book == book, order=(entry.came_ms, entry.seq)
        )

    def reserved(self, asker: Asker, book: str) -> list[Line]:
        """Numbers that were given and not used."""
        entry = schema.entries.c
        fits = (entry.state == "reserved", entry.book == book)
        return self._select(asker, *fits, order=(entry.year, entry.series, entry.n))

    def lines(self, asker: Asker, book: str, year: int) -> list[Line]:
        """A book's year in the order of its numbers."""
        entry = schema.entries.c
        fits = (entry.book == book, entry.year == year, entry.n.is_not(None))
        return self._select(asker, *fits, order=(entry.series, entry.n, entry.suffix))

    def named(self, asker: Asker, name: str, book: str = "") -> Line:
        """The one line that a person means: its id, ``15/2026``, ``den:15``, ``50/QĐ-SNgV``.

        LookupError where there is none, or more than one: then it lists them.
        """
        entry = schema.entries.c
        found = self._select(asker, entry.id == name.strip().upper())
        if not found and (own := _OWN.fullmatch(name.strip())):
            key = own[1] or book
            fits = [entry.n == int(own[2]), entry.suffix == own[3].lower()]
            fits += [entry.book == key] if key else [entry.direction == "in"]
            year = int(own[4]) if own[4] else date.fromisoformat(day_of(self.now_ms())).year
            found = self._select(asker, *fits, entry.year == year)
        if not found:
            found = self._by_number(asker, name, book)
        if len(found) == 1:
            return found[0]
        told = "; ".join(f"{one.id} {one.number} {one.date}" for one in found)
        if found:
            raise LookupError(
                tr("{name} may be any of these, name one by its id: {all}", name=name, all=told)
            )
        raise LookupError(
            tr(
                "no line {name} for {asker}; `vanthu find` lists what there is",
                name=name,
                asker=asker,
            )
        )

    def _by_number(self, asker: Asker, name: str, book: str) -> list[Line]:
        may_see = self.lookup.rights.may_see(asker)
        for wanted in readings(name):
            with self.lookup.engine.connect() as connection:
                told = parameters(wanted, wanted.series.value, CHOICES_MAX)
                found = connection.execute(by_number(wanted, may_see), told)
                rows = [of_row(row) for row in found]
            if rows := [row for row in rows if book in {"", row.book}]:
                return rows
        return []

    def _select(
        self, asker: Asker, *fits: ColumnElement[bool], order: Iterable[Any] = ()
    ) -> list[Line]:
        may_see = self.lookup.rights.may_see(asker)
        statement = select(schema.entries).where(*fits, may_see).order_by(*order)
        with self.lookup.engine.connect() as connection:
            rows = [of_row(row) for row in connection.execute(statement)]
        return [row.bare for row in rows] if asker.is_blind else rows

    def confirm(self, asker: Asker, line: Line, changes: dict[str, str], day: str = "") -> Outcome:
        """Into the book, with what the clerk put right."""
        self.lookup.rights.must_keep(asker, line.book)
        pairs = tuple(changes.items())
        return self._said(say.Confirm(line.id, self.now_ms(), str(asker), pairs, day), line.id)

    def same(self, asker: Asker, line: Line, of: Line, reason: str = "") -> Outcome:
        self.lookup.rights.must_keep(asker, line.book)
        word = say.Same(line.id, of.id, self.now_ms(), str(asker), reason)
        return self._said(word, of.id)

    def dismiss(self, asker: Asker, line: Line, reason: str) -> Outcome:
        self.lookup.rights.must_keep(asker, line.book)
        return self._said(say.Dismiss(line.id, self.now_ms(), str(asker), reason), line.id)

    def take_in(
        self, asker: Asker, key: str, said: Particulars, day: str, route: say.Route, mail: str = ""
    ) -> Outcome:
        """A document that came on paper, or a letter that was left out of the book."""
        self.lookup.rights.must_keep(asker, key)
        book, now = self.lookup.rights.books.books[key], self.now_ms()
        word = say.Arrive(
            new_id(),
            now,
            str(asker),
            key,
            book.unit,
            day or day_of(now),
            route=route,
            mail=mail,
            particulars=said,
            number_now=True,
        )
        return self._said(word, word.id)

    def pass_on(self, asker: Asker, line: Line, to: str) -> Outcome:
        """Chuyển văn thư Sở: a unit's document into the department's book, both linked."""
        self.lookup.rights.must_keep(asker, line.book)
        book, now = self.lookup.rights.books.books[to], self.now_ms()
        file = schema.files.c
        with self.lookup.engine.connect() as connection:
            rows = connection.execute(
                select(schema.files)
                .where(file.entry == line.seq, file.mail == line.mail)
                .order_by(file.is_main.desc())
            ).all()
        word = say.Arrive(
            new_id(),
            now,
            str(asker),
            to,
            book.unit,
            day_of(now),
            route="unit",
            mail=line.mail,
            came_ms=now,
            particulars=line.said,
            files=tuple(say.File(r.sha256, r.name, r.part) for r in rows),
            number_now=book.intake == "at-once",
            raised_from=line.id,
        )
        return self._said(word, word.id)

    def reserve(
        self, asker: Asker, key: str, series: str, said: Particulars, day: str, until: str = ""
    ) -> Outcome:
        """Cấp số. The series is the only one, or named."""
        self.lookup.rights.must_keep(asker, key)
        book = self.lookup.rights.books.books[key]
        series = series or (next(iter(book.series)) if len(book.series) == 1 else "")
        if series not in book.series:
            known = ", ".join(book.series)
            raise LookupError(tr("name a series with --series: {all}", all=known))
        at, now = book.series[series], self.now_ms()
        word = say.Reserve(
            new_id(),
            now,
            str(asker),
            key,
            book.unit,
            series,
            day or day_of(now),
            at.symbol,
            at.form,
            at.width,
            at.first,
            said,
            until,
        )
        return self._said(word, word.id)

    def insert(
        self, asker: Asker, line: Line, approver: str, reason: str, day: str, said: Particulars
    ) -> Outcome:
        """Số chèn, where the book allows it; a leader must have said so."""
        rights = self.lookup.rights
        rights.must_keep(asker, line.book)
        if not rights.books.books[line.book].inserts:
            raise Forbidden(
                tr("the book {book} takes no inserted numbers (inserts = false)", book=line.book)
            )
        rights.known(approver)
        if not reason:
            raise ValueError(tr("an inserted number needs a reason"))
        word = say.Insert(
            new_id(),
            line.id,
            self.now_ms(),
            str(asker),
            approver,
            reason,
            day or line.date,
            particulars=said,
        )
        return self._said(word, word.id)

    def use(self, asker: Asker, line: Line, changes: dict[str, str], reason: str) -> Outcome:
        self.lookup.rights.must_keep(asker, line.book)
        pairs = tuple(changes.items())
        return self._said(say.Use(line.id, self.now_ms(), str(asker), pairs, reason), line.id)

    def void(self, asker: Asker, line: Line, reason: str) -> Outcome:
        self.lookup.rights.must_keep(asker, line.book)
        if not reason:
            raise ValueError(tr("a number is voided with a reason"))
        return self._said(say.Void(line.id, self.now_ms(), str(asker), reason), line.id)

    def amend(self, asker: Asker, line: Line, changes: dict[str, str], reason: str) -> Outcome:
        self.lookup.rights.must_keep(asker, line.book)
        if not reason:
            raise ValueError(tr("a line is put right with a reason"))
        if unknown := set(changes) - {*schema.FIELDS, "date"}:
            none, fields = ", ".join(sorted(unknown)), ", ".join((*schema.FIELDS, "date"))
            raise LookupError(tr("no field {name}; there are: {all}", name=none, all=fields))
        pairs = tuple(changes.items())
        return self._said(say.Amend(line.id, self.now_ms(), str(asker), pairs, reason), line.id)

    def direct(
        self, asker: Asker, line: Line, text: str, to: Iterable[Assignee], due: str, leader: str
    ) -> Outcome:
        """A leader's direction, said by him or written down by the clerk."""
        rights = self.lookup.rights
        entry = schema.entries.c
        with self.lookup.engine.connect() as connection:
            row = connection.execute(select(schema.entries).where(entry.seq == line.seq)).one()
        rights.must_direct(asker, row)
        if leader:
            rights.known(leader)
        to = tuple(to)
        for one in to:
            kind, _, name = one.who.partition(":")
            there = rights.people.units if kind == "unit" else rights.people.people
            if name not in there:
                known = ", ".join(there)
                raise LookupError(
                    tr("no {who} in directory.toml; there are: {all}", who=one.who, all=known)
                )
        word = say.Direct(line.id, self.now_ms(), str(asker), text, to, due, leader)
        return self._said(word, line.id)

    def progress(
        self,
        asker: Asker,
        line: Line,
        status: Literal["submitted", "directed", "assigned", "in-progress", "done", "refused"],
        note: str,
    ) -> Outcome:
        """How far it has come: for the assignee that somebody speaks for, or for the document."""
        entry, task = schema.entries.c, schema.tasks.c
        with self.lookup.engine.connect() as connection:
            row = connection.execute(select(schema.entries).where(entry.seq == line.seq)).one()
            who = connection.execute(select(task.who).where(task.entry == line.seq)).scalars().all()
        mine = self.lookup.rights.must_handle(asker, row, who)
        word = say.Progress(line.id, self.now_ms(), str(asker), status, mine, note)
        return self._said(word, line.id)

    def close_year(self, asker: Asker, key: str, year: int) -> Outcome:
        self.lookup.rights.must_keep(asker, key)
        return self._said(say.CloseYear(new_id(), self.now_ms(), str(asker), key, year), "")

    def bound(self, asker: Asker, key: str, year: int, span: tuple[int, int], sha256: str) -> int:
        """Write down that a volume was printed; its number among the year's volumes."""
        self.lookup.rights.must_keep(asker, key)
        at = schema.volumes.c
        with self.lookup.engine.connect() as connection:
            before = connection.execute(
                select(at.volume).where(at.book == key, at.year == year)
            ).scalars()
            volume = max(before, default=0) + 1
        first, last = span
        self.keep(
            say.Bind(new_id(), self.now_ms(), str(asker), key, year, volume, first, last, sha256)
        )
        return volume

    def _said(self, word: Registering, id_: str) -> Outcome:
        seq, is_folded = self.keep(word)
        if not is_folded:
            return Outcome(counted=False, text="", is_known=False)
        event, entry, came = schema.events.c, schema.entries.c, schema.arrivals.c
        with self.lookup.engine.connect() as connection:
            told = connection.execute(select(schema.events).where(event.seq == seq)).first()
            again = select(came.entry).where(came.id == id_)
            row = connection.execute(
                select(schema.entries)
                .where((entry.id == id_) | entry.seq.in_(again))
                .order_by(entry.seq)
            ).first()
        counted, text = (told.counted, told.text) if told is not None else (True, "")
        return Outcome(counted, text, of_row(row) if row is not None else None)

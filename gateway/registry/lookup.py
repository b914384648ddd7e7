"""Finding a document: by its number in any spelling, by its arrival number, by words.

Numbers are found by index alone. Everybody who asks says who he is; what he may not see is left
out here, and that he looked is written down here, so that no page or command can forget to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, select

from gateway.archive import schema as archive
from gateway.archive.registering import View
from gateway.mail.wanted import Series, Wanted, readings
from gateway.registry import schema
from gateway.registry.ledger import MAYBE
from gateway.registry.lines import Line, of_row
from gateway.registry.numbered import Prepared, by_number, is_bare, parameters, shape
from gateway.registry.rights import Asker, Rights
from gateway.registry.texts import Texts
from gateway.runtime.ids import new_id

LIMIT = 50
"""Lines of one reading that are shown, if nobody says how many."""
BARE_LIMIT = 10
"""The same where only digits were typed, such as "50"."""
PAGE = 500
"""Matches of words that are looked through at once for what somebody may see."""
PAGES_MAX = 20
NEWEST = 2**62
BREAK_GLASS = "break-glass"
"""What a look is called for which an operator broke the glass."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A line that fits, and why."""

    line: Line
    matched: tuple[str, ...]
    """``arrival`` (số đến), ``number`` (số, ký hiệu), ``maybe`` (one that some source says and
    nobody has confirmed), ``year``, ``day``, ``symbol``, ``words`` (of
    the line), ``file`` (within a document that came with it)."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in whose documents words were found, and which stands in no book."""

    seq: int
    id: str
    number: str
    at_ms: int
    sender: str
    subject: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """All questions about the books."""

    engine: Engine
    rights: Rights
    texts: Texts
    note: Callable[[View], None]
    """Takes down who looked at what; to the journal."""
    _made: dict[tuple[str, tuple[bool, ...]], Prepared] = field(
        default_factory=dict[tuple[str, tuple[bool, ...]], Prepared]
    )

    def find(self, asker: Asker, text: str, limit: int = 0) -> list[Hit]:
        """Lines that a typed text may mean, the likeliest first: numbers before words.

        At most ``limit`` of each reading, the newest; without one ``LIMIT``, and of bare digits
        ``BARE_LIMIT``: they stand on hundreds of documents, and a symbol or a year says which.
        """
        hits: dict[int, Hit] = {}
        wants = readings(text)
        asked = [(wanted, wanted.series.value) for wanted in wants]
        asked += [(wanted, MAYBE) for wanted in wants if wanted.series is Series.DOCUMENT]
        with self.engine.connect() as connection:
            for wanted, series in asked:
                for hit in self._numbered(connection, asker, wanted, series, limit):
                    hits.setdefault(hit.line.seq, hit)
        limit = limit or LIMIT
        if not hits and not asker.is_blind:
            for hit in self._worded(asker, text, limit):
                hits.setdefault(hit.line.seq, hit)
        found = list(hits.values())[: 2 * limit]
        self.viewed(asker, "search", [hit.line.id for hit in found], text)
        if asker.is_blind:
            return [replace(hit, line=hit.line.bare) for hit in found]
        return found

    def letters(self, asker: Asker, text: str, limit: int = 50) -> list[Letter]:
        """Messages in whose documents the words stand, of mailboxes that he may read."""
        if asker.is_blind or not text.strip():
            return []
        mail = archive.mails.c
        may_read = self.rights.may_read_mail(asker)
        found: list[Letter] = []
        for seqs in self._pages(self.texts.papers, text):
            statement = select(archive.mails).where(mail.seq.in_(seqs), may_read)
            with self.engine.connect() as connection:
                rows = connection.execute(statement.order_by(mail.seq.desc())).all()
            found += [_letter(row) for row in rows]
            if len(found) >= limit:
                break
        self.viewed(asker, "search", [letter.id for letter in found[:limit]], text)
        return found[:limit]

    def viewed(self, asker: Asker, what: str, objects: list[str], query: str = "") -> None:
        at_ms = time.time_ns() // 1_000_000
        if asker.reason:
            what, query = BREAK_GLASS, "; ".join(filter(None, [asker.reason, query]))
        self.note(View(new_id(), at_ms, str(asker), what, tuple(objects), query))

    def _numbered(
        self, connection: Connection, asker: Asker, wanted: Wanted, series: str, limit: int
    ) -> list[Hit]:
        most = limit or (BARE_LIMIT if is_bare(wanted) else LIMIT)
        prepared = self._prepared(asker, wanted)
        rows = prepared.rows(connection, parameters(wanted, series, most))
        return [Hit(line, _why(wanted, series, line)) for line in map(of_row, rows)]

    def _prepared(self, asker: Asker, wanted: Wanted) -> Prepared:
        """Made once for each way to ask and each person."""
        key = (asker.login, shape(wanted))
        if key not in self._made:
            statement = by_number(wanted, self.rights.may_see(asker))
            self._made[key] = Prepared.of(statement, self.engine.dialect)
        return self._made[key]

    def _worded(self, asker: Asker, text: str, limit: int) -> list[Hit]:
        entry, hits = schema.entries.c, dict[int, Hit]()
        may_see = self.rights.may_see(asker)
        for find, why, column in (
            (self.texts.lines, "words", entry.seq),
            (self.texts.papers, "file", None),
        ):
            for seqs in self._pages(find, text):
                fits = column.in_(seqs) if column is not None else _came_with(seqs)
                statement = select(schema.entries).where(fits, may_see)
                with self.engine.connect() as connection:
                    rows = connection.execute(statement.order_by(entry.seq.desc())).all()
                for row in rows:
                    hits.setdefault(row.seq, Hit(of_row(row), (why,)))
                if len(hits) >= limit:
                    break
        return list(hits.values())[:limit]

    def _pages(self, find: Callable[[str, int, int], list[int]], text: str) -> Iterator[list[int]]:
        """What has these words; who was renamed is found by either name."""
        for said in self.rights.names.variants(text) if text.strip() else ():
            before = NEWEST
            for _ in range(PAGES_MAX):
                seqs = find(said, before, PAGE)
                if seqs:
                    yield seqs
                if len(seqs) < PAGE:
                    break
                before = seqs[-1]


def _came_with(seqs: list[int]) -> ColumnElement[bool]:
    """Lines one of whose arrivals, or whose own message, is among these."""
    mail, came = archive.mails.c, schema.arrivals.c
    ids = select(mail.id).where(mail.seq.in_(seqs))
    entry = schema.entries.c
    return entry.seq.in_(select(came.entry).where(came.mail.in_(ids))) | entry.seq.in_(
        select(schema.files.c.entry).where(schema.files.c.mail.in_(ids))
    )


def _why(wanted: Wanted, series: str, line: Line) -> tuple[str, ...]:
    told = ["number" if series == Series.DOCUMENT else series]
    told += ["symbol"] if wanted.symbol else []
    told += ["year"] if wanted.year else []
    if wanted.day and wanted.day.isoformat() in {line.said.issued, line.date}:
        told.append("day")
    return tuple(told)


def _letter(row: Any) -> Letter:
    number = f"{row.year}-{row.n:07d}" if row.n else ""
    return Letter(row.seq, row.id, number, row.at_ms, row.sender, row.subject)

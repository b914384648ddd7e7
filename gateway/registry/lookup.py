"""Finding a document: by its number in any spelling, by its arrival number, by words.

Numbers are found by index alone. Everybody who asks says who he is; what he may not see is left
out here, and that he looked is written down here, so that no page or command can forget to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, and_, bindparam, select

from gateway.archive import schema as archive
from gateway.archive.registering import View
from gateway.mail.wanted import Series, Wanted, readings
from gateway.registry import schema
from gateway.registry.ledger import MAYBE
from gateway.registry.lines import Line, of_row
from gateway.registry.rights import Asker, Rights
from gateway.registry.texts import Texts
from gateway.runtime.ids import new_id

PAGE = 500
"""Matches of words that are looked through at once for what somebody may see."""
PAGES_MAX = 20
NEWEST = 2**62


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
    _made: dict[tuple[str, tuple[bool, ...]], Select[*tuple[Any, ...]]] = field(
        default_factory=dict[tuple[str, tuple[bool, ...]], Select[*tuple[Any, ...]]]
    )

    def find(self, asker: Asker, text: str, limit: int = 50) -> list[Hit]:
        """Lines that a typed text may mean, the likeliest first: numbers before words."""
        hits: dict[int, Hit] = {}
        wants = readings(text)
        for wanted in wants:
            for hit in self._numbered(asker, wanted, wanted.series.value, limit):
                hits.setdefault(hit.line.seq, hit)
        for wanted in wants:
            if wanted.series is Series.DOCUMENT:
                for hit in self._numbered(asker, wanted, MAYBE, limit):
                    hits.setdefault(hit.line.seq, hit)
        if not hits and not asker.is_operator:
            for hit in self._worded(asker, text, limit):
                hits.setdefault(hit.line.seq, hit)
        found = list(hits.values())[: 2 * limit]
        self.viewed(asker, "search", [hit.line.id for hit in found], text)
        if asker.is_operator:
            return [replace(hit, line=hit.line.bare) for hit in found]
        return found

    def letters(self, asker: Asker, text: str, limit: int = 50) -> list[Letter]:
        """Messages in whose documents the words stand, of mailboxes that he may read."""
        if asker.is_operator or not text.strip():
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
        self.note(View(new_id(), at_ms, str(asker), what, tuple(objects), query))

    def _numbered(self, asker: Asker, wanted: Wanted, series: str, limit: int) -> list[Hit]:
        statement = self._statement(asker, wanted)
        with self.engine.connect() as connection:
            rows = connection.execute(statement, parameters(wanted, series, limit)).all()
        hits = [Hit(of_row(row), _why(wanted, series, row)) for row in rows]
        return sorted(hits, key=lambda hit: "day" not in hit.matched)

    def _statement(self, asker: Asker, wanted: Wanted) -> Select[*tuple[Any, ...]]:
        """Made once for each way to ask and each person: building it takes longer than running."""
        key = (asker.login, _shape(wanted))
        if key not in self._made:
            self._made[key] = by_number(wanted, self.rights.may_see(asker))
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
        before = NEWEST
        for _ in range(PAGES_MAX):
            seqs = find(text, before, PAGE) if text.strip() else []
            if seqs:
                yield seqs
            if len(seqs) < PAGE:
                return
            before = seqs[-1]


def _came_with(seqs: list[int]) -> ColumnElement[bool]:
    """Lines one of whose arrivals, or whose own message, is among these."""
    mail, came = archive.mails.c, schema.arrivals.c
    ids = select(mail.id).where(mail.seq.in_(seqs))
    entry = schema.entries.c
    return entry.seq.in_(select(came.entry).where(came.mail.in_(ids))) | entry.seq.in_(
        select(schema.files.c.entry).where(schema.files.c.mail.in_(ids))
    )


def _shape(wanted: Wanted) -> tuple[bool, ...]:
    """Which conditions a question has."""
    has_year = bool(wanted.year or wanted.day)
    return bool(wanted.suffix), bool(wanted.symbol), wanted.is_whole_symbol, has_year


def by_number(wanted: Wanted, may_see: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """The lines of one reading, newest first, by the keys' index alone; for ``parameters``."""
    key, entry = schema.keys.c, schema.entries.c
    has_suffix, has_symbol, is_whole, has_year = _shape(wanted)
    fits: list[ColumnElement[bool]] = [
        key.series == bindparam("in_series"),
        key.number == bindparam("in_number"),
    ]
    if has_suffix:
        fits.append(key.suffix == bindparam("in_suffix"))
    if has_symbol and is_whole:
        fits.append(key.symbol == bindparam("in_symbol"))
    elif has_symbol:
        behind = key.symbol < bindparam("in_symbol_end")
        fits.append(and_(key.symbol >= bindparam("in_symbol"), behind))
    if has_year:
        fits.append(key.year == bindparam("in_year"))
    return (
        select(schema.entries, key.year.label("key_year"))
        .join_from(schema.keys, schema.entries, key.entry == entry.seq)
        .where(*fits, may_see, entry.state != "dismissed")
        .order_by(key.year.desc(), key.entry.desc())
        .limit(bindparam("in_limit"))
    )


def parameters(wanted: Wanted, series: str, limit: int) -> dict[str, Any]:
    """What a statement of ``by_number`` is run with."""
    return {
        "in_series": series,
        "in_number": wanted.number,
        "in_suffix": wanted.suffix,
        "in_symbol": wanted.symbol,
        "in_symbol_end": wanted.symbol + "~",
        "in_year": wanted.year or (wanted.day.year if wanted.day else None),
        "in_limit": limit,
    }


def _why(wanted: Wanted, series: str, row: Any) -> tuple[str, ...]:
    told = ["number" if series == Series.DOCUMENT else series]
    told += ["symbol"] if wanted.symbol else []
    told += ["year"] if wanted.year else []
    if wanted.day and wanted.day.isoformat() in {row.issued, row.date}:
        told.append("day")
    return tuple(told)


def _letter(row: Any) -> Letter:
    number = f"{row.year}-{row.n:07d}" if row.n else ""
    return Letter(row.seq, row.id, number, row.at_ms, row.sender, row.subject)

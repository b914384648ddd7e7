"""A line of a book as a value: what every list, print-out and export is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, select

from gateway.archive.registering import Particulars
from gateway.mail.text import folded
from gateway.registry import schema


@dataclass(frozen=True, slots=True)
class Line:
    """One line. What is empty is not known, or not for whoever asks."""

    seq: int
    id: str
    book: str
    unit: str
    direction: str
    """``in`` or ``out``."""
    series: str
    state: str
    date: str
    """The day of arrival, or of the number; ISO 8601."""
    came_ms: int
    said: Particulars
    year: int = 0
    n: int = 0
    """0 while it has no number."""
    suffix: str = ""
    mail: str = ""
    reason: str = ""
    approver: str = ""
    until: str = ""
    direction_text: str = ""
    """What a leader wants done."""
    directed_by: str = ""
    due: str = ""
    progress: str = ""

    @property
    def number(self) -> str:
        """Its number in the book: ``07``, ``50a``; of ours as printed: ``50/QĐ-SNgV``."""
        if self.direction == "out":
            return self.said.number
        return f"{self.n:02d}{self.suffix}" if self.n else ""

    @property
    def words(self) -> str:
        """What it is found by, as a person writes it."""
        said = self.said
        parts = (said.number, said.kind, said.abstract, said.issuer, said.signer, said.recipients)
        return " ".join(filter(None, (*parts, said.receiver, said.note)))

    @property
    def folded(self) -> str:
        return folded(self.words)

    @property
    def bare(self) -> Line:
        """What an operator may see: that it is there, not what it says."""
        return Line(
            seq=self.seq,
            id=self.id,
            book=self.book,
            unit=self.unit,
            direction=self.direction,
            series=self.series,
            state=self.state,
            date=self.date,
            came_ms=self.came_ms,
            year=self.year,
            n=self.n,
            suffix=self.suffix,
            mail=self.mail,
            progress=self.progress,
            said=Particulars(number=self.said.number, issued=self.said.issued),
        )


_AT = {column.name: i for i, column in enumerate(schema.entries.columns)}
_SAID = slice(_AT[schema.FIELDS[0]], _AT[schema.FIELDS[-1]] + 1)
"""Where a row has what the document says: these columns stand together, in this order."""
_PLACES = itemgetter(
    *(_AT[n] for n in ("seq", "id", "book", "unit", "direction", "series", "state", "date")),
    _AT["came_ms"],
)
_REST = itemgetter(
    *(_AT[n] for n in ("suffix", "mail", "reason", "approver", "until", "said_direction")),
    *(_AT[n] for n in ("said_by", "due", "progress")),
)


def of_row(row: Sequence[Any]) -> Line:
    """A row that begins with the columns of ``entries``, whatever else was selected behind them.

    By place, not by name: a long list is made of these.
    """
    at = tuple(row)
    said, year, n = Particulars(*at[_SAID]), at[_AT["year"]] or 0, at[_AT["n"]] or 0
    values: list[Any] = [*_PLACES(at), said, year, n, *_REST(at)]
    return Line(*values)


def line_of(connection: Connection, seq: int) -> Line | None:
    """The line of a row; None if there is none."""
    entry = schema.entries
    row = connection.execute(select(entry).where(entry.c.seq == seq)).one_or_none()
    return of_row(row) if row is not None else None

"""A line of a book as a value: what every list, print-out and export is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

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


def of_row(row: Row[Any]) -> Line:
    """A row of ``entries``, whatever else was selected beside it."""
    at = row._mapping  # noqa: SLF001 - SQLAlchemy's public name
    return Line(
        seq=at["seq"],
        id=at["id"],
        book=at["book"],
        unit=at["unit"],
        direction=at["direction"],
        series=at["series"],
        state=at["state"],
        date=at["date"],
        came_ms=at["came_ms"],
        year=at["year"] or 0,
        n=at["n"] or 0,
        suffix=at["suffix"],
        mail=at["mail"],
        reason=at["reason"],
        approver=at["approver"],
        until=at["until"],
        direction_text=at["said_direction"],
        directed_by=at["said_by"],
        due=at["due"],
        progress=at["progress"],
        said=Particulars(**{name: at[name] for name in schema.FIELDS}),
    )


def line_of(connection: Connection, seq: int) -> Line | None:
    """The line of a row; None if there is none."""
    entry = schema.entries
    row = connection.execute(select(entry).where(entry.c.seq == seq)).one_or_none()
    return of_row(row) if row is not None else None

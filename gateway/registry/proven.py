"""What the books say of a message, plain, for a bundle that is checked offline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, or_, select

from gateway.registry import schema
from gateway.registry.lines import Line, of_row

_entry = schema.entries.c


@dataclass(frozen=True, slots=True)
class Entered:
    """One line of a book that is about a message."""

    told: dict[str, Any]
    """What the line says, as JSON knows it; what is empty is left out."""
    ids: frozenset[str]
    """By which records of the journal name the line, and the one whose number it follows."""
    first: int
    """The record in which all that begins."""


def entered(engine: Engine, mail: str) -> list[Entered]:
    """The lines that a message came or leaves with, in the order of their records."""
    claimed = select(schema.claims.c.entry).where(schema.claims.c.mail == mail)
    came = select(schema.arrivals.c.entry).where(schema.arrivals.c.mail == mail)
    is_of_it = or_(_entry.mail == mail, _entry.seq.in_(claimed), _entry.seq.in_(came))
    with engine.connect() as connection:
        rows = connection.execute(select(schema.entries).where(is_of_it).order_by(_entry.seq))
        return [_entered(connection, of_row(row), mail) for row in rows.all()]


def _entered(connection: Connection, line: Line, mail: str) -> Entered:
    file, arrival = schema.files.c, schema.arrivals.c
    files = connection.execute(
        select(file.name, file.sha256).where(file.entry == line.seq, file.mail == mail)
    )
    arrived = connection.execute(
        select(arrival.id).where(arrival.entry == line.seq, arrival.mail == mail)
    )
    ids, first, base = {line.id, *arrived.scalars()}, line.seq, ""
    if line.suffix:
        followed = connection.execute(
            select(_entry.id, _entry.seq).where(
                _entry.book == line.book,
                _entry.series == line.series,
                _entry.year == line.year,
                _entry.n == line.n,
                _entry.suffix == "",
            )
        ).one_or_none()
        if followed is not None:
            base, first = followed.id, min(first, followed.seq)
            ids.add(base)
    said = {name: value for name, value in msgspec.structs.asdict(line.said).items() if value}
    told = {
        "ids": sorted(ids),
        "follows": base,
        "book": line.book,
        "direction": line.direction,
        "series": line.series,
        "year": line.year,
        "n": line.n,
        "suffix": line.suffix,
        "number": line.number,
        "state": line.state,
        "date": line.date,
        "said": said,
        "files": [{"name": row.name, "sha256": row.sha256} for row in files],
    }
    return Entered(told, frozenset(ids), first)

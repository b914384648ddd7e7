"""All that is known of one line: arrivals, sources of its values, files, doubles, handling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Row, Table, or_, select

from gateway.archive import schema as archive
from gateway.archive.commands import ArchiveNumber
from gateway.registry import schema
from gateway.registry.lines import Line, line_of


@dataclass(frozen=True, slots=True)
class Dossier:
    """A line with everything that hangs on it. Rows have their table's columns."""

    line: Line
    arrivals: tuple[Row[tuple[object, ...]], ...]
    said: tuple[Row[tuple[object, ...]], ...]
    files: tuple[Row[tuple[object, ...]], ...]
    """Each file once, as it came with the line's own message where it did."""
    tasks: tuple[Row[tuple[object, ...]], ...]
    amends: tuple[Row[tuple[object, ...]], ...]
    events: tuple[Row[tuple[object, ...]], ...]
    links: tuple[tuple[str, Line], ...]
    """(kind, the other line); ``passed`` where the other one was made from this."""
    mails: tuple[tuple[str, str], ...]
    """(archive number, id) of the messages it came with."""


def dossier(engine: Engine, line: Line) -> Dossier:
    """Read it all; whoever asks has been let in before."""
    with engine.connect() as connection:

        def rows(table: Table) -> tuple[Row[tuple[object, ...]], ...]:
            first = next(iter(table.primary_key.columns))
            found = select(table).where(table.c.entry == line.seq).order_by(first)
            return tuple(connection.execute(found).all())

        link = schema.links.c
        links: list[tuple[str, Line]] = []
        for row in connection.execute(
            select(schema.links).where(or_(link.entry == line.seq, link.other == line.seq))
        ).all():
            is_mine = row.entry == line.seq
            other = line_of(connection, row.other if is_mine else row.entry)
            kind = "passed" if row.kind == "raised" and not is_mine else row.kind
            if other is not None:
                links.append((kind, other))
        arrivals = rows(schema.arrivals)
        ids = {line.mail, *(row.mail for row in arrivals)} - {""}
        mail = archive.mails.c
        found = select(mail.id, mail.year, mail.n).where(mail.id.in_(ids), mail.n.is_not(None))
        mails = tuple(
            (str(ArchiveNumber(year, n)), id_) for id_, year, n in connection.execute(found)
        )
        return Dossier(
            line=line,
            arrivals=arrivals,
            said=rows(schema.said),
            files=_each_once(rows(schema.files), line.mail),
            tasks=rows(schema.tasks),
            amends=rows(schema.amends),
            events=rows(schema.events),
            links=tuple(links),
            mails=mails,
        )


def _each_once(found: tuple[Row[Any], ...], mail: str) -> tuple[Row[Any], ...]:
    """A file that several messages bore is one file."""
    ordered = sorted(found, key=lambda row: row.mail != mail)
    return tuple({row.sha256: row for row in reversed(ordered)}.values())[::-1]

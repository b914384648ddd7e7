"""How it stands with the documents of some days: for reports, without any content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, select

from gateway.registry.schema import arrivals, entries


@dataclass(frozen=True, slots=True)
class Stands:
    """One line of a book."""

    unit: str
    direction: str
    state: str
    progress: str
    due: str
    """A day (2026-08-20); empty where none was set."""
    mailbox: str
    """The address that an incoming document came to; empty for paper."""


def stands(engine: Engine, since_ms: int, until_ms: int) -> Iterator[Stands]:
    """Every document that came, or got its number, from ``since_ms`` to before ``until_ms``."""
    row, first = entries.c, arrivals.c
    where = (
        select(first.mailbox).where(first.entry == row.seq).order_by(first.seq).limit(1)
    ).correlate(entries)
    wanted = select(
        row.unit, row.direction, row.state, row.progress, row.due,
        where.scalar_subquery().label("mailbox"),
    ).where(row.came_ms >= since_ms, row.came_ms < until_ms)  # fmt: skip
    with engine.connect() as connection:
        for one in connection.execute(wanted).all():
            yield Stands(
                one.unit, one.direction, one.state, one.progress, one.due, one.mailbox or ""
            )

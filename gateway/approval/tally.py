"""What became of everything that was asked for in some days: for reports, without any content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from gateway.approval.rows import asks, decisions


@dataclass(frozen=True, slots=True)
class Asked:
    """One message, or draft, that needed a leader's word."""

    box: str
    """The key of the mailbox's address."""
    unit: str
    state: str
    """See ``rows.asks``."""
    took_ms: int | None
    """From the request to the last word that counted; None while there is none."""


def asked(engine: Engine, since_ms: int, until_ms: int) -> Iterator[Asked]:
    """All that was asked for from ``since_ms`` to ``until_ms``, but the leader's own mail."""
    row, said = asks.c, decisions.c
    last = (
        select(func.max(said.at_ms))
        .where(said.mail == row.mail, said.counted)
        .correlate(asks)
        .scalar_subquery()
    )
    wanted = select(row.box, row.unit, row.state, row.at_ms, last.label("decided_ms")).where(
        row.at_ms >= since_ms, row.at_ms < until_ms, row.state != "superseded", ~row.own
    )
    with engine.connect() as connection:
        for one in connection.execute(wanted).all():
            took = None if one.decided_ms is None else one.decided_ms - one.at_ms
            yield Asked(one.box, one.unit, one.state, took)

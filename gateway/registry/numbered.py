"""Asking the keys of the books for a number: by their index alone, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Compiled, Connection, Select, and_, bindparam, or_, select
from sqlalchemy.engine import Dialect

from gateway.mail.wanted import Wanted
from gateway.registry import schema


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement that was put into words once: that takes longer than running it."""

    _compiled: Compiled

    @classmethod
    def of(cls, statement: Select[*tuple[Any, ...]], dialect: Dialect) -> Prepared:
        return cls(statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True}))

    def rows(self, connection: Connection, told: dict[str, Any]) -> list[tuple[Any, ...]]:
        """By the driver's own cursor: a row's columns are known, nothing has to be looked up."""
        made = self._compiled
        values = {**made.params, **told}
        order = getattr(made, "positiontup", None)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(str(made), [values[name] for name in order] if order else values)
            return list(cursor.fetchall())
        finally:
            cursor.close()


def is_bare(wanted: Wanted) -> bool:
    """Whether nothing but digits was said."""
    return not (wanted.symbol or wanted.suffix or wanted.year or wanted.day)


def shape(wanted: Wanted) -> tuple[bool, ...]:
    """Which conditions a question has."""
    has_year = bool(wanted.year or wanted.day)
    whole = wanted.is_whole_symbol
    return bool(wanted.suffix), bool(wanted.symbol), whole, has_year, bool(wanted.day)


def by_number(wanted: Wanted, may_see: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """The lines of one reading, newest first, by the keys' index alone; for ``parameters``.

    A row begins with the columns of ``entries``. Those of the day that was said come before others.
    """
    key, entry = schema.keys.c, schema.entries.c
    has_suffix, has_symbol, is_whole, has_year, has_day = shape(wanted)
    fits: list[ColumnElement[bool]] = [
        key.series == bindparam("in_series", ""),
        key.number == bindparam("in_number", ""),
    ]
    if has_suffix:
        fits.append(key.suffix == bindparam("in_suffix", ""))
    if has_symbol and is_whole:
        fits.append(key.symbol == bindparam("in_symbol", ""))
    elif has_symbol:
        behind = key.symbol < bindparam("in_symbol_end", "")
        fits.append(and_(key.symbol >= bindparam("in_symbol", ""), behind))
    if has_year:
        fits.append(key.year == bindparam("in_year", 0))
    on_day = or_(entry.issued == bindparam("in_day", ""), entry.date == bindparam("in_day", ""))
    order = [on_day.desc()] if has_day else []
    return (
        select(schema.entries, key.year.label("key_year"))
        .join_from(schema.keys, schema.entries, key.entry == entry.seq)
        .where(*fits, may_see, entry.state != "dismissed")
        .order_by(*order, key.year.desc(), key.entry.desc())
        .limit(bindparam("in_limit", 0))
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
        "in_day": wanted.day.isoformat() if wanted.day else "",
        "in_limit": limit,
    }

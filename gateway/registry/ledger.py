"""What every decision about the books uses: lines, their keys, the counters, what is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from gateway.archive.journal import Record
from gateway.archive.pen import VIETNAM
from gateway.mail.number import DocumentNumber, number_key, parse, symbol_key
from gateway.mail.text import folded
from gateway.mail.wanted import Series
from gateway.registry import schema

_entry = schema.entries.c

YEARS = range(1945, 10_000)
"""Years that a book can be of."""


def day_of(at_ms: int) -> str:
    """The local day of a moment, ISO 8601: the day that the law counts."""
    return f"{datetime.fromtimestamp(at_ms / 1000, VIETNAM):%Y-%m-%d}"


def year_of(day: str) -> int:
    """The year of an ISO day; 0 where it is none."""
    return int(day[:4]) if day[:4].isascii() and day[:4].isdigit() else 0


def line(connection: Connection, id_: str) -> Row[Any] | None:
    """The line of an id: of its own, or of an arrival that was listed under it."""
    found = connection.execute(select(schema.entries).where(_entry.id == id_)).one_or_none()
    if found is None:
        again = select(schema.arrivals.c.entry).where(schema.arrivals.c.id == id_)
        seq = connection.execute(again).scalar()
        found = None if seq is None else by_seq(connection, seq)
    return found


def by_seq(connection: Connection, seq: int) -> Row[Any] | None:
    return connection.execute(select(schema.entries).where(_entry.seq == seq)).one_or_none()


def tell(
    connection: Connection, record: Record, entry: int, kind: str, text: str, *, counted: bool
) -> None:
    """Write down what was said, by whom, and whether it counted; once for a record and a line."""
    command: Any = record.command
    row = {
        "seq": record.seq,
        "entry": entry,
        "at_ms": command.at_ms,
        "kind": kind,
        "actor": getattr(command, "actor", ""),
        "text": text,
        "counted": counted,
    }
    connection.execute(insert(schema.events).values(row))


def take_number(connection: Connection, book: str, series: str, date: str, first: int = 1) -> int:
    """The next number of the year of a day; the counter is a row, moved in the same transaction."""
    year, at = year_of(date), schema.counters.c
    here = (at.book == book) & (at.series == series) & (at.year == year)
    row = connection.execute(select(at.next, at.last_date).where(here)).one_or_none()
    if row is None:
        start = {"book": book, "series": series, "year": year, "next": first + 1}
        connection.execute(insert(schema.counters).values(start | {"last_date": date}))
        return first
    moved = {"next": row.next + 1, "last_date": max(row.last_date, date)}
    connection.execute(update(schema.counters).where(here).values(moved))
    return int(row.next)


def last_day(connection: Connection, book: str, series: str, year: int) -> str:
    """The latest day in a series' year; empty while there is none."""
    at = schema.counters.c
    here = (at.book == book) & (at.series == series) & (at.year == year)
    return connection.execute(select(at.last_date).where(here)).scalar() or ""


def is_closed(connection: Connection, book: str, year: int) -> bool:
    at = schema.closed.c
    found = select(at.year).where(at.book == book, at.year == year)
    return connection.execute(found).first() is not None


def change(connection: Connection, seq: int, **values: Any) -> None:
    connection.execute(update(schema.entries).where(_entry.seq == seq).values(values))


def keys_of(row: Mapping[str, Any]) -> dict[str, str]:
    """The columns of a line that are made from what it says: for duplicates."""
    number = parse(row["number"])
    return {"key": number.key if number else "", "issuer_key": folded(row["issuer"])}


MAYBE = "maybe"
"""The series of keys of numbers that nobody has confirmed."""


def write_keys(connection: Connection, row: Mapping[str, Any]) -> None:
    """What a line is found by, written anew."""
    keys = schema.keys
    connection.execute(delete(keys).where(keys.c.entry == row["seq"]))
    told = select(schema.said.c.value).where(
        schema.said.c.entry == row["seq"], schema.said.c.field == "number"
    )
    rows = list(key_rows(row, connection.execute(told).scalars()))
    if rows:
        connection.execute(insert(keys), rows)


def key_rows(row: Mapping[str, Any], candidates: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Its arrival number, one key for each number its document bears, and those it may bear."""
    rows = []
    if row["direction"] == "in" and row["n"] is not None:
        arrival = {"number": str(row["n"]), "suffix": row["suffix"].upper(), "symbol": ""}
        arrival |= {"series": Series.ARRIVAL.value, "year": row["year"]}
        rows.append({"entry": row["seq"]} | arrival)
    rows += _document_keys(row, row["number"], Series.DOCUMENT.value)
    known = {(key["number"], key["suffix"]) for key in rows if key["symbol"]}
    for text in candidates:
        maybe = _document_keys(row, text, MAYBE)
        rows += [key for key in maybe if (key["number"], key["suffix"]) not in known]
        known |= {(key["number"], key["suffix"]) for key in maybe}
    return rows


def _document_keys(row: Mapping[str, Any], text: str, series: str) -> list[dict[str, Any]]:
    number = parse(text)
    if number is None:
        return []
    year = number.year or year_of(row["issued"]) or row["year"] or year_of(row["date"])
    rest = {"suffix": number.suffix.upper(), "symbol": symbol_key(number.symbol), "year": year}
    return [{"entry": row["seq"], "series": series, "number": one} | rest for one in _each(number)]


def _each(number: DocumentNumber) -> list[str]:
    if number.last:
        return [key.partition("/")[0] for key in number.keys]
    return [number_key(number.number)]


def printed(form: str, n: int, suffix: str, symbol: str, year: int, width: int) -> str:
    """Our own number as it stands on the paper: ``05/QĐ-SNgV``, below ten with a zero."""
    return form.format(number=f"{n:0{width}d}{suffix}", symbol=symbol, year=year)

"""Documents that go out: a number before they are signed, used when they leave, never twice."""

from __future__ import annotations

from string import ascii_lowercase
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select

from gateway.archive import schema as archive
from gateway.archive.journal import Record
from gateway.archive.registering import Claim, Insert, Particulars, Reserve, Use, Void
from gateway.registry import schema
from gateway.registry.incoming import keep_files
from gateway.registry.ledger import (
    by_seq,
    change,
    day_of,
    is_closed,
    keys_of,
    last_day,
    line,
    printed,
    take_number,
    tell,
    write_keys,
    year_of,
)

_entry = schema.entries.c
GIVEN = ("registered", "reserved", "used", "voided")
LEFT = {"accepted": True, "declined": False, "withdrawn": False, "expired": False}
"""States of a message that waits no longer: whether it has left."""


def reserve(connection: Connection, record: Record, said: Reserve) -> None:
    """The next number of a series, for a day of the open year or of one not yet closed."""
    year = year_of(said.date)
    if trouble := _no_new(connection, said.book, year, said.at_ms):
        tell(connection, record, 0, "reserve", trouble, counted=False)
        return
    latest = last_day(connection, said.book, said.series, year)
    n = take_number(connection, said.book, said.series, said.date, said.first)
    row = _row(record, said, said.particulars) | {
        "series": said.series,
        "n": n,
        "until": said.until,
        "form": said.form,
        "width": said.width,
    }
    row["number"] = printed(said.form, n, "", said.symbol, year, said.width)
    _write(connection, row)
    notes = [row["number"]]
    if said.date < latest:
        notes.append(f"dated back: the last number is of {latest}")
    tell(connection, record, record.seq, "reserve", "; ".join(notes), counted=True)


def _no_new(connection: Connection, book: str, year: int, at_ms: int) -> str:
    if not year or year > year_of(day_of(at_ms)):
        return f"the year {year or '?'} has not begun"
    if is_closed(connection, book, year):
        return f"the book of {year} is closed"
    return ""


def _row(record: Record, said: Reserve | Insert, particulars: Particulars) -> dict[str, Any]:
    row: dict[str, Any] = {
        "seq": record.seq,
        "id": said.id,
        "direction": "out",
        "year": year_of(said.date),
        "suffix": "",
        "state": "reserved",
        "date": said.date,
        "symbol": said.symbol,
        "came_ms": said.at_ms,
        "actor": said.actor,
        "at_ms": said.at_ms,
    }
    if isinstance(said, Reserve):
        row |= {"book": said.book, "unit": said.unit}
    row |= msgspec.structs.asdict(particulars)
    row["issued"] = row["issued"] or said.date
    return row


def _write(connection: Connection, row: dict[str, Any]) -> None:
    row |= keys_of(row)
    connection.execute(insert(schema.entries).values(row))
    write_keys(connection, row)


def insert_behind(connection: Connection, record: Record, said: Insert) -> None:
    """The next free letter behind a number; NĐ 30 does not know such numbers, offices do."""
    base = line(connection, said.after)
    if base is None or base.n is None or base.state not in GIVEN:
        tell(connection, record, 0, "insert", "there is no such number to follow", counted=False)
        return
    trouble = _no_new(connection, base.book, base.year, said.at_ms)
    suffix = _free_letter(connection, base)
    if trouble or not suffix or year_of(said.date) != base.year:
        text = trouble or "another year than the number it follows" if suffix else "no letter left"
        tell(connection, record, base.seq, "insert", text, counted=False)
        return
    row = _row(record, said, said.particulars) | {
        "book": base.book,
        "unit": base.unit,
        "series": base.series,
        "direction": base.direction,
        "n": base.n,
        "suffix": suffix,
        "form": base.form,
        "width": base.width,
        "symbol": said.symbol or base.symbol,
        "reason": said.reason,
        "approver": said.approver,
    }
    if base.direction == "in":
        row |= {"state": "registered", "progress": "registered", "issued": said.particulars.issued}
    else:
        row["number"] = printed(
            base.form, base.n, suffix, row["symbol"], base.year, base.width or 1
        )
    _write(connection, row)
    notes = [f"{base.n:02d}{suffix}", *_odd_day(connection, base, said.date)]
    tell(connection, record, record.seq, "insert", "; ".join(notes), counted=True)


def _free_letter(connection: Connection, base: Row[Any]) -> str:
    taken = set(connection.execute(select(_entry.suffix).where(*_same_number(base))).scalars())
    return next((letter for letter in ascii_lowercase if letter not in taken), "")


def _same_number(base: Row[Any]) -> tuple[Any, ...]:
    in_series = (_entry.book == base.book, _entry.series == base.series, _entry.year == base.year)
    return (*in_series, _entry.n == base.n)


def _odd_day(connection: Connection, base: Row[Any], day: str) -> list[str]:
    """An inserted document should be dated between the numbers around it."""
    following = connection.execute(
        select(_entry.date).where(
            _entry.book == base.book,
            _entry.series == base.series,
            _entry.year == base.year,
            _entry.n == base.n + 1,
            _entry.suffix == "",
        )
    ).scalar()
    if day < base.date:
        return [f"dated before {base.n:02d} ({base.date})"]
    if following and day > following:
        return [f"dated after {base.n + 1:02d} ({following})"]
    return []


def claim(connection: Connection, record: Record, said: Claim) -> None:
    """A message with the document of a number: its release uses the number, in that record."""
    found = line(connection, said.id)
    state = _mail_state(connection, said.mail)
    if found is None or found.state != "reserved" or state not in {"held", "accepted"}:
        text = "no such reservation or message"
        if found is not None and state is not None:
            text = f"the number is {found.state}, the message {state}"
        tell(connection, record, found.seq if found else 0, "claim", text, counted=False)
        return
    at = schema.claims.c
    here = (at.mail == said.mail) & (at.entry == found.seq)
    connection.execute(delete(schema.claims).where(here))
    connection.execute(insert(schema.claims).values(mail=said.mail, entry=found.seq))
    _fill(connection, found, said)
    if state == "held":
        text = f"carried by mail {said.mail}, which waits"
        tell(connection, record, found.seq, "claim", text, counted=True)
    else:
        _settle(connection, record, said.mail, has_left=True)


def _fill(connection: Connection, found: Row[Any], said: Claim) -> None:
    """What the document says fills what the line does not know yet."""
    told = msgspec.structs.asdict(said.particulars)
    old = found._mapping  # noqa: SLF001 - SQLAlchemy's public name
    new = {name: value for name, value in told.items() if value and not old[name]}
    if new:
        row = dict(old) | new
        change(connection, found.seq, **new, **keys_of(row))
        write_keys(connection, row | keys_of(row))
    keep_files(connection, found.seq, said.mail, said.files)


def _mail_state(connection: Connection, id_: str) -> str | None:
    mail = archive.mails.c
    rows = select(mail.state).where(mail.id == id_, mail.state != "refused").order_by(mail.seq)
    return connection.execute(rows.limit(1)).scalar()


def decided(connection: Connection, record: Record, id_: str) -> None:
    """Somebody's word about a message: if it has left, or never will, its number follows."""
    waiting = select(schema.claims.c.entry).where(schema.claims.c.mail == id_)
    if connection.execute(waiting).first() is None:
        return
    state = _mail_state(connection, id_) or ""
    if state in LEFT:
        _settle(connection, record, id_, has_left=LEFT[state])


def _settle(connection: Connection, record: Record, mail: str, *, has_left: bool) -> None:
    """What becomes of the numbers that a message carried, in the record that decided about it."""
    command: Any = record.command
    at = schema.claims.c
    waiting = select(at.entry).where(at.mail == mail)
    for seq in list(connection.execute(waiting).scalars()):
        found = by_seq(connection, seq)
        if found is None:
            continue
        if found.state != "reserved":
            _told_late(connection, record, found, mail, has_left=has_left)
            continue
        text = f"mail {mail}"
        if not has_left:
            text = f"{text} did not leave; the number stays reserved"
            tell(connection, record, seq, "unclaim", text, counted=True)
            continue
        day = found.transferred or day_of(command.at_ms)
        change(connection, seq, state="used", transferred=day, mail=mail)
        if year_of(day) != found.year:
            text = f"{text}; issued in the next year ({day})"
        tell(connection, record, seq, "use", text, counted=True)
    connection.execute(delete(schema.claims).where(at.mail == mail))


def _told_late(
    connection: Connection, record: Record, found: Row[Any], mail: str, *, has_left: bool
) -> None:
    """A message left with a number that was another's by then: for the clerk to see."""
    if has_left and found.mail != mail:
        text = f"mail {mail} left with a number that is {found.state} already"
        tell(connection, record, found.seq, "use", text, counted=False)


def use(connection: Connection, record: Record, said: Use) -> None:
    found = line(connection, said.id)
    if found is None or found.state != "reserved":
        text = "no such reservation" if found is None else f"it is {found.state} already"
        tell(connection, record, found.seq if found else 0, "use", text, counted=False)
        return
    fields = schema.FIELDS
    new = {name: value for name, value in said.changes if name in fields and name != "number"}
    row = dict(found._mapping) | new  # noqa: SLF001 - SQLAlchemy's public name
    row["transferred"] = row["transferred"] or day_of(said.at_ms)
    new |= {"transferred": row["transferred"]} | keys_of(row)
    change(connection, found.seq, state="used", **new)
    notes = [said.reason] if said.reason else []
    if year_of(row["transferred"]) != found.year:
        notes.append(f"issued in the next year ({row['transferred']})")
    tell(connection, record, found.seq, "use", "; ".join(notes), counted=True)


def void(connection: Connection, record: Record, said: Void) -> None:
    """Bỏ số: the line stays, the number is gone for good. What has left cannot be voided."""
    found = line(connection, said.id)
    if found is None or found.state not in {"reserved", "registered"}:
        text = "no such number" if found is None else f"it is {found.state}"
        tell(connection, record, found.seq if found else 0, "void", text, counted=False)
        return
    change(connection, found.seq, state="voided", reason=said.reason)
    at = schema.claims.c
    connection.execute(delete(schema.claims).where(at.entry == found.seq))
    tell(connection, record, found.seq, "void", said.reason, counted=True)

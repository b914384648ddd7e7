"""Documents that come in: proposals, arrival numbers, the same document again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, or_, select

from gateway.archive.journal import Record
from gateway.archive.registering import Arrive, Confirm, Dismiss, File, Same
from gateway.registry import schema
from gateway.registry.ledger import (
    change,
    day_of,
    is_closed,
    keys_of,
    line,
    take_number,
    tell,
    write_keys,
    year_of,
)

_entry = schema.entries.c
LIVE = ("proposed", "registered")
LOOKALIKES_MAX = 20
"""Documents that one is compared with."""


def arrive(connection: Connection, record: Record, said: Arrive) -> None:
    """A new line, or one more arrival of a known document; numbered if nothing speaks against."""
    if not said.as_new:
        if _is_known(connection, said):
            tell(connection, record, 0, "arrive", "this message is in the book", counted=False)
            return
        first = _first_of(connection, said)
        if first is not None:
            _again(connection, record, said, first)
            return
    row = _row(record, said)
    connection.execute(insert(schema.entries).values(row))
    _arrival(connection, record, said, record.seq)
    _evidence(connection, record, said)
    strong = _compare(connection, row, said)
    if said.raised_from:
        _raise(connection, record, said.raised_from)
    if said.number_now and not strong:
        text = _number(connection, row, said.at_ms)
        tell(connection, record, record.seq, "register", text, counted=True)
    else:
        write_keys(connection, row)
        text = "it looks like one that is there" if strong else ""
        tell(connection, record, record.seq, "propose", text, counted=True)


def _row(record: Record, said: Arrive) -> dict[str, Any]:
    row: dict[str, Any] = {
        "seq": record.seq,
        "id": said.id,
        "book": said.book,
        "unit": said.unit,
        "direction": "in",
        "series": "",
        "year": None,
        "n": None,
        "suffix": "",
        "state": "proposed",
        "date": said.date,
        "came_ms": said.came_ms or said.at_ms,
        "mail": said.mail,
        "actor": said.actor,
        "at_ms": said.at_ms,
        "raised_from": said.raised_from,
        "progress": "received",
    }
    row |= msgspec.structs.asdict(said.particulars)
    return row | keys_of(row)


def _is_known(connection: Connection, said: Arrive) -> bool:
    if not said.mail:
        return False
    at = schema.arrivals.c
    found = select(at.seq).where(at.mail == said.mail, at.book == said.book)
    return connection.execute(found).first() is not None


def _first_of(connection: Connection, said: Arrive) -> Row[Any] | None:
    """The line whose document is this one beyond doubt: the same bytes, or the same edXML id."""
    fits: list[ColumnElement[bool]] = []
    if said.files:
        file = schema.files.c
        same = select(file.entry).where(file.sha256 == said.files[0].sha256, file.is_main)
        fits.append(_entry.seq.in_(same))
    if said.particulars.edxml:
        fits.append(_entry.edxml == said.particulars.edxml)
    if not fits:
        return None
    found = select(schema.entries).where(
        or_(*fits), _entry.book == said.book, _entry.state.in_(LIVE)
    )
    return connection.execute(found.order_by(_entry.seq).limit(1)).one_or_none()


def _again(connection: Connection, record: Record, said: Arrive, first: Row[Any]) -> None:
    _arrival(connection, record, said, first.seq)
    keep_files(connection, first.seq, said.mail, said.files)
    if said.raised_from:
        _raise(connection, record, said.raised_from, first.seq)
    text = f"{said.route} {said.mailbox}".strip()
    tell(connection, record, first.seq, "arrived again", text, counted=True)


def _arrival(connection: Connection, record: Record, said: Arrive, entry: int) -> None:
    row = {
        "seq": record.seq,
        "id": said.id,
        "entry": entry,
        "book": said.book,
        "mail": said.mail,
        "route": said.route,
        "mailbox": said.mailbox,
        "came_ms": said.came_ms or said.at_ms,
        "actor": said.actor,
    }
    connection.execute(insert(schema.arrivals).values(row))


def _evidence(connection: Connection, record: Record, said: Arrive) -> None:
    keep_files(connection, record.seq, said.mail, said.files)
    told = [
        {"seq": record.seq, "i": i, "entry": record.seq} | msgspec.structs.asdict(one)
        for i, one in enumerate(said.said)
    ]
    if told:
        connection.execute(insert(schema.said), told)


def keep_files(connection: Connection, entry: int, mail: str, files: Sequence[File]) -> None:
    """The files of a line that one message bore, the main document first; its last word counts."""
    at = schema.files
    unique = {file.sha256: (i, file) for i, file in reversed(list(enumerate(files)))}
    for i, file in unique.values():
        here = (at.c.entry == entry) & (at.c.sha256 == file.sha256) & (at.c.mail == mail)
        connection.execute(delete(at).where(here))
        values = {"entry": entry, "mail": mail, "is_main": i == 0}
        connection.execute(insert(at).values(values | msgspec.structs.asdict(file)))


def _compare(connection: Connection, row: dict[str, Any], said: Arrive) -> bool:
    """Note what this one looks like; True if it is most likely the same document.

    Strong: number and symbol, day and issuer agree. Weak: number and symbol agree, within a year.
    Real offices give a number twice (02/SYT-GAVI in 2018), so this warns and never refuses.
    """
    if not row["key"]:
        return False
    others = connection.execute(
        select(_entry.seq, _entry.issued, _entry.issuer_key, _entry.date)
        .where(
            _entry.key == row["key"],
            _entry.book == row["book"],
            _entry.seq != row["seq"],
            _entry.state.in_(LIVE),
        )
        .order_by(_entry.seq.desc())
        .limit(LOOKALIKES_MAX)
    ).all()
    links, strong = [], False
    for other in others:
        days = (row["issued"], other.issued)
        years = {year_of(day) for day in days if day}
        if len(years) > 1:
            continue  # The next year begins with 01 again.
        is_same = all(days) and days[0] == days[1] and other.issuer_key == row["issuer_key"] != ""
        kind = "strong" if is_same else "weak"
        strong = strong or is_same
        why = "number, symbol, day and issuer" if is_same else "number and symbol"
        links.append({"entry": row["seq"], "other": other.seq, "kind": kind, "why": why})
    if links:
        connection.execute(insert(schema.links), links)
    return strong and not said.as_new


def _raise(connection: Connection, record: Record, from_id: str, entry: int = 0) -> None:
    below = line(connection, from_id)
    if below is not None:
        link = {"entry": entry or record.seq, "other": below.seq, "kind": "raised", "why": ""}
        if not _has_link(connection, link):
            connection.execute(insert(schema.links).values(link))


def _has_link(connection: Connection, link: dict[str, Any]) -> bool:
    at = schema.links.c
    found = select(at.kind).where(
        at.entry == link["entry"], at.other == link["other"], at.kind == link["kind"]
    )
    return connection.execute(found).first() is not None


def _number(connection: Connection, row: dict[str, Any], at_ms: int) -> str:
    """Give the next arrival number; returns what is worth noting about it."""
    date, notes = row["date"], []
    if is_closed(connection, row["book"], year_of(date)):
        notes.append(f"the book of {year_of(date)} is closed")
        date = day_of(at_ms)
    n = take_number(connection, row["book"], "", date)
    row |= {"year": year_of(date), "n": n, "state": "registered", "progress": "registered"}
    waiting = connection.execute(
        select(func.count())
        .select_from(schema.entries)
        .where(
            _entry.state == "proposed",
            _entry.book == row["book"],
            _entry.came_ms < row["came_ms"],
        )
    ).scalar()
    if waiting:
        notes.append(f"out of order: {waiting} that came before have no number yet")
    change(
        connection,
        row["seq"],
        **{name: row[name] for name in ("year", "n", "state", "progress", "date")},
    )
    write_keys(connection, row)
    return "; ".join([f"số đến {n:02d}/{row['year']}", *notes])


def confirm(connection: Connection, record: Record, said: Confirm) -> None:
    """The first confirmation of a proposal gives it its number."""
    found = line(connection, said.id)
    if found is None or found.state != "proposed":
        text = "no such proposal" if found is None else f"it is {found.state} already"
        tell(connection, record, found.seq if found else 0, "register", text, counted=False)
        return
    row = dict(found._mapping)  # noqa: SLF001 - SQLAlchemy's public name
    row |= {field: value for field, value in said.changes if field in schema.FIELDS}
    row |= keys_of(row)
    if said.date and said.date <= day_of(said.at_ms):
        row["date"] = said.date
    fields = {name: row[name] for name in (*schema.FIELDS, "key", "issuer_key")}
    change(connection, found.seq, **fields)
    text = _number(connection, row, said.at_ms)
    tell(connection, record, found.seq, "register", text, counted=True)


def same(connection: Connection, record: Record, said: Same) -> None:
    """A proposal goes, and stands as one more arrival under another line."""
    found, first = line(connection, said.id), line(connection, said.of)
    fits = found is not None and found.state == "proposed" and first is not None
    if not fits or found is None or first is None or found.seq == first.seq:
        tell(connection, record, 0, "same", "no such proposal or document", counted=False)
        return
    change(connection, found.seq, state="dismissed", reason=said.reason)
    at = schema.arrivals
    moved = at.update().where(at.c.entry == found.seq).values(entry=first.seq)
    connection.execute(moved)
    tell(connection, record, first.seq, "arrived again", said.reason, counted=True)


def dismiss(connection: Connection, record: Record, said: Dismiss) -> None:
    found = line(connection, said.id)
    counts = found is not None and found.state == "proposed"
    if counts and found is not None:
        change(connection, found.seq, state="dismissed", reason=said.reason)
    seq = found.seq if found is not None else 0
    tell(connection, record, seq, "dismiss", said.reason, counted=counts)

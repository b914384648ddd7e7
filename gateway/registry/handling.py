"""What happens to a line after it has its number: corrections, directions, the end of a year."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from gateway.archive.journal import Record
from gateway.archive.registering import Amend, Bind, CloseYear, Direct, Progress, View
from gateway.registry import schema
from gateway.registry.ledger import (
    change,
    day_of,
    is_closed,
    keys_of,
    line,
    tell,
    write_keys,
    year_of,
)
from gateway.runtime.words import later

_BY = later("directed by {leader}")
_DUE = later("to be done by {day}")
STEPS = ("received", "registered", "submitted", "directed", "assigned", "in-progress", "done")
"""How far a document has come, in order."""


def amend(connection: Connection, record: Record, said: Amend) -> None:
    """Put a line right. Both values are kept; our own number is what it is."""
    found = line(connection, said.id)
    if found is None:
        tell(connection, record, 0, "amend", "no such line", counted=False)
        return
    old = dict(found._mapping)  # noqa: SLF001 - SQLAlchemy's public name
    new = {name: value for name, value in said.changes if _may_change(old, name, value)}
    new = {name: value for name, value in new.items() if old[name] != value}
    if not new:
        tell(connection, record, found.seq, "amend", "nothing that can be changed", counted=False)
        return
    row = old | new
    change(connection, found.seq, **new, **keys_of(row))
    write_keys(connection, row)
    rows = [
        {"seq": record.seq, "field": name, "entry": found.seq, "before": old[name], "after": value}
        for name, value in new.items()
    ]
    connection.execute(insert(schema.amends), rows)
    tell(connection, record, found.seq, "amend", said.reason, counted=True)


def _may_change(old: dict[str, Any], name: str, value: str) -> bool:
    if name == "date":
        return old["direction"] == "in" and year_of(value) == (old["year"] or year_of(value))
    if name in {"number", "issued"} and old["direction"] == "out":
        return name == "issued" and year_of(value) == old["year"]
    return name in schema.FIELDS


def direct(connection: Connection, record: Record, said: Direct) -> None:
    """A leader's direction: who does what until when. A later one takes the place of an earlier."""
    found = line(connection, said.id)
    if found is None or found.direction != "in":
        tell(connection, record, 0, "direct", "no such incoming document", counted=False)
        return
    by = said.on_behalf_of or said.actor
    step = "assigned" if said.assignees else "directed"
    values = {"said_direction": said.direction or found.said_direction, "said_by": by}
    change(connection, found.seq, **values, due=said.due or found.due, progress=step)
    task = schema.tasks
    for one in said.assignees:
        here = (task.c.entry == found.seq) & (task.c.who == one.who)
        connection.execute(delete(task).where(here))
        row = {"entry": found.seq, "who": one.who, "role": one.role, "due": said.due}
        row |= {"status": "assigned", "note": "", "at_ms": said.at_ms, "done_ms": 0}
        connection.execute(insert(task).values(row))
    told = [said.direction, _BY.format(leader=by) if by != said.actor else "", said.basis]
    told += [f"{one.who} ({one.role})" for one in said.assignees]
    told += [_DUE.format(day=said.due)] if said.due else []
    text = "; ".join(filter(None, told))
    tell(connection, record, found.seq, "direct", text, counted=True)


def progress(connection: Connection, record: Record, said: Progress) -> None:
    """How it stands with one assignee; when all who lead are done, the document is."""
    found = line(connection, said.id)
    if found is None:
        tell(connection, record, 0, "progress", "no such document", counted=False)
        return
    if not said.who:
        change(connection, found.seq, progress=said.status)
        tell(connection, record, found.seq, said.status, said.note, counted=True)
        return
    task = schema.tasks
    done = said.at_ms if said.status == "done" else 0
    here = (task.c.entry == found.seq) & (task.c.who == said.who)
    moved = connection.execute(
        update(task).where(here).values(status=said.status, note=said.note, done_ms=done)
    ).rowcount
    if moved:
        leads = select(task.c.status).where(task.c.entry == found.seq, task.c.role == "lead")
        states = set(connection.execute(leads).scalars())
        step = "done" if states == {"done"} else "in-progress"
        change(connection, found.seq, progress=step)
    text = f"{said.who}: {said.note}".rstrip(": ")
    tell(connection, record, found.seq, said.status, text, counted=moved > 0)


def close_year(connection: Connection, record: Record, said: CloseYear) -> None:
    """No new number for this year. Its reserved ones can still be used or voided."""
    counts = said.year < year_of(day_of(said.at_ms)) and not is_closed(
        connection, said.book, said.year
    )
    if counts:
        row = {"book": said.book, "year": said.year, "at_ms": said.at_ms, "actor": said.actor}
        connection.execute(insert(schema.closed).values(row))
    text = f"{said.book} {said.year}"
    tell(connection, record, 0, "close year", text, counted=counts)


def bind(connection: Connection, record: Record, said: Bind) -> None:
    row = {"seq": record.seq, "book": said.book, "year": said.year, "volume": said.volume}
    row |= {"first": said.first, "last": said.last, "sha256": said.sha256}
    row |= {"at_ms": said.at_ms, "actor": said.actor}
    connection.execute(insert(schema.volumes).values(row))


def view(connection: Connection, record: Record, said: View) -> None:
    base = {"seq": record.seq, "at_ms": said.at_ms, "actor": said.actor}
    base |= {"what": said.what, "query": said.query}
    rows = [base | {"object": one} for one in dict.fromkeys(said.objects or ("",))]
    connection.execute(insert(schema.views), rows)

"""What a word at a desk does to a held message; for the archive's fold and for chapters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
from sqlalchemy import Connection, insert, select, update

from gateway.archive import schema

Verdict: TypeAlias = Literal["release", "refuse", "withdraw", "expire"]

_AFTER = {"refuse": "declined", "withdraw": "withdrawn", "expire": "expired"}


def settle(
    connection: Connection,
    seq: int,
    desk: str,
    verdict: Verdict,
    at_ms: int,
    added: Sequence[tuple[str, str]] = (),
) -> bool:
    """Move a held message by one desk's word; False if it does not wait at this desk.

    Released by its last desk, it is owed to its recipients. ``added``: header fields (name,
    value) that go on top of what leaves.
    """
    mail = schema.mails.c
    row = connection.execute(
        select(mail.state, mail.desks, mail.added).where(mail.seq == seq)
    ).one_or_none()
    desks = [name for name in row.desks.split(",") if name] if row else []
    if row is None or row.state != "held" or desk not in desks:
        return False
    desks.remove(desk)
    if verdict == "release":
        state, rows = ("held", "held") if desks else ("accepted", "owed")
    else:
        state, rows, desks = _AFTER[verdict], "dropped", []
    values = {"state": state, "desks": ",".join(desks)}
    if added:
        before = msgspec.json.decode(row.added, type=list[tuple[str, str]]) if row.added else []
        values["added"] = msgspec.json.encode([*before, *added]).decode()
    connection.execute(update(schema.mails).where(mail.seq == seq).values(values))
    if rows != "held":
        owed = schema.recipients.c
        connection.execute(
            update(schema.recipients)
            .where(owed.seq == seq, owed.state == "held")
            .values(state=rows, due_ms=at_ms if rows == "owed" else None)
        )
    return True


def note(
    connection: Connection,
    mail: int,
    record: int,
    at_ms: int,
    kind: str,
    actor: str,
    text: str,
    *,
    counted: bool = True,
) -> None:
    """One line in a message's story (``vanthu why``); at most one for a record and a message."""
    connection.execute(
        insert(schema.events).values(
            mail=mail,
            seq=record,
            at_ms=at_ms,
            kind=kind,
            actor=actor,
            text=text,
            counted=counted,
        )
    )


def seq_of(connection: Connection, id_: str) -> int:
    """The record of a message's arrival by its id; 0 if there is none."""
    mail = schema.mails.c
    found = (
        select(mail.seq).where(mail.id == id_, mail.state != "refused").order_by(mail.seq.desc())
    )
    return int(connection.execute(found).scalar() or 0)

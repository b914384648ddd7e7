"""What is to be delivered now: asked many times a second, so it looks at few rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Engine, bindparam, select

from gateway.archive import schema
from gateway.archive.commands import ArchiveNumber

_mail, _row = schema.mails.c, schema.recipients.c

_NAMES = (
    select(_row.seq, _row.address)
    .where(_row.due_ms <= bindparam("now"))
    .order_by(_row.due_ms)
    .limit(bindparam("most"))
)
"""Out of the index alone; most of what it names while mail flows is under way already."""

_WHOLE = (
    select(
        _row.seq, _mail.id, _row.address, _mail.sender, _row.attempts, _mail.at_ms,
        _mail.segment, _mail.offset, _mail.size, _mail.direction, _mail.envid, _mail.ret,
        _mail.is_8bit, _mail.is_utf8, _mail.is_null_ok, _row.state, _row.delay_told, _row.reply,
        _row.orcpt, _row.notify, _mail.year, _mail.n, _mail.added,
    )
    .join_from(schema.recipients, schema.mails, _mail.seq == _row.seq)
    .where(_row.seq.in_(bindparam("seqs", expanding=True)), _row.due_ms <= bindparam("now"))
    .order_by(_row.seq)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owed:
    """One recipient who has not got a message yet, and what delivering it needs to know."""

    seq: int
    id: str
    recipient: str
    sender: str
    attempts: int
    received_ms: int
    segment: int
    offset: int
    size: int
    """Bytes of the message."""
    direction: str = "in"
    envid: str = ""
    ret: str = ""
    is_8bit: bool = False
    is_utf8: bool = False
    is_null_ok: bool = True
    state: str = "owed"
    """owed, deferred; failed where an admin said so and the sender is yet to be told."""
    is_delay_told: bool = False
    reply: str = ""
    """What was said the last time."""
    orcpt: str = ""
    notify: tuple[str, ...] = ()
    number: str = ""
    added: tuple[tuple[str, str], ...] = ()
    """Header fields that a desk put on top when it released it: (name, value)."""


def due(
    engine: Engine, now_ms: int, limit: int, skip: Collection[tuple[int, str]] = ()
) -> list[Owed]:
    """What is to be delivered now, oldest first; ``skip`` names what is under way."""
    with engine.connect() as connection:
        named = connection.execute(_NAMES, {"now": now_ms, "most": limit + len(skip)})
        wanted = [key for key in map(tuple, named) if key not in skip][:limit]
        if not wanted:
            return []
        seqs, some = sorted({seq for seq, _ in wanted}), frozenset(wanted)
        rows = connection.execute(_WHOLE, {"seqs": seqs, "now": now_ms})
        return [_owed(row) for row in rows if (row[0], row[2]) in some]


def _owed(row: Any) -> Owed:
    *plain, notify, year, n, added = row
    number = str(ArchiveNumber(year, n)) if n else ""
    plain += [tuple(filter(None, notify.split(","))), number, added_fields(added)]
    return Owed(*plain)


def added_fields(text: str) -> tuple[tuple[str, str], ...]:
    """Of the column ``mails.added``."""
    return msgspec.json.decode(text, type=tuple[tuple[str, str], ...]) if text else ()

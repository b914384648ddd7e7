"""What has not arrived: one row for each recipient, by any of its marks, and counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlalchemy import ColumnElement, Engine, select

from gateway.archive import schema
from gateway.archive.commands import ArchiveNumber

By: TypeAlias = Literal["destination", "sender", "state", "reason"]
ANY = ("owed", "deferred", "held", "stopped", "failed")
OPEN = ("owed", "deferred", "held", "stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """All that is given has to fit. Texts are parts, accents and case of them as they stand."""

    mails: Collection[int] | None = None
    """Records of messages; None for all."""
    destination: str = ""
    """A domain; ``.example.vn`` for those below one."""
    sender: str = ""
    recipient: str = ""
    states: Sequence[str] = OPEN
    reason: str = ""
    """In what was said the last time."""
    since_ms: int = 0
    until_ms: int = 0
    limit: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """One recipient, and how it stands with him. Times in ms since 1970."""

    seq: int
    id: str
    number: str
    at_ms: int
    sender: str
    recipient: str
    state: str
    attempts: int
    due_ms: int | None
    status: str
    reply: str
    via: str
    subject: str
    size: int

    @property
    def destination(self) -> str:
        return self.recipient.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Tally:
    """Those that have one mark in common. ``reply``: what was said to the latest of them."""

    key: str
    recipients: int
    messages: int
    oldest_ms: int
    next_ms: int | None
    reply: str


def waiting(engine: Engine, which: Which) -> list[Waiting]:
    """Rows that fit, oldest first."""
    mail, row = schema.mails, schema.recipients
    statement = (
        select(mail, row.c.address, row.c.state.label("standing"), row.c.attempts, row.c.due_ms,
               row.c.status, row.c.reply, row.c.via)
        .join_from(row, mail, mail.c.seq == row.c.seq)
        .where(*_fits(which))
        .order_by(mail.c.seq, row.c.address)
        .limit(which.limit)
    )  # fmt: skip
    with engine.connect() as connection:
        found = connection.execute(statement).all()
    return [
        Waiting(
            seq=r.seq, id=r.id, number=str(ArchiveNumber(r.year, r.n)) if r.n else "",
            at_ms=r.at_ms, sender=r.sender, recipient=r.address, state=r.standing,
            attempts=r.attempts, due_ms=r.due_ms, status=r.status, reply=r.reply, via=r.via,
            subject=r.subject, size=r.size,
        )
        for r in found
    ]  # fmt: skip


def _fits(which: Which) -> list[ColumnElement[bool]]:
    mail, row = schema.mails.c, schema.recipients.c
    fits: list[ColumnElement[bool]] = [
        row.state.in_(which.states),
        row.state.not_in(("delivered", "refused")),  # So that the index of the open ones is used.
    ]
    fits += [row.seq.in_(which.mails)] if which.mails is not None else []
    parts = ((mail.sender, which.sender), (row.address, which.recipient), (row.reply, which.reason))
    fits += [column.icontains(part, autoescape=True) for column, part in parts if part]
    if which.destination.startswith("."):
        fits.append(row.address.iendswith(which.destination, autoescape=True))
    elif which.destination:
        fits.append(row.address.iendswith(f"@{which.destination}", autoescape=True))
    fits += [mail.at_ms >= which.since_ms] if which.since_ms else []
    fits += [mail.at_ms < which.until_ms] if which.until_ms else []
    return fits


def tallied(rows: Iterable[Waiting], by: By) -> list[Tally]:
    """Counted by one mark, the most first."""
    groups: dict[str, list[Waiting]] = {}
    for row in rows:
        groups.setdefault(_mark(row, by), []).append(row)
    told = [_tally(key, group) for key, group in groups.items()]
    return sorted(told, key=lambda tally: (-tally.recipients, tally.key))


def _mark(row: Waiting, by: By) -> str:
    match by:
        case "destination":
            return row.destination
        case "sender":
            return row.sender
        case "state":
            return row.state
        case "reason":
            return row.reply


def _tally(key: str, group: list[Waiting]) -> Tally:
    due = [row.due_ms for row in group if row.due_ms is not None]
    said = [row.reply for row in group if row.reply]
    return Tally(
        key=key,
        recipients=len(group),
        messages=len({row.seq for row in group}),
        oldest_ms=min(row.at_ms for row in group),
        next_ms=min(due, default=None),
        reply=said[-1] if said else "",
    )

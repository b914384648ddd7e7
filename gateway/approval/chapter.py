"""What each word at the approval desk does, in the order of the journal.

A plain function of the records: which decision won is found here and nowhere else, and is the same
at every rebuild. Nothing here asks the clock, the directory or the bytes of a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from gateway.approval import delegations, verdicts
from gateway.approval.code_rows import APPROVAL
from gateway.approval.codes import FOR_THE_DESK
from gateway.approval.rows import asks, handovers, letters, metadata
from gateway.approval.verdicts import DONE, OPEN, ask_of, change
from gateway.archive.approvals import (
    Announced,
    Ask,
    Block,
    BreakGlass,
    Handled,
    HandOver,
    IssueTag,
    Lend,
    Rang,
    Release,
    Requested,
    Revoke,
    Say,
    SpendTag,
)
from gateway.archive.commands import Receive
from gateway.archive.held import note, seq_of, settle
from gateway.archive.journal import Record
from gateway.runtime.words import later


def _arrived(connection: Connection, record: Record, arrival: Receive) -> None:
    if arrival.state == "held" and APPROVAL in arrival.desks:
        new = {
            "mail": arrival.id,
            "seq": record.seq,
            "kind": "hold",
            "state": "new",
            "author": arrival.peer.user,
            "digest": record.digest.hex(),
            "at_ms": arrival.at_ms,
        }
        connection.execute(insert(asks).values(_EMPTY | new))
    elif arrival.state == "discarded" and arrival.reason == FOR_THE_DESK:
        values = {"mail": arrival.id, "seq": record.seq, "handled": ""}
        connection.execute(insert(letters).values(values))


_EMPTY: dict[str, object] = {
    "box": "",
    "unit": "",
    "envelope": "",
    "manifest": "",
    "expires_ms": 0,
    "urgent": "",
    "steps": "[]",
    "step": 0,
    "requested": -1,
    "approvers": "",
    "alarms": "[]",
    "rung": 0,
    "next_ms": None,
    "before": "",
    "recipients": "",
    "announced": "",
    "glass": "",
    "own": False,
    "trouble": "",
}


def _ask(connection: Connection, record: Record, ask: Ask) -> None:
    row = ask_of(connection, ask.mail)
    seq = row.seq if row else seq_of(connection, ask.mail)
    if ask.kind == "draft" and row is None and seq:
        new = {"mail": ask.mail, "seq": seq, "state": "new", "author": ask.author}
        new |= {"kind": "draft", "digest": ask.digest, "at_ms": ask.at_ms}
        connection.execute(insert(asks).values(_EMPTY | new))
        row = ask_of(connection, ask.mail)
    if row is None or row.state != "new" or row.kind != ask.kind or row.digest != ask.digest:
        if seq:
            text = later("asked already, or for other bytes")
            note(connection, seq, record.seq, ask.at_ms, "asked", "", text, counted=False)
        return
    change(
        connection,
        ask.mail,
        state="pending",
        box=ask.box,
        unit=ask.unit,
        author=ask.author or row.author,
        envelope=ask.envelope,
        manifest=ask.manifest,
        expires_ms=ask.expires_ms,
        urgent=ask.urgent,
        steps=msgspec.json.encode(ask.steps).decode(),
        alarms=msgspec.json.encode(ask.alarms).decode(),
        next_ms=ask.alarms[0].at_ms if ask.alarms else None,
        before=ask.before,
        recipients=",".join(ask.recipients),
        own=ask.own,
        trouble="",
    )
    name = later("in the name of {box}").format(box=ask.box or "?")
    text = f"{name}; sha256 {ask.digest}"
    note(connection, seq, record.seq, ask.at_ms, "asked", ask.author, text)
    if ask.supersedes:
        _supersede(connection, record, ask)


def _supersede(connection: Connection, record: Record, ask: Ask) -> None:
    before = ask_of(connection, ask.before)
    if before is None or before.state != "pending" or before.author != ask.author:
        return
    change(connection, ask.before, state="superseded", next_ms=None)
    settle(connection, before.seq, APPROVAL, "withdraw", ask.at_ms)
    text = later("by the message {mail}").format(mail=ask.mail)
    note(connection, before.seq, record.seq, ask.at_ms, "superseded", ask.author, text)


def _requested(connection: Connection, record: Record, requested: Requested) -> None:
    row = ask_of(connection, requested.mail)
    if row is None or row.state != "pending" or requested.step != row.step:
        return
    if row.requested >= requested.step and not requested.more:
        return
    asked = _also(row, requested.approvers)
    change(connection, requested.mail, requested=requested.step, approvers=asked)
    text = ", ".join(requested.approvers) or later("there is nobody who may approve")
    at = requested.at_ms
    note(connection, row.seq, record.seq, at, f"requested (step {requested.step + 1})", "", text)


def _also(row: Row[Any], logins: Iterable[str]) -> str:
    """Everybody who has been asked by now: all of them are told how it ends."""
    return ",".join(dict.fromkeys([*filter(None, row.approvers.split(",")), *logins]))


def _rang(connection: Connection, record: Record, rang: Rang) -> None:
    row = ask_of(connection, rang.mail)
    if row is None or row.state in DONE or rang.nth != row.rung:
        return
    alarms = _alarms(row)
    left = alarms[rang.nth + 1 :]
    after = left[0]["at_ms"] if left and row.state == "pending" else None
    asked = _also(row, rang.told)
    change(connection, rang.mail, rung=rang.nth + 1, next_ms=after, approvers=asked)
    what, told = str(alarms[rang.nth]["what"]), ", ".join(rang.told)
    note(connection, row.seq, record.seq, rang.at_ms, what, "", told)


def _alarms(row: Row[Any]) -> list[dict[str, Any]]:
    alarms: list[dict[str, Any]] = msgspec.json.decode(row.alarms)
    return alarms


def _block(connection: Connection, record: Record, block: Block) -> None:
    """From now on it can be closed without its bytes: taken back, refused, or by the clock."""
    row = ask_of(connection, block.mail)
    if row is None or row.state not in OPEN or row.trouble:
        return
    until = max(row.expires_ms, block.until_ms) if row.state == "approved" else row.expires_ms
    until = until if until > block.at_ms else block.until_ms
    change(connection, block.mail, trouble=block.why, expires_ms=until, next_ms=until)
    note(connection, row.seq, record.seq, block.at_ms, "blocked", "", block.why)


def _release(connection: Connection, record: Record, release: Release) -> None:
    row = ask_of(connection, release.mail)
    if row is None or row.kind != "hold":
        return
    counted = row.state == "approved" and release.digest == row.digest
    text = f"sha256 {release.digest}"
    if counted:
        change(connection, release.mail, state="queued", trouble="", next_ms=None)
        settle(connection, row.seq, APPROVAL, "release", release.at_ms, release.added)
    note(connection, row.seq, record.seq, release.at_ms, "released", "", text, counted=counted)


def _hand_over(connection: Connection, record: Record, said: HandOver) -> None:
    """Written down, and told in the story of everything of the unit that waits."""
    values = {"seq": record.seq} | msgspec.structs.asdict(said)
    connection.execute(insert(handovers).values(values))
    waits = select(asks.c.seq).where(asks.c.unit == said.unit, asks.c.state.in_(OPEN))
    text = f"{said.before} → {said.after}, {said.basis}"
    for seq in connection.execute(waits.order_by(asks.c.seq)).scalars().all():
        note(connection, seq, record.seq, said.at_ms, "handed over", said.actor, text)


def _handled(connection: Connection, _: Record, handled: Handled) -> None:
    row = letters.c
    open_ = update(letters).where(row.mail == handled.mail, row.handled == "")
    connection.execute(open_.values(handled=handled.what))


def _announced(connection: Connection, _: Record, announced: Announced) -> None:
    change(connection, announced.mail, announced=announced.state)


_FOLDS: dict[type[Any], Callable[[Connection, Record, Any], None]] = {
    Receive: _arrived,
    Ask: _ask,
    Requested: _requested,
    Rang: _rang,
    Say: verdicts.say,
    BreakGlass: verdicts.break_glass,
    Release: _release,
    Block: _block,
    IssueTag: verdicts.issue_tag,
    SpendTag: verdicts.spend_tag,
    Lend: lambda connection, _, said: delegations.lend(connection, said),
    Revoke: lambda connection, _, said: delegations.revoke(connection, said),
    HandOver: _hand_over,
    Handled: _handled,
    Announced: _announced,
}


class ApprovalChapter:
    """Folds what is said at the approval desk, and the arrivals that it waits for."""

    name = "approval"
    version = 2
    metadata = metadata
    desks = frozenset({APPROVAL})
    wants: tuple[type[Any], ...] = tuple(_FOLDS)

    def apply(self, connection: Connection, records: Sequence[Record]) -> None:
        for record in records:
            _FOLDS[type(record.command)](connection, record, record.command)

"""From the journal to the rows: the only code that writes the database.

The fold is a plain function of the journal: the same records give the same rows, whenever and
however often they are folded. What counts and what came too late is found here, in journal order.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, bindparam, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import OperationalError

from gateway.archive import schema
from gateway.archive.commands import Decide, QueueChange, Receive, Tried
from gateway.archive.journal import Record
from gateway.archive.keeper import FileJournal
from gateway.archive.record import HEAD_BYTES
from gateway.mail.text import folded

log = logging.getLogger(__name__)

BATCH = 500
"""Records to a transaction: enough to share its cost, few enough to be seen soon."""

PAUSE_S = 0.01
"""How often the end of the journal is looked at when nothing comes."""

Row: TypeAlias = dict[str, Any]

_OPEN = ("owed", "deferred", "held", "stopped")


class Applier:
    """Follows the journal and keeps the rows up to date."""

    def __init__(self, journal: FileJournal, engine: Engine) -> None:
        self._journal = journal
        self._engine = engine
        self._stop = threading.Event()
        self._applied = threading.Condition()
        self._listeners: list[Callable[[], None]] = []
        with engine.connect() as connection:
            mark = connection.execute(
                select(schema.marks).where(schema.marks.c.name == "fold")
            ).one_or_none()
        self.seq = mark.seq if mark else 0
        self._segment = mark.segment if mark else 1
        self._offset = mark.offset if mark else HEAD_BYTES

    def listen(self, told: Callable[[], None]) -> None:
        """Call this, in the applier's thread, whenever rows have changed."""
        self._listeners.append(told)

    def catch_up(self) -> int:
        """Fold all there is; returns how many records that were."""
        total = 0
        while done := self._fold_some():
            total += done
        return total

    def run(self) -> None:
        """Fold until ``stop``. A locked or full database is tried again; the journal waits."""
        while not self._stop.is_set():
            try:
                done = self._fold_some()
            except OperationalError as error:
                log.error("archive: the index cannot be written: %s", error)  # noqa: TRY400
                self._stop.wait(1.0)
                continue
            if not done:
                self._stop.wait(PAUSE_S)

    def stop(self) -> None:
        self._stop.set()

    def wait_for(self, seq: int, timeout_s: float = 30.0) -> bool:
        """Wait until this record has been folded; False if it took too long."""
        until = time.monotonic() + timeout_s
        with self._applied:
            while self.seq < seq:
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._applied.wait(left)
        return True

    def _fold_some(self) -> int:
        following = self._journal.follow_from(self._segment, self._offset)
        batch = list(islice((r for r in following if r.seq > self.seq), BATCH))
        if not batch:
            return 0
        last = batch[-1]
        with self._engine.begin() as connection:
            _fold(connection, batch)
            offset = last.offset + last.size
            connection.execute(
                upsert(schema.marks)
                .values(name="fold", seq=last.seq, segment=last.segment, offset=offset)
                .on_conflict_do_update(
                    index_elements=["name"],
                    set_={"seq": last.seq, "segment": last.segment, "offset": offset},
                )
            )
        with self._applied:
            self.seq, self._segment, self._offset = last.seq, last.segment, offset
            self._applied.notify_all()
        for told in self._listeners:
            told()
        return len(batch)


def _fold(connection: Connection, records: Iterable[Record]) -> None:
    """Fold records in order; runs of the same kind are written together."""
    received: list[Record] = []
    for record in records:
        if isinstance(record.command, Receive):
            received.append(record)
            continue
        _fold_received(connection, received)
        received = []
        match record.command:
            case Tried() as tried:
                _fold_tried(connection, record, tried)
            case QueueChange() as change:
                _fold_change(connection, record, change)
            case Decide() as decision:
                _fold_decision(connection, record, decision)
            case _:
                pass
    _fold_received(connection, received)


def _fold_received(connection: Connection, records: list[Record]) -> None:
    mails: list[Row] = []
    rows: list[Row] = []
    words: list[tuple[int, str]] = []
    for record in records:
        command = record.command
        assert isinstance(command, Receive)
        mails.append(_mail_row(record, command))
        words.append((record.seq, folded(_words(command))))
        state = {"accepted": "owed", "held": "held"}.get(command.state, command.state)
        rows += [
            {
                "seq": record.seq,
                "address": rcpt.address,
                "notify": ",".join(rcpt.notify),
                "orcpt": rcpt.orcpt,
                "state": state,
                "attempts": 0,
                "next_at_ms": command.at_ms,
                "reply": "",
            }
            for rcpt in command.recipients
        ]
    if mails:
        connection.execute(insert(schema.mails), mails)
        connection.exec_driver_sql("INSERT INTO words(rowid, text) VALUES (?, ?)", words)
    if rows:
        connection.execute(upsert(schema.recipients).on_conflict_do_nothing(), rows)


def _mail_row(record: Record, command: Receive) -> Row:
    return {
        "seq": record.seq,
        "id": command.id,
        "year": record.number.year if record.number else 0,
        "n": record.number.n if record.number else 0,
        "at_ms": record.at_ms,
        "state": command.state,
        "desks": ",".join(command.desks),
        "direction": command.direction,
        "sender": command.sender,
        "login": command.peer.user,
        "client": command.peer.client,
        "author": command.author,
        "subject": command.subject,
        "message_id": command.message_id,
        "size": command.size,
        "reason": command.reason or command.reply,
        "about": command.about,
        "segment": record.segment,
        "offset": record.offset,
    }


def _words(command: Receive) -> str:
    to = " ".join(rcpt.address for rcpt in command.recipients)
    return f"{command.subject} {command.author} {command.sender} {to}"


def _fold_tried(connection: Connection, record: Record, tried: Tried) -> None:
    seq = _seq_of(connection, tried.id)
    row = schema.recipients.c
    connection.execute(
        update(schema.recipients)
        .where(row.seq == bindparam("mail"), row.address == bindparam("rcpt"))
        .where(row.state.in_(("owed", "deferred")))
        .values(
            state=tried.result,
            attempts=row.attempts + 1,
            next_at_ms=tried.next_at_ms,
            reply=tried.reply,
        ),
        {"mail": seq, "rcpt": tried.recipient},
    )
    _event(
        connection, record, tried.id, tried.result, tried.via, f"{tried.recipient}: {tried.reply}"
    )


def _fold_change(connection: Connection, record: Record, change: QueueChange) -> None:
    """Move what is owed by an admin's hand; what has left already stays as it is."""
    row = schema.recipients.c
    moves: dict[str, tuple[tuple[str, ...], str]] = {
        "hold": (("owed", "deferred"), "stopped"),
        "release": (("stopped",), "owed"),
        "retry": (("owed", "deferred"), "owed"),
        "fail": (_OPEN, "failed"),
        "drop": (_OPEN, "dropped"),
    }
    before, after = moves[change.action]
    statement = (
        update(schema.recipients)
        .where(row.seq == _seq_of(connection, change.id), row.state.in_(before))
        .values(state=after, next_at_ms=change.at_ms)
    )
    if change.recipients:
        statement = statement.where(row.address.in_(change.recipients))
    moved = connection.execute(statement).rowcount
    kind = change.action if moved else f"{change.action} (nothing to do)"
    _event(connection, record, change.id, kind, change.actor, change.reason)


def _fold_decision(connection: Connection, record: Record, decision: Decide) -> None:
    """The first decision that fits counts; every later one is written down as too late."""
    mail = connection.execute(
        select(schema.mails.c.seq, schema.mails.c.state, schema.mails.c.desks).where(
            schema.mails.c.id == decision.id
        )
    ).one_or_none()
    desks = [desk for desk in mail.desks.split(",") if desk] if mail else []
    if mail is None or mail.state != "held" or decision.desk not in desks:
        kind = f"{decision.verdict} (too late)"
        _event(connection, record, decision.id, kind, decision.actor, decision.reason)
        return
    desks.remove(decision.desk)
    if decision.verdict != "release":
        state, rows = (
            {"refuse": "refused", "withdraw": "withdrawn"}.get(decision.verdict, "expired"),
            "dropped",
        )
        desks = []
    else:
        state, rows = ("held", "held") if desks else ("accepted", "owed")
    connection.execute(
        update(schema.mails)
        .where(schema.mails.c.seq == mail.seq)
        .values(state=state, desks=",".join(desks))
    )
    connection.execute(
        update(schema.recipients)
        .where(schema.recipients.c.seq == mail.seq, schema.recipients.c.state == "held")
        .values(state=rows, next_at_ms=decision.at_ms)
    )
    kind = f"{decision.verdict} ({decision.desk})"
    _event(connection, record, decision.id, kind, decision.actor, decision.reason)


def _seq_of(connection: Connection, mail: str) -> int:
    found = connection.execute(select(schema.mails.c.seq).where(schema.mails.c.id == mail))
    return int(found.scalar() or 0)


def _event(
    connection: Connection, record: Record, mail: str, kind: str, actor: str, text: str
) -> None:
    connection.execute(
        insert(schema.events).values(
            seq=record.seq, mail=mail, at_ms=record.at_ms, kind=kind, actor=actor, text=text
        )
    )

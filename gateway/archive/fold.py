"""What each command does to the rows. A plain function of the journal, in its order.

The same records give the same rows, whenever and however often they are folded: what counts and
what came too late is found here and nowhere else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from msgspec.structs import replace
from sqlalchemy import (
    Boolean,
    Connection,
    Executable,
    Table,
    bindparam,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Dialect

from gateway.archive import schema
from gateway.archive.chapter import Chapter
from gateway.archive.commands import Command, Decide, QueueChange, Receive, Tried
from gateway.archive.held import settle
from gateway.archive.journal import Record
from gateway.mail.verdict import Desk
from gateway.runtime.words import later

Row: TypeAlias = tuple[Any, ...]

KNOWN_MAX = 50_000
"""Ids whose row is remembered: what is delivered has mostly come a moment ago."""

_WAITING = ("owed", "deferred")
_OPEN = ("owed", "deferred", "held", "stopped")
_ELSEWHERE = later("this desk decides otherwise: vanthu approve")
_ENCLOSED = later("it is enclosed for the security officer: vanthu secrecy release")
_TOO_LATE = later("the message that it was opened from was decided on before")

_FIRST = {"accepted": "owed", "held": "held"}

MOVES: dict[str, tuple[tuple[str, ...], str]] = {
    "hold": (_WAITING, "stopped"),
    "release": (("stopped",), "owed"),
    "retry": ((*_WAITING, "failed"), "owed"),
    "fail": (_OPEN, "failed"),
    "drop": (_OPEN, "dropped"),
}
"""What an admin's action makes of recipients, and of those in which states."""

_PENDING = ("release", "retry", "fail")
"""Actions after which the postman has something to do: deliver, or tell the sender."""

_row = schema.recipients.c
_tried = (
    update(schema.recipients)
    .where(_row.seq == bindparam("mail"), _row.address == bindparam("rcpt"))
    .values(
        attempts=_row.attempts + bindparam("asked"),
        status=bindparam("new_status"),
        reply=bindparam("new_reply"),
        via=bindparam("new_via"),
    )
)
_TRIED_IN_VAIN = _tried.where(or_(_row.state == "owed", _row.state == "deferred")).values(
    state="deferred",
    due_ms=bindparam("next"),
    delay_told=or_(_row.delay_told, bindparam("told", type_=Boolean)),
)
_TRIED_TO_THE_END = _tried.where(_row.state != "delivered", _row.state != "expanded").values(
    state=bindparam("new_state"), due_ms=None
)


class Statement:
    """A statement of SQLAlchemy's, made text once and then run with plain rows of values."""

    def __init__(self, statement: Executable, dialect: Dialect, keys: Sequence[str] = ()) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(keys) or None)  # type: ignore[attr-defined]
        self._text = str(compiled)
        self._order = compiled.positiontup
        self._fixed = compiled.params

    def run(self, connection: Connection, values: Sequence[dict[str, Any]]) -> int:
        """How many rows it concerned."""
        rows = [tuple({**self._fixed, **v}[key] for key in self._order) for v in values]
        return connection.exec_driver_sql(self._text, rows).rowcount

    def put(self, connection: Connection, rows: list[Row]) -> None:
        """Rows whose values stand in the order of the columns."""
        connection.exec_driver_sql(self._text, rows)


def _inserting(table: Table, dialect: Dialect) -> Statement:
    return Statement(insert(table), dialect, [column.key for column in table.columns])


class Fold:
    """Keeps statements and the latest ids at hand between batches."""

    def __init__(self, dialect: Dialect, chapters: Sequence[Chapter] = ()) -> None:
        self._chapters = chapters
        self._wanted = {kind for chapter in chapters for kind in chapter.wants}
        self._owned = frozenset(desk for chapter in chapters for desk in chapter.desks)
        self._known: dict[str, int] = {}
        self._mail = _inserting(schema.mails, dialect)
        self._recipient = _inserting(schema.recipients, dialect)
        self._event = _inserting(schema.events, dialect)
        self._deferred = Statement(_TRIED_IN_VAIN, dialect)
        self._ended = Statement(_TRIED_TO_THE_END, dialect)

    def apply(self, connection: Connection, records: Sequence[Record]) -> None:
        """Fold records in order. Messages and attempts are written in bulk; a person's word, which
        looks at the rows, waits until those before it are written."""
        run: list[Record] = []
        for record in records:
            match record.command:
                case Receive(opened_from=str(id_)) as command if id_:
                    self._bulk(connection, run)
                    run = []
                    self._opened(connection, record, command)
                case Receive() | Tried():
                    run.append(record)
                case command:
                    self._bulk(connection, run)
                    run = []
                    self._said(connection, record, command)
        self._bulk(connection, run)
        while len(self._known) > KNOWN_MAX:
            del self._known[next(iter(self._known))]

    def _opened(self, connection: Connection, record: Record, command: Receive) -> None:
        """What the security officer found to be no secret takes the place of what was enclosed."""
        before = self._seq(connection, command.opened_from)
        counted = bool(before) and settle(
            connection, before, Desk.QUARANTINE, "withdraw", command.at_ms
        )
        if not counted:
            void = replace(command, state="discarded", desks=(), reason=_TOO_LATE)
            record = dataclasses.replace(record, command=void)
        self._bulk(connection, [record])
        if before:
            row = (before, record.seq, command.at_ms, "opened", "", command.id, counted)
            self._event.put(connection, [row])

    def _said(self, connection: Connection, record: Record, command: Command) -> None:
        match command:
            case QueueChange():
                self._change(connection, record, command)
            case Decide():
                self._decide(connection, record, command)
            case _:
                pass  # A chapter's own.
        self._tell_chapters(connection, [record])

    def _tell_chapters(self, connection: Connection, records: Sequence[Record]) -> None:
        records = [record for record in records if type(record.command) in self._wanted]
        for chapter in self._chapters:
            wanted = [r for r in records if isinstance(r.command, chapter.wants)]
            if wanted:
                chapter.apply(connection, wanted)

    def _bulk(self, connection: Connection, records: Sequence[Record]) -> None:
        mails: list[Row] = []
        rows: list[Row] = []
        attempts: list[tuple[Record, Tried]] = []
        for record in records:
            match record.command:
                case Receive() as command:
                    mails.append(_mail(record, command))
                    rows += _recipients(record, command)
                    if command.state != "refused":
                        self._known[command.id] = record.seq
                case Tried() as tried:
                    attempts.append((record, tried))
                case _:
                    pass
        if mails:
            self._mail.put(connection, mails)
        if rows:
            self._recipient.put(connection, rows)
        if attempts:
            self._attempts(connection, attempts)
        self._tell_chapters(connection, records)

    def _attempts(self, connection: Connection, attempts: list[tuple[Record, Tried]]) -> None:
        self._look_up(connection, {tried.id for _, tried in attempts})
        told: list[Row] = []
        again: list[dict[str, Any]] = []
        ended: list[dict[str, Any]] = []
        for record, tried in attempts:
            mail = self._known.get(tried.id)
            if mail is None:
                continue  # Of a message that is not in this journal: nothing to tell it of.
            values = {
                "mail": mail,
                "rcpt": tried.recipient,
                "new_status": tried.status,
                "new_reply": tried.reply,
                "new_via": tried.via,
                "asked": int(tried.was_asked),
            }
            if tried.result == "deferred":
                again.append(values | {"next": tried.next_at_ms, "told": tried.is_delay_told})
            else:
                ended.append(values | {"new_state": tried.result})
            text = f"{tried.recipient}: {tried.status} {tried.reply}".rstrip()
            told.append((mail, record.seq, tried.at_ms, tried.result, tried.via, text, True))
        for statement, changes in ((self._deferred, again), (self._ended, ended)):
            if changes:
                statement.run(connection, changes)
        if told:
            self._event.put(connection, told)

    def _look_up(self, connection: Connection, ids: Iterable[str]) -> None:
        missing = [id_ for id_ in ids if id_ not in self._known]
        if missing:
            mail = schema.mails.c
            found = select(mail.id, mail.seq).where(mail.id.in_(missing), mail.state != "refused")
            for id_, seq in connection.execute(found.order_by(mail.seq)):
                self._known[id_] = seq

    def _seq(self, connection: Connection, id_: str) -> int:
        self._look_up(connection, [id_])
        return self._known.get(id_, 0)

    def _change(self, connection: Connection, record: Record, change: QueueChange) -> None:
        """Move what is owed by an admin's hand; what has left already stays as it is."""
        mail = self._seq(connection, change.id)
        action = change.action
        before, after = MOVES[action]
        statement = (
            update(schema.recipients)
            .where(_row.seq == mail, _row.state.in_(before))
            .values(state=after, due_ms=change.at_ms if action in _PENDING else None)
        )
        if action == "fail":
            why = later("stopped by {who}: {reason}").format(who=change.actor, reason=change.reason)
            why = why.rstrip(": ")
            statement = statement.values(status="5.0.0", reply=why, via="")
        if change.recipients:
            statement = statement.where(_row.address.in_(change.recipients))
        moved = connection.execute(statement).rowcount
        text = ", ".join(change.recipients)
        text = f"{change.reason} [{text}]" if text else change.reason
        self._tell(connection, record, mail, change, change.action, text, counted=moved > 0)

    def _decide(self, connection: Connection, record: Record, decision: Decide) -> None:
        """The first word that fits counts; every later one is written down as too late.

        Nor does a word count at a desk whose chapter decides by words of its own.
        """
        seq = self._seq(connection, decision.id)
        text, counts = decision.reason, False
        if decision.desk in self._owned:
            text = f"{text}; {_ELSEWHERE}".lstrip("; ")
        elif decision.verdict == "release" and _is_enclosed(connection, seq):
            text = f"{text}; {_ENCLOSED}".lstrip("; ")
        elif seq:
            counts = settle(connection, seq, decision.desk, decision.verdict, decision.at_ms)
        kind = f"{decision.verdict} ({decision.desk})"
        self._tell(connection, record, seq, decision, kind, text, counted=counts)

    def _tell(
        self,
        connection: Connection,
        record: Record,
        mail: int,
        said: QueueChange | Decide,
        kind: str,
        text: str,
        *,
        counted: bool,
    ) -> None:
        if mail:
            row = (mail, record.seq, said.at_ms, kind, said.actor, text, counted)
            self._event.put(connection, [row])


def _is_enclosed(connection: Connection, seq: int) -> bool:
    mail = schema.mails.c
    return connection.execute(select(mail.sealing).where(mail.seq == seq)).scalar() == "enclosed"


def _mail(record: Record, command: Receive) -> Row:
    """In the order of the columns."""
    number = record.number
    return (
        record.seq,
        command.id,
        number.year if number else None,
        number.n if number else None,
        command.at_ms,
        command.state,
        ",".join(command.desks),
        command.direction,
        command.sender,
        command.peer.user,
        command.peer.client,
        command.author,
        command.subject,
        command.message_id,
        record.raw_size or command.size,
        command.reason or command.reply,
        command.about,
        command.envid,
        command.ret,
        command.is_8bit,
        command.is_utf8,
        command.is_null_ok,
        record.segment,
        record.offset,
        "",
        "enclosed" if command.enclosed_for else "sealed" if command.sealed else "",
    )


def _recipients(record: Record, command: Receive) -> list[Row]:
    state = _FIRST.get(command.state, command.state)
    due = command.at_ms if state == "owed" else None
    return [
        (record.seq, address, ",".join(rcpt.notify), rcpt.orcpt, state, 0, due, "", "", "", False)
        for address, rcpt in {rcpt.address: rcpt for rcpt in command.recipients}.items()
    ]

"""The registry's part of the fold: what each command does to the books, in journal order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from sqlalchemy import Connection, MetaData

from gateway.archive.approvals import Ask, Release, Say
from gateway.archive.commands import Decide
from gateway.archive.journal import Record
from gateway.archive.registering import (
    Amend,
    Arrive,
    Bind,
    Claim,
    CloseYear,
    Confirm,
    Direct,
    Dismiss,
    Insert,
    Progress,
    Registering,
    Reserve,
    Same,
    Use,
    View,
    Void,
)
from gateway.registry import handling, incoming, outgoing, schema


class Books:
    """One chapter for all books. It remembers nothing: the counters are rows."""

    name = "books"
    version = schema.VERSION
    metadata: MetaData = schema.metadata
    desks: frozenset[str] = frozenset()
    wants: tuple[type[Any], ...] = (*get_args(Registering), Decide, Say, Release, Ask)

    def apply(self, connection: Connection, records: Sequence[Record]) -> None:
        for record in records:
            self._one(connection, record)

    def _one(self, connection: Connection, record: Record) -> None:  # noqa: C901, PLR0912
        """One case for each command there is."""
        match record.command:
            case Arrive() as said:
                incoming.arrive(connection, record, said)
            case Confirm() as said:
                incoming.confirm(connection, record, said)
            case Same() as said:
                incoming.same(connection, record, said)
            case Dismiss() as said:
                incoming.dismiss(connection, record, said)
            case Reserve() as said:
                outgoing.reserve(connection, record, said)
            case Insert() as said:
                outgoing.insert_behind(connection, record, said)
            case Claim() as said:
                outgoing.claim(connection, record, said)
            case Use() as said:
                outgoing.use(connection, record, said)
            case Void() as said:
                outgoing.void(connection, record, said)
            case Amend() as said:
                handling.amend(connection, record, said)
            case Direct() as said:
                handling.direct(connection, record, said)
            case Progress() as said:
                handling.progress(connection, record, said)
            case CloseYear() as said:
                handling.close_year(connection, record, said)
            case Bind() as said:
                handling.bind(connection, record, said)
            case View() as said:
                handling.view(connection, record, said)
            case Decide(id=mail) | Say(mail=mail) | Release(mail=mail) | Ask(before=mail):
                outgoing.decided(connection, record, mail)
            case _:
                pass

"""Reads the numbers that were given in outgoing books, for the filters."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, Row, select
from sqlalchemy.exc import DatabaseError

from gateway.directory.tables import Tables
from gateway.mail.given import BooksAway, GivenNumber, NumberState
from gateway.mail.number import DocumentNumber
from gateway.mail.people import Mailbox
from gateway.registry import schema
from gateway.registry.tables import BooksTable


class GivenNumbers:
    """The ``OutgoingBooks`` of an archive, in whichever process its rows are made."""

    def __init__(
        self, books: BooksTable, people: Tables, engine: Callable[[], Engine | None]
    ) -> None:
        """``engine`` opens the archive's database, or says None while there is none."""
        self._books, self._people, self._open = books, people, engine
        self._engine: Engine | None = None

    def is_kept_for(self, box: Mailbox) -> bool:
        return bool(self._books_of(box))

    def _books_of(self, box: Mailbox) -> frozenset[str]:
        return self._books.outgoing_of(str(box.address), box.unit, self._people)

    async def given(
        self, box: Mailbox, number: DocumentNumber, year: int
    ) -> tuple[GivenNumber | None, ...]:
        return await asyncio.to_thread(self._read, self._books_of(box), number.keys, year)

    def _read(
        self, books: frozenset[str], keys: tuple[str, ...], year: int
    ) -> tuple[GivenNumber | None, ...]:
        try:
            self._engine = self._engine or self._open()
            if self._engine is None:
                raise BooksAway("there is no archive yet")
            with self._engine.connect() as connection:
                return tuple(_given(connection, books, key, year) for key in keys)
        except (DatabaseError, sqlite3.DatabaseError, OSError) as error:
            raise BooksAway(str(error)) from error


def _given(
    connection: Connection, books: frozenset[str], key: str, year: int
) -> GivenNumber | None:
    """The line of a number; the one that still counts, where two books gave the same."""
    entry = schema.entries.c
    fits = (entry.key == key, entry.book.in_(sorted(books)), entry.year == year)
    states = (entry.direction == "out", entry.state.in_(list(NumberState)))
    rows = connection.execute(select(schema.entries).where(*fits, *states)).all()
    if not rows:
        return None
    order = list(NumberState)
    row = min(rows, key=lambda row: order.index(row.state))
    return GivenNumber(
        number=row.number,
        state=NumberState(row.state),
        day=row.issued or row.date,
        files=_files(connection, row),
    )


def _files(connection: Connection, row: Row[Any]) -> frozenset[str]:
    """Of the message that used the number; of those that carry it and wait, while none has."""
    file, claim = schema.files.c, schema.claims.c
    waiting = select(claim.mail).where(claim.entry == row.seq)
    carriers = {row.mail} if row.mail else set(connection.execute(waiting).scalars())
    borne = select(file.sha256).where(file.entry == row.seq, file.mail.in_(carriers))
    return frozenset(connection.execute(borne).scalars()) if carriers else frozenset()

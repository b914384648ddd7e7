"""What printed recipients were said to stand for: a chapter of the fold, and its reader."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
)
from sqlalchemy.exc import OperationalError

from gateway.archive.journal import Record
from gateway.archive.recognising import Recognise
from gateway.directory.correspondents import name_key

log = logging.getLogger(__name__)

metadata = MetaData()
aliases = Table(
    "aliases_said",
    metadata,
    Column("printed", String, primary_key=True),
    Column("document", String, primary_key=True),
    Column("shown", String, nullable=False),
    Column("stands_for", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("reason", String, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Alias:
    """One printed recipient with what it was said to stand for."""

    printed: str
    document: str
    keys: tuple[str, ...]
    actor: str
    at_ms: int
    reason: str


class AliasChapter:
    """The last word about a printed recipient counts."""

    name = "aliases"
    version = 1
    metadata: MetaData = metadata
    desks: frozenset[str] = frozenset()
    wants: tuple[type[Any], ...] = (Recognise,)

    def apply(self, connection: Connection, records: Sequence[Record]) -> None:
        for record in records:
            if isinstance(record.command, Recognise):
                _recognised(connection, record.command)


def _recognised(connection: Connection, said: Recognise) -> None:
    key = name_key(said.printed)
    there = (aliases.c.printed == key) & (aliases.c.document == said.document)
    connection.execute(delete(aliases).where(there))
    if not said.keys:
        return
    row = {
        "printed": key,
        "document": said.document,
        "shown": said.printed,
        "stands_for": json.dumps(said.keys),
        "actor": said.actor,
        "at_ms": said.at_ms,
        "reason": said.reason,
    }
    connection.execute(insert(aliases).values(row))


class Aliases:
    """Reads the rows; ``confirmed`` is what an address book asks."""

    def __init__(self, engine: Callable[[], Engine | None]) -> None:
        """``engine`` opens the archive's database, or says None while there is none."""
        self._open = engine
        self._engine: Engine | None = None

    def confirmed(self, printed: str, document: str) -> tuple[str, ...]:
        """Keys of correspondents, none where nothing was said. ``printed`` by ``name_key``.

        None, too, while the rows are made again: then more is doubtful for a while.
        """
        self._engine = self._engine or self._open()
        if self._engine is None:
            return ()
        there = (aliases.c.printed == printed) & (aliases.c.document == document)
        try:
            with self._engine.connect() as connection:
                found = connection.execute(select(aliases.c.stands_for).where(there)).scalar()
        except OperationalError as error:
            log.warning("correspondents: what was confirmed cannot be read now: %s", error)
            return ()
        return tuple(json.loads(found)) if found else ()

    def all(self) -> tuple[Alias, ...]:
        """Everything that was said, by name."""
        self._engine = self._engine or self._open()
        if self._engine is None:
            return ()
        with self._engine.connect() as connection:
            rows = connection.execute(select(aliases).order_by(aliases.c.printed)).all()
        return tuple(
            Alias(r.shown, r.document, tuple(json.loads(r.stands_for)), r.actor, r.at_ms, r.reason)
            for r in rows
        )

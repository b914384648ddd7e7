"""The tables. All of them can be made again from the journal; nothing lives here alone."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.archive.chapter import Chapter, version_of
from gateway.archive.words import make_words, words_path

log = logging.getLogger(__name__)

metadata = MetaData()

VERSION = 5
"""Of these tables. A database of another version is made again from the journal."""

marks = Table(
    "marks",
    metadata,
    Column("name", String, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("segment", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How far the journal has been folded: the place behind the last record that was applied."""

mails = Table(
    "mails",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", String, nullable=False),
    Column("year", Integer),
    Column("n", Integer),
    Column("at_ms", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("desks", String, nullable=False),
    Column("direction", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("login", String, nullable=False),
    Column("client", String, nullable=False),
    Column("author", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("message_id", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("about", String, nullable=False),
    Column("envid", String, nullable=False),
    Column("ret", String, nullable=False),
    Column("is_8bit", Boolean, nullable=False),
    Column("is_utf8", Boolean, nullable=False),
    Column("is_null_ok", Boolean, nullable=False),
    Column("segment", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("added", Text, nullable=False),
    Column("sealing", String, nullable=False),
    Index("mails_id", "id"),
    Index("mails_number", "year", "n", unique=True),
    Index("mails_message_id", "message_id"),
    Index("mails_sender", "sender"),
    Index("mails_held", "state", "seq"),
)
"""One row for each message that came, refused ones too. ``desks``: whose word is still awaited.
``added``: header fields that a desk put on top when it released it, JSON of [[name, value], …].
``sealing``: ``sealed`` where it bears a secrecy stamp, ``enclosed`` where its body is encrypted
for the security officer besides, who alone can let it go."""

recipients = Table(
    "recipients",
    metadata,
    Column("seq", BigInteger, primary_key=True),
    Column("address", String, primary_key=True),
    Column("notify", String, nullable=False),
    Column("orcpt", String, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_ms", BigInteger),
    Column("status", String, nullable=False),
    Column("reply", Text, nullable=False),
    Column("via", String, nullable=False),
    Column("delay_told", Boolean, nullable=False),
    Index("recipients_address", "address"),
    sqlite_with_rowid=False,
)
"""One row for each recipient. ``state``: owed, deferred (to be tried again), held (waits for a
desk), stopped (by an admin), delivered, expanded, failed, dropped, discarded, refused. ``due_ms``:
when to try, while owed or deferred; of a failed one: an admin said so, and its sender is yet to be
told."""

Index(
    "recipients_due",
    recipients.c.due_ms,
    sqlite_where=recipients.c.due_ms.is_not(None),
)
Index(
    "recipients_open",
    recipients.c.state,
    recipients.c.seq,
    sqlite_where=recipients.c.state.not_in(("delivered", "refused")),
)

events = Table(
    "events",
    metadata,
    Column("mail", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("counted", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
"""What happened to a message after it came, in the order of the journal. ``counted``: whether it
changed anything; a word that came too late did not."""


OPENING = 5
"""Tries to open: a disk that fails for a moment is no reason to stay away."""
PAUSE_S = 0.5


def open_database(
    path: Path, *, read_only: bool = False, chapters: Sequence[Chapter] = ()
) -> Engine:
    """The database of an archive, made if need be. WAL, so that readers never wait."""
    for left in reversed(range(OPENING)):
        try:
            return _opened(path, read_only=read_only, chapters=chapters)
        except (OperationalError, sqlite3.OperationalError) as error:
            if not left:
                raise
            log.warning("%s cannot be opened, trying again: %s", path, error)
            time.sleep(PAUSE_S)
    raise AssertionError("the last try returns or raises")


def _opened(path: Path, *, read_only: bool, chapters: Sequence[Chapter]) -> Engine:
    version = version_of(VERSION, chapters)
    if not read_only:
        _drop_other_version(path, version)
    make_words(words_path(path))
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": 30, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def tune(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # A power cut may cost the last batches: they are folded from the journal again.
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA cache_size=-16384")
        cursor.execute("PRAGMA wal_autocheckpoint=4000")
        cursor.execute("ATTACH ? AS found", (str(words_path(path)),))
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    if not read_only:
        with engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # All tables or none, in one sync.
            for tables in (metadata, *(chapter.metadata for chapter in chapters)):
                tables.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version={version}")
    return engine


def _drop_other_version(path: Path, wanted: int) -> None:
    """Rows of another version of these tables go; the applier folds them anew."""
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=30)) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and version != wanted:
        log.warning("%s is of version %d, not %d: made again", path, version, wanted)
        for file in (path, words_path(path)):
            for suffix in ("", "-wal", "-shm"):
                file.with_name(file.name + suffix).unlink(missing_ok=True)

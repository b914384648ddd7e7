"""The tables. They are an index over the journal and can be made again from it at any time."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import (
    BigInteger,
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
from sqlalchemy.pool import ConnectionPoolEntry

VERSION = 1

metadata = MetaData()

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
    Column("id", String, nullable=False, unique=True),
    Column("year", Integer, nullable=False),
    Column("n", Integer, nullable=False),
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
    Column("segment", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Index("mails_number", "year", "n"),
    Index("mails_message_id", "message_id"),
    Index("mails_sender", "sender"),
    Index("mails_state", "state", "seq"),
)

recipients = Table(
    "recipients",
    metadata,
    Column("seq", BigInteger, primary_key=True),
    Column("address", String, primary_key=True),
    Column("notify", String, nullable=False),
    Column("orcpt", String, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at_ms", BigInteger, nullable=False),
    Column("reply", Text, nullable=False),
    Index("recipients_due", "state", "next_at_ms", "seq"),
    Index("recipients_address", "address"),
    sqlite_with_rowid=False,
)
"""One row for each recipient of each kept message."""

events = Table(
    "events",
    metadata,
    Column("seq", BigInteger, primary_key=True),
    Column("mail", String, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("text", Text, nullable=False),
    Index("events_mail", "mail"),
    sqlite_with_rowid=False,
)
"""What happened to a message after it came, in the order of the journal."""


def open_database(path: Path, *, read_only: bool = False) -> Engine:
    """The database of an archive, made if need be. WAL, so that readers never wait."""
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
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    if not read_only:
        metadata.create_all(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5("
                "text, content='', tokenize='unicode61')"
            )
    return engine

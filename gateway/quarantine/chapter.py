"""The words that counted at the quarantine's desk, in the order of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    insert,
    select,
)

from gateway.archive import schema
from gateway.archive.commands import Decide, Receive
from gateway.archive.journal import Record
from gateway.mail.verdict import Desk
from gateway.quarantine import boxes

metadata = MetaData()
words = Table(
    "quarantine_words",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("mail", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("reason", Text, nullable=False),
)
"""``seq``: the record of the word; ``mail``: the id of the message it is about."""


letters = Table(
    "quarantine_letters",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("mail", String, nullable=False),
)
"""Mail of our people to the quarantine, by record."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to the quarantine: the record and the id."""

    seq: int
    mail: str


@dataclass(frozen=True, slots=True)
class Word:
    """Somebody's word that counted."""

    seq: int
    mail: str
    verdict: str
    """``release``, ``refuse``, ``withdraw`` or ``expire``."""
    actor: str
    reason: str


class QuarantineChapter:
    """Keeps the words from which the nose learns, and the letters that it is to hear."""

    name = "quarantine"
    version = 3
    metadata = metadata
    wants: tuple[type[Any], ...] = (Receive, Decide)
    desks: frozenset[str] = frozenset()

    def apply(self, connection: Connection, records: Sequence[Record]) -> None:
        for record in records:
            match record.command:
                case Decide(id=id_, desk=Desk.QUARANTINE) as said:
                    if _counted(connection, record.seq, id_):
                        word = Word(record.seq, id_, said.verdict, said.actor, said.reason)
                        _keep(connection, word)
                case Receive(state="discarded", reason=boxes.FOR_THE_QUARANTINE, id=id_):
                    connection.execute(insert(letters).values(seq=record.seq, mail=id_))
                case _:
                    pass


def _counted(connection: Connection, seq: int, id_: str) -> bool:
    mail, event = schema.mails.c, schema.events.c
    about = select(mail.seq).where(mail.id == id_, mail.state != "refused").scalar_subquery()
    found = select(event.counted).where(event.mail == about, event.seq == seq)
    return bool(connection.execute(found).scalar())


def _keep(connection: Connection, word: Word) -> None:
    values = {
        "seq": word.seq,
        "mail": word.mail,
        "verdict": word.verdict,
        "actor": word.actor,
        "reason": word.reason,
    }
    connection.execute(insert(words).values(values))


def words_after(engine: Engine, seq: int, limit: int = 100) -> list[Word]:
    """The words behind a record, oldest first."""
    with engine.connect() as connection:
        rows = connection.execute(
            select(words).where(words.c.seq > seq).order_by(words.c.seq).limit(limit)
        )
        return [Word(r.seq, r.mail, r.verdict, r.actor, r.reason) for r in rows]


def letters_after(engine: Engine, seq: int, limit: int = 100) -> list[Letter]:
    """The letters behind a record, oldest first."""
    with engine.connect() as connection:
        rows = connection.execute(
            select(letters).where(letters.c.seq > seq).order_by(letters.c.seq).limit(limit)
        )
        return [Letter(r.seq, r.mail) for r in rows]


def released(engine: Engine) -> frozenset[str]:
    """The ids of all messages that somebody let go on."""
    with engine.connect() as connection:
        wanted = select(words.c.mail).where(words.c.verdict == "release")
        return frozenset(connection.execute(wanted).scalars())

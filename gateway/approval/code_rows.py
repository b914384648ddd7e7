"""The codes that people were given, of whichever desk: kept as hashes, each spent once.

A desk that asks for no more than a code (the quarantine's digest) issues ``IssueCodes`` in the
batch of its mail and puts ``SpendCode`` into the journal; the approval desk, which wants to know
more, calls ``spend`` from its own chapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, MetaData, String, Table, select, update
from sqlalchemy.dialects.sqlite import insert

from gateway.archive.approvals import IssueCodes, SpendCode
from gateway.archive.held import note, seq_of, settle
from gateway.archive.journal import Record
from gateway.runtime.words import later

APPROVAL = "approval"
VERB_ANY = "answer"
"""The verb of a code whose owner says in words what he decides."""

metadata = MetaData()
codes = Table(
    "codes",
    metadata,
    Column("hash", String, primary_key=True),
    Column("desk", String, nullable=False),
    Column("mail", String, nullable=False),
    Column("login", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False),
)
"""``spent``: the record that spent it; 0 while it is good."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A code as it was given."""

    hash: str
    desk: str
    mail: str
    login: str
    verb: str
    expires_ms: int
    spent: int


class CodesChapter:
    """Folds ``IssueCodes`` and ``SpendCode``."""

    name = "codes"
    version = 1
    metadata = metadata
    wants: tuple[type[Any], ...] = (IssueCodes, SpendCode)
    desks: frozenset[str] = frozenset()

    def apply(self, connection: Connection, records: Sequence[Record]) -> None:
        for record in records:
            match record.command:
                case IssueCodes() as issued:
                    _issue(connection, issued)
                case SpendCode() as spent if spent.desk != APPROVAL:
                    _use(connection, record, spent)
                case _:
                    pass


def _issue(connection: Connection, issued: IssueCodes) -> None:
    rows = [
        {
            "hash": code.hash,
            "desk": issued.desk,
            "mail": code.mail,
            "login": code.login,
            "verb": code.verb,
            "expires_ms": issued.expires_ms,
            "spent": 0,
        }
        for code in issued.codes
    ]
    if rows:
        connection.execute(insert(codes).on_conflict_do_nothing(), rows)


def _use(connection: Connection, record: Record, said: SpendCode) -> None:
    code = look_up(connection, said.hash)
    if code is None:
        return  # Of no message: there is nobody's story to tell it in.
    wrong = flaw(code, said.desk, code.mail, said.login, said.verb, said.at_ms)
    mail = seq_of(connection, code.mail)
    text, counted = wrong or said.reason, not wrong
    if counted:
        mark(connection, code.hash, record.seq)
        if said.verb in {"release", "refuse"}:
            verdict = "release" if said.verb == "release" else "refuse"
            counted = settle(connection, mail, said.desk, verdict, said.at_ms)  # type: ignore[arg-type]
    if mail:
        kind = f"{said.verb} ({said.desk})"
        note(connection, mail, record.seq, said.at_ms, kind, said.login, text, counted=counted)


def look_up(connection: Connection, hash_: str) -> Issued | None:
    """A code by its hash; None for one that was never given."""
    found = connection.execute(select(codes).where(codes.c.hash == hash_)).mappings()
    row = found.one_or_none()
    return Issued(**row) if row else None


def flaw(code: Issued | None, desk: str, mail: str, login: str, verb: str, at_ms: int) -> str:
    """Why this code does not do what is asked, in words; empty if it does."""
    if code is None or code.desk != desk or code.mail != mail:
        return later("the code is not of this message")
    if code.login != login:
        return later("the code was given to somebody else")
    if code.verb not in {verb, VERB_ANY}:
        return later("the code is not to {verb}").format(verb=verb)
    if code.spent:
        return later("the code has been used")
    if at_ms > code.expires_ms:
        return later("the code has expired")
    return ""


def mark(connection: Connection, hash_: str, record: int) -> None:
    """Spend a code."""
    connection.execute(update(codes).where(codes.c.hash == hash_).values(spent=record))

"""What can be asked of the archive. Nothing here writes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, func, select

from gateway.archive import schema
from gateway.archive.commands import ArchiveNumber, Receive
from gateway.archive.journal import Record
from gateway.archive.keeper import FileJournal
from gateway.archive.owed import Owed, added_fields, due
from gateway.archive.words import matching
from gateway.runtime.words import later

_APPLIED = select(schema.marks.c.seq).where(schema.marks.c.name == "fold")


@dataclass(frozen=True, slots=True)
class Found:
    """A message in a list."""

    seq: int
    id: str
    number: str
    at_ms: int
    state: str
    direction: str
    sender: str
    author: str
    subject: str
    size: int
    recipients: tuple[tuple[str, str], ...]
    """(address, state) of each."""
    desks: tuple[str, ...] = ()
    """Whose word is still awaited."""
    reason: str = ""
    message_id: str = ""
    about: str = ""
    login: str = ""
    added: tuple[tuple[str, str], ...] = ()
    sealing: str = ""
    """``sealed``: it bears a secrecy stamp; ``enclosed``: and only the officer's key opens it."""


@dataclass(frozen=True, slots=True)
class Attempted:
    """How it stands with one recipient."""

    address: str
    state: str
    attempts: int
    due_ms: int | None
    status: str
    reply: str
    via: str


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of a message's story."""

    at_ms: int
    kind: str
    actor: str
    text: str
    took_us: int = 0
    counted: bool = True
    """False for a word that came too late or found nothing to change."""
    is_finding: bool = False
    """Of a filter: ``kind`` is its stage and name, ``text`` its verdict and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to look for; all that is given has to fit. Dates in ms since 1970."""

    number: str = ""
    mail: str = ""
    sender: str = ""
    recipient: str = ""
    subject: str = ""
    message_id: str = ""
    about: str = ""
    """The id of the mail that a notice is about."""
    desk: str = ""
    """Held, and this desk has not said its word yet."""
    words: str = ""
    """In subject, names, addresses, text; accents and case aside."""
    other_words: tuple[str, ...] = ()
    """Other ways to put ``words``, such as with the former name of an office."""
    since_ms: int = 0
    until_ms: int = 0
    state: str = ""
    recipient_states: tuple[str, ...] = ()
    direction: str = ""
    before: int = 0
    """Only records before this one: the next page of a list."""
    limit: int = 50


class Queries:
    """Answers from the rows, and from the journal where the whole message is asked for."""

    def __init__(self, journal: FileJournal, engine: Engine) -> None:
        self._journal = journal
        self._engine = engine

    def due(self, now_ms: int, limit: int, skip: Collection[tuple[int, str]] = ()) -> list[Owed]:
        """What is to be delivered now, oldest first; ``skip`` names what is under way."""
        return due(self._engine, now_ms, limit, skip)

    def applied(self) -> int:
        """The last record that the rows know of."""
        with self._engine.connect() as connection:
            return int(connection.execute(_APPLIED).scalar() or 0)

    def is_idle(self) -> bool:
        """Whether nothing is owed to anybody."""
        row = schema.recipients.c
        with self._engine.connect() as connection:
            statement = select(row.seq).where(row.due_ms.is_not(None)).limit(1)
            return connection.execute(statement).first() is None

    def counts(self) -> dict[str, int]:
        """How many recipients are in each state."""
        row = schema.recipients.c
        with self._engine.connect() as connection:
            rows = connection.execute(select(row.state, func.count()).group_by(row.state))
            return {str(state): int(count) for state, count in rows}

    def held(self) -> dict[str, int]:
        """How many messages wait at each desk."""
        mail = schema.mails.c
        with self._engine.connect() as connection:
            waiting = select(mail.desks, func.count()).where(mail.state == "held")
            told: dict[str, int] = {}
            for desks, count in connection.execute(waiting.group_by(mail.desks)):
                for desk in filter(None, desks.split(",")):
                    told[desk] = told.get(desk, 0) + count
        return told

    def find(self, wanted: Wanted) -> list[Found]:
        """Messages that fit, newest first. ValueError for a number that is none."""
        statement = _where(select(schema.mails), wanted).limit(wanted.limit)
        statement = statement.order_by(schema.mails.c.seq.desc())
        with self._engine.connect() as connection:
            rows = connection.execute(statement).all()
            row = schema.recipients.c
            seqs = [r.seq for r in rows]
            to: dict[int, list[tuple[str, str]]] = {}
            named = select(row.seq, row.address, row.state).where(row.seq.in_(seqs))
            for seq, address, state in connection.execute(named):
                to.setdefault(seq, []).append((address, state))
        return [
            Found(
                seq=r.seq,
                id=r.id,
                number=str(ArchiveNumber(r.year, r.n)) if r.n else "",
                at_ms=r.at_ms,
                state=r.state,
                direction=r.direction,
                sender=r.sender,
                author=r.author,
                subject=r.subject,
                size=r.size,
                recipients=tuple(to.get(r.seq, ())),
                desks=tuple(filter(None, r.desks.split(","))),
                reason=r.reason,
                message_id=r.message_id,
                about=r.about,
                login=r.login,
                added=added_fields(r.added),
                sealing=r.sealing,
            )
            for r in rows
        ]

    def one(self, name: str) -> Found | None:
        """The message of an id or an archive number."""
        by = Wanted(number=name) if "-" in name else Wanted(mail=name.upper())
        return next(iter(self.find(by)), None)

    def attempts(self, found: Found) -> list[Attempted]:
        """How it stands with each recipient of a message."""
        row = schema.recipients.c
        with self._engine.connect() as connection:
            rows = connection.execute(select(schema.recipients).where(row.seq == found.seq))
            return [
                Attempted(r.address, r.state, r.attempts, r.due_ms, r.status, r.reply, r.via)
                for r in rows
            ]

    def record(self, found: Found, *, with_raw: bool = True) -> Record:
        """A message whole, from the journal. JournalError if it is damaged; of its body that is not
        found out ``with_raw`` False."""
        mail = schema.mails.c
        with self._engine.connect() as connection:
            place = connection.execute(
                select(mail.segment, mail.offset).where(mail.seq == found.seq)
            ).one()
        return self._journal.read_at(place.segment, place.offset, with_raw=with_raw)

    def why(self, found: Found) -> list[Happened]:
        """Its story, from the connection to the last thing that happened."""
        record = self.record(found, with_raw=False)
        command = record.command
        assert isinstance(command, Receive)
        peer = command.peer
        told = [Happened(record.at_ms, "connect", peer.client, _came(command))]
        told += [
            Happened(
                record.at_ms,
                f"{said.stage} {said.filter}",
                "" if said.enforced else "observe",
                " ".join(part for part in (said.verdict, said.about, said.reason) if part),
                said.took_us,
                is_finding=True,
            )
            for said in command.findings
        ]
        told.append(Happened(record.at_ms, command.state, found.number, command.reason))
        rows = schema.events.c
        with self._engine.connect() as connection:
            later = select(schema.events).where(rows.mail == found.seq).order_by(rows.seq)
            told += [
                Happened(r.at_ms, r.kind, r.actor, r.text, counted=r.counted)
                for r in connection.execute(later)
            ]
        return told


_SIGNED_IN = later("signed in as {login}")
_VOUCHED = later("on the word of {server}")
_NO_TLS = later("no TLS")


def _came(command: Receive) -> str:
    peer = command.peer
    parts = [f"{peer.door}/{peer.listener}, helo {peer.helo}"]
    parts += [_SIGNED_IN.format(login=peer.user)] if peer.user else []
    parts += [_VOUCHED.format(server=peer.vouched)] if peer.vouched else []
    parts += [peer.tls] if peer.tls else [_NO_TLS]
    return "; ".join(parts)


def _where(statement: Select[*tuple[Any, ...]], wanted: Wanted) -> Select[*tuple[Any, ...]]:
    mail = schema.mails.c
    fits: list[ColumnElement[bool]] = []
    if wanted.number:
        number = ArchiveNumber.parse(wanted.number)
        fits += [mail.year == number.year, mail.n == number.n]
    exactly = (
        (mail.id, wanted.mail),
        (mail.state, wanted.state),
        (mail.message_id, wanted.message_id),
        (mail.about, wanted.about),
        (mail.direction, wanted.direction),
    )
    fits += [column == value for column, value in exactly if value]
    fits += [mail.seq < wanted.before] if wanted.before else []
    if wanted.desk:
        fits += [mail.state == "held", mail.desks.contains(wanted.desk, autoescape=True)]
    for column, part in ((mail.sender, wanted.sender), (mail.subject, wanted.subject)):
        fits += [column.icontains(part, autoescape=True)] if part else []
    fits += [mail.at_ms >= wanted.since_ms] if wanted.since_ms else []
    fits += [mail.at_ms < wanted.until_ms] if wanted.until_ms else []
    fits += [_to(wanted)] if wanted.recipient or wanted.recipient_states else []
    fits += [_says(wanted)] if wanted.words else []
    return statement.where(*fits)


def _to(wanted: Wanted) -> ColumnElement[bool]:
    row = schema.recipients.c
    inner = select(row.seq)
    if wanted.recipient:
        inner = inner.where(row.address.icontains(wanted.recipient, autoescape=True))
    if wanted.recipient_states:
        inner = inner.where(row.state.in_(wanted.recipient_states))
    return schema.mails.c.seq.in_(inner)


def _says(wanted: Wanted) -> ColumnElement[bool]:
    found = matching(wanted.words, *wanted.other_words)
    return schema.mails.c.seq.in_(found.columns(schema.mails.c.seq))

"""Follows the journal and takes what came in to the books; saves its files, makes it findable.

It says commands and nothing else about the books: the fold decides. It may be ended at any moment
and begins again a little before where it was; whatever it then says twice counts once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import get_args

from sqlalchemy import Engine, select

from gateway.archive import schema as archive
from gateway.archive.commands import Command, Decide, Receive
from gateway.archive.journal import Entry, JournalError, Record
from gateway.archive.keeper import FileJournal
from gateway.archive.record import BadRecord
from gateway.archive.registering import Arrive, Claim, Registering, View
from gateway.directory.lookup import People
from gateway.directory.tables import Tables
from gateway.mail.address import Address, BadAddress
from gateway.mail.message import Message
from gateway.mail.number import parse
from gateway.mail.papers import Documents
from gateway.registry import schema
from gateway.registry.evidence import STAMPED
from gateway.registry.filing import place, save
from gateway.registry.ledger import day_of
from gateway.registry.lines import Line, line_of, of_row
from gateway.registry.reading import Brought, read_message
from gateway.registry.tables import BooksTable
from gateway.registry.texts import FtsTexts, Place
from gateway.runtime.ids import new_id

log = logging.getLogger(__name__)

BATCH = 50
PAUSE_S = 0.25
REST = 1.0
"""Times as long at rest as at work: mail goes first."""
REST_MAX_S = 2.0
ACTOR = "register"
_ABOUT_LINES = tuple(kind for kind in get_args(Registering) if kind is not View)


@dataclass(frozen=True, slots=True)
class Registrar:
    """One for an archive; a second one does no harm."""

    journal: FileJournal
    engine: Engine
    settled: Callable[[int], Awaitable[bool]]
    """Waits until the rows know of a record."""
    texts: FtsTexts
    books: BooksTable
    people: Tables
    directory: People
    documents: Documents | None
    _by_address: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self._by_address.update(self.books.by_address(self.people))

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""
        while not stop.is_set():
            start = time.monotonic()
            try:
                done = await self.work_some()
            except (JournalError, BadRecord, OSError) as error:
                log.error("register: %s; trying again", error)  # noqa: TRY400
                done = 0
            took = time.monotonic() - start
            wait_s = min(REST * took, REST_MAX_S) if done else PAUSE_S
            try:
                await asyncio.wait_for(stop.wait(), wait_s)
            except TimeoutError:
                continue

    async def work_some(self) -> int:
        """One batch of records; how many that was."""
        seq, segment, offset = self.texts.place
        if self.journal.last <= seq:
            return 0
        following = self.journal.follow_from(segment, offset)
        records = await asyncio.to_thread(lambda: list(islice(following, BATCH)))
        if not records or not await self.settled(records[-1].seq):
            return 0
        lines: dict[int, str] = {}
        for record in records:
            papers = await self._one(record, lines)
            place_: Place = (record.seq, record.segment, record.offset + record.size)
            self.texts.fill(list(lines.items()), papers, place_)
            lines.clear()
        return len(records)

    async def _one(self, record: Record, lines: dict[int, str]) -> list[tuple[int, str]]:
        """See to one record; returns the texts of documents, by the message's record."""
        match record.command:
            case Receive(state="accepted" | "held" as state) as mail:
                return await self._mail(record, mail, is_held=state == "held")
            case Decide(verdict="release") as word:
                released = self._released(word.id)
                if released is not None and isinstance(released.command, Receive):
                    day = day_of(word.at_ms)  # Its number follows those given meanwhile.
                    await self._mail(released, released.command, is_held=False, day=day)
            case command if isinstance(command, _ABOUT_LINES):
                for line in self._lines_of(record):
                    lines[line.seq] = line.folded
                    await self._save(line)
        return []

    async def _mail(
        self, record: Record, mail: Receive, *, is_held: bool, day: str = ""
    ) -> list[tuple[int, str]]:
        """A message: what it brings to which books. What waits in quarantine is not opened, and
        what is sealed never is: it is not for these books (law 117/2025/QH15, article 5)."""
        if mail.sealed or (mail.opened_from and self._released(mail.id) is None):
            return []
        is_ours = mail.direction in {"out", "internal"}
        if is_held and not (is_ours and "quarantine" not in mail.desks):
            return []
        is_none = is_held or mail.direction == "notice" or _is_advertising(mail)
        keys = {} if is_none else self._books_for(mail)
        has_papers = keys or self.documents is not None or is_ours
        if not has_papers:
            return []
        raw = await asyncio.to_thread(self.journal.read_at, record.segment, record.offset)
        message = Message(raw.raw)
        if not keys and not message.mime.attachments:
            return []
        brought = await read_message(message, self.documents, self._symbols)
        day = day or day_of(mail.at_ms)
        arrivals = (self._arrive(mail, day, at, brought) for at in keys.items())
        commands: list[Command] = [said for said in arrivals if said is not None]
        if is_ours:
            commands += self._claims(mail, brought)
        if commands:
            await self.journal.append([Entry(command) for command in commands])
        text = "" if is_held else brought.text
        return [(record.seq, text)] if text else []

    @property
    def _symbols(self) -> tuple[str, ...]:
        series = (one for book in self.books.books.values() for one in book.series.values())
        return tuple(one.symbol for one in series)

    def _books_for(self, mail: Receive) -> dict[str, str]:
        """The books that a message belongs in, each with the mailbox it came to."""
        found: dict[str, str] = {}
        for rcpt in mail.recipients:
            try:
                box = self.directory.mailbox(Address.parse(rcpt.address))
            except BadAddress:
                continue
            key = self._by_address.get(str(box.address).lower()) if box is not None else None
            if key is not None:
                found.setdefault(key, rcpt.address)
        return found

    def _arrive(
        self, mail: Receive, day: str, at: tuple[str, str], brought: Brought
    ) -> Arrive | None:
        key, box = at
        book = self.books.books[key]
        at_once = book.intake == "at-once"
        is_document = brought.evidence.is_document or bool(brought.papers)
        if not is_document and not at_once and book.letters == "leave":
            return None
        now_ms = time.time_ns() // 1_000_000
        is_root = not self.people.units[book.unit].parent
        return Arrive(
            new_id(),
            now_ms,
            ACTOR,
            key,
            book.unit,
            day,
            route="agency" if is_root else "unit",
            mail=mail.id,
            mailbox=box,
            came_ms=mail.at_ms,
            particulars=brought.particulars,
            said=brought.said,
            files=brought.files,
            number_now=at_once,
        )

    def _claims(self, mail: Receive, brought: Brought) -> Iterator[Claim]:
        """Reserved numbers whose documents this message of ours carries."""
        said = brought.particulars.number or next(
            (one.value for one in brought.said if one.field == "number"), ""
        )
        entry = schema.entries.c
        if not said or not brought.papers:
            return
        number = parse(said)
        if number is None:
            return
        with self.engine.connect() as connection:
            fits = select(entry.id).where(entry.key == number.key, entry.state == "reserved")
            ids = connection.execute(fits.order_by(entry.seq.desc()).limit(1)).scalars().all()
        for id_ in ids:
            now_ms = time.time_ns() // 1_000_000
            yield Claim(id_, now_ms, ACTOR, mail.id, brought.files, brought.particulars)

    def _released(self, id_: str) -> Record | None:
        """The message of a word that counted: it waits for nobody any more."""
        mail = archive.mails.c
        with self.engine.connect() as connection:
            row = connection.execute(
                select(mail.segment, mail.offset).where(mail.id == id_, mail.state == "accepted")
            ).first()
        if row is None:
            return None
        return self.journal.read_at(row.segment, row.offset, with_raw=False)

    def _lines_of(self, record: Record) -> list[Line]:
        """The lines that a command was about."""
        event, entry = schema.events.c, schema.entries.c
        with self.engine.connect() as connection:
            seqs = connection.execute(select(event.entry).where(event.seq == record.seq)).scalars()
            found = [line_of(connection, seq) for seq in seqs if seq]
            own = select(schema.entries).where(entry.seq == record.seq)
            found += [of_row(row) for row in connection.execute(own)]
        return list({line.seq: line for line in found if line is not None}.values())

    async def _save(self, line: Line) -> None:
        """The document's file under its arrival number, once it has one."""
        book, root = self.books.books.get(line.book), self.books.files
        if root is None or book is None or not (line.n and line.mail and line.direction == "in"):
            return
        if line.said.note == STAMPED:
            return  # It bears a secrecy stamp: no second copy.
        found = await self._main_file(line)
        if found is not None:
            data, suffix = found
            at = place(line.book, book, line, suffix)
            before = self.texts.saved(line.seq)
            await asyncio.to_thread(save, root, at, data, before)
            self.texts.note_saved(line.seq, str(at))

    async def _main_file(self, line: Line) -> tuple[bytes, str] | None:
        """The main document as it came; the letter itself where there is none."""
        mail = archive.mails.c
        with self.engine.connect() as connection:
            file = connection.execute(
                select(schema.files.c.sha256).where(
                    schema.files.c.entry == line.seq,
                    schema.files.c.is_main,
                    schema.files.c.mail == line.mail,
                )
            ).scalar()
            row = connection.execute(
                select(mail.segment, mail.offset).where(mail.id == line.mail, mail.n.is_not(None))
            ).first()
        if row is None:
            return None
        record = await asyncio.to_thread(self.journal.read_at, row.segment, row.offset)
        if file is None:
            return record.raw, ".eml"
        brought = await read_message(Message(record.raw), None)
        paper = next((p for p in brought.papers if p.file.sha256 == file), None)
        return (paper.data, paper.suffix) if paper is not None else (record.raw, ".eml")


def _is_advertising(mail: Receive) -> bool:
    """Whether it was found to be labelled as advertising: the book is not for that (7.1a)."""
    return any(name == "advertising" for told in mail.findings for name, _, _ in told.points)

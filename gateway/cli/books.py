"""What every ``vanthu register`` and ``find`` command needs: the desk, who asks, how lines look."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import select

from gateway.archive import schema as archive
from gateway.archive.commands import Command
from gateway.archive.journal import Entry
from gateway.archive.queries import Found
from gateway.archive.registering import View
from gateway.archive.shelf import Shelf
from gateway.cli.office import beside
from gateway.directory.tables import Tables
from gateway.registry.columns import day
from gateway.registry.desk import Outcome, RegistryDesk
from gateway.registry.lines import Line
from gateway.registry.lookup import Lookup
from gateway.registry.names import Names
from gateway.registry.rights import Asker, Forbidden, Rights
from gateway.registry.tables import BooksTable
from gateway.registry.texts import FtsTexts, texts_path
from gateway.registry.told import state
from gateway.runtime.words import retold, tr
from gateway.settings.books import read_books
from gateway.settings.server import read_server

WAIT_S = 10.0
COVERED = "···"
"""In place of a subject that whoever asks may not read."""
REASON_MIN = 8
"""Signs of a reason for which the glass is broken."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The registry, opened beside the gateway that runs."""

    directory: Tables
    books: BooksTable
    shelf: Shelf
    desk: RegistryDesk
    asker: Asker
    texts: FtsTexts

    @property
    def lookup(self) -> Lookup:
        return self.desk.lookup

    @property
    def names(self) -> Names:
        """What units and people are called."""
        return self.lookup.rights.names

    def readable(self, rows: list[Found]) -> list[Found]:
        """Of these messages those that he may read; the operator sees all, without subjects."""
        if self.asker.is_blind:
            return [replace(row, subject=COVERED if row.subject else "") for row in rows]
        mail = archive.mails.c
        may_read = self.lookup.rights.may_read_mail(self.asker)
        with self.lookup.engine.connect() as connection:
            fits = select(mail.seq).where(mail.seq.in_([row.seq for row in rows]), may_read)
            allowed = set(connection.execute(fits).scalars())
        return [row for row in rows if row.seq in allowed]

    def may_read(self, found: Found) -> Found:
        """The message, if he may read it, which is written down. Forbidden if not."""
        rows = self.readable([found])
        if not rows:
            name = found.number or found.id
            raise Forbidden(tr("{name} is not {asker}'s to read", name=name, asker=self.asker))
        self.lookup.viewed(self.asker, "message", [found.id])
        return rows[0]


def add_asker(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--as",
        dest="login",
        default="",
        help=tr("the login on whose behalf you act; it is written down with your own user name"),
    )
    parser.add_argument(
        "--break-glass",
        dest="glass",
        default="",
        metavar="REASON",
        help=tr("see what is said without being anybody; kept in the journal with your reason"),
    )


def covered() -> str:
    """What stands where something is not shown to who asks without being anybody."""
    return tr("what is said is covered: --as LOGIN, or --break-glass REASON, which is written down")


@contextmanager
def opened(chosen: argparse.Namespace) -> Iterator[Opened]:
    """The registry and who asks. LookupError for a login that there is not."""
    data = read_server(chosen.config).data
    people, books = read_books(chosen.config)
    rights = Rights(people, books)
    login = rights.known(chosen.login) if chosen.login else ""
    shelf = beside(data)
    texts = FtsTexts(texts_path(data))

    def keep(command: Command) -> tuple[int, bool]:
        kept = shelf.journal.append_now([Entry(command)])
        return kept[-1].seq, asyncio.run(shelf.settled(kept[-1].seq, WAIT_S))

    def note(view: View) -> None:
        shelf.journal.append_now([Entry(view)])

    try:
        lookup = Lookup(shelf.engine, rights, texts, note)
        desk = RegistryDesk(lookup, keep, lambda: time.time_ns() // 1_000_000)
        yield Opened(people, books, shelf, desk, _asker(login, chosen.glass), texts)
    finally:
        texts.close()
        shelf.close()


def _asker(login: str, glass: str) -> Asker:
    if login and glass:
        raise ValueError(tr("--as or --break-glass, not both: who is somebody has his own rights"))
    if glass and len(glass.strip()) < REASON_MIN:
        raise ValueError(tr("say why you break the glass, in words that others understand"))
    return Asker(login, getpass.getuser(), glass.strip())


def line_text(line: Line) -> str:
    """One line of a book in one line of a list."""
    said = line.said
    arrival = f"{line.number}/{line.year}" if line.number else "--"
    number = arrival if line.direction == "in" else said.number
    own = f"{said.number} " if line.direction == "in" and said.number else ""
    of = f"({day(said.issued)}) " if said.issued else ""
    text = f"{own}{of}{said.issuer + ': ' if said.issuer else ''}{said.abstract}"
    begin = f"{line.id} {line.book:11} {number:14} {day(line.date)} {state(line.state):12}"
    return f"{begin} {text}".rstrip()


def told(outcome: Outcome) -> int:
    """Print what became of a word; the exit status."""
    if not outcome.is_known:
        sys.stderr.write(
            tr("It is written down, and counts as soon as the gateway runs again.") + "\n"
        )
        return 0
    if outcome.line is not None:
        sys.stdout.write(line_text(outcome.line) + "\n")
    if outcome.text:
        sys.stdout.write(f"  {retold(outcome.text)}\n")
    if not outcome.counted:
        sys.stderr.write(tr("Nothing was changed.") + "\n")
    return 0 if outcome.counted else 1

"""Who may see and do what with the books: own unit, leaders, clerks; personal mail its owner.

What is enforced here is enforced for everybody who asks through ``Lookup``: the web desk, which
knows who signed in, as well as the command line, which believes ``--as``. Whoever can read the
data folder itself needs no look-up; that is why the command line writes down both the login it was
told and the user of the operating system.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Row, false, or_, select, true

from gateway.archive import schema as archive
from gateway.directory.tables import Tables
from gateway.mail.people import MailboxKind
from gateway.registry import schema
from gateway.registry.names import Names
from gateway.registry.tables import BooksTable
from gateway.runtime.words import tr


class Forbidden(PermissionError):
    """Somebody asked for what is not his; says who could."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks. Without a login it is the operator: he sees that mail flows, not what it says."""

    login: str = ""
    os_user: str = ""
    """Of the operating system, where a terminal asks."""
    reason: str = ""
    """Why an operator breaks the glass: then he sees what is said, and his reason is kept."""

    @property
    def is_blind(self) -> bool:
        """Whether he sees numbers, days and addresses alone."""
        return not (self.login or self.reason)

    def __str__(self) -> str:
        user = f"os:{self.os_user}" if self.os_user else ""
        return " ".join(filter(None, [self.login, f"({user})" if self.login and user else user]))


@dataclass(frozen=True)
class Rights:
    """Answers from the directory and the books' settings, as they are now."""

    people: Tables
    books: BooksTable

    @cached_property
    def names(self) -> Names:
        """What units and people are called."""
        return Names(self.people, self.books.office)

    @cached_property
    def leaders(self) -> frozenset[str]:
        """Who leads the whole office, with their deputies: they see all but personal mail."""
        roots = [unit for unit in self.people.units.values() if not unit.parent]
        return frozenset(login for unit in roots for login in (unit.leader, *unit.deputies))

    def known(self, login: str) -> str:
        """The login, if such a person may act. LookupError if not."""
        row = self.people.people.get(login)
        if row is None or row.disabled:
            raise LookupError(
                tr("there is no active person {login} in directory.toml", login=login)
            )
        return login

    def books_of(self, login: str) -> frozenset[str]:
        """The books that somebody keeps."""
        return frozenset(
            key for key in self.books.books if login in self.books.clerks_of(key, self.people)
        )

    def units_of(self, login: str) -> frozenset[str]:
        """Units whose papers are also his: his own, those he leads, and all below them."""
        units = self.people.units
        row = self.people.people.get(login)
        mine = {row.unit} if row is not None else set[str]()
        mine |= {k for k, u in units.items() if login == u.leader or login in u.deputies}
        grown = True
        while grown:
            below = {key for key, unit in units.items() if unit.parent in mine} - mine
            mine, grown = mine | below, bool(below)
        return frozenset(mine)

    def may_see(self, asker: Asker) -> ColumnElement[bool]:
        """The lines that somebody may read, as a condition."""
        if not asker.login or asker.login in self.leaders:
            return true()
        entry, units = schema.entries.c, self.units_of(asker.login)
        own = [f"person:{asker.login}", *(f"unit:{unit}" for unit in units)]
        given = select(schema.tasks.c.entry).where(schema.tasks.c.who.in_(own))
        return or_(
            entry.book.in_(self.books_of(asker.login)), entry.unit.in_(units), entry.seq.in_(given)
        )

    def may_read_mail(self, asker: Asker) -> ColumnElement[bool]:
        """The messages that somebody may read: through one of the mailboxes that he may read."""
        if not asker.login:
            return true() if asker.reason else false()
        addresses = self.addresses_of(asker.login)
        row, mail = archive.recipients.c, archive.mails.c
        came = select(row.seq).where(row.address.in_(addresses))
        return or_(mail.seq.in_(came), mail.sender.in_(addresses))

    def addresses_of(self, login: str) -> frozenset[str]:
        """Every address of the mailboxes that somebody may read; of people's own only his."""
        row = self.people.people.get(login)
        mine = set(row.addresses) if row is not None else set[str]()
        units, is_leader = self.units_of(login), login in self.leaders
        for box in self.people.mailboxes.values():
            is_his = login in box.keepers
            if box.kind is MailboxKind.UNIT:
                is_his = is_his or is_leader or box.unit in units
            elif box.kind is MailboxKind.AGENCY:
                is_his = is_his or is_leader
            if is_his:
                mine |= {box.address, *box.aliases}
        return frozenset(mine)

    def must_keep(self, asker: Asker, book: str) -> None:
        """Forbidden, unless he keeps the book."""
        clerks = self.books.clerks_of(book, self.people)
        if asker.login not in clerks:
            who = ", ".join(sorted(clerks))
            raise Forbidden(
                tr(
                    "{asker} does not keep the book {book}: {all} do",
                    asker=asker,
                    book=book,
                    all=who,
                )
            )

    def must_lead(self, asker: Asker) -> None:
        """Forbidden, unless he leads the office."""
        if asker.login not in self.leaders:
            who = ", ".join(sorted(self.leaders))
            raise Forbidden(tr("{asker} does not lead the office: {all} do", asker=asker, all=who))

    def must_direct(self, asker: Asker, entry: Row[Any]) -> None:
        """Forbidden, unless he leads the office or the line's unit, or keeps its book."""
        unit = self.people.units.get(entry.unit)
        leading = {unit.leader, *unit.deputies} if unit is not None else set[str]()
        if asker.login not in leading | self.leaders | self.books.clerks_of(
            entry.book, self.people
        ):
            who = ", ".join(sorted(leading | self.leaders))
            raise Forbidden(
                tr(
                    "{asker} cannot give directions here: {all} can, or the clerk for them",
                    asker=asker,
                    all=who,
                )
            )

    def must_handle(self, asker: Asker, entry: Row[Any], assignees: Iterable[str]) -> str:
        """The assignee (``unit:…``, ``person:…``) that he speaks for; empty: the clerk's word."""
        own = [f"person:{asker.login}", *(f"unit:{unit}" for unit in self.units_of(asker.login))]
        mine = next((who for who in own if who in assignees), "")
        if not mine and asker.login not in self.leaders:
            self.must_keep(asker, entry.book)
        return mine

"""The role that keeps duty hours: whoever has to look after something is told of it in time.

What was told is noted before it is said, and every letter has a Message-ID that follows from what
it tells: a crash between the two says it once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from gateway.approval.compose import Notice, notice
from gateway.approval.office import Office
from gateway.archive.journal import JournalError
from gateway.archive.queries import Wanted
from gateway.duty import letters
from gateway.duty.hours import due, today
from gateway.duty.items import Place
from gateway.duty.places import places
from gateway.duty.rows import Rows
from gateway.duty.sums import checks, reports, urgent
from gateway.mail.people import MailboxKind
from gateway.roles.alone import Alone, rounds
from gateway.roles.house import House, Role

log = logging.getLogger(__name__)

LOOK_S = 2.0
NOTED, KEY = "duty", "told"
NOTED_S = 400 * 86400.0
REPORT = "report"


class Mark(msgspec.Struct, frozen=True):
    """One check or report: its moment, and which records it told as new."""

    at: datetime
    since: int
    upto: int
    is_first: bool = False
    """Of its day."""


class Told(msgspec.Struct, frozen=True):
    """What was told so far, as it is noted."""

    urgent: int
    """The record up to which urgent documents were told."""
    marks: dict[str, Mark] = {}
    """The last of each kind of mailbox, and of the reports."""
    doing: tuple[str, ...] = ()
    """Kinds of which the letters may not all be in the journal yet."""


def duty() -> Role:
    """Makes rounds until it is closed."""
    return Alone("duty.lock", _work)


async def _work(house: House, stop: asyncio.Event) -> None:
    made = Rounds(house)
    # What another process has said before it ended may not be in the rows yet.
    with suppress(OSError, JournalError, SQLAlchemyError):
        await house.shelf.settled(house.shelf.journal.last)
    await rounds("duty", made.make, stop, LOOK_S)


@dataclass
class Rounds:
    """What is to be told again and again."""

    house: House
    office: Office = field(init=False)
    rows: Rows = field(init=False)
    places: dict[str, Place] = field(init=False)

    def __post_init__(self) -> None:
        settings, services, shelf = self.house.settings, self.house.services, self.house.shelf
        self.office = Office.of(
            services.directory, settings.approval, settings.server.hostname, services.signer
        )
        days = settings.duty.overdue_days
        self.rows = Rows(
            shelf.engine, shelf.queries, services.directory, self.office.calendar, days
        )
        self.places = places(settings.directory, settings.books)

    async def make(self) -> None:
        """Tell what is urgent, and what waits if it is time."""
        if not self.house.settings.duty.on:
            self._forget()
            return
        now = self.house.services.clock.now()
        applied = await asyncio.to_thread(self.house.shelf.applied)
        told = self._begun(now, applied)
        if not told.doing:
            told = self._what_is_due(told, now, applied)
        if told.doing:
            self._note(told)  # First: if we end here, the same is told again, under the same names.
            await self._say(await asyncio.to_thread(self._checks, told, now), now)
            await self._say(await asyncio.to_thread(self._reports, told, now), now)
            told = msgspec.structs.replace(told, doing=())
            self._note(told)
        if applied > told.urgent:
            if self.house.settings.duty.urgent:
                found = await asyncio.to_thread(self._urgent, told.urgent, applied)
                await self._say(found, now)
            self._note(msgspec.structs.replace(told, urgent=applied))

    def _begun(self, now: datetime, applied: int) -> Told:
        """What was told so far; on the first day nothing that was there before is new."""
        text = self.house.services.notepad.get(NOTED, KEY)
        try:
            return msgspec.json.decode(text or "", type=Told)
        except msgspec.DecodeError:
            kinds = (*(kind.value for kind in MailboxKind), REPORT)
            told = Told(applied, dict.fromkeys(kinds, Mark(now, applied, applied)))
            self._note(told)
            return told

    def _forget(self) -> None:
        """Switched on again, what came meanwhile is not new."""
        if self.house.services.notepad.get(NOTED, KEY):
            self.house.services.notepad.put(NOTED, KEY, "", 0.0)

    def _note(self, told: Told) -> None:
        text = msgspec.json.encode(told).decode()
        self.house.services.notepad.put(NOTED, KEY, text, NOTED_S)

    def _what_is_due(self, told: Told, now: datetime, applied: int) -> Told:
        table, calendar = self.house.settings.duty, self.office.calendar
        times = {kind.value: table.checks(kind) for kind in MailboxKind} | {REPORT: table.reports}
        marks = {}
        for kind, hours in times.items():
            last = told.marks.get(kind) or Mark(now, applied, applied)
            at = due(hours, last.at, now, calendar)
            if at is not None:
                is_first = today(last.at, calendar) < today(at, calendar)
                marks[kind] = Mark(at.astimezone(UTC), last.upto, applied, is_first)
        return Told(told.urgent, told.marks | marks, tuple(marks))

    def _checks(self, told: Told, now: datetime) -> list[Notice]:
        """One letter for each keeper, of all his places that are checked now."""
        kinds = {kind.value: told.marks[kind] for kind in MailboxKind if kind.value in told.doing}
        if not kinds:
            return []
        since: dict[str, int] = {kind: mark.since for kind, mark in kinds.items()}
        found = checks(self.places.values(), self.rows.waiting(now), since)
        zone, at = self.office.calendar.zone, max(mark.at for mark in kinds.values())
        return [
            mail
            for login, sections in found.items()
            for mail in self._letter(
                login,
                f"check-{at:%Y%m%dT%H%M}",
                letters.check_subject(sections),
                letters.check_text(sections, login, zone),
            )
        ]

    def _reports(self, told: Told, now: datetime) -> list[Notice]:
        if REPORT not in told.doing:
            return []
        mark, zone = told.marks[REPORT], self.office.calendar.zone
        new = self.rows.registered(mark.since, mark.upto)
        found = reports(self.places.values(), new, self.rows.waiting(now), is_first=mark.is_first)
        return [
            mail
            for login, sections in found.items()
            for mail in self._letter(
                login,
                f"report-{mark.at:%Y%m%dT%H%M}",
                letters.report_subject(sections),
                letters.report_text(sections, login, zone),
            )
        ]

    def _urgent(self, since: int, upto: int) -> list[Notice]:
        zone, made = self.office.calendar.zone, list[Notice]()
        for item in self.rows.came_urgent(since, upto):
            for login in urgent(self.places, item):
                made += self._letter(
                    login,
                    f"urgent-{item.seq}",
                    letters.urgent_subject(item, login),
                    letters.urgent_text(item, self.places[item.place].name, login, zone),
                    is_urgent=True,
                )
        return made

    def _letter(
        self, login: str, about: str, subject: str, text: str, *, is_urgent: bool = False
    ) -> Iterator[Notice]:
        """A letter to somebody, if he is there and has not had it."""
        person, to = self.office.directory.person(login), self.office.address_of(login)
        if person is None or person.disabled or to is None:
            return
        id_ = f"<duty-{about}-{login.encode().hex()}@{self.office.hostname}>"
        if self.house.shelf.queries.find(Wanted(message_id=id_, limit=1)):
            return
        yield Notice(
            to=str(to),
            subject=subject,
            text=text,
            message_id=id_,
            urgent=is_urgent,
            name=letters.NAME,
        )

    async def _say(self, mails: list[Notice], now: datetime) -> None:
        if mails:
            entries = [notice(self.office, mail, now) for mail in mails]
            kept = await self.house.shelf.journal.append(entries)
            await self.house.shelf.settled(kept[-1].seq)

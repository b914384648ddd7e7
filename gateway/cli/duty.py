"""``vanthu duty``: how much waits for whom, and when they are told next. Counts, never words."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.cli.office import beside, printed, settings
from gateway.directory.lookup import People
from gateway.duty.hours import next_due
from gateway.duty.places import places
from gateway.duty.rows import Rows
from gateway.mail.people import MailboxKind
from gateway.runtime.words import tr
from gateway.settings.read import Settings


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(work=_duty)


@dataclass(frozen=True, slots=True)
class Waits:
    """What waits in one place."""

    place: str
    name: str
    waiting: int
    overdue: int
    keepers: tuple[str, ...]
    leaders: tuple[str, ...]
    check: str
    """When its keepers are told next, ISO 8601; empty: never."""

    def __str__(self) -> str:
        told = tr(
            "{name}: {waiting} waiting, {overdue} overdue",
            name=self.name,
            waiting=self.waiting,
            overdue=self.overdue,
        )
        when = tr("nobody is told")  # Not in the braces: there no catalogue finds it.
        if self.check:
            at, who = datetime.fromisoformat(self.check), ", ".join(self.keepers)
            when = tr("{who} told {at}", who=who, at=f"{at:%d/%m/%Y %H:%M}")
        return f"{told}; {when}"


def _duty(chosen: argparse.Namespace) -> int:
    found = settings(chosen)
    shelf = beside(found.server.data)
    try:
        calendar = found.approval.calendar.calendar()
        people, days = People(found.directory), found.duty.overdue_days
        rows = Rows(shelf.engine, shelf.queries, people, calendar, days)
        return printed(_waits(found, rows, datetime.now(UTC)), as_json=chosen.json)
    finally:
        shelf.close()


def _waits(found: Settings, rows: Rows, now: datetime) -> Iterator[Waits]:
    items = rows.waiting(now)
    nexts = {
        kind: next_due(found.duty.checks(kind), now, rows.calendar) if found.duty.on else None
        for kind in MailboxKind
    }
    for place in places(found.directory, found.books).values():
        here = [item for item in items if item.place == place.key]
        at = nexts[place.kind]
        if here:
            yield Waits(
                place.key,
                place.name,
                len(here),
                sum(item.is_overdue for item in here),
                tuple(sorted(place.keepers)),
                place.leaders,
                at.isoformat() if at is not None else "",
            )

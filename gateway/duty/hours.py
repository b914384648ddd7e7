"""When a check is due, and when something has waited too long: the office's clock. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time

from gateway.approval.calendar import Calendar


def due(
    times: Iterable[time], last: datetime, now: datetime, calendar: Calendar
) -> datetime | None:
    """The check time of today that lies behind ``last`` and not behind ``now``.

    Of several that were missed the last one counts: it sees what they would have seen. None on a
    day that is not worked; what was missed on another day is seen by the next check.
    """
    today = now.astimezone(calendar.zone).date()
    if not calendar.works(today):
        return None
    moments = (datetime.combine(today, at, calendar.zone) for at in times)
    return max((moment for moment in moments if last < moment <= now), default=None)


def next_due(times: Sequence[time], now: datetime, calendar: Calendar) -> datetime | None:
    """The first check time behind ``now``, on whichever working day; None if there are no times."""
    if not times:
        return None
    day = today(now, calendar)
    if calendar.works(day):
        moments = (datetime.combine(day, at, calendar.zone) for at in times)
        ahead = [moment for moment in moments if moment > now]
        if ahead:
            return min(ahead)
    return datetime.combine(calendar.next_working_day(day), min(times), calendar.zone)


def is_late(since: datetime, days: int, now: datetime, calendar: Calendar) -> bool:
    """Whether so many working days have passed since; what came on a day off came on the next."""
    here = since.astimezone(calendar.zone)
    day, at = here.date(), here.time()
    if not calendar.works(day):
        day, at = calendar.next_working_day(day), calendar.opens
    for _ in range(days):
        day = calendar.next_working_day(day)
    return datetime.combine(day, at, calendar.zone) <= now


def today(now: datetime, calendar: Calendar) -> date:
    """The office's day."""
    return now.astimezone(calendar.zone).date()

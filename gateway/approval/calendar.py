"""Working days and hours: weekends, holidays and the Saturdays that are worked in exchange."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SEARCH_DAYS = 60
"""No office is closed longer; a calendar that says so is wrong."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the office works. Days are in ``zone``; Tết and swapped days come from config/."""

    holidays: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()
    """Saturdays and Sundays that are worked in exchange for a bridge day."""
    opens: time = time(7, 30)
    closes: time = time(17, 0)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Ho_Chi_Minh"))

    def works(self, day: date) -> bool:
        """Whether this is a working day."""
        if day in self.worked:
            return True
        return day not in self.holidays and day.weekday() < 5  # noqa: PLR2004 - Saturday is 5.

    def next_working_day(self, day: date) -> date:
        """The first working day after ``day``. ValueError if there is none for two months."""
        for _ in range(SEARCH_DAYS):
            day += timedelta(days=1)
            if self.works(day):
                return day
        raise ValueError(f"the calendar has no working day for {SEARCH_DAYS} days before {day}")

    def end_of_next_working_day(self, moment: datetime) -> datetime:
        """When a request made at ``moment`` expires."""
        day = self.next_working_day(moment.astimezone(self.zone).date())
        return datetime.combine(day, self.closes, self.zone)

    def next_morning(self, moment: datetime) -> datetime:
        """The opening of the first working day that begins after ``moment``."""
        local = moment.astimezone(self.zone)
        if self.works(local.date()) and local.time() < self.opens:
            return datetime.combine(local.date(), self.opens, self.zone)
        day = self.next_working_day(local.date())
        return datetime.combine(day, self.opens, self.zone)

    def is_open(self, moment: datetime) -> bool:
        """Whether somebody is at work."""
        local = moment.astimezone(self.zone)
        return self.works(local.date()) and self.opens <= local.time() < self.closes

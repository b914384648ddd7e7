"""Clocks that know Tết, bridge days and the Saturdays worked for them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.approval.calendar import Calendar

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
TET_2026 = frozenset(date(2026, 2, day) for day in range(14, 23))
CALENDAR = Calendar(holidays=TET_2026, worked=frozenset({date(2026, 2, 28)}))


@pytest.mark.parametrize(
    ("asked", "expires"),
    [
        (datetime(2026, 8, 10, 9, 0, tzinfo=HANOI), datetime(2026, 8, 11, 17, 0, tzinfo=HANOI)),
        (datetime(2026, 8, 14, 16, 59, tzinfo=HANOI), datetime(2026, 8, 17, 17, 0, tzinfo=HANOI)),
        (datetime(2026, 2, 13, 15, 0, tzinfo=HANOI), datetime(2026, 2, 23, 17, 0, tzinfo=HANOI)),
        (datetime(2026, 2, 27, 15, 0, tzinfo=HANOI), datetime(2026, 2, 28, 17, 0, tzinfo=HANOI)),
        # 17:30 UTC on Monday is already Tuesday in Hà Nội.
        (datetime(2026, 8, 10, 17, 30, tzinfo=UTC), datetime(2026, 8, 12, 17, 0, tzinfo=HANOI)),
    ],
)
def test_a_request_is_open_until_the_end_of_the_next_working_day(
    asked: datetime, expires: datetime
) -> None:
    assert CALENDAR.end_of_next_working_day(asked) == expires


def test_the_next_morning_is_today_before_opening() -> None:
    early = datetime(2026, 8, 10, 6, 0, tzinfo=HANOI)
    late = datetime(2026, 8, 14, 18, 0, tzinfo=HANOI)
    assert CALENDAR.next_morning(early) == datetime(2026, 8, 10, 7, 30, tzinfo=HANOI)
    assert CALENDAR.next_morning(late) == datetime(2026, 8, 17, 7, 30, tzinfo=HANOI)


def test_hours() -> None:
    assert CALENDAR.is_open(datetime(2026, 8, 10, 7, 30, tzinfo=HANOI))
    assert not CALENDAR.is_open(datetime(2026, 8, 10, 17, 0, tzinfo=HANOI))
    assert not CALENDAR.is_open(datetime(2026, 2, 17, 10, 0, tzinfo=HANOI))


def test_a_calendar_without_working_days_is_refused() -> None:
    closed = Calendar(holidays=frozenset(date.fromordinal(n) for n in range(739000, 740000)))
    with pytest.raises(ValueError, match="no working day"):
        closed.next_working_day(date.fromordinal(739100))

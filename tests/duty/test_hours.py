"""Check times of working days, and what has waited for too many of them."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.approval.calendar import Calendar
from gateway.duty.hours import due, is_late, next_due
from gateway.duty.settings import DutyTable
from gateway.mail.people import MailboxKind
from gateway.runtime.words import speaking
from gateway.settings.errors import Mistakes
from gateway.settings.read import read_settings
from tests.roles.test_relay import ROOT

TIMES = (clock(7, 30), clock(11), clock(16, 30))
CALENDAR = Calendar(holidays=frozenset({date(2026, 9, 2)}), worked=frozenset({date(2026, 8, 22)}))


def at(day: int, hour: int, minute: int = 0, month: int = 8) -> datetime:
    """The office's clock, as UTC."""
    return datetime(2026, month, day, hour, minute, tzinfo=CALENDAR.zone).astimezone(UTC)


def test_a_check_is_due_once_and_what_was_missed_is_made_up_for_by_one() -> None:
    monday = at(3, 7, 29)
    assert due(TIMES, monday, at(3, 7, 29), CALENDAR) is None
    assert due(TIMES, monday, at(3, 7, 30), CALENDAR) == at(3, 7, 30)
    assert due(TIMES, at(3, 7, 30), at(3, 10, 59), CALENDAR) is None
    assert due(TIMES, monday, at(3, 17), CALENDAR) == at(3, 16, 30)
    assert due(TIMES, at(3, 7, 30), at(4, 7), CALENDAR) is None
    assert due(TIMES, at(3, 7, 30), at(4, 8), CALENDAR) == at(4, 7, 30)
    assert due((), monday, at(3, 17), CALENDAR) is None


def test_the_next_check_is_of_today_or_of_the_next_working_day() -> None:
    assert next_due(TIMES, at(3, 7, 30), CALENDAR) == at(3, 11)
    assert next_due(TIMES, at(7, 16, 30), CALENDAR) == at(10, 7, 30)
    assert next_due(TIMES, at(8, 1), CALENDAR) == at(10, 7, 30)
    assert next_due((), at(3, 7), CALENDAR) is None


def test_no_check_on_a_holiday_or_a_weekend_but_on_a_saturday_that_is_worked() -> None:
    assert due(TIMES, at(8, 6), at(8, 12), CALENDAR) is None
    assert due(TIMES, at(2, 6, month=9), at(2, 12, month=9), CALENDAR) is None
    assert due(TIMES, at(22, 6), at(22, 12), CALENDAR) == at(22, 11)


def test_a_working_day_is_over_when_the_next_one_has_come_so_far() -> None:
    friday = at(7, 15)
    assert not is_late(friday, 1, at(9, 15), CALENDAR)
    assert not is_late(friday, 1, at(10, 14, 59), CALENDAR)
    assert is_late(friday, 1, at(10, 15), CALENDAR)
    sunday = at(9, 20)  # It came as the office opened on Monday.
    assert not is_late(sunday, 1, at(11, 7, 29), CALENDAR)
    assert is_late(sunday, 1, at(11, 7, 30), CALENDAR)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('unit = ["7:30"]', "'7:30' is no time of day; write 07:30"),
        ('unit = ["11:00", "07:30"]', "07:30 stands behind 11:00: write the times in order"),
        ("overdue = 1", "duty.overdue: "),
        ("overdue_days = -1", "duty.overdue_days: "),
    ],
)
def test_mistakes_are_told_with_their_key(tmp_path: Path, line: str, said: str) -> None:
    config = tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    path = config / "vanthu.toml"
    head, tail = path.read_text(encoding="utf-8").split("[duty]", 1)
    key = line.partition(" ")[0]
    kept = [row for row in tail.splitlines() if not row.startswith(f"{key} ")]
    path.write_text("\n".join([f"{head}[duty]", line, *kept]), encoding="utf-8")
    with pytest.raises(Mistakes) as wrong:
        read_settings(config)
    told = "\n".join(map(str, wrong.value.mistakes))
    assert said in told


def test_the_shipped_hours_are_those_of_the_regulation_and_fewer_are_remarked() -> None:
    assert list(DutyTable().remarks()) == []
    with speaking("en"):
        assert list(DutyTable(unit=("08:00",), report=()).remarks()) == [
            "duty.unit: 1 checks on a working day, the regulation asks for 3",
            "duty.report is empty: leaders are not told what was registered",
        ]
        assert len(list(DutyTable(on=False).remarks())) == 1
    assert len(DutyTable().checks(MailboxKind.AGENCY)) == 4
    with pytest.raises(ValidationError):
        DutyTable(agency=("08:00", "08:00"))


def test_the_calendar_of_a_day_ends_at_the_offices_midnight() -> None:
    late = at(3, 23, 59) + timedelta(minutes=2)
    assert due((clock(0, 0),), at(3, 23), late, CALENDAR) == at(4, 0)

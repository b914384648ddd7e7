"""Dates as Vietnamese documents write them (``ngày 21 tháng 8 năm 2017``), hours as settings do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time

_WORDS = re.compile(
    r"ng[aà]y\s*(\d{1,2})\s*,?\s*th[aá]ng\s*(\d{1,2})\s*,?\s*n[aă]m\s*((?:19|20)\d\d)",
    re.IGNORECASE,
)
_FIGURES = re.compile(
    r"(?<![\d/.\-])(\d{1,2})\s?([/.\-])\s?(\d{1,2})\s?\2\s?((?:19|20)\d\d)(?![\d/\-])"
)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_ISO = re.compile(r"(?<![\d/.\-])((?:19|20)\d\d)([/\-])(\d{1,2})\2(\d{1,2})(?![\d/\-])")


def made(year: int, month: int, day: int) -> date | None:
    """The day, if the calendar has it."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def find_days(text: str) -> Iterator[tuple[date, int, int]]:
    """Every date in a text (``gateway.mail.number.latin``), with where it begins and ends."""
    said = [(m, m[3], m[2], m[1]) for m in _WORDS.finditer(text)]
    said += [(m, m[4], m[3], m[1]) for m in _FIGURES.finditer(text)]
    said += [(m, m[1], m[3], m[4]) for m in _ISO.finditer(text)]
    for m, year, month, day in sorted(said, key=lambda s: s[0].start()):
        found = made(int(year), int(month), int(day))
        if found is not None:
            yield found, m.start(), m.end()


def clock(text: str) -> time:
    """A time of day as settings write it. ValueError says how."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time of day; write 07:30")
    return time(int(found[1]), int(found[2]))


def is_clock(text: str) -> str:
    """The text itself, for settings that are checked. ValueError if it is no time of day."""
    clock(text)
    return text

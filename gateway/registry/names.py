"""What units and people are called on a day: who was renamed is found by either name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from gateway.directory.tables import FormerName, Tables, name_on
from gateway.mail.text import folded
from gateway.registry.tables import OfficeTable

VARIANTS_MAX = 8
"""Ways in which a search is put, for texts that name several who were renamed."""


@dataclass(frozen=True)
class Names:
    """Answers from the directory and the books' settings, as they are now."""

    people: Tables
    office: OfficeTable

    def of(self, who: str, day: str) -> str:
        """``unit:<key>`` or ``person:<login>`` as people wrote it on a day (ISO 8601)."""
        kind, _, key = who.partition(":")
        if kind == "unit" and key in self.people.units:
            unit = self.people.units[key]
            return name_on(unit.name, unit.formerly, _day(day))
        person = self.people.people.get(key)
        return person.name if kind == "person" and person is not None else who

    def head(self, key: str, day: str) -> str:
        """What stood at the head of a unit's papers on a day; of the department, the office."""
        unit = self.people.units[key]
        if not unit.parent and self.office.name:
            return name_on(self.office.name, self.office.formerly, _day(day))
        return self.of(f"unit:{key}", day)

    def variants(self, text: str) -> tuple[str, ...]:
        """A text, and the same with every other name of those whom it names."""
        plain = folded(text)
        found = [plain]
        for names in self._renamed:
            for said in list(found):
                named = next((one for one in names if _within(one, said)), None)
                if named is not None:
                    found += [_put(said, named, other) for other in names if other != named]
        return tuple(dict.fromkeys(found))[:VARIANTS_MAX]

    @cached_property
    def _renamed(self) -> tuple[tuple[str, ...], ...]:
        """The names of each who has borne several, folded, longest first."""
        rows = [(unit.name, unit.formerly) for unit in self.people.units.values()]
        rows.append((self.office.name, self.office.formerly))
        groups = (dict.fromkeys(_folded(name, formerly)) for name, formerly in rows)
        return tuple(tuple(sorted(g, key=len, reverse=True)) for g in groups if len(g) > 1)


def _folded(name: str, formerly: Iterable[FormerName]) -> Iterator[str]:
    yield from (folded(one) for one in (name, *(former.name for former in formerly)) if one)


def _within(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _put(text: str, name: str, other: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", lambda _: other, text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.max

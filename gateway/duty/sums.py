"""Who is told what, at a check, at a report, and at once. Pure: from values to values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.duty.items import Item, Kind, Place

ORDER = list(Kind)


@dataclass(frozen=True, slots=True)
class Section:
    """What one person is told of one place."""

    place: Place
    new: tuple[Item, ...] = ()
    """Came since he was told last."""
    still: tuple[Item, ...] = ()
    """Was there before, and still waits; at a report: is overdue."""

    def __len__(self) -> int:
        return len(self.new) + len(self.still)


def checks(
    places: Iterable[Place], items: Iterable[Item], since: Mapping[str, int]
) -> dict[str, tuple[Section, ...]]:
    """For each keeper what waits in his places, those with something in them.

    ``since`` has, by the kind of place, the record up to which the check before this one saw;
    kinds that are not checked now are left out.
    """
    by_place = _by_place(items)
    told: dict[str, list[Section]] = {}
    for place in places:
        here = by_place.get(place.key, [])
        if place.kind not in since or not here:
            continue
        before = since[place.kind]
        new = tuple(item for item in here if item.seq > before)
        section = Section(place, new, tuple(item for item in here if item.seq <= before))
        for login in place.keepers:
            told.setdefault(login, []).append(section)
    return {login: tuple(sections) for login, sections in told.items()}


def reports(
    places: Iterable[Place], registered: Iterable[Item], items: Iterable[Item], *, is_first: bool
) -> dict[str, tuple[Section, ...]]:
    """For each leader what was registered since the last report, and what is overdue.

    What is overdue is told with what is new; by itself only ``is_first`` on a day, so that nobody
    hears the same four times.
    """
    new, late = _by_place(registered), _by_place(item for item in items if item.is_overdue)
    told: dict[str, list[Section]] = {}
    for place in places:
        section = Section(place, tuple(new.get(place.key, ())), tuple(late.get(place.key, ())))
        for login in dict.fromkeys(place.leaders) if len(section) else ():
            told.setdefault(login, []).append(section)
    return {
        login: tuple(sections)
        for login, sections in told.items()
        if is_first or any(section.new for section in sections)
    }


def urgent(places: Mapping[str, Place], item: Item) -> tuple[str, ...]:
    """Who hears at once of a document with a mark of urgency: who has to number it, or who leads
    where it is registered or was given."""
    place = places.get(item.place)
    if place is None:
        return ()
    if item.kind is Kind.PROPOSED:
        return tuple(sorted(place.keepers))
    return tuple(dict.fromkeys(place.leaders))


def _by_place(items: Iterable[Item]) -> dict[str, list[Item]]:
    """The urgent and the overdue first, then by kind and age."""
    found: dict[str, list[Item]] = {}
    for item in sorted(items, key=_rank):
        found.setdefault(item.place, []).append(item)
    return found


def _rank(item: Item) -> tuple[bool, bool, int, int]:
    return not item.urgency, not item.is_overdue, ORDER.index(item.kind), item.seq

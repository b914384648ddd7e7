"""What the roles of one process share, and what a role is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from gateway.archive.shelf import Shelf
from gateway.mail.services import Services
from gateway.settings.read import Settings

Gauge: TypeAlias = tuple[str, Callable[[], float]]
Counters: TypeAlias = tuple[
    str, tuple[str, ...], Callable[[], Iterable[tuple[tuple[str, ...], int]]]
]
"""Words, the names of the labels, and a count for each set of labels."""


@dataclass(frozen=True, slots=True)
class House:
    """The rooms that are open in this process. A reload makes another one, with the same shelf."""

    settings: Settings
    services: Services
    shelf: Shelf
    gauges: dict[str, Gauge] = field(default_factory=dict[str, Gauge])
    """What roles let a monitor read: the name behind ``vanthu_``, and its words and value."""
    counters: dict[str, Counters] = field(default_factory=dict[str, Counters])
    """Of what is counted since the start, by labels."""


class Role(Protocol):
    """One job of the gateway; a process does one of them, or all."""

    async def open(self, house: House) -> dict[str, int]:
        """Begin to work; the ports that were opened, by name."""

    async def renew(self, house: House) -> None:
        """Go on under other settings; what is under way ends under the old ones."""

    async def left(self, services: Services) -> None:
        """Wait until nobody whom this role let in uses these services, which were renewed."""
        del services  # Most let nobody in, and have ended what was under way.

    async def close(self) -> None:
        """Take nothing new, finish what is under way, and stop."""

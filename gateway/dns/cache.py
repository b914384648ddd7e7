"""Answers that are remembered for as long as their owners allow, and never too many of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gateway.mail.dns import DnsAway, Found

Key: TypeAlias = tuple[str, str]
"""Type and lower-case name."""
Answer: TypeAlias = Found[Any] | DnsAway
"""That nobody answers is worth remembering too, for a few seconds."""


@dataclass
class Cache:
    """The newest ``entries`` answers. ``now`` gives seconds that never run backwards."""

    entries: int
    now: Callable[[], float]
    _kept: dict[Key, tuple[float, Answer]] = field(default_factory=dict)

    def get(self, key: Key) -> Answer | None:
        found = self._kept.get(key)
        if found is None:
            return None
        until, answer = found
        if until > self.now():
            return answer
        del self._kept[key]
        return None

    def put(self, key: Key, answer: Answer, ttl_s: float) -> None:
        """Keep an answer; the oldest makes room."""
        self._kept.pop(key, None)
        while len(self._kept) >= self.entries:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (self.now() + ttl_s, answer)

    def __len__(self) -> int:
        return len(self._kept)

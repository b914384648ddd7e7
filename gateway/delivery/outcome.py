"""What became of an attempt, and when to try again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.mail.limits import Limits

FIRST_S, LONGEST_S = 60.0, 4 * 3600.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt for one recipient. ``status`` is the enhanced code, ``reply`` one line."""

    result: Literal["delivered", "deferred", "failed"]
    status: str
    reply: str
    via: str


def retry_after_s(attempts: int, chance: float) -> float:
    """Seconds until the next attempt after so many: 1, 2, 4 … minutes, at most 4 h, +-20 %.

    ``chance`` is between 0 and 1: servers that came back are not met by everyone at once.
    """
    wait: float = min(FIRST_S * 2.0 ** min(attempts, 20), LONGEST_S)
    return wait * (0.8 + 0.4 * chance)


def is_given_up(attempts: int, age_s: float, limits: Limits) -> bool:
    """Whether this was the last attempt (RFC 5321 4.5.4.1)."""
    return attempts + 1 >= limits.attempts or age_s >= limits.queue_s

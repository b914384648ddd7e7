"""What became of an attempt, and when to try again."""

from __future__ import annotations

from collections.abc import Sequence
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
    was_asked: bool = True
    """False where the destination is left alone for a while, since it could not be reached."""
    success: Literal["", "delivered", "relayed"] = ""
    """What a report of success has to say (RFC 3464 2.3.3); empty: the next server sends it."""
    wait_s: float = 0.0
    """Seconds for which the destination is left alone, at least."""


@dataclass(frozen=True, slots=True)
class To:
    """One recipient; ``notify`` and ``orcpt`` as in RFC 3461."""

    address: str
    notify: tuple[str, ...] = ()
    orcpt: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The client that handed the message in, for servers behind us that judge it (XCLIENT)."""

    address: str = ""
    port: int = 0
    helo: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it is sent: header after our edits, body as received."""

    sender: str
    head: bytes
    body: memoryview
    envid: str = ""
    ret: str = ""
    is_utf8: bool = False
    """The client asked for SMTPUTF8 (RFC 6531)."""
    origin: Origin = Origin()

    @property
    def size(self) -> int:
        return len(self.head) + len(self.body)

    def needs_utf8(self, recipients: Sequence[To]) -> bool:
        """Whether the next server has to know SMTPUTF8: RFC 6531 3.2 lets us leave it out where
        nothing in envelope and header needs it."""
        if not all(to.address.isascii() for to in recipients) or not self.sender.isascii():
            return True
        return self.is_utf8 and not self.head.isascii()

    @property
    def is_8bit(self) -> bool:
        return not (self.head.isascii() and bytes(self.body).isascii())


def retry_after_s(attempts: int, chance: float) -> float:
    """Seconds until the next attempt after so many: 1, 2, 4 … minutes, at most 4 h, +-20 %.

    ``chance`` is between 0 and 1: servers that came back are not met by everyone at once.
    """
    wait: float = min(FIRST_S * 2.0 ** min(attempts, 20), LONGEST_S)
    return wait * (0.8 + 0.4 * chance)


def is_given_up(attempts: int, age_s: float, limits: Limits) -> bool:
    """Whether this was the last attempt (RFC 5321 4.5.4.1)."""
    return attempts + 1 >= limits.attempts or age_s >= limits.queue_s

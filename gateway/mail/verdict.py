"""What a filter can answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from gateway.mail.edit import Edit

_CODES = {
    "4.2.1": 450,
    "4.2.2": 452,
    "4.3.1": 452,
    "4.3.2": 421,
    "4.4.2": 421,
    "4.5.3": 452,
    "4.7.0": 450,
    "5.2.2": 552,
    "5.3.4": 552,
    "5.4.6": 554,
    "5.5.1": 503,
    "5.5.2": 500,
    "5.5.4": 501,
    "5.6.0": 554,
    "5.6.7": 553,
    "5.1.3": 553,
    "5.1.7": 553,
    "5.7.8": 535,
}
"""Basic codes that differ from 451 and 550 (RFC 5321 4.2.3, RFC 3463)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMTP refusal. The basic code follows from the enhanced one, so the two cannot disagree."""

    status: str
    text: str

    def __post_init__(self) -> None:
        kind, _, detail = self.status.partition(".")
        if kind not in {"4", "5"} or not detail.replace(".", "").isdigit():
            raise ValueError(f"not a refusal status: {self.status!r}")
        if not self.text.isascii() or not self.text.isprintable():
            raise ValueError(f"a reply is one line of printable ASCII: {self.text!r}")

    @property
    def code(self) -> int:
        return _CODES.get(self.status, 451 if self.status.startswith("4") else 550)

    def __str__(self) -> str:
        return f"{self.code} {self.status} {self.text}"


class Desk(StrEnum):
    """Where a held message waits for a person."""

    APPROVAL = "approval"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Points:
    """A named signal for or against a message; positive counts towards spam."""

    name: str
    value: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pass:
    """Nothing against it: ask the next filter. The edits are made once the message is complete."""

    reason: str = ""
    edits: tuple[Edit, ...] = ()
    points: tuple[Points, ...] = ()


@dataclass(frozen=True, slots=True)
class Accept:
    """Trusted: ask no further filter about it. It undoes no Hold that was said before."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Take it in, but deliver it only after a person at this desk has released it."""

    reason: str
    desk: Desk = Desk.QUARANTINE
    edits: tuple[Edit, ...] = ()
    points: tuple[Points, ...] = ()
    """What it comes from, to be shown with the reason; they count nowhere else."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse it for good (5xx)."""

    reason: str
    reply: Reply = Reply("5.7.1", "Message refused by policy")


@dataclass(frozen=True, slots=True)
class Defer:
    """Refuse it for now (4xx); the sender will try again."""

    reason: str
    reply: Reply = Reply("4.7.1", "Please try again later")


@dataclass(frozen=True, slots=True)
class Discard:
    """Say yes to the sender and keep it in the archive only."""

    reason: str


Verdict: TypeAlias = Pass | Accept | Hold | Reject | Defer | Discard
Final: TypeAlias = Reject | Defer | Discard
"""The verdicts after which no other filter is asked and nothing is delivered."""

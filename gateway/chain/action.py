"""What a filter's settings may say about a finding, and the verdict that it comes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from gateway.mail.edit import AddHeader
from gateway.mail.verdict import Defer, Desk, Discard, Hold, Pass, Points, Reject, Reply, Verdict

WARNING = "X-Vanthu-Warning"
"""The field in which a reader's mail program can be told to look for our doubts."""


class Action(StrEnum):
    """What to do about a finding, from nothing to refusing the message."""

    PASS = "pass"  # noqa: S105 -- a word of the settings, not a password.
    """Only note it, for ``vanthu why``."""
    POINTS = "points"
    """Count it towards spam."""
    MARK = "mark"
    """Deliver with a warning field."""
    APPROVAL = "approval"
    """Hold it at the approval desk."""
    HOLD = "hold"
    """Hold it in quarantine."""
    DISCARD = "discard"
    """Say yes to the sender and keep it in the archive only."""
    DEFER = "defer"
    """Refuse it for now."""
    REJECT = "reject"
    """Refuse it for good."""

    def verdict(  # noqa: PLR0911 -- one return for each action there is.
        self, name: str, reason: str, *, points: float = 1.0, reply: Reply | None = None
    ) -> Verdict:
        """The verdict for a finding called ``name``; ``reply`` is told where it is refused."""
        match self:
            case Action.PASS:
                return Pass(reason)
            case Action.POINTS:
                return Pass(reason, points=(Points(name, points, reason),))
            case Action.MARK:
                return Pass(reason, (AddHeader(WARNING, name),), (Points(name, points, reason),))
            case Action.APPROVAL:
                return Hold(reason, Desk.APPROVAL)
            case Action.HOLD:
                return Hold(reason)
            case Action.DISCARD:
                return Discard(reason)
            case Action.DEFER:
                return Defer(reason)
            case Action.REJECT:
                return Reject(reason, reply) if reply else Reject(reason)


_WEIGHT = {Pass: 0, Hold: 2, Discard: 3, Defer: 4, Reject: 5}


def strongest(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Several findings of one filter as one answer: the strictest, with the reasons of all.

    A Pass keeps the edits and points of every Pass. Two holds at different desks cannot be one
    answer; quarantine is said then, and the approval desk asks for itself.
    """
    said = sorted(verdicts, key=lambda v: -_WEIGHT.get(type(v), 1))
    if len(said) < 2:  # noqa: PLR2004 -- one is itself.
        return said[0] if said else None
    reasons = "; ".join(dict.fromkeys(v.reason for v in said if v.reason))
    edits = tuple(e for v in said if isinstance(v, Pass | Hold) for e in v.edits)
    first = said[0]
    if isinstance(first, Hold):
        desks = {v.desk for v in said if isinstance(v, Hold)}
        desk = Desk.QUARANTINE if Desk.QUARANTINE in desks else Desk.APPROVAL
        return Hold(reasons, desk, edits)
    if isinstance(first, Pass):
        points = tuple(p for v in said if isinstance(v, Pass) for p in v.points)
        return Pass(reasons, edits, points)
    return replace(first, reason=reasons)

"""The desk's states, words and capacities as people read them, in the present language."""

from __future__ import annotations

from gateway.approval.book import Decided, Waiting
from gateway.runtime.words import later, tr

_STATES = {
    "new": later("not asked yet"),
    "pending": later("waits"),
    "approved": later("approved"),
    "queued": later("approved, sent"),
    "tagged": later("approved, tag given"),
    "rejected": later("refused"),
    "withdrawn": later("withdrawn"),
    "expired": later("expired"),
    "superseded": later("replaced"),
}
_DECISIONS = {
    "approve": later("approved"),
    "refuse": later("refused"),
    "withdraw": later("withdrawn"),
    "expire": later("expired"),
}
_CAPACITIES = {
    "absence": later("stand-in"),
    "clerk": later("records clerk"),
    "break-glass": later("break-glass"),
}
_CHANNELS = {
    "smtp": later("by mail"),
    "cli": later("at the command line"),
    "desk": later("at the desk"),
    "own": later("by sending it himself"),
    "clock": later("by the clock"),
    "tag": later("by the tag of its draft"),
}
_BOXES = {
    "agency": later("agency mailbox"),
    "unit": later("unit mailbox"),
    "personal": later("personal mailbox"),
    "required": later("all mail needs approval"),
    "documents": later("documents need approval"),
    "none": later("no approval"),
}


def state(row: Waiting) -> str:
    """How a message stands; damaged bytes before all else."""
    if row.trouble and row.state in {"new", "pending", "approved"}:
        return tr("damaged")
    return state_of(row.state)


def state_of(name: str) -> str:
    return tr(_STATES.get(name, name))


def decision(word: Decided) -> str:
    return tr(_DECISIONS.get(word.decision, word.decision))


def capacity(name: str) -> str:
    """KT, TL, TUQ, TM are the decree's own words."""
    return tr(_CAPACITIES[name]) if name in _CAPACITIES else name


def channel(name: str) -> str:
    return tr(_CHANNELS.get(name, name))


def box(name: str) -> str:
    """A kind of mailbox, or which of its mail needs approval."""
    return tr(_BOXES.get(name, name))

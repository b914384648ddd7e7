"""What is to be looked after, and who looks after it: values alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.mail.people import MailboxKind


class Kind(StrEnum):
    """How it stands with something that waits."""

    PROPOSED = "proposed"
    """A document that is not in the book yet."""
    UNROUTED = "unrouted"
    """Registered, and nobody has been told to handle it."""
    DUE = "due"
    """Handled by somebody, and its term ends today or has ended."""
    GIVEN = "given"
    """Given to a unit or a person, who has not begun with it."""
    APPROVAL = "approval"
    """A message that waits for approval."""
    HELD = "held"
    """A message in quarantine."""
    REGISTERED = "registered"
    """Told of in a report: a document that has got its arrival number."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something waits: a mailbox, a book, a unit's or a person's desk."""

    key: str
    """``box:<address>``, ``book:<key>``, ``unit:<key>``, ``person:<login>``."""
    name: str
    kind: MailboxKind
    """Decides when it is checked."""
    keepers: frozenset[str]
    """Logins who look after it."""
    leaders: tuple[str, ...] = ()
    """Logins whom it is reported to; what is overdue goes up to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that waits, or was registered."""

    place: str
    kind: Kind
    seq: int
    """The record that put it there."""
    at_ms: int
    """Since when it is there."""
    number: str = ""
    """The arrival number ``07/2026``, or that of the archive; empty if it has neither."""
    words: str = ""
    """Number, kind and abstract of the document, or the subject."""
    author: str = ""
    due: str = ""
    """ISO 8601."""
    urgency: str = ""
    is_overdue: bool = False
    is_private: bool = False
    """``words`` and ``author`` are for ``owner`` alone; if there is none, for nobody."""
    owner: str = ""

    def may_read(self, login: str) -> bool:
        return not self.is_private or (bool(self.owner) and login == self.owner)

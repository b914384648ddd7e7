"""What happens at the desks: requests, codes, words of approvers, tags, delegations.

Plain data like everything in ``commands.py``. Each that has a precondition is an intent; whether it
counted is found by the fold in journal order (decision 0001). What the fold may not ask for itself
(the clock, the directory, the bytes of a message) stands in the command.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec


class Code(msgspec.Struct, frozen=True, omit_defaults=True):
    """One secret that somebody was given, kept as its hash alone."""

    hash: str
    mail: str
    """The id of the held message it is about."""
    login: str
    """Who may spend it."""
    verb: str
    """What it does: ``approve``, ``refuse``, ``answer``, ``withdraw``; another desk has its own."""


class IssueCodes(msgspec.Struct, frozen=True, tag="codes", omit_defaults=True):
    """Codes were made, in the same batch as the mail that carries them."""

    desk: str
    at_ms: int
    expires_ms: int
    codes: tuple[Code, ...]


class SpendCode(msgspec.Struct, frozen=True, tag="spend", omit_defaults=True):
    """Somebody used a code at a desk that asks for no more than that (the quarantine).

    ``verb`` release and refuse move the held message; any other is only marked as spent.
    """

    desk: str
    hash: str
    login: str
    verb: str
    at_ms: int
    channel: str = ""
    reason: str = ""


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a chain of approval: who is asked, and how many have to say yes."""

    by: str
    """``leader``, ``keepers``, or logins with commas between them."""
    need: int = 1


class Alarm(msgspec.Struct, frozen=True, omit_defaults=True):
    """When something is due: ``remind``, ``deputy`` or ``expire``."""

    at_ms: int
    what: Literal["remind", "deputy", "expire"]


class Ask(msgspec.Struct, frozen=True, tag="ask", omit_defaults=True):
    """A message waits for approval: under which rules, as they were when it came.

    The first one about a message counts. ``kind`` hold: the message itself leaves. draft: a tag
    is given for one like it.
    """

    mail: str
    kind: Literal["hold", "draft"]
    at_ms: int
    box: str
    """The mailbox in whose name it is to leave."""
    unit: str
    author: str
    """The login that handed it in."""
    digest: str
    """SHA-256 of the message as received."""
    envelope: str
    """SHA-256 over sender and recipients; see ``approval/manifest.py``."""
    manifest: str = ""
    """``m1:`` and a SHA-256; empty where the message can only be held."""
    steps: tuple[Step, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    expires_ms: int = 0
    urgent: str = ""
    """The mark it bears: ``khẩn``, ``thượng khẩn``, ``hỏa tốc``."""
    before: str = ""
    """The id of the version that the approvers saw before."""
    supersedes: bool = False
    """Whether ``before``, if it still waits, is taken back by this one."""
    own: bool = False
    """Whether the author may approve it himself, because he leads the unit and policy says so."""
    recipients: tuple[str, ...] = ()
    """Of a draft: to whom the letter is to go."""


class Requested(msgspec.Struct, frozen=True, tag="requested", omit_defaults=True):
    """The approvers of a step were asked, in the same batch as their mails."""

    mail: str
    step: int
    approvers: tuple[str, ...]
    at_ms: int
    more: bool = False
    """They may approve since a moment ago (a new leader, a delegation), and join the others."""


class Rang(msgspec.Struct, frozen=True, tag="rang", omit_defaults=True):
    """An alarm was heard: the ``nth`` of the Ask, from 0."""

    mail: str
    nth: int
    at_ms: int
    told: tuple[str, ...] = ()


class Say(msgspec.Struct, frozen=True, tag="say", omit_defaults=True):
    """A person's word about a message that waits for approval; ``expire`` is the clock's."""

    mail: str
    verdict: Literal["approve", "refuse", "withdraw", "expire"]
    actor: str
    at_ms: int
    step: int = 0
    capacity: str = ""
    """In which he acts; see ``approval/authority.py``."""
    delegation: str = ""
    basis: str = ""
    digest: str = ""
    """Of the bytes as they were read when he decided."""
    envelope: str = ""
    code: str = ""
    """Hash of the code he spent; empty where he had signed in at the desk."""
    channel: str = ""
    """``smtp``, ``cli``, ``desk``, ``own`` (the leader's own mail), ``clock``."""
    strength: str = ""
    """How he was known: ``password+tls``."""
    comment: str = ""
    reply: str = ""
    """The id of the mail by which he said it."""


class BreakGlass(msgspec.Struct, frozen=True, tag="break-glass", omit_defaults=True):
    """One of the two who let a message out without its leader, and why."""

    mail: str
    actor: str
    at_ms: int
    reason: str
    digest: str = ""
    envelope: str = ""


class Release(msgspec.Struct, frozen=True, tag="approved-release", omit_defaults=True):
    """An approved message leaves: its bytes were hashed again, and the approval is signed."""

    mail: str
    digest: str
    at_ms: int
    added: tuple[tuple[str, str], ...] = ()
    """Header fields put on top, in this order: (name, value)."""


class Block(msgspec.Struct, frozen=True, tag="approval-blocked", omit_defaults=True):
    """What is stored of a waiting message is not what came: all were told, in the same batch.

    It goes on if the right bytes come back; who has a word to say may close it, and at
    ``until_ms`` the clock does.
    """

    mail: str
    at_ms: int
    why: str
    until_ms: int


class IssueTag(msgspec.Struct, frozen=True, tag="tag", omit_defaults=True):
    """An approved draft got its tag, in the same batch as the mails that tell it."""

    mail: str
    hash: str
    at_ms: int
    expires_ms: int


class SpendTag(msgspec.Struct, frozen=True, tag="spend-tag", omit_defaults=True):
    """A held message bears a tag: it leaves if draft and message are the same."""

    mail: str
    hash: str
    box: str
    login: str
    at_ms: int
    digest: str
    envelope: str
    manifest: str = ""


class Lend(msgspec.Struct, frozen=True, tag="lend", omit_defaults=True):
    """Authority lent for a period (ms, [begins, ends)) and a scope, on a basis."""

    id: str
    lender: str
    holder: str
    capacity: str
    begins_ms: int
    ends_ms: int
    actor: str
    at_ms: int
    mailboxes: tuple[str, ...] = ()
    basis: str = ""


class Revoke(msgspec.Struct, frozen=True, tag="revoke", omit_defaults=True):
    """A delegation ends before its time."""

    id: str
    actor: str
    at_ms: int
    reason: str = ""


class HandOver(msgspec.Struct, frozen=True, tag="hand-over", omit_defaults=True):
    """A unit passed from one leader to another, in the same batch as the delegations that do."""

    id: str
    unit: str
    before: str
    after: str
    actor: str
    at_ms: int
    basis: str
    """The decision that appoints the new one."""
    leaves: bool = False
    """Whether who handed over left the office."""
    minutes: str = ""
    """SHA-256 of the minutes (PDF)."""
    listed: str = ""
    """SHA-256 of the list of messages that were handed over."""
    count: int = 0
    """How many those are."""


class Handled(msgspec.Struct, frozen=True, tag="handled", omit_defaults=True):
    """A mail to the desk was answered, in the same batch as the answer."""

    mail: str
    at_ms: int
    what: str


class Announced(msgspec.Struct, frozen=True, tag="announced", omit_defaults=True):
    """All whom it concerns were told of this state, in the same batch as the mails."""

    mail: str
    state: str
    at_ms: int


DeskCommand: TypeAlias = (
    IssueCodes
    | SpendCode
    | Ask
    | Requested
    | Rang
    | Say
    | BreakGlass
    | Release
    | Block
    | IssueTag
    | SpendTag
    | Lend
    | Revoke
    | HandOver
    | Handled
    | Announced
)

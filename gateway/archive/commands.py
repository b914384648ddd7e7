"""Everything that can change in the gateway. There is no other way to write.

A Command is plain data that describes itself: it is kept in the journal as tagged JSON, so that a
reader of another year needs nothing but this page. New fields get defaults; none is renamed.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from gateway.archive.approvals import DeskCommand
from gateway.archive.recognising import Recognising
from gateway.archive.registering import Registering


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One filter's answer, as it is kept with a mail."""

    stage: str
    filter: str
    verdict: str
    reason: str = ""
    took_us: int = 0
    enforced: bool = True
    about: str = ""
    points: tuple[tuple[str, float, str], ...] = ()


class Peer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whom a message came from, at the level of the connection."""

    door: str
    listener: str
    client: str = ""
    port: int = 0
    helo: str = ""
    user: str = ""
    tls: str = ""
    session: str = ""
    vouched: str = ""
    """The address of the server that named ``user`` by XCLIENT; empty where he signed in here."""


class Rcpt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One recipient in the envelope; ``notify`` and ``orcpt`` as in RFC 3461."""

    address: str
    notify: tuple[str, ...] = ()
    orcpt: str = ""


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One header edit: ``add`` puts name and value on top, ``drop`` takes the nth (-1: all)."""

    kind: Literal["add", "drop"]
    name: str
    value: str = ""
    nth: int = -1


class Checked(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the check said about one attached document; see ``mail/flaws.py``."""

    part: int
    """Its index among the parts of the message."""
    name: str
    profile: str
    """``dispatch``, ``draft`` or ``attachment``."""
    number: str = ""
    is_number_certain: bool = False
    day: str = ""
    abstract: str = ""
    signers: tuple[str, ...] = ()
    flaws: tuple[tuple[str, str, str], ...] = ()
    """Rule, weight (``warn``, ``hold``, ``reject``), what was seen."""


class Addressed(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whom a dispatch names against whom it is sent to; see ``registry/distribution.py``."""

    document: str
    present: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()


class Receive(msgspec.Struct, frozen=True, tag="receive", omit_defaults=True):
    """A message was taken (or refused: then without number and bytes).

    ``state`` accepted: owed to the recipients. held: owed when every desk in ``desks`` has
    released it. discarded: kept only. refused: told the client no; ``reply`` says how.
    """

    id: str
    at_ms: int
    state: Literal["accepted", "held", "discarded", "refused"]
    direction: Literal["in", "out", "internal", "notice"]
    peer: Peer
    sender: str
    recipients: tuple[Rcpt, ...]
    desks: tuple[str, ...] = ()
    reason: str = ""
    reply: str = ""
    changes: tuple[Change, ...] = ()
    findings: tuple[Told, ...] = ()
    size: int = 0
    sha256: str = ""
    """Of the message, in old records; the head of every record has it (``Record.digest``)."""
    subject: str = ""
    author: str = ""
    message_id: str = ""
    date: str = ""
    envid: str = ""
    ret: str = ""
    is_8bit: bool = False
    is_utf8: bool = False
    is_null_ok: bool = True
    """False where no report may be sent to ``sender``: it was not checked (RFC 3834, D6)."""
    about: str = ""
    """The id of the mail that a notice of ours (DSN, request, digest) is about."""
    checked: tuple[Checked, ...] = ()
    """What is known of the documents that an official mailbox sends; none where it is sealed."""
    addressed: Addressed | None = None
    """Whom the dispatch in it names against the envelope; None where none was compared."""
    sealed: bool = False
    """It bears a secrecy stamp: no index, preview or digest may hold what it says."""
    enclosed_for: tuple[str, ...] = ()
    """SHA-256 of the certificates whose keys open the body, which is encrypted; none: it is not."""
    clear_sha256: str = ""
    """Of the message that the body encloses."""
    opened_from: str = ""
    """The id of the enclosed message that this one is, opened by the security officer: what bears
    that id is then withdrawn. If it waits no more, this one is kept only."""


class Tried(msgspec.Struct, frozen=True, tag="tried", omit_defaults=True):
    """What became of one attempt to hand a message to one recipient."""

    id: str
    recipient: str
    at_ms: int
    result: Literal["delivered", "deferred", "failed", "expanded"]
    status: str = ""
    reply: str = ""
    via: str = ""
    """``lmtp://host:port``, ``smtp://host:port [TLSv1.3 verified]``, ``maildir:/path``."""
    next_at_ms: int = 0
    """When to try again, if deferred."""
    was_asked: bool = True
    """False where nobody was asked, because the destination is left alone for a while."""
    is_delay_told: bool = False
    """The sender is told with this that the message is late; he is told once."""


class QueueChange(msgspec.Struct, frozen=True, tag="queue", omit_defaults=True):
    """An admin's hand on what is owed. It concerns the recipients named, or all if none is."""

    id: str
    action: Literal["hold", "release", "retry", "fail", "drop"]
    actor: str
    at_ms: int
    reason: str = ""
    recipients: tuple[str, ...] = ()


class Decide(msgspec.Struct, frozen=True, tag="decide", omit_defaults=True):
    """A person's word at a desk about a held message. The first one that fits counts.

    Whether it counted is found by the applier, in journal order, and is the same at every rebuild.
    """

    id: str
    desk: str
    verdict: Literal["release", "refuse", "withdraw", "expire"]
    actor: str
    at_ms: int
    reason: str = ""


Command: TypeAlias = (
    Receive | Tried | QueueChange | Decide | Registering | Recognising | DeskCommand
)


class ArchiveNumber(msgspec.Struct, frozen=True, order=True):
    """Year and running number, gapless within the year (Asia/Ho_Chi_Minh): ``2026-0000123``."""

    year: int
    n: int

    def __str__(self) -> str:
        return f"{self.year}-{self.n:07d}"

    @classmethod
    def parse(cls, text: str) -> ArchiveNumber:
        year, dash, n = text.partition("-")
        if not (dash and year.isascii() and year.isdigit() and n.isascii() and n.isdigit()):
            raise ValueError(f"not an archive number: {text!r}; it looks like 2026-0000123")
        return cls(int(year), int(n))

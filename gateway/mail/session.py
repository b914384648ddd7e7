"""Who is speaking to us, and about which message.

Each stage of the conversation has its own type, and a filter is given exactly what is known by
then: a Session at connect and helo, a Transaction from MAIL on, a Mail when it is complete.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from gateway.mail.address import NOBODY, Address
from gateway.mail.facts import Facts
from gateway.mail.message import Message
from gateway.mail.services import Services
from gateway.mail.verdict import Points


class Purpose(StrEnum):
    """What a listener is for."""

    INBOUND = "inbound"
    SUBMISSION = "submission"
    SUBMISSIONS = "submissions"


class Direction(StrEnum):
    """Which book a message belongs in: đến, đi, nội bộ."""

    IN = "in"
    OUT = "out"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Tls:
    """The encryption of one connection, in the words of Received (RFC 8314 4.3)."""

    version: str
    cipher: str


@dataclass(slots=True)
class Session:
    """One connection, from its first byte to its last.

    ``client`` is the peer, or whom a trusted PROXY header or XCLIENT named; ``user`` the login.
    """

    id: str
    door: str
    client: IPv4Address | IPv6Address | None
    services: Services
    listener: Purpose = Purpose.INBOUND
    client_port: int = 0
    helo: str = ""
    is_esmtp: bool = True
    user: str = ""
    vouched: str = ""
    """The mail server that said by XCLIENT who ``user`` is; empty where he signed in here."""
    tls: Tls | None = None
    facts: Facts = field(default_factory=Facts)

    @property
    def place(self) -> str:
        """The client's address as text; empty where it is not known."""
        return _text(self.client) if self.client is not None else ""

    @property
    def is_inbound(self) -> bool:
        """Mail from outside: nobody of ours has signed in."""
        return not self.user


@lru_cache(4096)
def _text(client: IPv4Address | IPv6Address) -> str:
    return str(client)  # Written anew for each message, it would cost more than its Received field.


@dataclass(frozen=True, slots=True)
class Recipient:
    """One RCPT TO, with what the client asked about reports (RFC 3461)."""

    address: Address
    notify: frozenset[str] = frozenset()
    """Of ``NEVER``, ``SUCCESS``, ``FAILURE``, ``DELAY``; empty where the client said nothing."""
    orcpt: str = ""


@dataclass(slots=True)
class Transaction:
    """One mail transaction: a sender, its recipients and, later, one message."""

    session: Session
    id: str = ""
    """Names this message in the reply, the headers, the log and the archive."""
    sender: Address = NOBODY
    recipients: list[Recipient] = field(default_factory=list[Recipient])
    is_8bit: bool = False
    is_utf8: bool = False
    declared_size: int = 0
    envid: str = ""
    ret: str = ""
    """``FULL``, ``HDRS`` or nothing: what a bounce shall return (RFC 3461 4.3)."""
    facts: Facts = field(default_factory=Facts)
    points: list[Points] = field(default_factory=list[Points])
    """What filters have said for and against it so far, at the connection too; see Inspection."""

    @property
    def direction(self) -> Direction:
        """In from strangers; internal when every recipient is ours; out otherwise."""
        if self.session.is_inbound:
            return Direction.IN
        directory = self.session.services.directory
        ours = all(directory.is_ours(r.address.domain) for r in self.recipients)
        return Direction.INTERNAL if ours else Direction.OUT


@dataclass(frozen=True, slots=True)
class Mail:
    """A transaction whose message is complete."""

    transaction: Transaction
    message: Message

    @property
    def session(self) -> Session:
        return self.transaction.session

    @property
    def services(self) -> Services:
        return self.transaction.session.services

    @property
    def direction(self) -> Direction:
        return self.transaction.direction

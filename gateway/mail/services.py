"""What filters may ask of the rest of the gateway. Tests hand in their own."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from gateway.mail.address import Address
from gateway.mail.correspondents import AddressBook
from gateway.mail.dns import Dns
from gateway.mail.edit import AddHeader
from gateway.mail.given import OutgoingBooks
from gateway.mail.message import Message
from gateway.mail.origin import Identity
from gateway.mail.papers import Documents
from gateway.mail.people import Directory
from gateway.mail.scent import Scent

T = TypeVar("T")


class Clock(Protocol):
    """The time of day. Filters never ask the operating system themselves."""

    def now(self) -> datetime:
        """The present moment, with its zone (UTC)."""


class SystemClock:
    """The clock on the wall."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Notepad(Protocol):
    """Small things worth remembering across messages, processes and restarts.

    What is written here may be lost in a power cut; what must not be lost goes to the journal.
    Every call takes tens of microseconds and does not wait.
    """

    def count(self, kind: str, key: str, window_s: float, add: int = 1) -> int:
        """Add to a sliding counter and return how much came in the last ``window_s`` seconds."""

    def get(self, kind: str, key: str) -> str | None:
        """What was put under this key, if it has not expired."""

    def put(self, kind: str, key: str, value: str, ttl_s: float) -> None:
        """Remember a value for ``ttl_s`` seconds."""


class Backend(Protocol):
    """The server behind us that knows which mailboxes exist."""

    def knows(self, address: Address) -> Awaitable[bool]:
        """Whether it would take mail for the address. Raise ``OSError`` when it is away."""


class Nose(Protocol):
    """What was learnt about spam from the letters that people have judged."""

    def smell(self, message: Message) -> Scent | None:
        """What is thought of a message, in about a millisecond. None while nothing was learnt."""

    def teach(self, messages: Iterable[Message], is_spam: bool, teacher: str, weight: float) -> int:
        """Write lessons down for the trainer. Waits for the disk: call it in a thread.

        Returns how many; OSError if they cannot be kept. ``weight`` scales what is learnt.
        """


class Signer(Protocol):
    """Our own DKIM keys."""

    def sign(self, message: Message, domain: str, now: datetime) -> tuple[AddHeader, ...]:
        """One DKIM-Signature for each of the domain's keys, over the message as it stands.

        A parent domain's keys serve where it has none of its own. Nothing where there is no key,
        or where the header is such that no signature would mean anything. A large message takes
        its time: call it in a thread.
        """

    def seal(self, message: Message, domain: str, now: datetime) -> tuple[AddHeader, ...]:
        """An ARC set (RFC 8617) over a message that already bears our Authentication-Results."""


class Enclosing(Protocol):
    """Encrypts what bears a secrecy stamp, before it is kept."""

    @property
    def names(self) -> tuple[str, ...]:
        """Whose keys open it: the SHA-256 of each certificate, in hex."""

    def enclose(self, raw: bytes | bytearray) -> bytes:
        """A message that holds this one, encrypted, and nothing else of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One record of all services. A service that is None is not configured."""

    directory: Directory
    clock: Clock
    notepad: Notepad
    hostname: str = "localhost"
    """Our own name: in the banner, in Received, in Authentication-Results."""
    desk_domain: str = ""
    """The domain of the approval desk's addresses: ``duyet-…@``, ``trinhduyet@``."""
    backend: Backend | None = None
    dns: Dns | None = None
    nose: Nose | None = None
    identity: Identity | None = None
    signer: Signer | None = None
    documents: Documents | None = None
    correspondents: AddressBook | None = None
    books: OutgoingBooks | None = None
    envelope: Enclosing | None = None


def required(service: T | None, table: str) -> T:
    """A service that a filter cannot do without; LookupError says which table configures it."""
    if service is None:
        raise LookupError(f"this filter needs [{table}] in vanthu.toml")
    return service

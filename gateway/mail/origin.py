"""What was found out about who sent a message. The words are those of RFC 8601."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

from gateway.mail.address import NOBODY, Address
from gateway.mail.facts import Fact
from gateway.mail.message import Message


class Word(StrEnum):
    """The result of one check."""

    NONE = "none"
    """There was nothing to check."""
    PASS = "pass"  # noqa: S105 - a result, not a password.
    FAIL = "fail"
    SOFTFAIL = "softfail"
    """SPF: probably not allowed, says the domain."""
    NEUTRAL = "neutral"
    POLICY = "policy"
    """It verifies, but not in a way that we trust."""
    TEMPERROR = "temperror"
    """It could not be found out now, and may be later."""
    PERMERROR = "permerror"
    """What the domain has published or signed cannot be understood."""

    __hash__ = str.__hash__  # Enum's own is a call in Python.


@dataclass(frozen=True, slots=True)
class SpfResult:
    """Whether the domain lets this client send for it (RFC 7208)."""

    word: Word
    domain: str
    """The domain that was asked: of the envelope sender, or of HELO for the null sender."""
    term: str = ""
    """The mechanism that decided, as it is written in the record."""
    reason: str = ""
    """What was wrong, for temperror and permerror."""
    explanation: str = ""
    """What the domain wants to have said about a fail (``exp=``), printable ASCII."""


@dataclass(frozen=True, slots=True)
class DkimResult:
    """One DKIM signature (RFC 6376)."""

    word: Word
    domain: str = ""
    """``d=``, in lower case."""
    selector: str = ""
    algorithm: str = ""
    key_bits: int = 0
    is_testing: bool = False
    """The key says ``t=y``: its owner is still trying it out."""
    reason: str = ""
    tag: str = ""
    """The beginning of ``b=``, which tells signatures apart (RFC 6008)."""


@dataclass(frozen=True, slots=True)
class ArcResult:
    """The chain of seals that forwarders have left (RFC 8617)."""

    word: Word
    sealers: tuple[str, ...] = ()
    """``d=`` of each seal, the oldest first; only where the chain passes."""
    reported: tuple[str, ...] = ()
    """What each sealer says it found (its ARC-Authentication-Results), in the same order."""
    reason: str = ""


class Disposition(StrEnum):
    """What a domain asks to be done with mail that only seems to come from it."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class DmarcPolicy:
    """What a domain has published (RFC 9989 4.7; RFC 7489 6.3)."""

    domain: str
    """Where the record stands: the author's domain or its organisational domain."""
    asks: Disposition
    """For this author's domain: ``p``, ``sp`` or ``np``."""
    is_dkim_strict: bool = False
    is_spf_strict: bool = False
    percent: int = 100
    is_testing: bool = False
    """``t=y``: apply the next milder disposition."""


@dataclass(frozen=True, slots=True)
class DmarcResult:
    """Whether the author's domain stands behind the message."""

    word: Word
    domain: str = ""
    """Of the author, in From."""
    policy: DmarcPolicy | None = None
    disposition: Disposition = Disposition.NONE
    """What is to be done, after sampling and overrides."""
    reason: str = ""
    override: str = ""
    """Why less is done than was asked (RFC 7489 6.7: trusted_forwarder, mailing_list, …)."""


SPF = Fact[SpfResult]("spf")
DKIM = Fact[tuple[DkimResult, ...]]("dkim")
ARC = Fact[ArcResult]("arc")
DMARC = Fact[DmarcResult]("dmarc")


class Identity(Protocol):
    """The checks, each asking the DNS for all it needs at once. None of them raises."""

    def spf(
        self, client: IPv4Address | IPv6Address, helo: str, sender: Address
    ) -> Awaitable[SpfResult]:
        """Whether the client may send for the sender's domain."""

    def dkim(self, message: Message, sender: Address = NOBODY) -> Awaitable[tuple[DkimResult, ...]]:
        """Every signature, topmost first, at most eight of them.

        Puts ``dmarc``'s questions, too, for an author, signers and an envelope sender like these.
        """

    def arc(self, message: Message) -> Awaitable[ArcResult]:
        """The chain of seals."""

    def dmarc(
        self, message: Message, spf: SpfResult | None, dkim: tuple[DkimResult, ...]
    ) -> Awaitable[DmarcResult]:
        """The author's domain against what the other checks have found, without overrides."""

"""What the DNS says, and how it is asked."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Generic, Protocol, TypeVar

T_co = TypeVar("T_co", covariant=True)


class DnsAway(OSError):
    """No answer in time, or the resolver says that it cannot tell now. Try again later."""


@dataclass(frozen=True, slots=True)
class Found(Generic[T_co]):
    """A definite answer; without records there is no such name or nothing of that type there."""

    records: tuple[T_co, ...] = ()
    exists: bool = True
    """False for NXDOMAIN: nothing of any type at this name nor under it (RFC 8020)."""
    is_secure: bool = False
    """A resolver that we trust has validated the answer by DNSSEC (RFC 6840 5.8)."""


@dataclass(frozen=True, slots=True, order=True)
class Mx:
    """One mail server of a domain; the lower preference is tried first. ``.`` takes no mail."""

    preference: int
    host: str


@dataclass(frozen=True, slots=True)
class Tlsa:
    """What a server's certificate must be like (RFC 6698 2.1)."""

    usage: int
    selector: int
    matching: int
    data: bytes


class Dns(Protocol):
    """One shared resolver with a cache.

    Names are text without escapes; a final dot is allowed, names are never searched for under a
    local domain. What cannot be a name does not exist. CNAMEs are followed.

    The question is put when the method is called, and awaiting only collects the answer, so
    questions that are asked before the first is awaited run side by side. An answer that nobody
    collects does no harm. Awaiting raises ``DnsAway`` where there is no definite answer.
    """

    def txt(self, name: str) -> Awaitable[Found[bytes]]:
        """TXT, each with its strings joined (RFC 7208 3.3)."""

    def a(self, name: str) -> Awaitable[Found[IPv4Address]]:
        """IPv4 addresses."""

    def aaaa(self, name: str) -> Awaitable[Found[IPv6Address]]:
        """IPv6 addresses."""

    def mx(self, name: str) -> Awaitable[Found[Mx]]:
        """Mail servers, by preference; within one preference in the order they came."""

    def ptr(self, address: IPv4Address | IPv6Address) -> Awaitable[Found[str]]:
        """Names that the owner of an address gives it, in lower case, without a final dot."""

    def tlsa(self, name: str) -> Awaitable[Found[Tlsa]]:
        """TLSA, of a name such as ``_25._tcp.mx.example.vn``."""

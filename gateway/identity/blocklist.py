"""Lists that answer over the DNS (RFC 5782): how they are asked, and what an answer means.

A list can refuse to serve us (we come through a public resolver, or too often), be gone and its
domain sold, or answer yes to everything. None of that says anything about who was asked about.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import TypeAlias

from gateway.mail.dns import Dns, DnsAway, Found

Subject: TypeAlias = IPv4Address | IPv6Address | str
"""An address, or a domain."""
REFUSALS = {
    "127.255.255.252": "the list's name is mistyped",
    "127.255.255.254": "it does not answer public resolvers; ask through one of your own",
    "127.255.255.255": "we have asked too often; it wants an account",
    "127.0.0.1": "it has blocked our resolver",
}
"""Spamhaus' error codes, and what SURBL and URIBL say to those whom they do not serve."""
_REFUSING = IPv4Network("127.255.255.0/24")
_LOOPBACK = IPv4Network("127.0.0.0/8")
NEVER: tuple[Subject, Subject] = (IPv4Address("127.0.0.1"), "invalid")
"""What no list may list (RFC 5782 5): of those of addresses, and of those of names."""
ALWAYS: tuple[Subject, Subject] = (IPv4Address("127.0.0.2"), "test")
"""What every list lists."""


class Blocklisted(StrEnum):
    LISTED = "listed"
    CLEAN = "not listed"
    REFUSES = "refuses to answer"
    AWAY = "no answer"


@dataclass(frozen=True, slots=True)
class BlocklistAnswer:
    word: Blocklisted
    codes: tuple[IPv4Address, ...] = ()
    reason: str = ""


def name(zone: str, subject: Subject) -> str:
    """The name under which a list is asked about an address or a domain."""
    if isinstance(subject, str):
        return f"{subject}.{zone}"
    kind = "in-addr.arpa" if isinstance(subject, IPv4Address) else "ip6.arpa"
    return subject.reverse_pointer.removesuffix(kind) + zone


def read(found: Found[IPv4Address]) -> BlocklistAnswer:
    """What the addresses mean that a list gave."""
    for code in found.records:
        if str(code) in REFUSALS or code in _REFUSING:
            told = REFUSALS.get(str(code), "it says that something is wrong with the question")
            return BlocklistAnswer(Blocklisted.REFUSES, reason=f"{code}: {told}")
        if code not in _LOOPBACK:
            return BlocklistAnswer(
                Blocklisted.REFUSES, reason=f"{code} is no answer of a blocklist; is it gone?"
            )
    return (
        BlocklistAnswer(Blocklisted.LISTED, found.records)
        if found.records
        else BlocklistAnswer(Blocklisted.CLEAN)
    )


@dataclass(frozen=True, slots=True)
class BlocklistAsked:
    """One question that has been put, with the one that shows whether the list can be believed."""

    answer: Awaitable[Found[IPv4Address]]
    never: Awaitable[Found[IPv4Address]]

    async def said(self) -> BlocklistAnswer:
        """Raises nothing but a cancellation."""
        try:
            answer = read(await self.answer)
            if (
                answer.word is Blocklisted.LISTED
                and read(await self.never).word is Blocklisted.LISTED
            ):
                return BlocklistAnswer(
                    Blocklisted.REFUSES, reason="it says yes to everything; is it gone?"
                )
        except DnsAway as error:
            return BlocklistAnswer(Blocklisted.AWAY, reason=str(error))
        return answer


def ask_blocklist(dns: Dns, zone: str, subject: Subject) -> BlocklistAsked:
    """Put the question now; ``said`` collects the answer."""
    never = NEVER[1] if isinstance(subject, str) else NEVER[0]
    return BlocklistAsked(dns.a(name(zone, subject)), dns.a(name(zone, never)))

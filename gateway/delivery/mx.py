"""The mail servers of a domain, in the order in which they are tried (RFC 5321 5.1)."""

from __future__ import annotations

import errno
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import groupby
from typing import Any, TypeAlias

from gateway.delivery.route import MxRoute, Network
from gateway.mail.dns import Dns, DnsAway, Found, Mx

Ip: TypeAlias = IPv4Address | IPv6Address
HOSTS_MAX = 10
"""Servers of one domain that are looked at."""
ADDRESSES_MAX = 6
"""Addresses of one server that are tried."""


class NoServer(Exception):
    """There is nowhere to send it; ``status`` says why. ``is_final`` False: perhaps later."""

    def __init__(self, status: str, text: str, *, is_final: bool = True) -> None:
        super().__init__(text)
        self.status, self.is_final = status, is_final


@dataclass(frozen=True, slots=True)
class Host:
    """One mail server. ``is_secure``: DNSSEC vouches for its name and its addresses."""

    name: str
    addresses: tuple[Ip, ...]
    is_secure: bool = False


@dataclass
class Finder:
    """Looks servers up. ``shuffle`` reorders a list in place; ``is_local`` knows our addresses."""

    dns: Dns
    hostname: str
    shuffle: Callable[[list[Mx]], None]
    is_local: Callable[[Ip], bool]

    async def hosts(self, domain: str, route: MxRoute) -> list[Host]:
        """The servers in order, each with at least one address. NoServer where there is none."""
        if domain.startswith("["):
            return [self._literal(domain, route)]
        records, is_secure = await self._records(domain)
        kept = self._before_us(domain, records, route)
        asked = [(record.host, self._ask(record.host, route)) for record in kept[:HOSTS_MAX]]
        found: list[Host] = []
        barred: list[str] = []
        away: DnsAway | None = None
        for at, (name, questions) in enumerate(asked):
            answers: list[Found[Ip]] = []
            for question in questions:
                try:
                    answers.append(await question)
                except DnsAway as error:
                    away = error
            all_of_it = [ip for answer in answers for ip in answer.records]
            if any(self._is_ours(name, ip, route) for ip in all_of_it):
                # Those behind this one in preference would send it to us, or be us (RFC 5321 5.1).
                limit = kept[at].preference
                self._must_not_be_first(domain, kept, limit)
                return self._some(domain, _nearer(found, kept, limit), barred, away)
            usable = [ip for ip in all_of_it if may_go_to(ip, route.networks)]
            barred += [str(ip) for ip in all_of_it if ip not in usable]
            if usable:
                secure = is_secure and all(answer.is_secure for answer in answers)
                found.append(Host(name, tuple(_mixed(usable)[:ADDRESSES_MAX]), secure))
        return self._some(domain, found, barred, away)

    async def _records(self, domain: str) -> tuple[list[Mx], bool]:
        try:
            answer = await self.dns.mx(domain)
        except DnsAway as error:
            raise NoServer("4.4.3", str(error), is_final=False) from None
        if not answer.exists:
            raise NoServer("5.1.2", f"there is no domain {domain}")
        if not answer.records:
            return [Mx(0, domain)], answer.is_secure  # RFC 5321 5.1: the implicit one.
        if any(record.host == "." for record in answer.records):
            if len(answer.records) == 1:
                raise NoServer("5.1.10", f"{domain} takes no mail (RFC 7505)")
            return [r for r in answer.records if r.host != "."], answer.is_secure
        return list(answer.records), answer.is_secure

    def _before_us(self, domain: str, records: list[Mx], route: MxRoute) -> list[Mx]:
        """In order, at random within one preference, and without those that are us or behind us."""
        ordered: list[Mx] = []
        for _, group in groupby(sorted(records), key=lambda record: record.preference):
            equal = list(group)
            self.shuffle(equal)
            ordered += equal
        ours = [r.preference for r in ordered if self._is_our_name(r.host, route)]
        if not ours:
            return ordered
        self._must_not_be_first(domain, ordered, min(ours))
        return [r for r in ordered if r.preference < min(ours)]

    def _must_not_be_first(self, domain: str, ordered: Sequence[Mx], limit: int) -> None:
        if not any(record.preference < limit for record in ordered):
            text = f"mail for {domain} comes back to us: its best server is this gateway"
            raise NoServer("5.4.6", f"{text}; is a route missing in routes.toml?")

    def _ask(self, name: str, route: MxRoute) -> list[Awaitable[Found[Any]]]:
        sixes = [self.dns.aaaa(name)] if route.ipv6 else []
        return [*sixes, self.dns.a(name)]

    def _some(
        self, domain: str, found: list[Host], barred: list[str], away: DnsAway | None
    ) -> list[Host]:
        if found:
            return found
        if away is not None:
            raise NoServer("4.4.3", str(away), is_final=False)
        if barred:
            text = f"the servers of {domain} have addresses of private networks alone"
            raise NoServer("5.4.4", f"{text}: {', '.join(barred[:4])}")
        raise NoServer("5.4.4", f"no server of {domain} has an address")

    def _literal(self, domain: str, route: MxRoute) -> Host:
        ip = ip_address(domain[1:-1].removeprefix("ipv6:"))
        if self._is_ours("", ip, route):
            raise NoServer("5.4.6", f"{domain} is this gateway")
        if not may_go_to(ip, route.networks):
            raise NoServer("5.4.4", f"{domain} is of a private network")
        return Host(str(ip), (ip,))

    def _is_our_name(self, name: str, route: MxRoute) -> bool:
        return name == self.hostname.lower() or name in {own.lower() for own in route.own}

    def _is_ours(self, name: str, ip: Ip, route: MxRoute) -> bool:
        if self._is_our_name(name, route) or str(ip) in route.own:
            return True
        return not ip.is_loopback and self.is_local(ip)


def _nearer(found: list[Host], kept: Sequence[Mx], limit: int) -> list[Host]:
    names = {record.host for record in kept if record.preference < limit}
    return [host for host in found if host.name in names]


def may_go_to(ip: Ip, networks: Sequence[Network]) -> bool:
    """The Internet's unicast addresses, and those of the networks that the settings name."""
    if any(ip in network for network in networks if network.version == ip.version):
        return True
    inner = _inside(ip)
    if inner is not None:
        return may_go_to(inner, networks)
    return ip.is_global and not ip.is_multicast


def _inside(ip: Ip) -> IPv4Address | None:
    """The IPv4 address in one of IPv6 that only carries it."""
    if isinstance(ip, IPv4Address):
        return None
    if ip.ipv4_mapped is not None or ip.sixtofour is not None:
        return ip.ipv4_mapped or ip.sixtofour
    if int(ip) >> 32 == 0x0064FF9B << 64:  # NAT64 (RFC 6052 2.1).
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


def _mixed(addresses: Sequence[Ip]) -> list[Ip]:
    """IPv6 and IPv4 in turn, so that a broken one of them costs one time-out (RFC 8305 4)."""
    sixes = [ip for ip in addresses if ip.version == 6]  # noqa: PLR2004
    fours = [ip for ip in addresses if ip.version == 4]  # noqa: PLR2004
    mixed: list[Ip] = []
    for at in range(max(len(sixes), len(fours))):
        mixed += [*sixes[at : at + 1], *fours[at : at + 1]]
    return mixed


def is_local(ip: Ip) -> bool:
    """Whether this machine has the address: then a socket can be bound to it."""
    family = socket.AF_INET6 if ip.version == 6 else socket.AF_INET  # noqa: PLR2004
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(ip), 0))
        except OSError as error:
            return error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
    return True

"""From a route to connections: one server, or the servers that the DNS names for a domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from aiosmtplib.errors import SMTPException

from gateway.delivery import dane
from gateway.delivery.brake import Brake
from gateway.delivery.destination import Destination
from gateway.delivery.mx import Finder, Host, NoServer
from gateway.delivery.outcome import Attempt, Letter, To
from gateway.delivery.route import (
    MxRoute,
    RoutesTable,
    ServerRoute,
    TlsRule,
    read_credentials,
)
from gateway.delivery.security import Dial, Level, Security, TlsFailed, connect
from gateway.delivery.sts import Policies, Policy, name_fits
from gateway.delivery.talker import Place, Talker
from gateway.delivery.tls_counts import TlsCounts
from gateway.mail.dns import Dns, DnsAway, Tlsa

PolicyKind: TypeAlias = Literal["sts", "tlsa", "no-policy-found"]
_ORDER: tuple[Level, ...] = ("none", "may", "required", "verify")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of connections to one host: the first of ``ladder`` that works is taken."""

    ladder: tuple[Security, ...]
    kind: PolicyKind


@dataclass
class Exchange:
    """Every destination that is in use. Without ``dns`` no MX route can be followed."""

    table: RoutesTable
    hostname: str
    now: Callable[[], float]
    counts: TlsCounts
    dns: Dns | None = None
    finder: Finder | None = None
    policies: Policies | None = None
    brake: Brake = field(default_factory=Brake)
    """Holds while what becomes of a message cannot be written down; until then none is sent."""
    _destinations: dict[tuple[int, str], Destination] = field(default_factory=dict)
    """By ``id`` of the route, which lives as long as its destination, and domain."""

    async def deliver(
        self,
        route: ServerRoute | MxRoute,
        domain: str,
        letter: Letter,
        to: Sequence[To],
        *,
        is_urged: bool = False,
    ) -> dict[str, Attempt]:
        """What became of it for each recipient; all of them are of one domain."""
        return await self.destination(route, domain).deliver(letter, to, is_urged=is_urged)

    def destination(self, route: ServerRoute | MxRoute, domain: str) -> Destination:
        """The destination of mail to a domain by a route; made if need be."""
        key = (id(route), domain if isinstance(route, MxRoute) else "")
        found = self._destinations.get(key)
        if found is None:
            if isinstance(route, MxRoute):
                name, connecting = f"mx://{domain}", lambda: self._to_domain(route, domain)
            else:
                name = str(_place(route))
                connecting = lambda: self._to_server(route)  # noqa: E731 - one of two
            found = Destination(
                name, connecting, route.connections, self.table.retry, self.now, self.brake
            )
            self._destinations[key] = found
        return found

    def resting(self) -> dict[str, str]:
        """Destinations that are left alone, and why."""
        found = self._destinations.values()
        return {d.name: d.rest.reason for d in found if d.rest.failures}

    async def sweep(self) -> None:
        """Close what is idle, forget what is not used."""
        for key, destination in list(self._destinations.items()):
            if await destination.sweep():
                self._destinations.pop(key, None)

    async def close(self) -> None:
        for destination in self._destinations.values():
            await destination.close()

    async def _to_server(self, route: ServerRoute) -> Talker:
        dial = _dial(route, self.hostname)
        failed: TlsFailed | None = None
        for security in _ladder(Security(route.tls, ca=route.ca)):
            try:
                return await connect(_place(route), security, dial)
            except TlsFailed as error:
                failed = error
        assert failed is not None
        raise failed

    async def _to_domain(self, route: MxRoute, domain: str) -> Talker:
        """The first server that can be reached and is protected as the policies want."""
        hosts, rule, policy = await self.look_up(domain, route)
        trouble: Exception = NoServer("4.4.1", f"no server of {domain} could be tried")
        for host in hosts:
            try:
                wanted = await self.wanted(domain, host, route, rule, policy)
                return await self._to_host(domain, host, route, wanted)
            except (SMTPException, OSError, TlsFailed) as error:
                trouble = error
        raise trouble

    async def look_up(
        self, domain: str, route: MxRoute
    ) -> tuple[list[Host], TlsRule | None, Policy | None]:
        """The servers of a domain, and what settings and domain say of TLS. NoServer."""
        if self.finder is None:
            raise NoServer("4.3.5", "kind = mx needs [dns] in vanthu.toml", is_final=False)
        hosts = await self.finder.hosts(domain, route)
        policy = None
        if self.policies is not None and route.mta_sts and not domain.startswith("["):
            policy = await self.policies.of(domain)
        return hosts, self.table.tls_of(domain), policy

    async def _to_host(self, domain: str, host: Host, route: MxRoute, wanted: Wanted) -> Talker:
        trouble: Exception = TimeoutError(f"{host.name} has no address")
        for address in host.addresses:
            place = Place(str(address), route.port, host.name)
            try:
                talker = await self._climb(
                    domain, place, wanted, Dial(self.hostname, route.timeout_s, route.connect_s)
                )
            except (SMTPException, OSError, TlsFailed) as error:
                trouble = error
                continue
            self._must_not_be_us(domain, talker)
            return talker
        raise trouble

    async def _climb(self, domain: str, place: Place, wanted: Wanted, dial: Dial) -> Talker:
        """Down the ladder until one works; the first failure of TLS is counted."""
        failed: TlsFailed | None = None
        for security in wanted.ladder:
            try:
                talker = await connect(place, security, dial)
            except TlsFailed as error:
                if failed is None:
                    self.counts.add(domain, wanted.kind, place.name, error.result)
                failed = error
                continue
            if failed is None:
                is_clear = talker.get_transport_info("ssl_object") is None
                result = "starttls-not-supported" if is_clear else ""
                self.counts.add(domain, wanted.kind, place.name, result)
            return talker
        assert failed is not None, "a ladder has a rung"
        raise TlsFailed(failed.result, f"{place}: {failed}")

    async def wanted(
        self,
        domain: str,
        host: Host,
        route: MxRoute,
        rule: TlsRule | None,
        policy: Policy | None,
    ) -> Wanted:
        """What is asked of a connection. DANE comes before MTA-STS (RFC 8461 2); a rule of the
        settings that wants little sets both aside, one that wants much is never set aside.

        TlsFailed where the host is none that a policy names, DnsAway where nobody can say.
        """
        if rule is not None and rule.policy in ("none", "may"):
            return Wanted(_ladder(Security(rule.policy, ca=route.ca)), "no-policy-found")
        level: Level = rule.policy if rule is not None else route.tls
        if rule is not None and rule.mx and not any(name_fits(host.name, n) for n in rule.mx):
            raise TlsFailed("validation-failure", f"{host.name} is not named in its [[tls]]")
        pins = await self._pins(domain, host, route)
        if pins:
            pinned = Security("dane", pins, (domain,), route.ca)
            return Wanted((pinned,), "tlsa")
        if pins is not None:
            level = _stronger(level, "required")
        if policy is None or policy.mode == "none":
            kind: PolicyKind = "no-policy-found" if pins is None else "tlsa"
            return Wanted(_ladder(Security(level, ca=route.ca)), kind)
        return self._by_policy(domain, host, Security(level, ca=route.ca), policy)

    def _by_policy(self, domain: str, host: Host, base: Security, policy: Policy) -> Wanted:
        verified = Security("verify", ca=base.ca)
        if not policy.allows(host.name):
            self.counts.add(domain, "sts", host.name, "validation-failure")
            if policy.mode == "enforce":
                text = f"{host.name} is not named in the MTA-STS policy of {domain}"
                raise TlsFailed("validation-failure", text)
            return Wanted(_ladder(base), "sts")
        if policy.mode == "enforce" or base.level == "verify":
            return Wanted((verified,), "sts")
        return Wanted((verified, *_ladder(base)), "sts")

    async def _pins(self, domain: str, host: Host, route: MxRoute) -> tuple[Tlsa, ...] | None:
        """TLSA records to compare with; empty where there are some, but none that can be used;
        None where DANE is not wanted or not there."""
        if not (route.dane and host.is_secure and self.dns is not None):
            return None
        try:
            found = await self.dns.tlsa(f"_{route.port}._tcp.{host.name}")
        except DnsAway:
            self.counts.add(domain, "tlsa", host.name, "dnssec-invalid")
            raise
        if not (found.is_secure and found.records):
            return None
        pins = dane.usable(found.records)
        if not pins:
            self.counts.add(domain, "tlsa", host.name, "tlsa-invalid")
        return pins

    def _must_not_be_us(self, domain: str, talker: Talker) -> None:
        greeting = talker.last_ehlo_response
        name = greeting.message.split(maxsplit=1)[:1] if greeting else []
        if name and name[0].lower() == self.hostname.lower():
            talker.close()
            text = f"mail for {domain} comes back to us: its server says that it is {name[0]}"
            raise NoServer("5.4.6", text)


def _ladder(security: Security) -> tuple[Security, ...]:
    """What is tried after one another: only ``may`` may fall back, to clear text."""
    return (security, Security("none")) if security.level == "may" else (security,)


def _stronger(one: Level, other: Level) -> Level:
    return max(one, other, key=_ORDER.index)


def _place(route: ServerRoute) -> Place:
    kind: Literal["smtp", "lmtp"] = "lmtp" if route.kind == "lmtp" else "smtp"
    return Place(route.host, route.port, route.host, kind, route.implicit_tls)


def _dial(route: ServerRoute, hostname: str) -> Dial:
    """How to connect. OSError where the credentials cannot be read: they may be mended."""
    login = None
    if route.credentials is not None:
        try:
            login = read_credentials(route.credentials)
        except ValueError as error:
            raise OSError(str(error)) from None
    return Dial(hostname, route.timeout_s, route.connect_s, route.xclient, login)

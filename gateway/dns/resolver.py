"""The resolver: dnspython behind one cache, each question asked once however many wait for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from gateway.dns.cache import Answer, Cache, Key
from gateway.dns.questions import Questions
from gateway.dns.records import READERS, wire_name
from gateway.dns.settings import DnsSettings, server
from gateway.mail.dns import DnsAway, Found, Mx

AWAY_TTL_S = 5.0
"""How long a failure is remembered, so that a dead zone is not asked for every message."""
LONGEST_TTL_S = 86400.0
NEGATIVE_TTL_S = 900.0
"""RFC 2308 5 allows up to three hours; a name that was just published should be seen sooner."""
NO_NAME: Found[Any] = Found(exists=False)


@dataclass(frozen=True, slots=True)
class Known(Awaitable[Found[Any]]):
    """An answer that need not be waited for."""

    answer: Answer

    def __await__(self) -> Generator[Any, None, Found[Any]]:
        if isinstance(self.answer, DnsAway):
            raise self.answer.with_traceback(None)
        return self.answer
        yield  # Never reached: it makes this function a generator, which is what await wants.


@dataclass(frozen=True, slots=True)
class _Asked(Awaitable[Found[Any]]):
    """An answer that is under way. No coroutine, so that it may be left uncollected."""

    task: asyncio.Task[Answer]

    def __await__(self) -> Generator[Any, None, Found[Any]]:
        # Many may wait for one task; one that gives up must not take it from the others.
        answer = yield from asyncio.shield(self.task).__await__()
        if isinstance(answer, DnsAway):
            raise DnsAway(*answer.args)
        return answer


class Resolver(Questions):
    """Asks the configured servers. One for each event loop."""

    def __init__(self, settings: DnsSettings, now: Callable[[], float] = time.monotonic) -> None:
        self._cache = Cache(settings.cache_entries, now)
        self._stub = _stub(settings)
        self._believes_ad = _believes_ad(settings, self._stub)
        self._open: dict[Key, asyncio.Task[Answer]] = {}
        self._turn = asyncio.Semaphore(settings.at_once)

    def ask(self, kind: str, name: str) -> Awaitable[Found[Any]]:
        key = (kind, name.lower().removesuffix("."))
        known = self._cache.get(key)
        if known is not None:
            return Known(known)
        task = self._open.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._fetch(key))
            self._open[key] = task
        return _Asked(task)

    async def aclose(self) -> None:
        """Give up all open questions."""
        tasks = list(self._open.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch(self, key: Key) -> Answer:
        try:
            async with self._turn:
                answer, ttl_s = await self._answer(*key)
            self._cache.put(key, answer, ttl_s)
            return answer
        finally:
            self._open.pop(key, None)

    async def _answer(self, kind: str, name: str) -> tuple[Answer, float]:
        qname = wire_name(name)
        if qname is None:
            return NO_NAME, NEGATIVE_TTL_S
        rdtype = dns.rdatatype.from_text(kind)
        try:
            answer = await self._stub.resolve(qname, rdtype, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN as error:
            return self._nowhere(error, qname)
        except (dns.exception.DNSException, OSError) as error:
            return DnsAway(f"no answer for {kind} {name}: {_why(error)}"), AWAY_TTL_S
        secure = self._is_secure(answer.response)
        ttl_s = max(1.0, min(float(answer.chaining_result.minimum_ttl), LONGEST_TTL_S))
        if answer.rrset is None:
            return Found(is_secure=secure), min(ttl_s, NEGATIVE_TTL_S)
        records = tuple(READERS[rdtype](rdata) for rdata in answer.rrset)
        if kind == "MX":
            records = tuple(sorted(records, key=_preference))
        return Found(records, is_secure=secure), ttl_s

    def _nowhere(self, error: dns.resolver.NXDOMAIN, qname: dns.name.Name) -> tuple[Answer, float]:
        response: dns.message.QueryMessage = error.response(qname)  # type: ignore[no-untyped-call]
        ttl_s = max(1.0, min(float(response.resolve_chaining().minimum_ttl), NEGATIVE_TTL_S))
        return Found(exists=False, is_secure=self._is_secure(response)), ttl_s

    def _is_secure(self, response: dns.message.Message) -> bool:
        return self._believes_ad and bool(response.flags & dns.flags.AD)


def _stub(settings: DnsSettings) -> dns.asyncresolver.Resolver:
    try:
        stub = dns.asyncresolver.Resolver(configure=not settings.servers)
    except dns.resolver.NoResolverConfiguration:
        raise ValueError(
            "/etc/resolv.conf names no resolver; write servers = [...] under [dns] in vanthu.toml"
        ) from None
    if settings.servers:
        stub.nameservers = [
            dns.nameserver.Do53Nameserver(*server(text)) for text in settings.servers
        ]
    stub.lifetime = settings.timeout_s
    stub.timeout = min(settings.attempt_s, settings.timeout_s)
    stub.flags = dns.flags.RD | dns.flags.AD  # RFC 6840 5.7: asks for AD without all of DNSSEC.
    stub.use_edns(0, 0, 1232)
    return stub


def _believes_ad(settings: DnsSettings, stub: dns.asyncresolver.Resolver) -> bool:
    if settings.validating is not None:
        return settings.validating
    addresses = [str(getattr(one, "address", one)) for one in stub.nameservers]
    return bool(addresses) and all(ip_address(a.split("%")[0]).is_loopback for a in addresses)


def _preference(record: object) -> int:
    assert isinstance(record, Mx)
    return record.preference


def _why(error: Exception) -> str:
    match error:
        case dns.exception.Timeout():
            return "it took too long"
        case dns.resolver.NoNameservers():
            return "the servers failed"
        case _:
            return type(error).__name__

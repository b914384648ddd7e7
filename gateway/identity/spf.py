"""SPF: whether a domain lets this client send for it (RFC 7208)."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias, TypeVar
from urllib.parse import quote

from gateway.identity.spf_record import (
    BadRecord,
    Macro,
    Mechanism,
    Record,
    Template,
    parse,
    template,
)
from gateway.mail.dns import Dns, DnsAway, Found
from gateway.mail.origin import SpfResult, Word
from gateway.runtime.begun import within

T = TypeVar("T")
Client: TypeAlias = IPv4Address | IPv6Address

LOOKUPS_MAX, VOID_MAX, NAMES_MAX, TIME_S = 10, 2, 10, 20.0
"""RFC 7208 4.6.4. ``NAMES_MAX`` is for the hosts of one mx and one ptr."""
_NAME_MAX, _LABEL_MAX = 253, 63
_EXPLANATION_MAX = 400
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks for leave to send, and as whom."""

    client: Client
    helo: str
    sender: str
    """``user@domain``; for the null sender ``postmaster@`` and the HELO name."""
    receiver: str
    """Our own name, for explanations."""
    now_s: int


async def check(dns: Dns, question: Question) -> SpfResult:
    """The result for the domain of ``question.sender``. Raises nothing."""
    local, _, domain = question.sender.rpartition("@")
    if isinstance(question.client, IPv6Address) and question.client.ipv4_mapped:
        client: Client = question.client.ipv4_mapped
    else:
        client = question.client
    walk = _Walk(dns, question, client, local or "postmaster", domain)
    try:
        result, term, explanation = await within(TIME_S, walk.all())
    except BadRecord as error:
        return SpfResult(Word.PERMERROR, domain, reason=str(error))
    except (DnsAway, TimeoutError) as error:
        return SpfResult(Word.TEMPERROR, domain, reason=str(error) or "it took too long")
    return SpfResult(result, domain, term=term, explanation=explanation)


Said: TypeAlias = tuple[Word, str, tuple[Template, str] | None]
"""The result, the term that decided, and where the explanation is with the domain it is of."""


@dataclass
class _Walk:
    """One evaluation, with what it has used up of its limits."""

    dns: Dns
    question: Question
    client: Client
    local: str
    sender_domain: str
    lookups: int = 0
    voids: int = 0
    names: dict[str, str] = field(default_factory=dict)
    """The validated name of the client, for each domain that asked for it with ``%{p}``."""

    async def all(self) -> tuple[Word, str, str]:
        """The result, the term that decided, and the explanation of a fail."""
        result, term, exp = await self.host(self.sender_domain)
        explanation = await self.explain(*exp) if result is Word.FAIL and exp else ""
        return result, term, explanation

    async def host(self, domain: str) -> Said:
        """check_host() of RFC 7208 4."""
        if not _is_host(domain):
            return Word.NONE, "", None
        record = await self._record(domain)
        if record is None:
            return Word.NONE, "", None
        for mechanism in record.mechanisms:
            if await self._matches(mechanism, domain):
                exp = (record.exp, domain) if record.exp else None
                return mechanism.result, mechanism.written, exp
        if record.redirect:
            self._count()
            target = await self._name(record.redirect, domain)
            said = await self.host(target)
            if said[0] is Word.NONE:
                raise BadRecord(f"{domain} redirects to {target}, which has no SPF record")
            return said
        return Word.NEUTRAL, "", None

    async def explain(self, exp: Template, domain: str) -> str:
        """The text behind ``exp=``; empty if anything is wrong with it (RFC 7208 6.2)."""
        try:
            found = await self.dns.txt(await self._name(exp, domain))
            if len(found.records) != 1:
                return ""
            words = [template(word) for word in found.records[0].decode("ascii").split(" ")]
            text = " ".join([await self._expand(word, domain) for word in words])
        except (BadRecord, DnsAway, UnicodeError):
            return ""
        return text[:_EXPLANATION_MAX] if text.isascii() and text.isprintable() else ""

    async def _record(self, domain: str) -> Record | None:
        found = await self.dns.txt(domain)
        records = [r for r in found.records if r[:6].lower() == b"v=spf1" and r[6:7] in {b"", b" "}]
        if not records:
            return None
        if len(records) > 1:
            raise BadRecord(f"{domain} has {len(records)} SPF records; there must be one")
        return parse(records[0].decode("latin-1"))

    async def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        if mechanism.kind == "all" or mechanism.network is not None:
            return mechanism.network is None or self.client in mechanism.network
        self._count()
        if not self.local.isascii() and _names_local(mechanism.domain):
            return False  # RFC 8616 4: no name can be made of such a local part.
        return await self._answers(mechanism, await self._name(mechanism.domain, domain))

    async def _answers(self, mechanism: Mechanism, name: str) -> bool:
        match mechanism.kind:
            case "include":
                return await self._included(name)
            case "a":
                return self._is_in(self._used(await self._ask(name)).records, mechanism)
            case "mx":
                return await self._is_mx(name, mechanism)
            case "exists":
                return bool(self._used(await self.dns.a(name)).records)
            case _:
                return await self._is_named(name)

    async def _included(self, name: str) -> bool:
        result, _, _ = await self.host(name)
        if result is Word.NONE:
            raise BadRecord(f"it includes {name}, which has no SPF record")
        return result is Word.PASS

    def _ask(self, name: str) -> Awaitable[Found[Client]]:
        return self.dns.a(name) if isinstance(self.client, IPv4Address) else self.dns.aaaa(name)

    def _is_in(self, addresses: tuple[Client, ...], mechanism: Mechanism) -> bool:
        bits = mechanism.bits4 if isinstance(self.client, IPv4Address) else mechanism.bits6
        shift = self.client.max_prefixlen - bits
        mine = int(self.client) >> shift
        return any(int(address) >> shift == mine for address in addresses)

    async def _is_mx(self, name: str, mechanism: Mechanism) -> bool:
        servers = self._used(await self.dns.mx(name)).records
        if len(servers) > NAMES_MAX:
            raise BadRecord(f"{name} has more than {NAMES_MAX} mail servers")
        answers = [self._ask(server.host) for server in servers]
        for answer in answers:
            if self._is_in(self._used(await answer).records, mechanism):
                return True
        return False

    async def _is_named(self, target: str) -> bool:
        return any(_is_under(name, target) for name in await self._validated())

    async def _validated(self) -> list[str]:
        """The names of the client that lead back to it (RFC 7208 5.5); none on any trouble."""
        try:
            names = self._used(await self.dns.ptr(self.client)).records[:NAMES_MAX]
        except DnsAway:
            return []
        answers = [(name, self._ask(name)) for name in names]
        found: list[str] = []
        for name, answer in answers:
            try:
                addresses = self._used(await answer).records
            except DnsAway:
                continue
            if self.client in addresses:
                found.append(name)
        return found

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > LOOKUPS_MAX:
            raise BadRecord(f"more than {LOOKUPS_MAX} look-ups")

    def _used(self, found: Found[T]) -> Found[T]:
        if not found.records:
            self.voids += 1
            if self.voids > VOID_MAX:
                raise BadRecord(f"more than {VOID_MAX} look-ups of what does not exist")
        return found

    async def _name(self, spec: Template, domain: str) -> str:
        if not spec:
            return domain
        name = (await self._expand(spec, domain)).removesuffix(".")
        while len(name) > _NAME_MAX:
            name = name.partition(".")[2]
        return name

    async def _expand(self, spec: Template, domain: str) -> str:
        if len(spec) == 1 and isinstance(spec[0], str):
            return spec[0]
        if domain not in self.names and any(isinstance(p, Macro) and p.letter == "p" for p in spec):
            self.names[domain] = await self._best_name(domain)
        values = self._values(domain)
        return "".join(p if isinstance(p, str) else _expanded(p, values) for p in spec)

    async def _best_name(self, domain: str) -> str:
        """RFC 7208 7.3: the domain itself if it is among the names, or one under it, or any."""
        self._count()
        names = await self._validated()
        under = [name for name in names if _is_under(name, domain)]
        same = [name for name in under if name == domain.lower()]
        return (same or under or names or [_UNKNOWN])[0]

    def _values(self, domain: str) -> Mapping[str, str]:
        is_v4 = isinstance(self.client, IPv4Address)
        return {
            "s": f"{self.local}@{self.sender_domain}",
            "l": self.local,
            "o": self.sender_domain,
            "d": domain,
            "i": str(self.client) if is_v4 else ".".join(f"{int(self.client):032X}"),
            "p": self.names.get(domain, _UNKNOWN),
            "v": "in-addr" if is_v4 else "ip6",
            "h": self.question.helo,
            "c": str(self.client),
            "r": self.question.receiver or _UNKNOWN,
            "t": str(self.question.now_s),
        }


def _names_local(spec: Template) -> bool:
    return any(isinstance(part, Macro) and part.letter in "sl" for part in spec)


def _expanded(macro: Macro, values: Mapping[str, str]) -> str:
    text = values[macro.letter]
    if macro.keep or macro.is_reversed or macro.signs != ".":
        for sign in macro.signs[1:]:
            text = text.replace(sign, macro.signs[0])
        parts = text.split(macro.signs[0])
        if macro.is_reversed:
            parts.reverse()
        text = ".".join(parts[-macro.keep :])
    return quote(text, safe="-._~") if macro.is_escaped else text


def _is_host(domain: str) -> bool:
    """RFC 7208 4.3: of at least two labels, none of them empty or too long."""
    labels = domain.removesuffix(".").split(".")
    return (
        len(labels) > 1
        and len(domain) <= _NAME_MAX + 1
        and all(0 < len(label) <= _LABEL_MAX for label in labels)
        and not domain.startswith("[")
    )


def _is_under(name: str, domain: str) -> bool:
    wanted = domain.lower().removesuffix(".")
    return name == wanted or name.endswith("." + wanted)

"""What a domain of ours has published in the DNS: what is missing, what is wrong, what to write."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from gateway.identity import dmarc, dmarc_record, spf
from gateway.identity.keyring import Keyring, OwnKey
from gateway.identity.public_key import BadKey, published
from gateway.identity.spf_record import BadRecord, parse
from gateway.identity.suffix import organisational
from gateway.mail.dns import Dns, DnsAway
from gateway.mail.origin import Disposition, SpfResult, Word
from gateway.runtime.words import tr

Ip: TypeAlias = IPv4Address | IPv6Address
ELSEWHERE = IPv4Address("192.0.2.1")
"""Nobody's address (RFC 5737): what a record says about it, it says about everybody."""
STRING_MAX = 255
"""Bytes of one character-string of a TXT record (RFC 1035 3.3.14)."""


class State(StrEnum):
    GOOD = "good"
    ADVICE = "advice"
    """It works, and could do better."""
    MISSING = "missing"
    WRONG = "wrong"
    AWAY = "no answer"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    about: str
    """SPF, DKIM, DMARC, …"""
    state: State
    text: str
    publish: str = ""
    """A line for the zone's file, where something should be there that is not."""


@dataclass(frozen=True, slots=True)
class Office:
    """What we know of ourselves."""

    hostname: str
    keyring: Keyring
    addresses: tuple[Ip, ...] = ()
    """From which we send; those of ``hostname`` if empty."""
    today: str = ""
    """``20261124``: for the ``id`` of a new MTA-STS record."""


def record_line(name: str, text: str, kind: str = "TXT") -> str:
    """A record as a zone's file has it, its text cut into strings that fit."""
    if kind != "TXT":
        return f"{name}. IN {kind} {text}"
    cut = [text[at : at + STRING_MAX] for at in range(0, len(text), STRING_MAX)]
    strings = " ".join(f'"{one}"' for one in cut)
    return f"{name}. IN TXT {f'( {strings} )' if len(cut) > 1 else strings}"


async def look(dns: Dns, domain: str, office: Office) -> list[Line]:
    """Everything about one domain. Questions that get no answer are told, not raised."""
    lines: list[Line] = []
    ours = office.addresses or tuple(await addresses(dns, office.hostname, lines))
    checks = (
        ("MX", _mx(dns, domain, office)),
        ("PTR", _ptr(dns, office, ours)),
        ("SPF", _spf(dns, domain, office, ours)),
        ("DKIM", _dkim(dns, domain, office.keyring)),
        ("DMARC", _dmarc(dns, domain)),
        ("MTA-STS", _mta_sts(dns, domain, office)),
        ("TLS-RPT", _tls_rpt(dns, domain)),
    )
    for about, check in checks:
        try:
            async for line in check:
                lines.append(line)  # noqa: PERF401 - what was told before silence is kept.
        except DnsAway as error:
            lines.append(Line(about, State.AWAY, str(error)))
    return lines


async def addresses(dns: Dns, name: str, lines: list[Line]) -> list[Ip]:
    """Where a host is; what is wrong with it is told as a line."""
    asked = (dns.a(name), dns.aaaa(name))
    found: list[Ip] = []
    try:
        for answer in asked:
            found += (await answer).records
    except DnsAway as error:
        lines.append(Line("A", State.AWAY, str(error)))
        return found
    if not found:
        text = tr("{name} has no address: [server] hostname in vanthu.toml must have", name=name)
        lines.append(Line("A", State.MISSING, text, record_line(name, "192.0.2.10", "A")))
    return found


async def _mx(dns: Dns, domain: str, office: Office) -> AsyncIterator[Line]:
    servers = (await dns.mx(domain)).records
    hosts = [server.host for server in servers]
    ours = record_line(domain, f"10 {office.hostname}.", "MX")
    if not hosts:
        text = tr("{domain} names no server that takes its mail", domain=domain)
        yield Line("MX", State.MISSING, text, ours)
        return
    named = ", ".join(hosts)
    if office.hostname.lower() in hosts:
        others = [host for host in hosts if host != office.hostname.lower()]
        if others:
            text = tr("mail may also go past this gateway, to {hosts}", hosts=", ".join(others))
            yield Line("MX", State.ADVICE, text)
        else:
            yield Line("MX", State.GOOD, named)
    else:
        text = tr(
            "mail goes to {hosts}, not to this gateway ({name})", hosts=named, name=office.hostname
        )
        yield Line("MX", State.WRONG, text, ours)
    for host in hosts:
        if not any([(await answer).records for answer in (dns.a(host), dns.aaaa(host))]):
            yield Line("MX", State.WRONG, tr("{host} has no address", host=host))


async def _ptr(dns: Dns, office: Office, addresses: Sequence[Ip]) -> AsyncIterator[Line]:
    """RFC 1912 2.1: the address leads to a name, and the name back to it."""
    name = office.hostname.lower()
    for address in addresses:
        names = (await dns.ptr(address)).records
        wanted = record_line(address.reverse_pointer, f"{name}.", "PTR")
        if not names:
            text = tr("{address} has no name; many refuse mail from such a one", address=address)
            yield Line("PTR", State.MISSING, text, wanted)
        elif name in names:
            yield Line("PTR", State.GOOD, f"{address} -> {name}")
        elif await _leads_to(dns, names[0], address):
            text = tr(
                "{address} is called {found}, and we say {name}",
                address=address, found=names[0], name=name,
            )  # fmt: skip
            yield Line("PTR", State.ADVICE, text, wanted)
        else:
            text = tr(
                "{address} is called {found}, which does not lead back to it",
                address=address, found=names[0],
            )  # fmt: skip
            yield Line("PTR", State.WRONG, text, wanted)


async def _leads_to(dns: Dns, name: str, address: Ip) -> bool:
    asked = dns.a(name) if isinstance(address, IPv4Address) else dns.aaaa(name)
    return address in (await asked).records


async def _spf(
    dns: Dns, domain: str, office: Office, addresses: Sequence[Ip]
) -> AsyncIterator[Line]:
    found = (await dns.txt(domain)).records
    records = [r.decode("latin-1") for r in found if r[:6].lower() == b"v=spf1"]
    wanted = record_line(domain, f"v=spf1 {_terms(addresses) or 'mx'} -all")
    if not records:
        text = tr("{domain} does not say who may send for it", domain=domain)
        yield Line("SPF", State.MISSING, text, wanted)
        return
    if len(records) > 1:
        text = tr("there are {n} records; there must be one", n=len(records))
        yield Line("SPF", State.WRONG, text, wanted)
        return
    try:
        record = parse(records[0])
    except BadRecord as error:
        yield Line("SPF", State.WRONG, f"{records[0]}: {error}", wanted)
        return
    if any(term.kind == "ptr" for term in record.mechanisms):
        yield Line("SPF", State.ADVICE, tr("ptr is slow and not to be used (RFC 7208 5.5)"))
    said = await _asked(dns, domain, office, ELSEWHERE)
    if said.word in {Word.PERMERROR, Word.TEMPERROR}:
        yield Line("SPF", State.WRONG, f"{records[0]}: {said.reason}")
        return
    if said.word in {Word.PASS, Word.NEUTRAL}:
        text = tr("everybody may send for {domain}: it should end in -all or ~all", domain=domain)
        yield Line("SPF", State.WRONG, f"{records[0]}: {text}", wanted)
    missing = [a for a in addresses if (await _asked(dns, domain, office, a)).word is not Word.PASS]
    if missing:
        named = ", ".join(map(str, missing))
        text = tr("it does not let this gateway ({addresses}) send", addresses=named)
        head, _, rest = records[0].partition(" ")
        yield Line(
            "SPF", State.WRONG, text, record_line(domain, f"{head} {_terms(missing)} {rest}")
        )
    elif said.word in {Word.FAIL, Word.SOFTFAIL}:
        yield Line("SPF", State.GOOD, records[0])


async def _asked(dns: Dns, domain: str, office: Office, client: Ip) -> SpfResult:
    sender = f"postmaster@{domain}"
    return await spf.check(dns, spf.Question(client, office.hostname, sender, office.hostname, 0))


def _terms(addresses: Sequence[Ip]) -> str:
    return " ".join(f"ip{address.version}:{address}" for address in addresses)


async def _dkim(dns: Dns, domain: str, keyring: Keyring) -> AsyncIterator[Line]:
    keys = [key for key in keyring.keys if key.entry.domain == domain]
    if not keys:
        parents = {
            key.entry.domain for key in keyring.keys if domain.endswith(f".{key.entry.domain}")
        }
        text = tr("there is no key; run: vanthu dkim new-key {domain}", domain=domain)
        for parent in sorted(parents):
            text = tr("it is signed for by the keys of {parent}", parent=parent)
        yield Line("DKIM", State.ADVICE if parents else State.MISSING, text)
    for key in keys:
        state, text = await key_state(dns, key)
        publish = "" if state is State.GOOD else record_line(key.record_name, key.record)
        yield Line("DKIM", state, f"{key.entry.selector} ({key.algorithm}): {text}", publish)


async def key_state(dns: Dns, key: OwnKey) -> tuple[State, str]:
    """Whether the world can check what a key of ours signs."""
    found = (await dns.txt(key.record_name)).records
    if not found:
        return State.MISSING, tr("not published; what it signs fails everywhere")
    try:
        theirs = published(found)
    except BadKey as error:
        return State.WRONG, str(error)
    if theirs.public != key.private.public_key():
        return State.WRONG, tr("another key is published under its name")
    if theirs.is_testing:
        return State.ADVICE, tr("published as a trial (t=y): take that out")
    return State.GOOD, tr("published")


async def _dmarc(dns: Dns, domain: str) -> AsyncIterator[Line]:
    name = f"_dmarc.{domain}"
    wanted = record_line(name, f"v=DMARC1; p=quarantine; rua=mailto:dmarc@{domain}")
    found = (await dns.txt(name)).records
    records = [r.decode("latin-1") for r in found if r[:8].upper() == b"V=DMARC1"]
    if not records:
        policy = await dmarc.find_policy(dns, await dmarc.Tree.of(dns, domain))
        if policy is not None:
            text = tr("{parent} speaks for it: {asks}", parent=policy.domain, asks=policy.asks)
            yield Line("DMARC", State.GOOD, text)
            return
    if not records:
        text = tr("nobody is asked to refuse what only seems to come from {domain}", domain=domain)
        yield Line("DMARC", State.MISSING, text, wanted)
        return
    read = dmarc_record.read(records[0].encode("latin-1"))
    if len(records) > 1 or read is None:
        text = tr("there must be one record, with p=") if len(records) > 1 else records[0]
        yield Line("DMARC", State.WRONG, text, wanted)
        return
    if read.p is Disposition.NONE:
        text = tr("p=none: the world only looks on; go on to quarantine, then to reject")
        yield Line("DMARC", State.ADVICE, text, wanted)
    else:
        yield Line("DMARC", State.GOOD, records[0])
    if read.sp and read.sp is Disposition.NONE and read.p is not Disposition.NONE:
        text = tr("sp=none leaves every subdomain open, also those that do not exist")
        yield Line("DMARC", State.WRONG, text)
    async for line in _reports(dns, domain, read.rua):
        yield line


async def _reports(dns: Dns, domain: str, rua: str) -> AsyncIterator[Line]:
    """RFC 7489 7.1: who gets reports about another domain has to say that he wants them."""
    if not rua:
        text = tr("no rua=: you will not hear what is sent in your name")
        yield Line("DMARC", State.ADVICE, text)
    for host in re.findall(r"mailto:[^@,!\s]+@([A-Za-z0-9.-]+)", rua):
        if organisational(host) == organisational(domain):
            continue
        name = f"{domain}._report._dmarc.{host.lower()}"
        if not any(r.startswith(b"v=DMARC1") for r in (await dns.txt(name)).records):
            text = tr(
                "{host} does not say that it takes reports about {domain}", host=host, domain=domain
            )
            yield Line("DMARC", State.WRONG, text, record_line(name, "v=DMARC1"))


async def _mta_sts(dns: Dns, domain: str, office: Office) -> AsyncIterator[Line]:
    name = f"_mta-sts.{domain}"
    record = _tagged((await dns.txt(name)).records, "v=STSv1", "id")
    if not record:
        text = tr(
            "not published: others cannot know that mail to {domain} must come encrypted; the "
            "policy goes to https://mta-sts.{domain}/.well-known/mta-sts.txt: {policy}",
            domain=domain,
            policy=f"version: STSv1 / mode: testing / mx: {office.hostname} / max_age: 604800",
        )
        yield Line("MTA-STS", State.ADVICE, text, record_line(name, f"v=STSv1; id={office.today}"))
        return
    host = f"mta-sts.{domain}"
    if any([(await answer).records for answer in (dns.a(host), dns.aaaa(host))]):
        yield Line("MTA-STS", State.GOOD, record)
    else:
        text = tr("{host}, from which the policy is fetched, has no address", host=host)
        yield Line("MTA-STS", State.WRONG, text)


async def _tls_rpt(dns: Dns, domain: str) -> AsyncIterator[Line]:
    name = f"_smtp._tls.{domain}"
    record = _tagged((await dns.txt(name)).records, "v=TLSRPTv1", "rua")
    if record:
        yield Line("TLS-RPT", State.GOOD, record)
        return
    text = tr("not published: nobody tells you when mail to you cannot be encrypted")
    wanted = record_line(name, f"v=TLSRPTv1; rua=mailto:tls@{domain}")
    yield Line("TLS-RPT", State.ADVICE, text, wanted)


def _tagged(records: Sequence[bytes], version: str, needed: str) -> str:
    """The one record of a version that has a tag it needs; empty if there is none such."""
    texts = [r.decode("latin-1") for r in records]
    found = [t for t in texts if t.partition(";")[0].strip() == version]
    has = len(found) == 1 and re.search(rf";\s*{needed}\s*=\s*\S", found[0])
    return found[0] if has else ""

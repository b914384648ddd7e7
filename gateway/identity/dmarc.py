"""DMARC: whether the domain in From stands behind a message, and what it asks if not.

RFC 9989 with its tags (``np``, ``t``), and RFC 7489 for ``pct``, which domains still publish. The
organisational domain comes from the public suffix list: two questions, where the tree walk of RFC
9989 4.10 asks up to eight.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from gateway.identity.suffix import is_aligned, organisational
from gateway.mail.dns import Dns, DnsAway, Found
from gateway.mail.message import VIEW_MAX, Message
from gateway.mail.origin import (
    Disposition,
    DkimResult,
    DmarcPolicy,
    DmarcResult,
    SpfResult,
    Word,
)

_DOMAIN = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\Z")
_MILDER = {
    Disposition.REJECT: Disposition.QUARANTINE,
    Disposition.QUARANTINE: Disposition.NONE,
    Disposition.NONE: Disposition.NONE,
}
_VERSION = re.compile(rb"v\s*=\s*DMARC1\s*(?:;|\Z)")
_TAGS_MAX = 50
_ALL = 100


class NoAuthor(Exception):
    """There is not exactly one From with one address, so nobody can answer for the message."""


def author_domain(message: Message) -> str:
    """The domain in From; NoAuthor with what is wrong (RFC 7489 6.6.1)."""
    fields = [raw for name, raw in message.fields if name == "from"]
    if len(fields) != 1:
        raise NoAuthor(f"there are {len(fields)} From fields; there must be one")
    name, _, value = fields[0].partition(b":")
    if name.lower() != b"from" or len(value) > VIEW_MAX or not _is_one_line(value):
        raise NoAuthor("the From field is malformed")
    if len(message.authors) != 1:
        raise NoAuthor(f"From names {len(message.authors)} addresses; there must be one")
    domain = message.authors[0][1].domain
    if not _DOMAIN.match(domain):
        raise NoAuthor("From has no address that could be answered")
    return domain


def _is_one_line(value: bytes) -> bool:
    """Whether a field's value, unfolded, has no line end and no NUL: readers differ about those."""
    bare = value.replace(b"\r\n", b"\n").removesuffix(b"\n")
    for fold in (b"\n ", b"\n\t"):
        bare = bare.replace(fold, b"")
    return not any(odd in bare for odd in (b"\r", b"\n", b"\0"))


async def check(
    dns: Dns, message: Message, spf: SpfResult | None, dkim: tuple[DkimResult, ...]
) -> DmarcResult:
    """The result, and what the domain asks for; overrides are the filter's. Raises nothing."""
    try:
        domain = author_domain(message)
    except NoAuthor as error:
        return DmarcResult(Word.PERMERROR, reason=str(error))
    try:
        policy = await find_policy(dns, domain)
    except DnsAway as error:
        return DmarcResult(Word.TEMPERROR, domain, reason=str(error))
    if policy is None:
        return DmarcResult(Word.NONE, domain)
    passed, doubtful = _aligned(domain, policy, spf, dkim)
    if passed:
        return DmarcResult(Word.PASS, domain, policy, reason=passed)
    if doubtful:
        return DmarcResult(Word.TEMPERROR, domain, policy, reason=doubtful)
    reason = f"neither SPF nor DKIM passes for {domain}"
    return DmarcResult(Word.FAIL, domain, policy, _asked(policy, message), reason)


def _aligned(
    domain: str, policy: DmarcPolicy, spf: SpfResult | None, dkim: tuple[DkimResult, ...]
) -> tuple[str, str]:
    """What passes for the domain, and what could not be found out and might have."""
    said = [
        (f"DKIM of {d.domain}", d.word)
        for d in dkim
        if is_aligned(domain, d.domain, strict=policy.is_dkim_strict)
    ]
    if spf and is_aligned(domain, spf.domain, strict=policy.is_spf_strict):
        said.append((f"SPF of {spf.domain}", spf.word))
    passed = [what for what, word in said if word is Word.PASS]
    away = [f"{what} cannot be told now" for what, word in said if word is Word.TEMPERROR]
    return ", ".join(passed), ", ".join(away)


def _asked(policy: DmarcPolicy, message: Message) -> Disposition:
    """After sampling (RFC 7489 6.6.4); the same message always falls on the same side."""
    is_sampled = policy.percent >= _ALL or zlib.crc32(message.head) % _ALL < policy.percent
    return policy.asks if is_sampled and not policy.is_testing else _MILDER[policy.asks]


async def find_policy(dns: Dns, domain: str) -> DmarcPolicy | None:
    """What is published for an author's domain, its own or its organisation's."""
    organisation = organisational(domain)
    own = dns.txt(f"_dmarc.{domain}")
    other = dns.txt(f"_dmarc.{organisation}") if organisation != domain else None
    record = _record(await own)
    if record is not None:
        return record.policy(domain, record.p)
    if other is None or (record := _record(await other)) is None:
        return None
    asks = record.sp or record.p
    if record.np and record.np != asks and not await _exists(dns, domain):
        asks = record.np
    return record.policy(organisation, asks)


def expect(dns: Dns, message: Message) -> None:
    """Ask already for what ``check`` is going to ask, while others ask for theirs."""
    try:
        domain = author_domain(message)
    except NoAuthor:
        return
    for name in {domain, organisational(domain)}:
        dns.txt(f"_dmarc.{name}")


async def _exists(dns: Dns, domain: str) -> bool:
    """RFC 9989 4.9: it has an address or a mail server."""
    asked = (dns.a(domain), dns.aaaa(domain), dns.mx(domain))
    return any([bool((await answer).records) for answer in asked])


@dataclass(frozen=True, slots=True)
class _Record:
    p: Disposition
    sp: Disposition | None
    np: Disposition | None
    tags: dict[str, str]

    def policy(self, domain: str, asks: Disposition) -> DmarcPolicy:
        percent = self.tags.get("pct", "")
        return DmarcPolicy(
            domain,
            asks,
            is_dkim_strict=self.tags.get("adkim", "").lower() == "s",
            is_spf_strict=self.tags.get("aspf", "").lower() == "s",
            percent=min(int(percent), _ALL) if re.match(r"[0-9]{1,3}\Z", percent) else _ALL,
            is_testing=self.tags.get("t", "").lower() == "y",
        )


def _record(found: Found[bytes]) -> _Record | None:
    """The one record that there may be (RFC 7489 6.6.3)."""
    records = [r for r in found.records if _VERSION.match(r)]
    return read(records[0]) if len(records) == 1 else None


def read(record: bytes) -> _Record | None:
    """A record's tags; None if it asks for nothing that we understand."""
    tags: dict[str, str] = {}
    for part in record.decode("latin-1").split(";")[:_TAGS_MAX]:
        name, sign, value = part.partition("=")
        if sign:
            tags.setdefault(name.strip().lower(), value.strip())
    policy = _disposition(tags.get("p"))
    if policy is None:
        if "rua" not in tags:
            return None
        policy = Disposition.NONE  # RFC 7489 6.6.3: it wants reports at least.
    return _Record(policy, _disposition(tags.get("sp")), _disposition(tags.get("np")), tags)


def _disposition(word: str | None) -> Disposition | None:
    known = {each.value: each for each in Disposition}
    return known.get((word or "").lower())

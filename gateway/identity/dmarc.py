"""DMARC: whether the domain in From stands behind a message, and what it asks if not.

RFC 9989: policy and organisational domain by its tree walk, all of whose names are asked at once.
What the public suffix list knows for a suffix is one here whether or not it says ``psd=y``, so
that a record there makes no strangers one organisation.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from gateway.identity.dmarc_record import Record, published
from gateway.identity.suffix import organisational, registered
from gateway.mail.address import normal_domain
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

LABELS_MAX = 8
"""RFC 9989 4.10: of a longer name only the last seven labels are walked, after the name itself."""
_DOMAIN = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\Z")
_MILDER = {
    Disposition.REJECT: Disposition.QUARANTINE,
    Disposition.QUARANTINE: Disposition.NONE,
    Disposition.NONE: Disposition.NONE,
}
_ALL = 100
_TELLING = frozenset((Word.PASS, Word.TEMPERROR))
_SIGNER = re.compile(rb"(?:\A|;)\s*d\s*=\s*([A-Za-z0-9._-]+)")
_SIGNERS_MAX = 8


class NoAuthor(Exception):
    """There is not exactly one From with one address, so nobody can answer for the message."""


def author_domain(message: Message) -> str:
    """The domain in From; NoAuthor with what is wrong (RFC 9989 5.3.1)."""
    found = message.view(_author_domain)
    if isinstance(found, NoAuthor):
        raise NoAuthor(*found.args)
    return found


def _author_domain(message: Message) -> str | NoAuthor:
    fields = [raw for name, raw in message.fields if name == "from"]
    if len(fields) != 1:
        return NoAuthor(f"there are {len(fields)} From fields; there must be one")
    name, _, value = fields[0].partition(b":")
    if name.lower() != b"from" or len(value) > VIEW_MAX or not _is_one_line(value):
        return NoAuthor("the From field is malformed")
    if len(message.authors) != 1:
        return NoAuthor(f"From names {len(message.authors)} addresses; there must be one")
    domain = message.authors[0][1].domain
    if not _DOMAIN.match(domain):
        return NoAuthor("From has no address that could be answered")
    return domain


def _is_one_line(value: bytes) -> bool:
    """Whether a field's value, unfolded, has no line end and no NUL: readers differ about those."""
    bare = value.replace(b"\r\n", b"\n").removesuffix(b"\n")
    for fold in (b"\n ", b"\n\t"):
        bare = bare.replace(fold, b"")
    return not any(odd in bare for odd in (b"\r", b"\n", b"\0"))


@lru_cache(maxsize=16384)
def walked(domain: str) -> tuple[str, ...]:
    """The names of a tree walk, the domain itself first (RFC 9989 4.10)."""
    labels = domain.split(".")
    above = labels[1:] if len(labels) < LABELS_MAX else labels[1 - LABELS_MAX :]
    return domain, *(".".join(above[at:]) for at in range(len(above)))


@dataclass
class Tree:
    """The records of a domain and of those above it, each awaited when it is first needed."""

    domain: str
    asked: list[tuple[str, Awaitable[Found[bytes]]]]
    own: Record | None = None
    _walk: list[tuple[str, Record]] = field(default_factory=list)
    _is_walked: bool = False

    @classmethod
    async def of(cls, dns: Dns, domain: str) -> Tree:
        """Asks about all names, and waits for the domain's own record. DnsAway if there is none."""
        tree = cls(domain, [(name, dns.txt(f"_dmarc.{name}")) for name in walked(domain)])
        tree.own = published(await tree.asked[0][1])
        return tree

    async def records(self) -> list[tuple[str, Record]]:
        """Every record up to where the walk ends, longest name first. DnsAway, too."""
        if self._is_walked:
            return self._walk
        found = [(self.domain, self.own)] if self.own else []
        if not (self.own and self.own.psd == "n"):
            for name, answer in self.asked[1:]:
                record = published(await answer)
                if record is not None:
                    found.append((name, record))
                    if record.psd != "u" or registered(name) is None:
                        break
        self._walk, self._is_walked = found, True
        return found

    async def organisation(self) -> str:
        """The organisational domain (RFC 9989 4.10.2)."""
        found = await self.records()
        for name, record in found:
            if name == self.domain and record.psd != "n":
                continue
            if is_suffix(name, record):
                return ".".join(self.domain.split(".")[-name.count(".") - 2 :])
            if record.psd == "n":
                return name
        return found[-1][0] if found else self.domain


def is_suffix(name: str, record: Record) -> bool:
    """Whether a name with a record stands over strangers: it says so, or the list does."""
    return record.psd == "y" or registered(name) is None


async def check(
    dns: Dns, message: Message, spf: SpfResult | None, dkim: tuple[DkimResult, ...]
) -> DmarcResult:
    """The result, and what the domain asks for; overrides are the filter's. Raises nothing."""
    try:
        domain = author_domain(message)
    except NoAuthor as error:
        return DmarcResult(Word.PERMERROR, reason=str(error))
    try:
        tree = await Tree.of(dns, domain)
        policy = await find_policy(dns, tree)
        if policy is None:
            return DmarcResult(Word.NONE, domain)
        passed, doubtful = await _aligned(dns, tree, _identities(policy, spf, dkim))
    except DnsAway as error:
        return DmarcResult(Word.TEMPERROR, domain, reason=str(error))
    if passed:
        return DmarcResult(Word.PASS, domain, policy, reason=passed)
    if doubtful:
        return DmarcResult(Word.TEMPERROR, domain, policy, reason=doubtful)
    reason = f"neither SPF nor DKIM passes for {domain}"
    return DmarcResult(Word.FAIL, domain, policy, _asked(policy, message), reason)


@dataclass(frozen=True, slots=True)
class _Identity:
    """A domain that SPF or DKIM has shown, or may show another time."""

    what: str
    domain: str
    is_passed: bool
    is_strict: bool


def _identities(
    policy: DmarcPolicy, spf: SpfResult | None, dkim: tuple[DkimResult, ...]
) -> list[_Identity]:
    said = [("DKIM", d.domain, d.word, policy.is_dkim_strict) for d in dkim]
    if spf:
        said.append(("SPF", spf.domain, spf.word, policy.is_spf_strict))
    return [
        _Identity(f"{kind} of {domain}", normal_domain(domain), word is Word.PASS, strict)
        for kind, domain, word, strict in said
        if domain and word in _TELLING
    ]


async def _aligned(dns: Dns, tree: Tree, shown: list[_Identity]) -> tuple[str, str]:
    """What passes for the domain, and what could not be found out and might have.

    Relaxed alignment is asked only where none is the very domain (RFC 9989 4.4).
    """
    same = [one for one in shown if one.domain == tree.domain]
    if not any(one.is_passed for one in same):
        same += [
            one
            for one in shown
            if one not in same and not one.is_strict and await _is_kin(dns, tree, one.domain)
        ]
    passed = ", ".join(one.what for one in same if one.is_passed)
    away = ", ".join(f"{one.what} cannot be told now" for one in same if not one.is_passed)
    return passed, away


async def _is_kin(dns: Dns, tree: Tree, other: str) -> bool:
    """Whether both are of one organisation. Strangers by the list need no walk to be told."""
    if organisational(other) != organisational(tree.domain):
        return False
    above = await tree.organisation()
    if other != above and not other.endswith("." + above):
        return False
    return await (await Tree.of(dns, other)).organisation() == above


def _asked(policy: DmarcPolicy, message: Message) -> Disposition:
    """After sampling (RFC 7489 6.6.4); the same message always falls on the same side."""
    is_sampled = policy.percent >= _ALL or zlib.crc32(message.head) % _ALL < policy.percent
    return policy.asks if is_sampled and not policy.is_testing else _MILDER[policy.asks]


async def find_policy(dns: Dns, tree: Tree) -> DmarcPolicy | None:
    """What counts for the domain: its own record, its organisation's, or its suffix's."""
    if tree.own is not None:
        return tree.own.policy(tree.domain, tree.own.p)
    records = await tree.records()
    if not records:
        return None
    organisation = await tree.organisation()
    name, record = next((one for one in records if one[0] == organisation), records[-1])
    asks = record.sp or record.p
    if record.np and record.np != asks and not await _exists(dns, tree.domain):
        asks = record.np
    return record.policy(name, asks)


def expect(dns: Dns, message: Message, sender: str) -> None:
    """Ask already for what ``check`` is going to ask, while others ask for theirs.

    ``sender`` is the domain of the envelope's sender, which may come to stand behind the message,
    as may those that have signed it.
    """
    try:
        domain = author_domain(message)
    except NoAuthor:
        return
    asked = {domain: walked(domain)}
    own = organisational(domain)
    for other in (normal_domain(sender), *_signers(message)):
        if other not in asked and organisational(other) == own:
            asked[other] = walked(other)
    for name in dict.fromkeys(name for names in asked.values() for name in names):
        dns.txt(f"_dmarc.{name}")


def _signers(message: Message) -> Iterator[str]:
    for value in message.all("DKIM-Signature")[:_SIGNERS_MAX]:
        if found := _SIGNER.search(value[:VIEW_MAX]):
            yield found[1].decode().lower()


async def _exists(dns: Dns, domain: str) -> bool:
    """RFC 9989 3.2.15: it has an address or a mail server."""
    asked = (dns.a(domain), dns.aaaa(domain), dns.mx(domain))
    return any([bool((await answer).records) for answer in asked])

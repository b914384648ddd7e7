"""What public blocklists say about the client, and about the domains that a message names."""

import asyncio
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from gateway.api import (
    Action,
    Address,
    Answer,
    BlocklistAnswer,
    BlocklistAsked,
    Blocklisted,
    Filter,
    Mail,
    Pass,
    Points,
    Reply,
    Session,
    Stage,
    Transaction,
    Verdict,
    ask_blocklist,
    hosts,
    later,
    organisational,
    required,
    strongest,
)

LISTED = later("{list} lists {subject} ({codes})")
WORTHLESS = later("{list} lists {subject} ({codes}), which counts for nothing")
SILENT = later("the list {list} says nothing: {reason}")
Of = Literal["client", "helo", "sender", "author", "links"]


class Blocklist(BaseModel):
    """One list: where it is asked, about what, and what its answers are worth."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    zone: str = Field(pattern=r"^[a-z0-9_-]+(\.[a-z0-9_-]+)+$")
    """``zen.spamhaus.org``; a key that a list has given you stands in it, too."""
    name: str = ""
    """How it is called in ``vanthu why``; its zone if empty. Put one if the zone holds a key."""
    of: tuple[Of, ...] = ("client",)
    """About what it is asked: ``client`` is an address, all others are domains."""
    points: float = 3.0
    """For every answer that ``codes`` and ``bits`` say nothing else about."""
    codes: dict[IPv4Network, float] = Field(default_factory=dict)
    """Points by answer or network of answers; if given, others count for nothing."""
    bits: dict[int, float] = Field(default_factory=dict)
    """Points by bit of the last number, for lists that are several in one."""
    action: Action = Action.POINTS
    """What to do about what it lists. ``reject`` about a client is said at RCPT already."""

    @property
    def shown(self) -> str:
        return self.name or self.zone

    def worth(self, codes: tuple[IPv4Address, ...]) -> float:
        """The points of an answer; 0 if we do not care."""
        found: list[float] = []
        for code in codes:
            found += [p for net, p in self.codes.items() if code in net]
            found += [p for bit, p in self.bits.items() if code.packed[3] & bit]
        if not self.codes and not self.bits:
            found.append(self.points)
        return max(found, default=0.0)


Question: TypeAlias = tuple[Blocklist, str, BlocklistAsked]
"""A list, whom it was asked about, and the question."""


class Dnsbl(Filter):
    """Ask blocklists (RFC 5782), all at once, and count what they say as named points.

    A list that does not answer, refuses to serve us or says yes to everything is no word about
    the mail: ``vanthu why`` tells it. Mail of people who have signed in is not asked about.
    """

    lists: tuple[Blocklist, ...] = ()
    """Which lists are asked, about what, and what a name on them means."""
    patience_s: float = Field(default=3.0, gt=0, le=20)
    """How long all lists together are waited for."""
    away_points: float = 0.0
    """For each list that did not answer."""
    domains: int = Field(default=20, ge=1)
    """Domains of one message that are asked about."""
    trusted_domains: frozenset[str] = frozenset()
    """Registered domains that are not asked about, such as those everybody links to."""

    def stages(self) -> frozenset[Stage]:
        early = {Stage.CONNECT} if any("client" in one.of for one in self.lists) else set[Stage]()
        if self._early():
            early.add(Stage.RCPT)
        return frozenset(early | {Stage.MESSAGE}) if self.lists else frozenset()

    def connect(self, session: Session) -> Verdict | None:
        """Ask already: the answers come while the client is still speaking."""
        if session.is_inbound and session.services.dns is not None:
            for _ in self._client(session, self.lists):
                pass
        return None

    def rcpt(self, transaction: Transaction, recipient: Address) -> Answer:
        session = transaction.session
        if not session.is_inbound or recipient.local.lower() in {"postmaster", "abuse"}:
            return None
        return self._collected(self._client(session, self._early()))

    async def message(self, mail: Mail) -> Verdict | None:
        if not mail.session.is_inbound:
            return None
        return await self._collected(self._all(mail))

    def waits_at(self, stage: Stage) -> bool:
        return bool(self._early()) if stage is Stage.RCPT else super().waits_at(stage)

    def _early(self) -> tuple[Blocklist, ...]:
        return tuple(o for o in self.lists if o.action is Action.REJECT and "client" in o.of)

    def _client(self, session: Session, lists: tuple[Blocklist, ...]) -> Iterator[Question]:
        client = session.client
        if client is None or not client.is_global:
            return
        dns = required(session.services.dns, "dns")
        for one in lists:
            if "client" in one.of:
                yield one, str(client), ask_blocklist(dns, one.zone, client)

    def _all(self, mail: Mail) -> Iterator[Question]:
        yield from self._client(mail.session, self.lists)
        dns = required(mail.services.dns, "dns")
        named: dict[tuple[str, str], None] = {}
        for one in self.lists:
            for of in one.of:
                for domain in self._domains(mail, of):
                    if (one.zone, domain) not in named and len(named) < self.domains:
                        named[one.zone, domain] = None
                        yield one, domain, ask_blocklist(dns, one.zone, _subject(domain))

    def _domains(self, mail: Mail, of: Of) -> Iterator[str]:
        found: tuple[str, ...]
        match of:
            case "client":
                return
            case "helo":
                found = (mail.session.helo.lower(),)
            case "sender":
                found = (mail.transaction.sender.domain,)
            case "author":
                found = tuple(address.domain for _, address in mail.message.authors)
            case "links":
                found = hosts(mail.message)
        for name in found:
            domain = name if isinstance(_subject(name), IPv4Address) else organisational(name)
            is_ours = mail.services.directory.is_ours(name) or domain in self.trusted_domains
            if "." in domain and not is_ours and not name.startswith("["):
                yield domain

    async def _collected(self, questions: Iterator[Question]) -> Verdict | None:
        put = list(questions)  # All are asked here, before the first is waited for.
        until = asyncio.get_running_loop().time() + self.patience_s
        said: list[Verdict] = []
        for one, subject, asked in put:
            try:
                async with asyncio.timeout_at(until):
                    answer = await asked.said()
            except TimeoutError:
                answer = BlocklistAnswer(
                    Blocklisted.AWAY, reason=f"nothing within {self.patience_s:g} s"
                )
            said += self._about(one, subject, answer)
        return strongest(said)

    def _about(self, one: Blocklist, subject: str, answer: BlocklistAnswer) -> Iterator[Verdict]:
        name = f"dnsbl {one.shown}"
        match answer.word:
            case Blocklisted.LISTED:
                codes = ", ".join(map(str, answer.codes))
                worth = one.worth(answer.codes)
                told = LISTED if worth else WORTHLESS
                reason = told.format(list=one.shown, subject=subject, codes=codes)
                if worth:
                    yield one.action.verdict(name, reason, points=worth, reply=_refused(one))
                else:
                    yield Pass(reason)
            case Blocklisted.AWAY | Blocklisted.REFUSES:
                reason = SILENT.format(list=one.shown, reason=f"{answer.word}: {answer.reason}")
                points = (Points(name + " away", self.away_points, reason),)
                yield Pass(reason, points=points if self.away_points else ())
            case Blocklisted.CLEAN:
                pass


def _refused(one: Blocklist) -> Reply:
    return Reply("5.7.1", f"Refused: you are on the blocklist {one.shown}")


def _subject(domain: str) -> IPv4Address | str:
    """An address in a link is asked about as one."""
    try:
        return IPv4Address(domain)
    except AddressValueError:
        return domain

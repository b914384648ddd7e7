"""One session's walk through a chain.

This is the only place that decides what the filters' answers add up to. The doors (SMTP, milter,
an .eml on disk) call one method for each thing the client says, and put the answer in their own
words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeAlias, TypeVar

import msgspec
from msgspec import structs

from gateway.chain.chain import Chain, Link, Step
from gateway.chain.filter import Answer, Filter, Stage
from gateway.mail.edit import AddRecipient, DropRecipient, Edit
from gateway.mail.facts import POINTS
from gateway.mail.message import Message
from gateway.mail.session import Mail, Recipient, Session, Transaction
from gateway.mail.verdict import (
    Accept,
    Defer,
    Desk,
    Discard,
    Final,
    Hold,
    Pass,
    Points,
    Reject,
    Verdict,
)
from gateway.runtime.begun import Begun, begin, within

T = TypeVar("T")
Question: TypeAlias = Callable[[Filter], Answer]

GREETING = frozenset({Stage.CONNECT, Stage.HELO})
"""The stages whose answers hold for every message of the session."""

NOTHING = Pass()
_EDITING = Pass | Hold
"""Made once: a union of types costs more than the question whether something is one of them."""
_REFUSING = Reject | Defer


class Finding(msgspec.Struct, frozen=True):
    """What one filter said at one stage. The list of these is the answer to "why?".

    A dozen are made for every message, which is why it is no dataclass.
    """

    stage: Stage
    filter: str
    verdict: Verdict
    enforced: bool
    took_s: float
    about: str = ""
    """The recipient it is about, at the rcpt stage."""


class Outcome(msgspec.Struct, frozen=True):
    """What the chain as a whole says about a message."""

    verdict: Verdict
    transaction: Transaction
    message: Message
    """As received; ``message.edited(edits)`` is what leaves."""
    recipients: tuple[Recipient, ...]
    """Who is to get it, after the edits."""
    edits: tuple[Edit, ...]
    points: tuple[Points, ...]
    desks: tuple[Desk, ...]
    """Every desk that has to release it, quarantine first; empty unless it is held."""
    findings: tuple[Finding, ...]


def at_once(walk: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that has nothing to wait for, without an event loop's task.

    For a stage that is not in ``chain.waiting``. RuntimeError if it waits all the same.
    """
    try:
        walk.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    walk.close()
    raise RuntimeError("a filter waited at a stage where its chain says that none does")


@dataclass
class Inspection:
    """Asks a chain's filters, stage by stage, and remembers what they said."""

    chain: Chain
    session: Session
    journal: list[Finding] = field(default_factory=list[Finding])
    """All findings about the session's greeting and its present transaction."""
    transaction: Transaction = field(init=False)
    _session_trusted: bool = False
    _mail_trusted: bool = False

    def __post_init__(self) -> None:
        self.transaction = Transaction(self.session)

    async def connect(self) -> Verdict:
        return await self._ask(Stage.CONNECT, lambda f: f.connect(self.session))

    async def helo(self, name: str) -> Verdict:
        self.session.helo = name
        self.journal[:] = [f for f in self.journal if f.stage is Stage.CONNECT]
        return await self._ask(Stage.HELO, lambda f: f.helo(self.session))

    async def mail(self, transaction: Transaction) -> Verdict:
        """Begin a transaction; its recipients come one by one through ``rcpt``."""
        self.transaction = transaction
        self._forget()
        transaction.points[:] = (p for f in self.journal for p in _points(f))
        return await self._ask(Stage.MAIL, lambda f: f.mail(transaction))

    async def rcpt(self, recipient: Recipient) -> Verdict:
        transaction, address = self.transaction, recipient.address
        verdict = await self._ask(
            Stage.RCPT, lambda f: f.rcpt(transaction, address), about=str(address)
        )
        if not isinstance(verdict, _REFUSING):
            transaction.recipients.append(recipient)
        return verdict

    async def body(self, chunk: bytes) -> Verdict:
        return await self._ask(Stage.BODY, lambda f: f.body(self.transaction, chunk))

    async def message(self, message: Message) -> Outcome:
        """Ask the last questions, and add up all that was said about this message."""
        mail = Mail(self.transaction, message)
        last = await self._ask(Stage.MESSAGE, lambda f: f.message(mail))
        outcome = self.outcome(message, last)
        if not self.chain.by_stage[Stage.LEAVE] or isinstance(outcome.verdict, Final):
            return outcome
        return await self._leaving(outcome)

    async def _leaving(self, outcome: Outcome) -> Outcome:
        """Show the message as it leaves to those who answer for that; trust skips none of them."""
        mail = Mail(self.transaction, outcome.message.edited(outcome.edits))
        for step in self.chain.by_stage[Stage.LEAVE]:
            findings = await _put_all(lambda f: f.leave(mail), step, Stage.LEAVE)
            self.journal.extend(findings)
            for finding in findings:
                if finding.enforced and isinstance(finding.verdict, _REFUSING):
                    return self.outcome(outcome.message, finding.verdict)
        return self.outcome(outcome.message, NOTHING)

    def outcome(self, message: Message, last: Verdict) -> Outcome:
        """Add up what was said so far; ``last`` is the answer to the last question."""
        said = [
            f.verdict
            for f in self.journal
            if f.enforced and f.verdict is not NOTHING and not _about_refused(f)
        ]
        verdict = last if isinstance(last, _REFUSING) else _settled(said) if said else NOTHING
        edits = tuple([e for v in said if isinstance(v, _EDITING) for e in v.edits])
        return Outcome(
            verdict=verdict,
            transaction=self.transaction,
            message=message,
            recipients=_recipients(self.transaction.recipients, edits),
            edits=edits,
            desks=_desks(said) if isinstance(verdict, Hold) else (),
            points=tuple([p for v in said if isinstance(v, Pass) for p in v.points]),
            findings=tuple(self.journal),
        )

    def reset(self) -> None:
        """Forget the transaction (RSET, a new MAIL, or the end of the last message)."""
        self.transaction = Transaction(self.session)
        self._forget()

    def _forget(self) -> None:
        self._mail_trusted = False
        self.journal[:] = [f for f in self.journal if f.stage in GREETING]

    async def _ask(self, stage: Stage, question: Question, about: str = "") -> Verdict:
        for step in self.chain.by_stage[stage]:
            if self._session_trusted or self._mail_trusted:
                step = tuple(link for link in step if link.filter.gates)  # noqa: PLW2901
                if not step:
                    continue
            findings = await _put_all(question, step, stage)
            if about:
                findings = [structs.replace(finding, about=about) for finding in findings]
            self.journal.extend(findings)
            if (final := self._counted(findings, stage)) is not None:
                return final
        return NOTHING

    def _counted(self, findings: list[Finding], stage: Stage) -> Final | None:
        """Count what they said; the first of them that ends it, if one does."""
        said = [f.verdict for f in findings if f.enforced and f.verdict is not NOTHING]
        points = [p for verdict in said if isinstance(verdict, Pass) for p in verdict.points]
        if points:
            self.transaction.points.extend(points)
            if total := sum(point.value for point in points):
                facts = self.transaction.facts
                facts[POINTS] = (facts.get(POINTS) or 0.0) + total
        for verdict in said:
            if isinstance(verdict, Final):
                return verdict
            if isinstance(verdict, Accept):
                self._trust(stage)
        return None

    def _trust(self, stage: Stage) -> None:
        if stage in GREETING:
            self._session_trusted = True
        else:
            self._mail_trusted = True


def _points(finding: Finding) -> tuple[Points, ...]:
    """What counts of a finding; a filter that only observes adds nothing."""
    verdict = finding.verdict
    return verdict.points if finding.enforced and isinstance(verdict, Pass) else ()


def _about_refused(finding: Finding) -> bool:
    """A refusal of one recipient is no word about the message that goes to the others."""
    return finding.stage is Stage.RCPT and isinstance(finding.verdict, _REFUSING)


def _settled(said: list[Verdict]) -> Verdict:
    """Discard beats Hold, a Hold once said stays, and what is trusted is no more than passed."""
    for verdict in said:
        if isinstance(verdict, Discard):
            return verdict
    holds = [v for v in said if isinstance(v, Hold)]
    if holds:
        return Hold("; ".join(v.reason for v in holds), _desks(said)[0])
    return next((v for v in said if isinstance(v, Accept)), NOTHING)


def _desks(said: list[Verdict]) -> tuple[Desk, ...]:
    desks = {v.desk for v in said if isinstance(v, Hold)}
    return tuple(d for d in (Desk.QUARANTINE, Desk.APPROVAL) if d in desks)


def _recipients(named: list[Recipient], edits: tuple[Edit, ...]) -> tuple[Recipient, ...]:
    if not edits and len(named) <= 1:
        return tuple(named)
    dropped = {e.address.key for e in edits if isinstance(e, DropRecipient)}
    added = [Recipient(e.address) for e in edits if isinstance(e, AddRecipient)]
    kept: dict[str, Recipient] = {}
    for recipient in (*(r for r in named if r.address.key not in dropped), *added):
        kept.setdefault(str(recipient.address), recipient)
    return tuple(kept.values())


async def _put_all(question: Question, step: Step, stage: Stage) -> list[Finding]:
    """Ask the filters of one step together.

    Each is run here as far as it comes; most need not wait. Where one has to, those behind it that
    may have to get tasks of their own, so that whatever they ask is asked before he is answered.
    """
    findings: list[Finding] = []
    for at, link in enumerate(step):
        begun = begin(_put(question, link, stage))
        if isinstance(begun, Begun):
            return await _together(findings, begun, question, step[at + 1 :], stage)
        findings.append(begun.value)
    return findings


async def _together(
    findings: list[Finding], first: Begun[Finding], question: Question, rest: Step, stage: Stage
) -> list[Finding]:
    others = [
        asyncio.create_task(_put(question, link, stage)) if link.filter.waits_at(stage) else link
        for link in rest
    ]
    try:
        findings.append(await first)
        findings += [
            await (other if isinstance(other, asyncio.Task) else _put(question, other, stage))
            for other in others
        ]
        return findings
    finally:
        for other in others:
            if isinstance(other, asyncio.Task):
                other.cancel()  # Of no effect unless this whole walk was given up.


async def _put(question: Question, link: Link, stage: Stage) -> Finding:
    """Ask one filter. Whatever goes wrong inside it becomes a verdict, by the link's own rule."""
    began = perf_counter()
    try:
        answer = question(link.filter)
        if answer is not None and not isinstance(answer, Verdict):
            answer = await within(link.timeout_s, answer)
        verdict = answer or NOTHING
    except Exception as error:  # A filter's bug may delay mail; it may not lose it or let it by.
        reason = f"{link.name} failed: {type(error).__name__}: {error}"
        verdict = Defer(reason) if link.on_error == "defer" else Pass(reason)
    enforced = link.mode == "enforce"
    return Finding(stage, link.name, verdict, enforced, perf_counter() - began)

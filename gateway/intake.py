"""From what the chain said to what is kept. Pure: nothing is written here."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from gateway.archive.commands import Addressed, Change, Checked, Peer, Rcpt, Receive, Told
from gateway.archive.journal import Entry, JournalError, Kept
from gateway.chain.inspection import Finding, Inspection, Outcome
from gateway.mail.edit import AddHeader, DropHeader, Edit
from gateway.mail.facts import SEALED
from gateway.mail.flaws import CHECKED, Weight
from gateway.mail.services import Enclosing
from gateway.mail.session import Recipient, Session, Transaction
from gateway.mail.text import one_line
from gateway.mail.verdict import Desk, Discard, Hold, Pass
from gateway.mail.vietnamese import readable
from gateway.registry.distribution import DISTRIBUTION
from gateway.runtime.ids import new_id

SEALER = "secrecy"
"""The filter that seals: it tells degree and part, nothing of what a document says."""
OFFICE = ZoneInfo("Asia/Ho_Chi_Minh")


def entry(outcome: Outcome, now: datetime) -> Entry:
    """A message that is taken: accepted, held or discarded. It takes an archive number."""
    transaction, message = outcome.transaction, outcome.message
    match outcome.verdict:
        case Hold(reason=reason):
            state = "held"
        case Discard(reason=reason):
            state = "discarded"
        case verdict:
            state, reason = "accepted", verdict.reason
    recipients = outcome.recipients or tuple(transaction.recipients)
    name, author = message.author
    is_sealed = transaction.facts.get(SEALED) is True
    command = Receive(
        id=transaction.id,
        at_ms=_ms(now),
        state=state,  # type: ignore[arg-type] # one of the three above
        direction=transaction.direction.value,
        peer=_peer(transaction.session),
        sender=str(transaction.sender),
        recipients=tuple(map(_rcpt, recipients)),
        desks=tuple([desk.value for desk in outcome.desks]),
        reason=_reason(outcome, reason) if is_sealed else reason,
        changes=_changes((*outcome.edits, _received(transaction, recipients, now))),
        findings=tuple(_told(finding, is_sealed=is_sealed) for finding in outcome.findings),
        size=len(message),
        subject="" if is_sealed else one_line(readable(message.header("Subject")), 500),
        author=one_line(f"{name} <{author}>" if name else str(author), 300),
        message_id=one_line(message.header("Message-ID"), 300),
        date=one_line(message.header("Date"), 80),
        envid=transaction.envid,
        ret=transaction.ret,
        is_8bit=transaction.is_8bit,
        is_utf8=transaction.is_utf8,
        is_null_ok=not transaction.session.is_inbound,
        checked=() if is_sealed else _checked(transaction),
        addressed=None if is_sealed else addressed_in(transaction),
        sealed=is_sealed,
    )
    envelope = transaction.session.services.envelope
    if is_sealed and state != "accepted" and envelope is not None:
        return _enclosed(command, message.raw, envelope)
    return Entry(command, (message.raw,), numbered=True)


def _enclosed(command: Receive, raw: bytes | bytearray, envelope: Enclosing) -> Entry:
    """What bears a secrecy stamp and goes nowhere is never on the disk in clear."""
    known = replace(command, enclosed_for=envelope.names, clear_sha256=sha256(raw).hexdigest())
    return Entry(known, (envelope.enclose(raw),), numbered=True)


def refusal(walk: Inspection, reply: str, now: datetime) -> Entry:
    """A transaction that was refused: its findings, without number and without the message."""
    transaction = walk.transaction
    about = [f.about for f in walk.journal if f.about and not isinstance(f.verdict, Pass)]
    named = [str(r.address) for r in transaction.recipients]
    is_sealed = transaction.facts.get(SEALED) is True
    command = Receive(
        id=transaction.id or new_id(),
        at_ms=_ms(now),
        state="refused",
        direction="in" if walk.session.is_inbound else "out",
        peer=_peer(walk.session),
        sender=str(transaction.sender),
        recipients=tuple(Rcpt(a) for a in dict.fromkeys([*named, *about])),
        reply=reply,
        findings=tuple(_told(f, is_sealed=is_sealed) for f in walk.journal),
    )
    return Entry(command)


def answer(outcome: Outcome, kept: Kept) -> str:
    """What the client is told: the number under which it will be found."""
    where = f"as {kept.number} (id {outcome.transaction.id})"
    if outcome.desks:
        desk = "approval" if outcome.desks[0] is Desk.APPROVAL else "a check"
        return f"250 2.3.0 Held for {desk} {where}"
    return f"250 2.0.0 Kept {where}"


def regret(error: JournalError) -> str:
    """What the client is told when it could not be kept."""
    code = "452" if error.status == "4.3.1" else "451"
    return f"{code} {error.status} It could not be kept; please try again later"


def _ms(now: datetime) -> int:
    return int(now.timestamp() * 1000)


def _peer(session: Session) -> Peer:
    return Peer(
        door=session.door,
        listener=session.listener.value,
        client=session.place,
        port=session.client_port,
        helo=one_line(session.helo, 255),
        user=session.user,
        tls=f"{session.tls.version} {session.tls.cipher}" if session.tls else "",
        session=session.id,
        vouched=session.vouched,
    )


def _rcpt(recipient: Recipient) -> Rcpt:
    return Rcpt(str(recipient.address), tuple(sorted(recipient.notify)), recipient.orcpt)


def _changes(edits: tuple[Edit, ...]) -> tuple[Change, ...]:
    changes: list[Change] = []
    for edit in edits:
        match edit:
            case AddHeader(name, value):
                changes.append(Change("add", name, value))
            case DropHeader(name, nth):
                changes.append(Change("drop", name, nth=-1 if nth is None else nth))
            case _:
                pass  # Recipients are what they are by now.
    return tuple(changes)


def _checked(transaction: Transaction) -> tuple[Checked, ...]:
    """What the check of documents left for whoever approves, without what weighs nothing."""
    return tuple(
        Checked(
            part=paper.part,
            name=one_line(paper.name, 200),
            profile=paper.profile,
            number=one_line(paper.number, 100),
            is_number_certain=paper.is_number_certain,
            day=paper.day,
            abstract=one_line(paper.abstract, 500),
            signers=tuple(one_line(signer, 200) for signer in paper.signers),
            flaws=tuple(
                (flaw.rule, flaw.weight.value, one_line(flaw.said, 300))
                for flaw in paper.flaws
                if flaw.weight is not Weight.PASS
            ),
        )
        for paper in transaction.facts.get(CHECKED) or ()
    )


def addressed_in(transaction: Transaction) -> Addressed | None:
    """What the comparison of recipients left for whoever approves."""
    found = transaction.facts.get(DISTRIBUTION)
    if found is None:
        return None
    columns = (found.present, found.missing, found.extra, found.doubtful, found.ended)
    return Addressed(found.document, *(tuple(one_line(w, 300) for w in who) for who in columns))


def _reason(outcome: Outcome, reason: str) -> str:
    """Why a sealed message waits, if it is the seal that says so; others may have quoted it."""
    sealing = (f.verdict.reason for f in outcome.findings if f.filter == SEALER)
    return reason if reason in sealing else SEALER


def _told(finding: Finding, *, is_sealed: bool = False) -> Told:
    """What a filter said; of a sealed message only what it decided: reasons quote what they saw."""
    verdict = finding.verdict
    points = verdict.points if isinstance(verdict, (Pass, Hold)) else ()
    reason = one_line(verdict.reason, 500)
    if is_sealed and finding.filter != SEALER:
        reason, points = "", ()
    return Told(
        stage=finding.stage.value,
        filter=finding.filter,
        verdict=type(verdict).__name__.lower(),
        reason=reason,
        took_us=int(finding.took_s * 1_000_000),
        enforced=finding.enforced,
        about=finding.about,
        points=tuple([(p.name, p.value, p.reason) for p in points]),
    )


def _received(
    transaction: Transaction, recipients: tuple[Recipient, ...], now: datetime
) -> AddHeader:
    """Our trace field (RFC 5321 4.4). ``for`` only with one recipient: others are no one's."""
    session = transaction.session
    protocol = "UTF8SMTP" if transaction.is_utf8 else "ESMTP" if session.is_esmtp else "SMTP"
    protocol += ("S" if session.tls else "") + ("A" if session.user else "")
    client = session.place or "unknown"
    literal = f"IPv6:{client}" if ":" in client else client
    lines = [f"from {_word(session.helo)} ([{literal}])"]
    lines.append(f"by {session.services.hostname} with {protocol}")
    lines[-1] += f" id {transaction.id}"
    if len(recipients) == 1:
        lines.append(f"for <{recipients[0].address}>")
    return AddHeader("Received", "\r\n\t".join(lines) + f";\r\n\t{_stamp(int(now.timestamp()))}")


@lru_cache(1024)
def _word(helo: str) -> str:
    """A client's name for itself, without what could end its word in a Received field."""
    return "".join([c for c in helo if c.isalnum() or c in ".-_:[]"])[:255] or "unknown"


@lru_cache(2)
def _stamp(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, OFFICE))


def utc_now() -> datetime:
    return datetime.now(UTC)

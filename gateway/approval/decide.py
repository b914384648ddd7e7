"""From a person's wish to a word for the journal: his authority, and the bytes hashed again.

Mail, command line and a web desk call the same function; whether the word counts is found by the
fold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from gateway.approval.authority import Authority, NotAllowed
from gateway.approval.book import Book, Waiting
from gateway.approval.drafts import draft_in
from gateway.approval.letters import Case
from gateway.approval.manifest import envelope_digest, raw_digest
from gateway.approval.office import Office
from gateway.approval.rendition import difference, lines_of
from gateway.archive.approvals import BreakGlass, Say
from gateway.archive.commands import Peer, Rcpt, Receive
from gateway.archive.journal import JournalError, Record
from gateway.archive.queries import Queries
from gateway.mail.message import Message
from gateway.runtime.words import later

Verdict: TypeAlias = Literal["approve", "refuse", "withdraw"]


class Damaged(Exception):
    """What is stored of a message is not what came, or cannot be read any more."""


@dataclass(frozen=True, slots=True)
class How:
    """By which way somebody said it."""

    channel: str
    strength: str
    code: str = ""
    reply: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Decider:
    """Makes words about waiting messages."""

    office: Office
    book: Book
    queries: Queries

    def record(self, mail: str) -> Record:
        """A message whole, its bytes checked against their digest. Damaged if they are not those
        that came; LookupError for a message that there never was."""
        found = self.queries.one(mail)
        if found is None:
            raise LookupError(f"no message {mail}")
        try:
            return self.queries.record(found)
        except (JournalError, LookupError) as error:
            raise Damaged(f"mail {mail}: {error}") from error

    def case(self, row: Waiting) -> Case:
        """A waiting message with everything that is said about it. Damaged if it is not the one
        that came: nobody is shown anything else."""
        record = self.record(row.mail)
        _same(row, record)
        arrival = record.command
        assert isinstance(arrival, Receive)
        message, recipients = self.content(row, arrival, record.raw)
        changed, against = self._before(row, message, recipients)
        tried = [why for why in self.book.tried(row.mail).values() if why]
        return Case(
            office=self.office,
            row=row,
            arrival=arrival,
            number=str(record.number or ""),
            message=message,
            recipients=recipients,
            difference=changed,
            against=against,
            tag_trouble="; ".join(tried),
        )

    def told(self, row: Waiting) -> Case:
        """As much of a case as its readers are told of how it ended, without the bytes if they
        cannot be read."""
        try:
            return self.case(row)
        except Damaged:
            found = self.queries.one(row.mail)
            if found is None:
                raise
            arrival = Receive(
                id=found.id,
                at_ms=found.at_ms,
                state="held",
                direction="out",
                peer=Peer("", "", user=found.login),
                sender=found.sender,
                recipients=tuple(Rcpt(address) for address, _ in found.recipients),
                subject=found.subject,
                message_id=found.message_id,
            )
            return Case(
                office=self.office,
                row=row,
                arrival=arrival,
                number=found.number,
                message=Message(b"\r\n"),
                recipients=tuple(address for address, _ in found.recipients),
            )

    def approvers(self, row: Waiting, at: datetime) -> tuple[Authority, ...]:
        """Who may decide the present step."""
        box, barred = self.office.box(row.box), {row.author, *self.book.approved_before(row)}
        return self.office.may_ask(box, row.now_at, self.book.delegations(), at, barred)

    def content(
        self, row: Waiting, arrival: Receive, raw: bytes
    ) -> tuple[Message, tuple[str, ...]]:
        """What is to be approved, and for whom: the message, or the draft within it."""
        if row.kind == "draft":
            draft = draft_in(Message(raw), arrival, self.office.drafts)
            if draft is not None:
                return draft.message, draft.recipients
        return Message(raw), tuple(r.address for r in arrival.recipients)

    def _before(self, row: Waiting, message: Message, recipients: Iterable[str]) -> tuple[str, str]:
        """How it differs from the version before, and that one's number."""
        earlier = self.book.ask(row.before) if row.before else None
        if earlier is None:
            return "", ""
        record = self.record(earlier.mail)
        assert isinstance(record.command, Receive)
        seen, to = self.content(earlier, record.command, record.raw)
        changed = difference(lines_of(seen, to), lines_of(message, recipients))
        return changed, str(record.number or earlier.mail)

    def digests(self, row: Waiting) -> tuple[str, str]:
        """(raw, envelope) of what lies in the archive now. Damaged if that is not what came."""
        record = self.record(row.mail)
        _same(row, record)
        command = record.command
        assert isinstance(command, Receive)
        recipients = row.recipients or tuple(r.address for r in command.recipients)
        return raw_digest(record.raw), envelope_digest(command.sender, recipients)

    def word(self, row: Waiting, login: str, verdict: Verdict, at: datetime, how: How) -> Say:
        """A word ready for the journal. NotAllowed says why this person may not say it; Damaged
        where he would let out what is not what came."""
        raw, envelope = self._read_by(row, verdict)
        capacity = delegation = basis = ""
        if verdict == "withdraw":
            if login != row.author:
                raise NotAllowed(later("only who sent it may take it back"))
        elif row.state == "pending" or row.trouble:  # Of what is over, the fold tells the rest.
            box = self.office.box(row.box)
            lent = self.book.delegations()
            own = row.own and login == row.author and verdict == "approve"
            barred = self.book.approved_before(row) | (frozenset() if own else {row.author})
            found = self.office.authority_of(box, row.now_at, lent, login, at, barred)
            capacity, delegation, basis = str(found.capacity), found.delegation, found.basis
        return Say(
            mail=row.mail,
            verdict=verdict,
            actor=login,
            at_ms=int(at.timestamp() * 1000),
            step=row.step,
            capacity=capacity,
            delegation=delegation,
            basis=basis,
            digest=raw,
            envelope=envelope,
            code=how.code,
            channel=how.channel,
            strength=how.strength,
            comment=how.comment,
            reply=how.reply,
        )

    def _read_by(self, row: Waiting, verdict: Verdict) -> tuple[str, str]:
        """The digests of what he decides about. What only closes it needs no sound bytes."""
        try:
            return self.digests(row)
        except Damaged:
            if verdict == "approve":
                raise
            return "", ""

    def break_glass(self, row: Waiting, login: str, reason: str, at: datetime) -> BreakGlass:
        """One of two words that let it out without its leader. NotAllowed if he is not named,
        Damaged as in ``word``."""
        if login not in self.office.table.break_glass:
            raise NotAllowed(
                later("{login} is not among break_glass in approval.toml").format(login=login)
            )
        raw, envelope = self.digests(row)
        return BreakGlass(row.mail, login, int(at.timestamp() * 1000), reason, raw, envelope)


def _same(row: Waiting, record: Record) -> None:
    if row.digest and raw_digest(record.raw) != row.digest:
        raise Damaged(f"mail {row.mail}: what is stored is not what came")

"""What the approval desk's rows say. Nothing here writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Engine, and_, or_, select

from gateway.approval import code_rows, delegations
from gateway.approval.authority import Delegation
from gateway.approval.code_rows import Issued
from gateway.approval.rows import asks, decisions, handovers, letters, tags, tries
from gateway.archive.approvals import Alarm, HandOver, Step

_row = asks.c


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits for approval, or has."""

    mail: str
    seq: int
    kind: str
    state: str
    box: str
    unit: str
    author: str
    digest: str
    envelope: str
    manifest: str
    at_ms: int
    expires_ms: int
    urgent: str
    steps: tuple[Step, ...]
    step: int
    requested: int
    approvers: tuple[str, ...]
    alarms: tuple[Alarm, ...]
    rung: int
    before: str
    recipients: tuple[str, ...]
    announced: str
    glass: str
    own: bool
    trouble: str = ""

    @property
    def now_at(self) -> Step:
        """The present step."""
        return self.steps[self.step] if self.step < len(self.steps) else Step("leader")


@dataclass(frozen=True, slots=True)
class Decided:
    """One word that was said."""

    seq: int
    mail: str
    step: int
    decision: str
    approver: str
    capacity: str
    delegation: str
    basis: str
    digest: str
    manifest: str
    envelope: str
    channel: str
    strength: str
    at_ms: int
    comment: str
    reply: str
    counted: bool
    why_not: str
    chain: str


class Book:
    """Questions about the rows."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _asks(self, *where: ColumnElement[bool], newest_first: bool = False) -> list[Waiting]:
        order = _row.seq.desc() if newest_first else _row.seq
        with self._engine.connect() as connection:
            rows = connection.execute(select(asks).where(*where).order_by(order)).mappings().all()
        return [_waiting(dict(row)) for row in rows]

    def ask(self, mail: str) -> Waiting | None:
        """What is known of one message; None if it never waited."""
        return next(iter(self._asks(_row.mail == mail)), None)

    def new(self) -> list[Waiting]:
        """Held, and nobody has been asked yet."""
        return self._asks(_row.state == "new")

    def pending(self) -> list[Waiting]:
        """All that wait for somebody: for an approver, or with damaged bytes."""
        stuck = and_(_row.state == "approved", _row.trouble != "")
        return self._asks(or_(_row.state.in_(("new", "pending")), stuck))

    def everything(self) -> list[Waiting]:
        """All that wait or have waited, oldest first."""
        return self._asks()

    def to_request(self) -> list[Waiting]:
        """The approvers of the present step have not been asked."""
        return self._asks(_row.state == "pending", _row.requested < _row.step)

    def approved(self) -> list[Waiting]:
        """To be released, or to get a tag."""
        return self._asks(_row.state == "approved")

    def ringing(self, now_ms: int) -> list[Waiting]:
        """An alarm is due."""
        stuck = and_(_row.state.in_(("new", "approved")), _row.trouble != "")
        return self._asks(_row.next_ms <= now_ms, or_(_row.state == "pending", stuck))

    def to_announce(self) -> list[Waiting]:
        """Something has become of them that not all know."""
        done = ("queued", "rejected", "withdrawn", "expired", "superseded", "tagged")
        return self._asks(_row.state.in_(done), _row.announced != _row.state)

    def earlier(self, author: str, before_seq: int, limit: int = 200) -> list[Waiting]:
        """What the same person handed in before, newest first."""
        with self._engine.connect() as connection:
            wanted = select(asks).where(_row.author == author, _row.seq < before_seq)
            rows = connection.execute(wanted.order_by(_row.seq.desc()).limit(limit)).mappings()
            return [_waiting(dict(row)) for row in rows]

    def of_author(self, author: str) -> list[Waiting]:
        """Everything of one person, newest first."""
        return self._asks(_row.author == author, newest_first=True)

    def tried(self, mail: str) -> dict[str, str]:
        """Tags that it bore, and why each did not let it out."""
        with self._engine.connect() as connection:
            wanted = select(tries.c.hash, tries.c.why_not).where(tries.c.mail == mail)
            return {row.hash: row.why_not for row in connection.execute(wanted)}

    def draft_of(self, tag: str) -> Waiting | None:
        """The draft for which the tag of this hash was given."""
        with self._engine.connect() as connection:
            draft = connection.execute(select(tags.c.draft).where(tags.c.hash == tag)).scalar()
        return self.ask(draft) if draft else None

    def decisions(self, mail: str) -> list[Decided]:
        """Every word about a message, in order, also those that came too late."""
        return self._decisions(decisions.c.mail == mail)

    def approved_before(self, row: Waiting) -> frozenset[str]:
        """Who approved a step before the present one."""
        if not row.step:
            return frozenset()
        said = (w for w in self.decisions(row.mail) if w.counted and w.decision == "approve")
        return frozenset(word.approver for word in said if word.step < row.step)

    def by_reply(self, reply: str) -> Decided | None:
        """The word that a mail to the desk came to."""
        return next(iter(self._decisions(decisions.c.reply == reply)), None)

    def _decisions(self, where: ColumnElement[bool]) -> list[Decided]:
        with self._engine.connect() as connection:
            wanted = select(decisions).where(where).order_by(decisions.c.seq)
            return [Decided(**row) for row in connection.execute(wanted).mappings()]

    def letters(self) -> list[tuple[str, int]]:
        """Mails to the desk that nobody has answered yet: (id, record), oldest first."""
        row = letters.c
        with self._engine.connect() as connection:
            waiting = select(row.mail, row.seq).where(row.handled == "").order_by(row.seq)
            return [(mail, seq) for mail, seq in connection.execute(waiting)]

    def code(self, hash_: str) -> Issued | None:
        with self._engine.connect() as connection:
            return code_rows.look_up(connection, hash_)

    def delegations(self) -> list[Delegation]:
        """All that the decree allowed, over and revoked ones too."""
        with self._engine.connect() as connection:
            return delegations.all_of(connection)

    def handovers(self) -> list[HandOver]:
        """Units that passed from one leader to another, in order."""
        fields = HandOver.__struct_fields__
        with self._engine.connect() as connection:
            rows = connection.execute(select(handovers).order_by(handovers.c.seq)).mappings()
            return [HandOver(**{name: row[name] for name in fields}) for row in rows]

    def in_force(self, at: datetime) -> list[Delegation]:
        return [lent for lent in self.delegations() if lent.in_force(at)]

    def why_no_delegation(self, id_: str) -> str | None:
        """Why a grant has no effect; empty if it has; None if there is none."""
        with self._engine.connect() as connection:
            return delegations.why_not(connection, id_)


def _waiting(row: dict[str, Any]) -> Waiting:
    del row["next_ms"]
    row["steps"] = msgspec.json.decode(row["steps"], type=tuple[Step, ...])
    row["alarms"] = msgspec.json.decode(row["alarms"], type=tuple[Alarm, ...])
    for name in ("approvers", "recipients"):
        row[name] = tuple(filter(None, row[name].split(",")))
    return Waiting(**row)

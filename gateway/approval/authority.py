"""In which capacity somebody may approve: himself, as a deputy, by order, or by a mandate.

Decree 30/2020 article 13 and its annex I; article 7 of the regulation for absence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.mail.people import Directory, Mailbox
from gateway.runtime.words import later


class Capacity(StrEnum):
    """Quyền hạn: what stands before the signer's title."""

    SELF = "self"
    """The leader himself."""
    TM = "TM"
    """Thay mặt: for a collective body."""
    KT = "KT"
    """Ký thay: a deputy for the head."""
    TL = "TL"
    """Thừa lệnh: by order."""
    TUQ = "TUQ"
    """Thừa ủy quyền: by a written mandate, limited in time, not passed on."""
    ABSENCE = "absence"
    """The head is away and has named a stand-in for the time."""
    CLERK = "clerk"
    """The records clerk, who checks form and number (Decree 30/2020, article 12.2)."""
    BREAK_GLASS = "break-glass"
    """Two named people in an emergency, with a reason, told to the leader."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """Authority lent for a period and a scope. ``mailboxes`` empty: all of the lender's unit."""

    id: str
    lender: str
    holder: str
    capacity: Capacity
    begins: datetime
    ends: datetime
    mailboxes: frozenset[str] = frozenset()
    basis: str = ""
    """The document that grants it: number and date."""
    revoked_at: datetime | None = None

    def in_force(self, at: datetime) -> bool:
        """Whether it counts at this moment: ``begins`` <= at < ``ends``, and not revoked."""
        return self.begins <= at < self.ends and (self.revoked_at is None or at < self.revoked_at)

    def covers(self, mailbox: str) -> bool:
        """Whether its scope reaches this mailbox (an address in lower case)."""
        return not self.mailboxes or mailbox in self.mailboxes


@dataclass(frozen=True, slots=True)
class Authority:
    """Why somebody may decide: the capacity, and the delegation it rests on, if any."""

    approver: str
    capacity: Capacity
    delegation: str = ""
    basis: str = ""


class NotAllowed(Exception):
    """He may not decide this; the text says why, in words for him."""


def check_delegation(new: Delegation, existing: Iterable[Delegation], at: datetime) -> None:
    """Refuse a delegation that the decree does not know. NotAllowed says which rule it breaks."""
    if new.lender == new.holder:
        raise NotAllowed(later("authority cannot be lent to oneself"))
    if new.ends <= new.begins or new.ends <= at:
        raise NotAllowed(later("the period must end after it begins, and in the future"))
    if new.capacity in {Capacity.SELF, Capacity.CLERK, Capacity.BREAK_GLASS}:
        raise NotAllowed(
            later("{capacity} is not something that can be lent").format(capacity=new.capacity)
        )
    if new.capacity is Capacity.TUQ and not new.basis.strip():
        raise NotAllowed(
            later("TUQ needs its written mandate: name the document and its date as basis")
        )
    if new.capacity is not Capacity.KT:
        for held in existing:
            if held.holder == new.lender and held.in_force(at) and held.capacity is Capacity.TUQ:
                raise NotAllowed(later("authority held by mandate (TUQ) may not be passed on"))


def approvers(
    directory: Directory, box: Mailbox, delegations: Iterable[Delegation], at: datetime
) -> tuple[Authority, ...]:
    """Everyone who may approve mail of this mailbox at this moment, the leader first.

    Disabled people are left out. An empty answer means that nobody can: the mail is held.
    """
    unit = directory.unit(box.unit)
    if unit is None:
        return ()
    found: dict[str, Authority] = {}

    def add(authority: Authority) -> None:
        person = directory.person(authority.approver)
        if person is not None and not person.disabled:
            found.setdefault(authority.approver, authority)

    add(Authority(unit.leader, Capacity.SELF))
    for deputy in unit.deputies:
        add(Authority(deputy, Capacity.KT))
    for lent in delegations:
        leads = lent.lender == unit.leader or lent.lender in unit.deputies
        if leads and lent.in_force(at) and lent.covers(box.address.key):
            add(Authority(lent.holder, lent.capacity, lent.id, lent.basis))
    return tuple(found.values())


def authority_of(
    directory: Directory,
    box: Mailbox,
    delegations: Iterable[Delegation],
    login: str,
    at: datetime,
) -> Authority:
    """The authority under which this login decides now. NotAllowed if it has none."""
    lent = list(delegations)
    for authority in approvers(directory, box, lent, at):
        if authority.approver == login:
            return authority
    late = [d for d in lent if d.holder == login and d.ends <= at]
    if late:
        ended = max(d.ends for d in late)
        told = later("your delegation ended at {time} on {day}; ask for a new one")
        raise NotAllowed(told.format(time=f"{ended:%H:%M}", day=f"{ended:%d/%m/%Y}"))
    scoped = [d for d in lent if d.holder == login and d.in_force(at)]
    if scoped:
        raise NotAllowed(later("your delegation does not cover {box}").format(box=box.address))
    raise NotAllowed(later("you are not an approver of {box}").format(box=box.address))

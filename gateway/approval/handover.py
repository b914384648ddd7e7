"""A unit gets another leader: what of the desk's matters passes to him, and in which form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from gateway.approval.authority import Delegation
from gateway.approval.delegations import to_ms
from gateway.archive.approvals import HandOver, Lend, Revoke
from gateway.mail.people import Directory, Unit


def concerned(lent: Iterable[Delegation], login: str, at: datetime) -> list[Delegation]:
    """What somebody has lent and what is in force, or will be."""
    return [d for d in lent if d.lender == login and d.ends > at and d.revoked_at is None]


def passed(
    lent: Iterable[Delegation],
    said: HandOver,
    boxes: frozenset[str],
    at: datetime,
    new_id: Callable[[], str],
    *,
    keeps_other: bool,
) -> Iterator[Lend | Revoke]:
    """What becomes of the delegations of him who goes, for the batch of the hand-over.

    They go on in the name of who comes, for the mailboxes of this unit (``boxes``) alone, and no
    longer than before. One lent to who comes is no longer needed. ``keeps_other``: he who goes
    leads another unit still; what he lent stays in force there.
    """
    mine = concerned(lent, said.before, at)
    if not keeps_other:
        for one in mine:
            yield Revoke(one.id, said.actor, said.at_ms, f"hand-over {said.id}")
    for one in mine:
        reach = one.mailboxes & boxes if one.mailboxes else boxes
        if not reach or one.holder == said.after:
            continue
        goes_on = replace(one, begins=max(one.begins, at))
        basis = "; ".join(filter(None, [one.basis, said.basis]))
        yield Lend(
            id=new_id(),
            lender=said.after,
            holder=one.holder,
            capacity=str(one.capacity),
            begins_ms=to_ms(goes_on.begins),
            ends_ms=to_ms(one.ends),
            actor=said.actor,
            at_ms=said.at_ms,
            mailboxes=tuple(sorted(reach)),
            basis=basis,
        )


def may_hand_over(directory: Directory, unit: Unit, login: str, named: Iterable[str]) -> bool:
    """Whether this login may do it: who leads the unit or one above it, or one of ``named``."""
    above: Unit | None = unit
    for _ in range(100):
        if above is None:
            break
        if login == above.leader:
            return True
        above = directory.unit(above.parent) if above.parent else None
    return login in set(named)

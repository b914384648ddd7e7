"""Delegations as rows: what was granted, what is in force, and what the decree did not allow."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, Row, insert, select, update

from gateway.approval.authority import Capacity, Delegation, NotAllowed, check_delegation
from gateway.approval.rows import delegations
from gateway.archive.approvals import Lend, Revoke


def moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def to_ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def lent(said: Lend) -> Delegation:
    """A command as a value. ValueError for a capacity that there is not."""
    return Delegation(
        id=said.id,
        lender=said.lender,
        holder=said.holder,
        capacity=Capacity(said.capacity),
        begins=moment(said.begins_ms),
        ends=moment(said.ends_ms),
        mailboxes=frozenset(said.mailboxes),
        basis=said.basis,
    )


def lend(connection: Connection, said: Lend) -> None:
    """Write it down, in force or not: what the decree does not know stays without effect."""
    if connection.execute(select(delegations).where(delegations.c.id == said.id)).first():
        return
    why_not = ""
    try:
        check_delegation(lent(said), all_of(connection), moment(said.at_ms))
    except (NotAllowed, ValueError) as error:
        why_not = str(error)
    connection.execute(
        insert(delegations).values(
            id=said.id,
            lender=said.lender,
            holder=said.holder,
            capacity=said.capacity,
            begins_ms=said.begins_ms,
            ends_ms=said.ends_ms,
            mailboxes=",".join(said.mailboxes),
            basis=said.basis,
            revoked_ms=None,
            counted=not why_not,
            why_not=why_not,
            actor=said.actor,
        )
    )


def revoke(connection: Connection, said: Revoke) -> None:
    """End it; the first revocation counts."""
    row = delegations.c
    connection.execute(
        update(delegations)
        .where(row.id == said.id, row.revoked_ms.is_(None))
        .values(revoked_ms=said.at_ms)
    )


def all_of(connection: Connection) -> list[Delegation]:
    """Every delegation that the decree allowed, over and revoked ones too, oldest first."""
    counted = select(delegations).where(delegations.c.counted).order_by(delegations.c.begins_ms)
    return [_value(row) for row in connection.execute(counted)]


def why_not(connection: Connection, id_: str) -> str | None:
    """Why this grant has no effect; empty if it has; None if nobody granted it."""
    row = connection.execute(select(delegations).where(delegations.c.id == id_)).one_or_none()
    return None if row is None else str(row.why_not)


def _value(row: Row[tuple[object, ...]]) -> Delegation:
    return Delegation(
        id=row.id,
        lender=row.lender,
        holder=row.holder,
        capacity=Capacity(row.capacity),
        begins=moment(row.begins_ms),
        ends=moment(row.ends_ms),
        mailboxes=frozenset(filter(None, row.mailboxes.split(","))),
        basis=row.basis,
        revoked_at=moment(row.revoked_ms) if row.revoked_ms is not None else None,
    )

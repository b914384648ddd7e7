"""What lies in the archive of some mailboxes: for a record of what was handed over."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import Engine, or_, select

from gateway.archive import schema
from gateway.archive.commands import ArchiveNumber
from gateway.archive.keeper import FileJournal


@dataclass(frozen=True, slots=True)
class Kept:
    """One message of the archive."""

    number: str
    at_ms: int
    direction: str
    sender: str
    subject: str
    state: str
    sha256: str
    """Of the message as received, from the journal, in hex."""
    chain: str
    """The archive's hash chain at its record."""


def inventory(engine: Engine, journal: FileJournal, addresses: Collection[str]) -> Iterator[Kept]:
    """Every numbered message that came to these addresses or left from them, in order."""
    mail, rcpt = schema.mails.c, schema.recipients.c
    came = select(rcpt.seq).where(rcpt.address.in_(addresses))
    wanted = (
        select(schema.mails)
        .where(mail.n.is_not(None), or_(mail.seq.in_(came), mail.sender.in_(addresses)))
        .order_by(mail.seq)
    )
    with engine.connect() as connection:
        rows = connection.execute(wanted).all()
    for row in rows:
        record = journal.read_at(row.segment, row.offset, with_raw=False)
        yield Kept(
            number=str(ArchiveNumber(row.year, row.n)),
            at_ms=row.at_ms,
            direction=row.direction,
            sender=row.sender,
            subject=row.subject,
            state=row.state,
            sha256=record.digest.hex(),
            chain=record.chain.hex(),
        )

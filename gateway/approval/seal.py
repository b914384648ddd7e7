"""What an approved message bears when it leaves: who approved it, signed like DKIM.

``Approval-Signature`` is a DKIM signature under another name, by keys of its own: whoever renames
it to ``DKIM-Signature`` can check it with any DKIM library and our DNS. It covers ``Approved-By``,
the usual fields and the whole body; ``i=`` names the approver.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.header import Header

from gateway.approval.book import Decided
from gateway.approval.office import Office
from gateway.archive.changes import edits
from gateway.archive.commands import Receive
from gateway.identity.canonical import Letter, Malformed
from gateway.identity.keyring import Keyring
from gateway.identity.signing import sign
from gateway.mail.message import Message

APPROVED_BY = "Approved-By"
SIGNATURE = "Approval-Signature"


def approved_by(office: Office, said: Decided, number: str) -> str:
    """The field's value: name, address, and what was approved under which authority."""
    name, address = office.name_of(said.approver), office.address_of(said.approver)
    words = Header(name, "utf-8").encode() if not name.isascii() else f'"{name}"'
    at = datetime.fromtimestamp(said.at_ms / 1000, UTC)
    parts = [f"{words} <{address or said.approver}>", f"authority={said.capacity}"]
    parts.append(f"at={at:%Y-%m-%dT%H:%M:%SZ}")
    parts += [f"number={number}", f"id={said.mail}"]
    parts.append(f"raw=sha256:{said.digest}")  # Of the envelope nothing: it may name Bcc.
    return ";\r\n\t".join(parts)


def sealed(
    office: Office,
    keyring: Keyring,
    arrival: Receive,
    raw: bytes,
    number: str,
    said: Sequence[Decided],
    now: datetime,
) -> tuple[tuple[str, str], ...]:
    """The fields to put on top, in order. Without a key for the domain: no signature."""
    added = tuple((APPROVED_BY, approved_by(office, word, number)) for word in said)
    address = office.address_of(said[-1].approver) if said else None
    if address is None:
        return added
    keys = [k for k in keyring.for_domain(address.domain, now) if k.algorithm == "rsa-sha256"]
    if not keys:
        return added
    leaves = Message(raw).edited(edits(arrival.changes, added))
    try:
        letter = Letter.of(leaves)
    except Malformed:
        return added
    agent = str(address) if str(address).isascii() else f"@{address.domain}"
    more = (APPROVED_BY.lower().encode(),)
    field = sign(letter, keys[0], int(now.timestamp()), agent=agent, more=more)
    return (*added, (SIGNATURE, field.value))

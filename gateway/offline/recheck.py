"""A message is looked at again before it leaves quarantine: a scanner knows more than it did."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

from gateway.archive.commands import Receive
from gateway.archive.journal import Record
from gateway.chain.chain import Chain
from gateway.chain.inspection import Inspection
from gateway.mail.address import Address
from gateway.mail.message import Message
from gateway.mail.services import Services
from gateway.mail.session import Purpose, Recipient, Session, Transaction
from gateway.mail.verdict import Defer, Reject


async def recheck(chains: Mapping[str, Chain], services: Services, record: Record) -> str:
    """Why it may not be released; empty if it may.

    Every filter of any chain that wants to be asked ``again`` is, about the stored envelope and
    the stored bytes. Only a refusal counts: that it was held is known.
    """
    kept = record.command
    assert isinstance(kept, Receive)
    links = {
        link.name: link
        for chain in chains.values()
        for step in chain.steps
        for link in step
        if link.filter.again
    }
    peer = kept.peer
    session = Session(
        id="release",
        door="file",
        client=ip_address(peer.client) if peer.client else None,
        services=services,
        listener=Purpose(peer.listener) if peer.listener in set(Purpose) else Purpose.INBOUND,
        helo=peer.helo,
        user=peer.user,
    )
    walk = Inspection(Chain("release", tuple((link,) for link in links.values())), session)
    recipients = [Recipient(Address.parse(rcpt.address)) for rcpt in kept.recipients]
    walk.transaction = Transaction(session, kept.id, Address.parse(kept.sender), recipients)
    outcome = await walk.message(Message(record.raw))
    refused = isinstance(outcome.verdict, Reject | Defer)
    return outcome.verdict.reason if refused else ""

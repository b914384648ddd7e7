"""A draft that was mailed to the desk, and for whom it is.

Either the letter as it is to be sent, with ``trinhduyet@`` among its recipients (or alone in the
envelope), or a mail to ``trinhduyet@`` alone with the draft attached as message/rfc822.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.archive.commands import Receive
from gateway.mail.address import Address
from gateway.mail.message import Message

_ATTACHED = ("message/rfc822", "message/global")


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter that is to be sent later."""

    message: Message
    recipients: tuple[str, ...]


def draft_in(message: Message, arrival: Receive, drafts: Address) -> Draft | None:
    """The draft in a mail to ``drafts``; None if nobody is named to whom it shall go."""
    envelope = [r.address for r in arrival.recipients if Address.parse(r.address).key != drafts.key]
    if not envelope:
        inner = [part for part in message.mime.parts if part.type in _ATTACHED and part.depth == 1]
        if len(inner) == 1:
            message = Message(inner[0].decoded())
        envelope = _named(message, drafts)
    return Draft(message, tuple(dict.fromkeys(envelope))) if envelope else None


def _named(message: Message, drafts: Address) -> list[str]:
    named = (address for name in ("To", "Cc", "Bcc") for _, address in message.mailboxes(name))
    return [str(address) for address in named if address and address.key != drafts.key]

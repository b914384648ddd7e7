"""Letters that we write ourselves: notices, requests, reports. They bear our signatures, too."""

from __future__ import annotations

from datetime import datetime

from gateway.mail.message import Message
from gateway.mail.services import Signer


def signed(raw: bytes, signer: Signer | None, now: datetime) -> bytes:
    """The letter with the signatures of its author's domain; as it is where we have no key."""
    if signer is None:
        return raw
    message = Message(raw)
    fields = signer.sign(message, message.author[1].domain, now)
    return bytes(message.edited(fields))

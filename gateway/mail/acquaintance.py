"""Whom our people write to, and which letters of theirs an answer may name.

For every filter that wants to be kinder to people we know. ``note`` is called by the relay when
it takes in mail of somebody who has signed in (accepted, or waiting for approval alone; not what
is in quarantine); filters ask with ``Acquaintance(mail.services.notepad)``. It lies in the notepad
under two kinds, shared by all processes, kept over a restart, and nothing is lost if it goes:

- ``known``: an outside address (``Address.key``) -> the address of ours that wrote to it last;
- ``letter``: a hash of a Message-ID of ours -> the address of ours that sent it.

An address can be forged and a Message-ID that was seen can be quoted by anybody: good for points
and for greylisting, never proof of who it is. Ask for SPF or DKIM beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

from gateway.mail.address import Address
from gateway.mail.message import Message
from gateway.mail.services import Notepad

KNOWN, LETTER = "known", "letter"
KNOWN_S = 180 * 86400.0
"""How long somebody stays known after we last wrote to him."""
LETTER_S = 90 * 86400.0
"""How long an answer to a letter of ours is told."""
RECIPIENTS_MAX = 200
"""Of one message; a circular to more makes nobody an acquaintance."""
_NAMED_MAX = 12
"""Message-IDs looked at in one message: In-Reply-To, and the last of References."""
_ID = re.compile(rb"<[^<>\s]{3,250}>")


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """The notepad, asked about people and letters."""

    notepad: Notepad

    def note(self, sender: Address, recipients: Iterable[Address], message: Message) -> None:
        """Remember a letter of ours and whom it went to; tens of microseconds for each."""
        outside = list(islice(recipients, RECIPIENTS_MAX + 1))
        if sender and len(outside) <= RECIPIENTS_MAX:
            for address in outside:
                self.notepad.put(KNOWN, address.key, sender.key, KNOWN_S)
        for token in _ids(message, "Message-ID")[:1]:
            self.notepad.put(LETTER, _hashed(token), sender.key, LETTER_S)

    def writes_to(self, address: Address) -> str:
        """Which address of ours wrote to this one last; empty if none did."""
        return (self.notepad.get(KNOWN, address.key) or "") if address else ""

    def answered(self, message: Message) -> str:
        """Who of ours sent the letter that this message answers; empty if it answers none."""
        named = [*_ids(message, "In-Reply-To"), *reversed(_ids(message, "References"))]
        for token in list(dict.fromkeys(named))[:_NAMED_MAX]:
            if sender := self.notepad.get(LETTER, _hashed(token)):
                return sender
        return ""


def _ids(message: Message, field: str) -> list[bytes]:
    return [found for value in message.all(field)[:1] for found in _ID.findall(value[-4096:])]


def _hashed(token: bytes) -> str:
    return blake2b(token, digest_size=16).hexdigest()

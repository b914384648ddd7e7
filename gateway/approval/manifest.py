"""What was approved, as digests: of the exact bytes, of the envelope, of content and recipients.

The manifest lets a letter that is sent again be recognised although its program made it anew: it
takes in everything but what is on a short list. A field that nobody has thought of is part of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from gateway.approval.codes import without_tags
from gateway.mail.address import Address
from gateway.mail.message import Message, decoded
from gateway.mail.mime import Part
from gateway.mail.text import nfc

VERSION = "m1"
"""Of this recipe. It stands before the digest, so that none of another is taken for one of it."""

_SETS = ("to", "cc")
_AUTHORS = ("from", "sender", "reply-to")
_TRANSIENT = frozenset(
    """message-id date mime-version content-type content-transfer-encoding content-disposition
    content-id content-language bcc received return-path delivered-to x-mailer user-agent
    dkim-signature arc-seal arc-message-signature arc-authentication-results authentication-results
    approval-tag approved-by approval-signature references in-reply-to
    thread-index thread-topic x-originating-ip x-priority x-msmail-priority importance
    x-mimeole x-ms-has-attach x-ms-tnef-correlator x-ms-exchange-messagesentrepresentingtype
    x-mozilla-draft-info x-mozilla-keys x-mozilla-status x-mozilla-status2 x-account-key
    x-identity-key fcc x-universally-unique-identifier x-uniform-type-identifier x-apple-base-url
    x-apple-mail-remote-attachments x-google-smtp-source x-gm-message-state x-zimbra-uuid
    """.split()  # noqa: SIM905 -- a list of field names reads better as words.
)
"""Fields that a mail program makes anew each time it sends, or that were added on the way."""
_TRAILING = re.compile(rb"[ \t]+(?=\n)")


def raw_digest(raw: bytes | bytearray) -> str:
    """SHA-256 of the message exactly as received, in hex."""
    return sha256(raw).hexdigest()


def envelope_digest(sender: str, recipients: Iterable[str]) -> str:
    """SHA-256 over the envelope: the sender, and every recipient whatever their order."""
    named = sorted({_key(recipient) for recipient in recipients})
    return _digest({"sender": _key(sender), "recipients": named})


def manifest_digest(
    message: Message, recipients: Iterable[str], leave_out: frozenset[str] = frozenset()
) -> str:
    """``m1:`` and a SHA-256; empty for a message about which programs disagree.

    ``leave_out``: addresses (keys) that do not count as recipients, such as the desk's own.
    """
    manifest = manifest_of(message, recipients, leave_out)
    return f"{VERSION}:{_digest(manifest)}" if manifest is not None else ""


def manifest_of(
    message: Message, recipients: Iterable[str], leave_out: frozenset[str] = frozenset()
) -> dict[str, Any] | None:
    """The canonical description itself; None where there is none."""
    if message.mime.ambiguities or not _is_clear(message):
        return None
    people = {name: _addresses(message, name) for name in _AUTHORS}
    people |= {name: sorted(set(_addresses(message, name)) - leave_out) for name in _SETS}
    return {
        "v": VERSION,
        **people,
        "rcpt": sorted({_key(r) for r in recipients} - leave_out),
        "subject": subject_of(message),
        "fields": _others(message),
        "parts": [_part(part) for part in message.mime.parts],
    }


def subject_of(message: Message) -> str:
    """The decoded subject, NFC, blanks made one, tags cut out."""
    return without_tags(nfc(message.header("Subject")))


def _is_clear(message: Message) -> bool:
    """One From, one Subject, one To, one Cc at most, and every address readable."""
    single = ("from", "sender", "reply-to", "to", "cc", "subject")
    if any(len(message.all(name)) > 1 for name in single) or not message.authors:
        return False
    named = (address for name in single[:-1] for _, address in message.mailboxes(name))
    return all(named)


def _addresses(message: Message, name: str) -> list[str]:
    return sorted({address.key for _, address in message.mailboxes(name)})


def _others(message: Message) -> list[list[str]]:
    known = _TRANSIENT | {"from", "sender", "reply-to", "to", "cc", "subject"}
    return sorted(
        [name, nfc(decoded(raw.partition(b":")[2]))]
        for name, raw in message.fields
        if name not in known
    )


def _part(part: Part) -> dict[str, Any]:
    """One part; the order and the depth of all of them are the tree."""
    described: dict[str, Any] = {"type": part.type, "depth": part.depth}
    if part.names:
        described["names"] = [nfc(name) for name in part.names]
    if part.placed.value:
        described["placed"] = part.placed.value
    if part.is_leaf:
        data = part.decoded()
        if part.type.startswith("text/") and not part.is_attachment:
            described["charset"] = (part.content.get("charset") or "us-ascii").lower()
            data = _lines(data)
        described["sha256"] = sha256(data).hexdigest()
    return described


def _lines(data: bytes) -> bytes:
    """Text with LF, without trailing blanks and without empty lines at its end."""
    plain = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _TRAILING.sub(b"", plain + b"\n").rstrip(b"\n \t") + b"\n"


def _key(address: str) -> str:
    try:
        return Address.parse(address).key if address else ""
    except ValueError:
        return address.lower()


def _digest(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()

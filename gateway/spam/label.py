"""What a letter is by its own words: labelled advertising, a dispatch, somebody's complaint."""

from __future__ import annotations

import re

from gateway.mail.message import Message, decoded
from gateway.mail.number import find, latin
from gateway.mail.text import folded

TEXT_BYTES = 16 * 1024
PRESSING = "it may be a dispatch or a petition"
"""Said of a letter that is held although its term runs, for whoever shows the quarantine."""
_ADVERTISING = re.compile(r"^(?:(?:re|fw|fwd)\s*:\s*)*\[\s*(?:qc|ad|ads|quang cao)\s*\]")
_PETITION = re.compile(
    r"\b(?:don (?:khieu nai|to cao|kien nghi|phan anh|trinh bao|yeu cau|de nghi|keu cuu)"
    r"|khieu nai|to cao|phan anh kien nghi|kien nghi|keu oan|to giac|complaint|petition)\b"
)


def is_advertising(message: Message) -> bool:
    """Whether its subject bears the label of Decree 91/2020/NĐ-CP (articles 13, 15)."""
    return any(_ADVERTISING.match(folded(decoded(value))) for value in message.all("Subject")[:1])


def is_official(message: Message) -> bool:
    """Whether its subject or an attachment's name bears a document's number and symbol."""
    names = (part.filename.replace("_", "/") for part in message.mime.attachments[:20])
    texts = (message.header("Subject"), *names)
    return any(True for text in texts for _ in find(latin(text[:500])))


def is_petition(message: Message) -> bool:
    """Whether a person complains, denounces or asks: an office may not refuse that unread."""
    leaves = [p for p in message.mime.leaves if not p.is_attachment and p.type.startswith("text/")]
    texts = [message.header("Subject"), *(part.text(TEXT_BYTES) for part in leaves[:3])]
    return any(_PETITION.search(folded(text[:TEXT_BYTES])) for text in texts)

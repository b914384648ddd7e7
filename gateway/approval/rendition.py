"""A message as plain text for him who has to approve it, and how two versions of it differ.

Everything here is made from the stored bytes: what is shown is what is hashed.
"""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from gateway.approval.manifest import subject_of
from gateway.mail.message import Message
from gateway.mail.mime import Part
from gateway.mail.text import nfc, one_line
from gateway.runtime.libmagic import real_type

TEXT_MAX = 20_000
"""Characters of text that are shown; the whole lies in the attached original."""
DIFF_MAX = 200
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")
_TAGS = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_BREAKS = re.compile(r"<(?:br|/p|/div|/tr|/h\d|/li)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_PAGES = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")


@dataclass(frozen=True, slots=True)
class Shown:
    """One attachment as it is shown to an approver."""

    name: str
    type: str
    """By its bytes."""
    size: int
    digest: str
    pages: int = 0
    """Of a PDF whose pages can be counted without opening it; 0: not known."""
    number: str = ""
    """The document number that the registry read in it."""


def shown(part: Part) -> Shown:
    data = part.decoded()
    return Shown(
        name=one_line(nfc(part.filename) or part.type, 120),
        type=real_type(data[:65536]),
        size=len(data),
        digest=sha256(data).hexdigest(),
        pages=len(_PAGES.findall(data)) if b"%PDF-" in data[:1032] else 0,
    )


def attachments(message: Message) -> tuple[Shown, ...]:
    """Every file, in order."""
    return tuple(shown(part) for part in message.mime.attachments)


def text_of(message: Message) -> str:
    """All that its reader may see as text, every alternative; unseen signs are made visible."""
    leaves = [part for part in message.mime.leaves if not part.is_attachment]
    texts = [(part.type, _plain(part)) for part in leaves]
    if len(texts) == 2 and {kind for kind, _ in texts} == {"text/plain", "text/html"}:  # noqa: PLR2004
        first, second = texts[0][1], texts[1][1]
        if first.split() == second.split():
            texts = texts[:1]
    if len(texts) == 1:
        return texts[0][1]
    return "\n\n".join(f"[{kind}]\n{text}" for kind, text in texts)


def _plain(part: Part) -> str:
    text = part.text(4 * TEXT_MAX)
    if part.type == "text/html":
        text = html.unescape(_TAG.sub(" ", _BREAKS.sub("\n", _TAGS.sub(" ", text))))
        text = "\n".join(" ".join(line.split()) for line in text.splitlines())
        text = re.sub(r"\n{3,}", "\n\n", text)
    seen = _UNSEEN.sub(lambda m: f"<U+{ord(m[0]):04X}>", nfc(text))
    plain = "".join(c for c in seen if c.isprintable() or c in "\n\t")
    more = "\n[…]" if len(plain) > TEXT_MAX else ""
    return plain[:TEXT_MAX].strip() + more


def lines_of(message: Message, recipients: Iterable[str]) -> list[str]:
    """A version of a message as lines, for comparing it with another."""
    lines = [f"Tiêu đề / Subject: {subject_of(message)}"]
    lines += [f"Người nhận / Recipient: {recipient}" for recipient in sorted(recipients)]
    lines += [f"{name}: {', '.join(_named(message, name))}" for name in ("From", "To", "Cc")]
    lines += [
        f"Tệp / File: {file.name}, {file.type}, {file.size} B, sha256 {file.digest[:8]}"
        for file in attachments(message)
    ]
    return lines + text_of(message).splitlines()


def _named(message: Message, name: str) -> list[str]:
    return sorted(str(address) for _, address in message.mailboxes(name))


def difference(before: list[str], after: list[str]) -> str:
    """What changed, line by line: ``-`` before, ``+`` now. Empty if they read the same."""
    changed = [
        line
        for line in difflib.unified_diff(before, after, lineterm="", n=1)
        if not line.startswith(("---", "+++", "@@"))
    ]
    if len(changed) > DIFF_MAX:
        changed = [*changed[:DIFF_MAX], f"[… {len(changed) - DIFF_MAX} dòng nữa / more lines]"]
    return "\n".join(changed)

"""What the nose reads of a message: first bytes, fields and text, decoded and in bounds."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import AnyStr

from gateway.mail.message import Message
from gateway.mail.mime import Part
from gateway.mail.text import decode_words
from gateway.spam.fold import disguises, fold

RAW_BYTES = 3000
HEAD_BYTES = 2000
TEXT_BYTES = 16 * 1024
"""Text looked at; of a longer one as much in pieces, from its beginning to its end."""
PIECES = 8
_TEXT_READ = 256 * 1024
_HEAD_READ = 8000
_PART_READ = 96 * 1024
_PARTS = 40
_LINKS = 40

_TAG = re.compile(
    r"<(?:script|style)\b.*?</(?:script|style)\s*>|<!--.*?-->|<[^>]{0,2000}>",
    re.DOTALL | re.IGNORECASE,
)
_LINK = re.compile(r"://([^\s\"'<>]{1,200})")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as the nose knows it. It can be learnt from as well as smelled."""

    raw: bytes
    """The first ``RAW_BYTES`` as received, line ends as LF."""
    head: bytes
    """The fields, unfolded and decoded, UTF-8."""
    text: bytes
    """The text of all parts, without markup, folded, UTF-8; attachments by type and name."""
    links: bytes = b""
    """Hosts and paths of the pages that its markup names, one a line."""


def read_letter(message: Message) -> Letter:
    """Read a message of any shape. Never an exception; its work is bounded whatever the size."""
    text, links = _text(message)
    text = _pieces(text, "\n").replace("\r\n", "\n")
    marks = disguises(text)
    folded = fold(text)
    if marks:
        folded = " ".join(f"[[{mark}]]" for mark in marks) + "\n" + folded
    head = message.head[:_HEAD_READ].replace(b"\r\n", b"\n")
    fields = re.sub(r"\n[ \t]+", " ", head.decode("utf-8", "replace").rstrip("\n"))
    return Letter(
        raw=bytes(message.raw[: RAW_BYTES + 200]).replace(b"\r\n", b"\n")[:RAW_BYTES],
        head=decode_words(fields).encode("utf-8", "replace")[:HEAD_BYTES],
        text=_pieces(folded.encode("utf-8", "replace"), b"\n"),
        links="\n".join(links).lower().encode("utf-8", "replace"),
    )


def _pieces(text: AnyStr, gap: AnyStr) -> AnyStr:
    """A long text is looked at here and there: padding can lie anywhere, and so can what it hides.

    Its beginning and its end are always looked at.
    """
    if len(text) <= TEXT_BYTES:
        return text
    size = (TEXT_BYTES + 1) // PIECES - 1
    begins = (((len(text) - size) * n) // (PIECES - 1) for n in range(PIECES))
    return gap.join(text[begin : begin + size] for begin in begins)


def _text(message: Message) -> tuple[str, list[str]]:
    out: list[str] = []
    links: list[str] = []
    size = 0
    for part in message.mime.parts[:_PARTS]:
        shown = _shown(part, message, links)
        out.append(shown)
        size += len(shown)
        if size >= _TEXT_READ:
            break
    return "\n".join(out)[:_TEXT_READ], links


def _shown(part: Part, message: Message, links: list[str]) -> str:
    if part.parent >= 0 and message.mime.parts[part.parent].type == "message/rfc822":
        begin, end = part.head
        inner = bytes(memoryview(part.source)[begin : min(end, begin + 1500)])
        return inner.decode("utf-8", "replace") + _leaf(part, links)
    return _leaf(part, links)


def _leaf(part: Part, links: list[str]) -> str:
    if not part.is_leaf:
        return ""
    if not part.type.startswith("text/"):
        return f" [[{part.type} {part.filename[:80]}]] "
    text = part.text(_PART_READ)
    if part.type != "text/html":
        return text
    links += islice(_links(text), _LINKS - len(links))
    plain = " ".join(_TAG.sub("", text).split())
    return html.unescape(plain) if "&" in plain else plain


def _links(markup: str) -> Iterator[str]:
    """Where a click or a picture leads; names of schemas look the same and lead nowhere."""
    for found in _LINK.finditer(markup):
        before = markup[max(0, found.start() - 16) : found.start()].lower()
        if "href" in before or "src" in before or "action" in before:
            yield found[1]

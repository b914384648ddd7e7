"""In which charset the text of a mail is really written, whatever its header fields say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.mail.hypertext import plain
from gateway.mail.legacy import READERS, Charset, converted, font_charset
from gateway.mail.message import Message
from gateway.mail.mime import Part
from gateway.mail.papers import DocumentFacts
from gateway.mail.text import codec_name, decode_words
from gateway.mail.vietnamese import legacy_charset, readable

LOOK_BYTES = 64 * 1024
SHOWN = 80
"""Characters of the text that are shown, as its writer saw them."""
_NAMES = {
    "tcvn": Charset.TCVN3,
    "viscii": Charset.VISCII,
    "vps": Charset.VPS,
    "vni": Charset.VNI,
}
_TEXTS = frozenset({"txt", "csv", "htm", "html", "xml", "eml", "md"})
_FACE = re.compile(
    r"(?:face\s*=\s*[\"']?|font-family\s*:\s*[\"']?)([.\w][\w .\-]{2,30})", re.IGNORECASE
)


def old_text(message: Message) -> Iterator[tuple[str, Charset, str]]:
    """(where, charset, the beginning of it converted) for each text in an old charset.

    Subject, texts, names of files, and files that are plain text; not what is within other files.
    """
    subject = decode_words(" ".join(_latin(b" ".join(message.all("Subject"))).split()))
    if charset := legacy_charset(subject):
        yield "Subject", charset, _beginning(subject, charset)
    for part in message.mime.leaves:
        for name in part.names[:1]:
            if charset := legacy_charset(name.replace("_", " ")):
                yield "file name", charset, _beginning(name, charset)
        is_text = part.type.startswith("text/")
        if is_text or any(n.rpartition(".")[2].lower() in _TEXTS for n in part.names):
            found = _in_part(part)
            if found is not None:
                where = part.filename or ("HTML" if part.type == "text/html" else "text")
                yield where, *found


def old_fonts(facts: DocumentFacts) -> Charset | None:
    """The charset that a document's fonts or its text are in."""
    for font in facts.fonts:
        if charset := font_charset(font):
            return charset
    return legacy_charset(facts.text)


def _in_part(part: Part) -> tuple[Charset, str] | None:
    data = part.decoded(LOOK_BYTES)
    if data.isascii() and part.type != "text/html":
        return None
    declared = part.content.get("charset").strip().lower()
    if declared in READERS and not data.isascii():
        charset = next(c for name, c in _NAMES.items() if name in declared)
        return charset, " ".join(READERS[declared](data).split())[:SHOWN]
    if codec_name(declared) == "cp1258" and not data.isascii():
        return Charset.CP1258, " ".join(readable(data.decode("cp1258", "replace")).split())[:SHOWN]
    text = _latin(data)
    if part.type == "text/html":
        return _in_html(text)
    found = legacy_charset(text)
    return (found, _beginning(text, found)) if found else None


def _in_html(text: str) -> tuple[Charset, str] | None:
    shown = plain(text)
    found = legacy_charset(shown)
    if found is None:
        for face in _FACE.findall(text):
            named = font_charset(face.strip())
            if named and not shown.isascii() and readable(shown) == shown:
                return named, _beginning(shown, named)
    return (found, _beginning(shown, found)) if found else None


def _latin(data: bytes) -> str:
    """Bytes as UTF-8 if they are some, else one sign a byte, so that none is lost."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _beginning(text: str, charset: Charset) -> str:
    return " ".join(converted(text[: 4 * SHOWN], charset).split())[:SHOWN]

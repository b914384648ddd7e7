"""Text as people read it: charsets into str, encoded words, names that look the same."""

from __future__ import annotations

import binascii
import codecs
import re
import unicodedata
from functools import lru_cache

from gateway.mail.legacy import READERS

ALIASES = {
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "unknown-8bit": "utf-8",
    "x-unknown": "utf-8",
    "default": "utf-8",
    "binary": "latin-1",
    "ansi": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "windows-874": "cp874",
    "x-windows-1258": "cp1258",
    "windows-1258": "cp1258",
    "vietnamese": "cp1258",
    "ks_c_5601-1987": "cp949",
    "gb2312": "gb18030",
    "x-gbk": "gb18030",
    "x-sjis": "cp932",
}
"""Names that mail uses and Python's codecs do not know, or know in too narrow a reading."""

_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})
"""Codecs that are no charset of mail; ``punycode`` and ``idna`` take quadratic time, too."""

_WORD = re.compile(r"=\?([^?\s]{1,64})\?([bBqQ])\?([^?]{0,4096})\?=")
_QP_WORD = re.compile(rb"=([0-9A-Fa-f]{2})")
_INVISIBLE = frozenset({"Cf", "Mn", "Me"})


def to_text(data: bytes | memoryview, charset: str = "") -> str:
    """Bytes in a charset named by a stranger, as text.

    Never an exception: what the charset cannot read, or is unknown, is read as UTF-8, and failing
    that as the named charset with U+FFFD, or as windows-1252.
    """
    data = bytes(data)
    if not charset and data.isascii():
        return data.decode("ascii")
    reader = READERS.get(charset.strip().lower())
    if reader is not None:
        return reader(data)
    name = codec_name(charset)
    for codec, errors in ((name or "utf-8", "strict"), ("utf-8", "strict"), (name, "replace")):
        try:
            if codec:
                return unicodedata.normalize("NFC", data.decode(codec, errors))
        except (UnicodeError, ValueError):
            continue
    return unicodedata.normalize("NFC", data.decode("cp1252", "replace"))


@lru_cache(256)
def codec_name(charset: str) -> str:
    """Python's name for a charset; empty if there is none, or it is no charset."""
    name = charset.strip().strip("'\"").lower()[:40].partition("*")[0]
    name = ALIASES.get(name, name)
    if not name or not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
        return ""
    try:
        found = codecs.lookup(name)
        b"a".decode(found.name, "replace")  # LookupError from what is no text encoding.
    except (LookupError, ValueError):
        return ""
    return "" if found.name.replace("-", "_") in _NO_CHARSETS else found.name


def decode_words(text: str) -> str:
    """RFC 2047 words within a field, as a reader sees them; the rest stays as it is.

    Neighbours of one charset are joined before they are read, since mail programs cut a letter
    in two. Blanks between words are left out (RFC 2047 6.2). Linear, and never an exception.
    """
    if "=?" not in text:
        return text
    out: list[str] = []
    held, charset, end = bytearray(), "", 0
    for word in _WORD.finditer(text):
        between = text[end : word.start()]
        same = word[1].lower() == charset
        if between.strip() or not same:
            if charset:
                out.append(to_text(bytes(held), charset))
                held.clear()
            if between.strip() or not charset:
                out.append(between)
        charset = word[1].lower()
        held += _word_bytes(word[2], word[3])
        end = word.end()
    if charset:
        out.append(to_text(bytes(held), charset))
    out.append(text[end:])
    return "".join(out)


def _word_bytes(encoding: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return _QP_WORD.sub(lambda m: bytes.fromhex(m[1].decode()), data.replace(b"_", b" "))
    return base64_bytes(data)


_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
"""Every byte outside the alphabet: ``data.translate(None, NOT_BASE64)`` keeps what counts."""


def base64_bytes(data: bytes) -> bytes:
    """All that base64 can be read from: pieces behind a padding too, odd letters left out."""
    pieces: list[bytes] = []
    for run in data.replace(b"==", b"=").split(b"=") if b"=" in data else (data,):
        kept = run.translate(None, NOT_BASE64)
        kept = kept[: len(kept) - 1] if len(kept) % 4 == 1 else kept
        pieces.append(binascii.a2b_base64(kept + b"=" * (-len(kept) % 4)))
    return b"".join(pieces)


_CAPITALS = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧѴӀ", "ABEZHIKMNOPTYXVI")
"""Capitals whose small letters look otherwise."""

_LOOKALIKES = str.maketrans(
    "аввгеёікӏјмнорсѕтухһԁԛԝѵьꭰ" + "αβγεζηικμνορτυχω" + "đðøłıȷɑɡꞵɖ" + "‐‑‒–—―−",
    "abbreeikljmhopcstyxhdqwvba" + "abyeznikuvoptyxw" + "ddolijagbd" + "-------",
)
"""Letters of other alphabets that read like a Latin one, in lower case, and đ as d."""


def folded(text: str) -> str:
    """The form in which two names that read the same are the same.

    ``Đặng  Thị LÀNH`` and ``dang thi lanh`` are one: no accents, no case, no invisible signs;
    look-alikes of Cyrillic and Greek as Latin letters; one blank for any blanks. For comparing
    and finding, never for showing.
    """
    if text.isascii():
        return " ".join(text.casefold().split())
    words = (
        word.casefold()
        if word.isascii()
        else _folded_word(word)
        if len(word) <= WORD_MAX
        else _folded_letters(word)
        for word in text.split()
    )
    return " ".join(" ".join(words).split())


WORD_MAX = 24
"""Letters of a word that is remembered: some thousand syllables are all that Vietnamese has."""


def _folded_letters(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word).translate(_CAPITALS).casefold()
    plain = unicodedata.normalize("NFKD", plain).translate(_LOOKALIKES)
    return "".join(c for c in plain if unicodedata.category(c) not in _INVISIBLE).casefold()


_folded_word = lru_cache(16_384)(_folded_letters)


def one_line(text: str, length: int) -> str:
    """Text for a list or a log: no control characters, at most ``length`` characters."""
    if not text:
        return ""
    clean = text[: 4 * length]
    if not clean.isprintable():
        clean = "".join(c if c.isprintable() else " " for c in clean)
    return " ".join(clean.split())[:length]


def nfc(text: str) -> str:
    """Unicode's composed form, which TCVN 6909:2001 asks for."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)

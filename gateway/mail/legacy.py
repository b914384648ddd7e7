"""Vietnamese charsets from before Unicode: TCVN3 (ABC), VNI, VPS, VISCII, windows-1258.

The tables are the charsets' own: TCVN 5712:1993 (VN1; its letters at 0xA1 to 0xFE are TCVN3), RFC
1456 (VISCII), VNI for Windows, VPS. Old text reaches us in two forms: as bytes, or as text that
some program has read as windows-1252. ``converted`` takes the second; ``READERS`` the first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum


class Charset(StrEnum):
    """A way of writing Vietnamese that is not TCVN 6909:2001 (Unicode, composed)."""

    TCVN3 = "TCVN3 (ABC)"
    VNI = "VNI"
    VPS = "VPS"
    VISCII = "VISCII"
    CP1258 = "windows-1258"
    UTF8_TWICE = "UTF-8 read as windows-1252"


_SMALL = "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵ"
_LETTERS = _SMALL + _SMALL.upper()
_BLANK = 0x20
"""The first code that is no control; VN1's few capitals below it are never seen."""
_VN1 = bytes.fromhex(
    "b5b6b7b8b9a8bbbcbdbec6a9c7c8c9cacbaecccecfd0d1aad2d3d4d5d6d7d8dcdddedfe1e2e3e4abe5e6e7e8e9ac"
    "eaebecedeeeff1f2f3f4adf5f6f7f8f9fafbfcfdfe"
    "8081828384a1afbabfc085a2c1c2c3c486a78788898a8ba3c5cdd9da8c8d8e8f90919293949596a4dbe0f0ff97a5"
    "98999a9b9c9d9e9f0102a604050611121314151617"
)
_VISCII = bytes.fromhex(
    "e0e4e3e1d5e5a2c6c7a1a3e2a5a6e7a4a7f0e8eba8e9a9eaabacadaaaeecefeeedb8f2f6f5f3f7f4b0b1b2afb5bd"
    "b6b7debefef9fcfbfaf8dfd7d8e6d1f1cfd6dbfddc"
    "c0c4c3c180c58202058183c28586068487d0c8cb88c989ca8b8c8d8a8ecc9bcecd98d299a0d39ad49091928f93b4"
    "9697b39594d99c9dda9ebfbbbcffbab99f1419dd1e"
)
_VPS = bytes.fromhex(
    "e0e4e3e1e5e6a2a3a4a1a5e2c0c4c5c3c6c7e8c8ebe9cbea8a8bcd898cecccefedcef2d5f5f386f4d2b087d3b6d6"
    "a9aaaba7aef9fbdbfaf8dcd8babbd9bfff9bcf9a9c"
    "808182c1e5888e8ff08da5c28485c583c6f1d7defec9cbca939495908cb5b7b8b4cebcbdbeb986d497989996b6f7"
    "9e9fa69daea8d1acdaf8d0afb1bbadbfb2fdb3dd9c"
)
"""Codes of ``_LETTERS`` in their order. Where VPS has no capital, the small letter stands in."""

_TONES_VNI = {"\u0301": "ù", "\u0300": "ø", "\u0309": "û", "\u0303": "õ", "\u0323": "ï"}
_HATS_VNI = {
    "\u0306": {"": "ê", "\u0301": "é", "\u0300": "è", "\u0309": "ú", "\u0303": "ü", "\u0323": "ë"},
    "\u0302": {"": "â", "\u0301": "á", "\u0300": "à", "\u0309": "å", "\u0303": "ã", "\u0323": "ä"},
}
_ALONE_VNI = {"đ": "ñ", "ỉ": "æ", "ĩ": "ó", "ị": "ò", "í": "í", "ì": "ì", "ỵ": "î"}
_HORNS_VNI = {"o": "ô", "u": "ö"}


def _vni(letter: str) -> str:
    """A small letter in VNI for Windows, as windows-1252 shows it."""
    if letter in _ALONE_VNI:
        return _ALONE_VNI[letter]
    base, *marks = list(unicodedata.normalize("NFD", letter))
    tone = next((m for m in marks if m in _TONES_VNI), "")
    hat = next((m for m in marks if m in _HATS_VNI), "")
    if hat:
        return base + _HATS_VNI[hat][tone]
    base = _HORNS_VNI[base] if "\u031b" in marks else base
    return base + (_TONES_VNI[tone] if tone else "")


def _vni_table() -> dict[str, str]:
    table: dict[str, str] = {}
    for letter in _SMALL:
        code = _vni(letter)
        for spelt in {code.upper(), code[0].upper() + code[1:]}:
            table[spelt] = letter.upper()
        table[code] = letter
    return table


_VNI = _vni_table()
_VNI_CODE = re.compile("|".join(sorted(map(re.escape, _VNI), key=len, reverse=True)))
_CP1258_MARKS = {"Ì": "\u0300", "Ò": "\u0309", "Þ": "\u0303", "ì": "\u0301", "ò": "\u0323"}
_CP1258 = str.maketrans(
    {
        **_CP1258_MARKS,
        "Ã": "Ă",
        "ã": "ă",
        "Ð": "Đ",
        "ð": "đ",
        "Õ": "Ơ",
        "õ": "ơ",
        "Ý": "Ư",
        "ý": "ư",
    }
)


def _seen_as(code: int) -> set[int]:
    """What one byte looks like to a program that takes it for latin-1 or windows-1252."""
    shown = bytes((code,)).decode("cp1252", "replace")
    return {code} if shown == "\ufffd" else {code, ord(shown)}


def _table(codes: bytes, first: int, kept: frozenset[int] = frozenset()) -> dict[int, str]:
    table: dict[int, str] = {}
    for letter, code in zip(_LETTERS, codes, strict=True):
        if code >= first and code not in kept:
            for shown in _seen_as(code):
                table.setdefault(shown, letter)
    return table


_TCVN3_TABLE = _table(_VN1, 0xA1)
"""Without 0x80 to 0x9F: those are quotes and dashes in every ABC font."""
_VISCII_TABLE = _table(_VISCII, 0x01, frozenset({0xA0}))
"""Without 0xA0, a capital that nobody types and a blank everywhere else."""
_VPS_TABLE = _table(_VPS, 0x80)
_SOFT = str.maketrans("\u2010\u2011\ufffe\x02", "\xad\xad\xad\xad")
"""What text extractors make of 0xAD, which is "ư" in TCVN3 and a soft hyphen elsewhere."""
_SOFT_HYPHEN = re.compile(
    r"(?<=[A-Za-z¡-þ])-(?=[a-zµ-þ])|(?<=[a-zµ-þ®])-(?=$|[\s,.;:])|(?<![^\s(])-(?=[a-zµ-þ])"
)


def converted(text: str, charset: Charset) -> str:
    """Text that was read as windows-1252, as its writer saw it; NFC."""
    match charset:
        case Charset.TCVN3:
            text = _cased(text.translate(_SOFT).translate(_TCVN3_TABLE))
        case Charset.VNI:
            text = _VNI_CODE.sub(lambda m: _VNI[m[0]], text)
        case Charset.VPS:
            text = _cased(text.translate(_VPS_TABLE))
        case Charset.VISCII:
            text = text.translate(_VISCII_TABLE)
        case Charset.CP1258:
            text = text.translate(_CP1258)
        case Charset.UTF8_TWICE:
            text = _once(text)
    return unicodedata.normalize("NFC", text)


_WORD = re.compile(r"[^\W\d_]+")


def _cased(text: str) -> str:
    """Capitals where a word is in capitals but for the letters that have none of their own."""
    return _WORD.sub(lambda m: m[0].upper() if _is_capital(m[0]) else m[0], text)


def _is_capital(word: str) -> bool:
    plain = [c for c in word if c.isascii()]
    is_one = len(plain) > 1 or (len(plain) == 1 and not word[0].isascii())
    return is_one and all(c.isupper() for c in plain)


def _once(text: str) -> str:
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        pass
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _reader(charset: Charset, table: dict[int, str]) -> Callable[[bytes], str]:
    def read(data: bytes) -> str:
        text = data.decode("latin-1")
        return converted(text, charset) if not table else _nfc(text.translate(table))

    return read


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


_VN1_TABLE = {code: letter for letter, code in zip(_LETTERS, _VN1, strict=True) if code >= _BLANK}
READERS: dict[str, Callable[[bytes], str]] = {
    **dict.fromkeys(
        ("tcvn", "tcvn-5712", "tcvn5712-1", "x-viet-tcvn5712", "tcvn3", "x-viet-tcvn"),
        _reader(Charset.TCVN3, _VN1_TABLE),
    ),
    **dict.fromkeys(("viscii", "csviscii", "viscii1.1-1"), _reader(Charset.VISCII, _VISCII_TABLE)),
    **dict.fromkeys(("vps", "x-viet-vps"), _reader(Charset.VPS, _VPS_TABLE)),
    **dict.fromkeys(("vni", "x-viet-vni"), _reader(Charset.VNI, {})),
}
"""Readers for bytes that say which of these charsets they are in, by its name in lower case."""

_SUBSET = re.compile(r"^/?(?:[A-Z]{6}\+)?")
_ABC_FONT = re.compile(r"^\.?Vn(?!Times?New)[A-Z3][A-Za-z0-9 ]*")


def font_charset(font: str) -> Charset | None:
    """The charset that a font's name says its letters are in: ``.VnTime``, ``VNI-Times``."""
    name = _SUBSET.sub("", font)
    if _ABC_FONT.match(name):
        return Charset.TCVN3
    if re.match(r"^VNI[- ]?[A-Z]", name):
        return Charset.VNI
    if re.match(r"^VPS[- ]?[A-Z]", name):
        return Charset.VPS
    return None


def from_font(text: str, font: str) -> str:
    """Text in the codes of a font, as its reader sees it. ABC fonts in H have capitals alone."""
    charset = font_charset(font)
    if charset is None:
        return text
    if charset is Charset.TCVN3:
        text = _SOFT_HYPHEN.sub("\xad", text)
    read = converted(text, charset)
    stem = re.split(r"[,-]", _SUBSET.sub("", font))[0]
    return read.upper() if charset is Charset.TCVN3 and stem.endswith("H") else read

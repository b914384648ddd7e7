"""Word 6 and Word 95 documents: text and fonts, for the archives of the nineties in TCVN3.

Like ``word97``, of which this is the older brother: everything lies in one stream, in 8-bit
letters, and property changes have codes of one byte (Microsoft Word for Windows Binary File
Format, 1995).
"""

from __future__ import annotations

import struct
from itertools import pairwise

from gateway.documents.word_text import CP1252, Fonts, Run, Words, gathered, usual_font

MAGICS = frozenset({0xA5DC, 0xA5DB})
_FC_TEXT, _TEXT_LENGTH = 0x18, 0x34
_FC_STYLES, _FC_FONTS, _FC_CHPX, _FC_CLX = 0x60, 0xD0, 0xB8, 0x160
_COMPLEX, ENCRYPTED = 0x0004, 0x0100
PAGE = 512
_FONT = 93
"""sprmCFtc, in the codes of those years."""
_SIZES = {
    **dict.fromkeys((69, 72, 80, 93, 96, 97, 99, 101, 105, 106, 107, 109, 110), 2),
    **dict.fromkeys((73, 95), 3),
    70: 4,
    83: 0,
}
"""Bytes of operand by code; 1 where it is not listed."""
_COUNTED = frozenset({68, 74, 81, 82, 103, 108})
"""Codes whose operand begins with its length."""


def read(main: bytes) -> Words:
    """The text in runs; struct.error and IndexError where the tables are cut off."""
    names = _fonts(main, *struct.unpack_from("<II", main, _FC_FONTS))
    start, length = struct.unpack_from("<II", main, _FC_STYLES)
    usual = usual_font(main[start : start + length], _font_of, wide=False)
    fonts = Fonts(tuple(names), usual)
    runs = _runs(main, *struct.unpack_from("<II", main, _FC_CHPX))
    flags = struct.unpack_from("<H", main, 0x0A)[0]
    if flags & _COMPLEX:
        pieces = _pieces(main, *struct.unpack_from("<II", main, _FC_CLX))
    else:
        start, length = (struct.unpack_from("<I", main, at)[0] for at in (_FC_TEXT, _TEXT_LENGTH))
        pieces = [(start, min(start + length, len(main)))]
    spans = gathered(pieces, runs, fonts, lambda a, b: "".join(CP1252[c] for c in main[a:b]), 1)
    return Words(tuple(spans))


def _fonts(main: bytes, at: int, length: int) -> list[str]:
    found: list[str] = []
    end = min(at + length, len(main))
    at += 2  # The table's own length.
    while at < end:
        size = main[at]
        name = main[at + 6 : at + 1 + size].partition(b"\0")[0]
        found.append(name.decode("cp1252", "replace")[:80])
        at += 1 + size
    return found


def _pieces(main: bytes, at: int, length: int) -> list[tuple[int, int]]:
    """Where the text lies in a file that was saved fast: (first byte, end)."""
    end = at + length
    while at < end and main[at] == 1:
        at += 3 + struct.unpack_from("<H", main, at + 1)[0]
    if at >= end or main[at] != 2:  # noqa: PLR2004 -- the piece table
        return []
    size = struct.unpack_from("<I", main, at + 1)[0]
    at += 5
    count = max(0, min((size - 4) // 12, PAGE * PAGE))
    places = struct.unpack_from(f"<{count + 1}I", main, at)
    found = []
    for n, (first, last) in enumerate(pairwise(places)):
        start = struct.unpack_from("<I", main, at + 4 * (count + 1) + 8 * n + 2)[0]
        found.append((start, min(start + last - first, len(main))))
    return found


def _runs(main: bytes, at: int, length: int) -> list[Run]:
    count = max(0, (length - 4) // 6)
    numbers = struct.unpack_from(f"<{count}H", main, at + 4 * (count + 1)) if count else ()
    found: list[Run] = []
    for number in numbers:
        block = main[number * PAGE :][:PAGE]
        if len(block) < PAGE:
            continue
        each = block[PAGE - 1]
        places = struct.unpack_from(f"<{each + 1}I", block, 0)
        for n, (first, last) in enumerate(pairwise(places)):
            where = block[4 * (each + 1) + n] * 2
            properties = block[where + 1 : where + 1 + block[where]] if where else b""
            found.append((first, last, _font_of(properties)))
    return sorted(found)


def _font_of(properties: bytes) -> int:
    at, font = 0, -1
    while at < len(properties):
        code = properties[at]
        at += 1
        size = _SIZES.get(code, 1)
        if code in _COUNTED:
            size = 1 + (properties[at] if at < len(properties) else 0)
        if code == _FONT and at + 2 <= len(properties):
            font = struct.unpack_from("<H", properties, at)[0]
        at += size
    return font

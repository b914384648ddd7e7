"""Word documents of before 2007: text and fonts by the piece table ([MS-DOC] 2.4.1, 2.9.38).

Own code: the libraries that read this format are programs in C of the nineties, or ask for
Office. It reads what a clerk needs to find a number: text, fonts, macros, encryption.
"""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from functools import partial
from itertools import pairwise

import olefile

from gateway.documents import word6
from gateway.documents.word_text import CP1252, Fonts, Run, Words, gather, usual_font
from gateway.mail.papers import Span

STREAM_MAX = 64 * 1024 * 1024
PIECES_MAX, RUNS_MAX = 50_000, 50_000
_FIB_MAGIC = 0xA5EC
_FC_CLX, _FC_FONTS, _FC_CHPX, _FC_STYLES = 0x01A2, 0x0112, 0x00FA, 0x00A2
_ENCRYPTED, _TABLE_1 = 0x0100, 0x0200
_SPRM_FONT = 0x4A4F
"""sprmCRgFtc0: the font of ASCII letters."""
_MACROS = ("_VBA_PROJECT_CUR", "Macros", "VBA", "_VBA_PROJECT")


class Broken(ValueError):
    """No Word document, or one whose tables cannot be followed."""


def read(data: bytes) -> Words:
    """Raises Broken."""
    found, _ = macros(data)
    with _opened(data) as ole:
        main = _stream(ole, "WordDocument")
        if len(main) < 0x400:  # noqa: PLR2004 -- before that stand the tables' places.
            raise Broken("no file information block")
        magic, flags = struct.unpack_from("<H", main)[0], struct.unpack_from("<H", main, 0x0A)[0]
        if flags & _ENCRYPTED:
            return Words(macros=tuple(found), is_encrypted=True)
        if magic in word6.MAGICS:
            return _older(main, found)
        if magic != _FIB_MAGIC:
            raise Broken("no Word document")
        table = _stream(ole, "1Table" if flags & _TABLE_1 else "0Table")
    try:
        names = _fonts(table, *_place(main, _FC_FONTS))
        start, length = _place(main, _FC_STYLES)
        usual = usual_font(table[start : start + length], _font_of, wide=True)
        pieces = _pieces(table, *_place(main, _FC_CLX))
        runs = _runs(main, table, *_place(main, _FC_CHPX))
    except (struct.error, IndexError) as error:
        raise Broken(f"its tables are cut off: {error}") from error
    spans = _spans(main, pieces, runs, Fonts(tuple(names), usual))
    return Words(tuple(spans), tuple(found))


def _older(main: bytes, macros: list[str]) -> Words:
    try:
        return replace(word6.read(main), macros=tuple(macros))
    except (struct.error, IndexError) as error:
        raise Broken(f"its tables are cut off: {error}") from error


def macros(data: bytes) -> tuple[list[str], list[str]]:
    """Storages that hold macros, and the names of all; Broken if it is no OLE file."""
    with _opened(data) as ole:
        entries = [entry[-1] for entry in ole.listdir(streams=True, storages=True)]
    return sorted({name for name in entries if name in _MACROS}), entries


def _opened(data: bytes) -> olefile.OleFileIO[bytes]:
    try:
        return olefile.OleFileIO(io.BytesIO(data))
    except (OSError, struct.error, IndexError, ValueError, TypeError) as error:
        raise Broken(f"no OLE file: {error}") from error


def _stream(ole: olefile.OleFileIO[bytes], name: str) -> bytes:
    try:
        if ole.get_size(name) > STREAM_MAX:
            raise Broken(f"{name} is larger than {STREAM_MAX} bytes")
        return bytes(ole.openstream(name).read())
    except (OSError, struct.error, IndexError) as error:
        raise Broken(f"{name}: {error}") from error


def _place(main: bytes, at: int) -> tuple[int, int]:
    """Offset and length of one table, from the file information block."""
    offset, length = struct.unpack_from("<II", main, at)
    return offset, length


def _fonts(table: bytes, at: int, length: int) -> list[str]:
    """SttbfFfn: the fonts by number ([MS-DOC] 2.9.286)."""
    found: list[str] = []
    end = min(at + length, len(table))
    if length < 4:  # noqa: PLR2004 -- no table
        return found
    count, _ = struct.unpack_from("<HH", table, at)
    at += 4
    for _ in range(min(count, 2000)):
        if at >= end:
            break
        size = table[at]
        name = table[at + 40 : at + 1 + size].decode("utf-16-le", "replace")
        found.append(name.partition("\0")[0][:80])
        at += 1 + size
    return found


def _pieces(table: bytes, at: int, length: int) -> list[tuple[int, int, int, bool]]:
    """The pieces of the text in order: (first sign, end, offset in bytes, is 8-bit)."""
    end = at + length
    while at < end and table[at] == 1:  # Property modifiers stand before the piece table.
        at += 3 + struct.unpack_from("<H", table, at + 1)[0]
    if at >= len(table) or table[at] != 2:  # noqa: PLR2004 -- Pcdt
        raise Broken("no piece table")
    size = struct.unpack_from("<I", table, at + 1)[0]
    at += 5
    count = min((size - 4) // 12, PIECES_MAX)
    places = struct.unpack_from(f"<{count + 1}I", table, at)
    found = []
    for n, (first, last) in enumerate(pairwise(places)):
        compressed = struct.unpack_from("<I", table, at + 4 * (count + 1) + 8 * n + 2)[0]
        is_8bit = bool(compressed & 0x40000000)
        offset = compressed & 0x3FFFFFFF
        found.append((first, last, offset // 2 if is_8bit else offset, is_8bit))
    return found


def _runs(main: bytes, table: bytes, at: int, length: int) -> list[Run]:
    """Runs of one font: (first byte, end, number of the font; -1 where the style says it)."""
    count = min((length - 4) // 8, RUNS_MAX)
    if count <= 0:
        return []
    numbers = struct.unpack_from(f"<{count}I", table, at + 4 * (count + 1))
    found: list[Run] = []
    for page in numbers:
        block = main[(page & 0x3FFFFF) * 512 :][:512]
        if len(block) < 512:  # noqa: PLR2004 -- a page of properties is 512 bytes
            continue
        each = block[511]
        places = struct.unpack_from(f"<{each + 1}I", block, 0)
        for n, (first, last) in enumerate(pairwise(places)):
            where = block[4 * (each + 1) + n] * 2
            properties = block[where + 1 : where + 1 + block[where]] if where else b""
            found.append((first, last, _font_of(properties)))
    return sorted(found)


def _font_of(properties: bytes) -> int:
    """The last word about the font in a list of property changes ([MS-DOC] 2.2.5)."""
    at, font = 0, -1
    while at + 2 <= len(properties):
        code = struct.unpack_from("<H", properties, at)[0]
        at += 2
        kind = code >> 13
        size = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}.get(kind, 0)
        if kind == 6:  # noqa: PLR2004 -- operands that begin with their length
            size = 1 + (properties[at] if at < len(properties) else 0)
        if code == _SPRM_FONT and at + 2 <= len(properties):
            font = struct.unpack_from("<H", properties, at)[0]
        at += size
    return font


def _spans(
    main: bytes, pieces: list[tuple[int, int, int, bool]], runs: list[Run], fonts: Fonts
) -> list[Span]:
    """The text piece by piece; some pieces have 8-bit letters, the others UTF-16."""
    found: list[Span] = []
    hidden: list[bool] = []
    for first, last, offset, is_8bit in pieces:
        width = 1 if is_8bit else 2
        letters = partial(_letters, main, is_8bit)
        end = min(offset + (last - first) * width, len(main))
        gather(found, [(offset, end)], runs, fonts, letters, width, hidden)
    return found


def _letters(main: bytes, is_8bit: bool, first: int, end: int) -> str:
    if is_8bit:
        return "".join(CP1252[byte] for byte in main[first:end])
    return main[first:end].decode("utf-16-le", "replace")

"""Excel and PowerPoint of before 2007: text, fonts, macros, and whether they are locked."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import olefile
import xlrd

from gateway.documents import word97
from gateway.documents.guard import tried
from gateway.mail.papers import Span

CELLS_MAX, RECORDS_MAX = 50_000, 200_000
STREAM_MAX = 64 * 1024 * 1024
_BOOKS = ("Workbook", "Book")
_SHEET, _END = 0x85, 0x0A
"""BOUNDSHEET and EOF ([MS-XLS] 2.4.28, 2.4.103)."""
_MACRO_SHEET = 1
_CHARS, _BYTES, _STRING, _FONT, _HAS_MACROS = 0x0FA0, 0x0FA8, 0x0FBA, 0x0FB7, 0x0400
"""TextCharsAtom, TextBytesAtom, CString, FontEntityAtom, VBAInfoAtom ([MS-PPT] 2.13.24)."""
_CONTAINER, _HEAD = 0x0F, 8
_FACE_BYTES = 64
_LOCKED = ("EncryptedSummary", "EncryptionInfo", "EncryptedPackage")


class Broken(ValueError):
    """It cannot be read as what it is."""


@dataclass(frozen=True, slots=True)
class Found:
    """``spans``: pieces in order, each cell or paragraph ending in a tab or a line end."""

    spans: tuple[Span, ...] = ()
    fonts: tuple[str, ...] = ()
    macros: tuple[str, ...] = ()
    is_locked: bool = False
    damage: str = ""
    """Why its words cannot be read; macros are told all the same."""

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


def read_sheets(data: bytes) -> Found:
    """An Excel file (BIFF 5 to 8), by xlrd; sheets of Excel 4 macros count as macros."""
    macros, names = word97.macros(data)
    macros += _macro_sheets(data)
    # xlrd throws anything at a broken file, and says there alone that it is locked.
    book, error = tried(
        lambda: xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=io.StringIO())
    )
    if book is None:
        is_locked = "encrypted" in error.lower() or any(name in _LOCKED for name in names)
        return Found(macros=tuple(macros), is_locked=is_locked, damage="" if is_locked else error)
    spans = tuple(_cells(book))
    fonts = sorted({font.name for font in book.font_list if font.name})
    return Found(spans, tuple(fonts), tuple(macros))


def _cells(book: xlrd.book.Book) -> Iterator[Span]:
    left = CELLS_MAX
    for sheet in book.sheets():
        for row in range(sheet.nrows):
            cells = [cell for cell in sheet.row(row) if cell.value not in {"", None}]
            for cell in cells:
                if (left := left - 1) < 0:
                    return
                yield Span(text=f"{_shown(cell)}\t", font=_font(book, cell))
            if cells:
                yield Span(text="\n")


def _shown(cell: xlrd.sheet.Cell) -> str:
    value = cell.value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _font(book: xlrd.book.Book, cell: xlrd.sheet.Cell) -> str:
    index = cell.xf_index
    if index is None or index >= len(book.xf_list):
        return ""
    font = book.xf_list[index].font_index
    return str(book.font_list[font].name) if font < len(book.font_list) else ""


def _macro_sheets(data: bytes) -> list[str]:
    """Names are not looked for: a hidden sheet of Excel 4 macros is enough."""
    stream = next((s for name in _BOOKS if (s := _stream(data, name))), b"")
    at, found = 0, []
    for _ in range(RECORDS_MAX):
        if at + 4 > len(stream):
            break
        kind, size = struct.unpack_from("<HH", stream, at)
        if kind == _SHEET and at + 10 <= len(stream) and stream[at + 9] == _MACRO_SHEET:
            found.append("Excel 4 macro sheet")
        if kind == _END:
            break
        at += 4 + size
    return found[:1]


def read_slides(data: bytes) -> Found:
    """A PowerPoint file: the text atoms of its one stream, in the order of the file."""
    macros, names = word97.macros(data)
    if any(name in _LOCKED for name in names):
        return Found(macros=tuple(macros), is_locked=True)
    stream = _stream(data, "PowerPoint Document")
    if not stream:
        return Found(macros=tuple(macros), damage="it has no stream of slides")
    return slides_in(stream, tuple(macros))


def slides_in(stream: bytes, macros: tuple[str, ...] = ()) -> Found:
    """The same from the stream alone. Containers are walked into, other records passed over."""
    spans: list[Span] = []
    fonts: list[str] = []
    at = 0
    for _ in range(RECORDS_MAX):
        if at + _HEAD > len(stream):
            break
        version, kind, size = struct.unpack_from("<HHI", stream, at)
        at += _HEAD
        if version & 0x0F == _CONTAINER:
            continue
        body = stream[at : at + size]
        at += size
        if kind in {_CHARS, _STRING}:
            spans.append(_paragraphs(body.decode("utf-16-le", "replace")))
        elif kind == _BYTES:
            spans.append(_paragraphs(body.decode("latin-1")))
        elif kind == _FONT:
            face = body[:_FACE_BYTES].decode("utf-16-le", "replace").partition("\0")[0]
            fonts += [face] if face else []
        elif kind == _HAS_MACROS and len(body) >= _HEAD and struct.unpack_from("<I", body, 4)[0]:
            macros = (*macros, "VBA project")
    return Found(tuple(spans), tuple(sorted(set(fonts))), macros)


def _paragraphs(text: str) -> Span:
    return Span(text=text.replace("\r", "\n").replace("\x0b", "\n").rstrip("\0") + "\n")


def _stream(data: bytes, name: str) -> bytes:
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            if not ole.exists(name):
                return b""
            if ole.get_size(name) > STREAM_MAX:
                raise Broken(f"{name} is larger than {STREAM_MAX} bytes")
            return bytes(ole.openstream(name).read())
    except (OSError, struct.error, IndexError, TypeError) as error:
        raise Broken(f"{name}: {error}") from error

"""What the bytes alone tell: their real type, and whether they are something else as well."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import Any

from gateway.mail.papers import FileKind

HEADER_WITHIN = 1024
"""Readers look for ``%PDF-`` this far into a file (Adobe's implementation note 13)."""
SMALLEST_PDF = 67
"""Bytes of the smallest file that any reader opens."""
TRAILING_MAX = 32
"""Bytes behind the end that programs do leave there."""
_BEGINNINGS = (
    (b"MZ", "exe"),
    (b"PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"\x7fELF", "elf"),
    (b"{\\rtf", "rtf"),
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"\x1f\x8b", "gzip"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf'\x1c", "7z"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"#!", "script"),
    (b"\xca\xfe\xba\xbe", "class"),
)
_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|svg|iframe|hta:)", re.IGNORECASE)
_OLE_NAMES = (
    ("WordDocument", FileKind.DOC),
    ("Workbook", FileKind.XLS),
    ("Book", FileKind.XLS),
    ("PowerPoint Document", FileKind.PPT),
)
_OOXML = ((b"word/", FileKind.DOCX), (b"xl/", FileKind.XLSX), (b"ppt/", FileKind.PPTX))
_PICTURES = {"jpeg": FileKind.JPG, "png": FileKind.PNG, "tiff": FileKind.TIFF}
_BLANK = b" \t\r\n\0"
_ZIP_END, _ZIP_MEMBER = b"PK\x05\x06", b"PK\x01\x02"
_ZIP_END_BYTES, _ZIP_COMMENT_MAX = 22, 65535
_PE_WITHIN = 4096


def look(data: bytes) -> Mapping[str, Any]:
    """Fields of DocumentFacts that need no parser. Linear in the size."""
    header = _HEADER.search(data, 0, HEADER_WITHIN + 8)
    first = _begins(data)
    if header is None or len(data) < SMALLEST_PDF:
        return {"kind": _office(data, first), "header_at": -1, "also": [first] if first else []}
    trailing, behind = _behind(data)
    also = [first] if first else []
    also += ["zip"] if _ends_as_zip(data) else []
    also += ["exe"] if _is_windows_program(data) else []
    also += ["html"] if _HTML.search(data, 0, max(HEADER_WITHIN, header.start())) else []
    also += [behind] if behind and trailing > TRAILING_MAX else []
    return {
        "kind": FileKind.PDF,
        "version": header[1].decode(),
        "header_at": header.start(),
        "trailing": trailing,
        "also": list(dict.fromkeys(also)),
    }


def _begins(data: bytes) -> str:
    return next((name for mark, name in _BEGINNINGS if data.startswith(mark)), "")


def _office(data: bytes, first: str) -> FileKind:
    if first == "rtf":
        return FileKind.RTF
    if first in _PICTURES:
        return _PICTURES[first]
    if first == "zip":
        if b"mimetypeapplication/vnd.oasis.opendocument" in data[:200]:
            return FileKind.ODF
        return next((kind for mark, kind in _OOXML if mark in data), FileKind.OTHER)
    if first == "ole":
        named = ((name.encode("utf-16-le") + b"\0\0", kind) for name, kind in _OLE_NAMES)
        return next((kind for name, kind in named if name in data), FileKind.OTHER)
    return FileKind.OTHER


def _behind(data: bytes) -> tuple[int, str]:
    """How much stands behind the last end mark, and what it begins like."""
    at = data.rfind(b"%%EOF")
    tail = data[at + 5 :].strip(_BLANK) if at >= 0 else b""
    return len(tail), _begins(tail)


def _ends_as_zip(data: bytes) -> bool:
    """Whether a ZIP directory really stands where the end record says (APPNOTE 4.3.16)."""
    at = data.rfind(_ZIP_END, max(0, len(data) - _ZIP_COMMENT_MAX - _ZIP_END_BYTES))
    if at < 0 or at + _ZIP_END_BYTES > len(data):
        return False
    entries, size = struct.unpack_from("<HI", data, at + 10)
    return bool(entries) and 0 < size < at and data[at - size : at - size + 4] == _ZIP_MEMBER


def _is_windows_program(data: bytes) -> bool:
    """Whether an MZ near the beginning leads to a PE header."""
    at = data.find(b"MZ", 0, _PE_WITHIN)
    while at >= 0:
        if at + 64 <= len(data):
            (offset,) = struct.unpack_from("<I", data, at + 60)
            if data[at + offset : at + offset + 4] == b"PE\0\0":
                return True
        at = data.find(b"MZ", at + 1, _PE_WITHIN)
    return False


def signed_ends(data: bytes) -> list[int]:
    """Where signed revisions end, in order, by what the ByteRanges claim."""
    pattern = rb"/ByteRange\s*\[\s*(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})"
    ends = {int(m[3]) + int(m[4]) for m in re.finditer(pattern, data)}
    return sorted(end for end in ends if 0 < end <= len(data))

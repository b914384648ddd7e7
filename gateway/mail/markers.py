"""Marks in a file's bytes that say what it can do: run, hold macros, hide behind a password."""

from __future__ import annotations

import re
import unicodedata

MARKED_BYTES = 8 * 1024 * 1024
"""How much of a document is searched."""

_PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"L\x00\x00\x00\x01\x14\x02\x00",
    b"#!/",
    b"#! /",
    b"ITSF",
    b"dex\n",
)
"""How programs begin: Windows, ELF, Mach-O, Java, shortcuts, scripts, help files, Android."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_MACROS = tuple(text.encode("utf-16-le") for text in ("_VBA_PROJECT", "Macros", "VBA"))
_OLE_CIPHERS = tuple(text.encode("utf-16-le") for text in ("EncryptedPackage", "EncryptedSummary"))
_PDF_ENCRYPT = re.compile(rb"/Encrypt[ \r\n\t]*(?:\d+ \d+ R|<<)")
_TEST = b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!"
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")


def is_program(data: bytes) -> bool:
    """Whether some system would run these bytes as they are."""
    return data.startswith(_PROGRAMS)


def has_macros(data: bytes) -> bool:
    """Whether an OLE2 document (Word, Excel of before 2007) holds a macro project.

    For OOXML look for ``vbaProject.bin`` in the archive.
    """
    if not data.startswith(_OLE):
        return False
    return any(mark in data[:MARKED_BYTES] for mark in _OLE_MACROS)


def has_password(data: bytes) -> bool:
    """Whether a PDF or an Office document is encrypted."""
    if data.startswith(_OLE):
        return any(mark in data[:MARKED_BYTES] for mark in _OLE_CIPHERS)
    if b"%PDF-" in data[:1024]:
        return bool(_PDF_ENCRYPT.search(data))
    return False


def is_test_virus(data: bytes) -> bool:
    """The harmless file by which admins see whether a scanner is at work (eicar.org)."""
    return _TEST in data


def endings(name: str) -> tuple[str, ...]:
    """The endings of a file name as Windows sees them, last first: ``a.pdf .EXE.`` is exe, pdf.

    Dots and blanks at the end, streams (``a.exe::$DATA``) and invisible signs are nothing.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKC", name) if c.isprintable())
    base = plain.replace("\\", "/").rpartition("/")[2].partition(":")[0].rstrip(". ")
    parts = [part.strip().lower() for part in base.split(".")]
    return tuple(reversed(parts[1:]))


def is_turned_round(name: str) -> bool:
    """Whether signs that turn the direction of writing hide how a name ends."""
    return bool(_DIRECTIONS.search(name))

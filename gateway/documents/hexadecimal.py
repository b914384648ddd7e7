"""Hexadecimal strings for pyHanko, which reads them digit by digit.

A signature is such a string of 20 to 60 KB, mostly zeros; reading it took most of the time of
checking it. ``install`` puts a reader in that place that gives and refuses the same.
"""

from __future__ import annotations

import binascii
from typing import IO, Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfStreamError

STEP = 8192
_BLANKS = b"\0\t\n\x0c\r "
"""White space of ISO 32000-1 7.2.2."""


def install() -> None:
    vars(generic)["read_hex_string_from_stream"] = read_hex


def read_hex(stream: IO[bytes]) -> Any:
    """The string that begins with ``<`` here; the stream then stands behind its ``>``."""
    stream.read(1)
    parts: list[bytes] = []
    while True:
        piece = stream.read(STEP)
        if not piece:
            raise PdfStreamError("Stream has ended within a hex string")
        end = piece.find(b">")
        parts.append((piece if end < 0 else piece[:end]).translate(None, _BLANKS))
        if end >= 0:
            stream.seek(end + 1 - len(piece), 1)
            break
    digits = b"".join(parts)
    try:
        return generic.pdf_string(binascii.unhexlify(digits + b"0" * (len(digits) % 2)))
    except binascii.Error as error:
        raise PdfStreamError(f"Unexpected token in hex string: {error}") from error

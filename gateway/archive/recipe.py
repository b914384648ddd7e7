"""A message as text and files: base64 undone wherever it can be redone byte for byte.

``taken_apart`` and ``put_together`` are inverse on any bytes. Files are named by their SHA-256, so
that equal attachments are kept once.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass

FILE_MIN = 1024
"""Bytes of base64 from which a file is worth naming."""

_RUN = re.compile(
    rb"[A-Za-z0-9+/]{40,1000}\r\n(?:[A-Za-z0-9+/]{40,1000}\r\n){4,}"
    rb"(?:[A-Za-z0-9+/]{1,1000}={0,2}|={1,2})?"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A file that stood in the message as base64."""

    at: int
    """Where in what is left of the message it belongs."""
    line: int
    """Characters of base64 in a line."""
    data: bytes


def taken_apart(raw: bytes) -> tuple[bytes, list[Piece]]:
    """What is left of a message without its files, and the files."""
    rest: list[bytes] = []
    pieces: list[Piece] = []
    done = size = 0
    for match in _RUN.finditer(raw):
        text = match.group()
        line = text.index(b"\r\n")
        if len(text) < FILE_MIN:
            continue
        try:
            data = binascii.a2b_base64(text)
        except binascii.Error:
            continue
        if written(data, line) != text:
            continue
        rest.append(raw[done : match.start()])
        size += len(rest[-1])
        pieces.append(Piece(size, line, data))
        done = match.end()
    rest.append(raw[done:])
    return b"".join(rest), pieces


def put_together(rest: bytes, places: list[tuple[int, int, Callable[[], bytes]]]) -> bytes:
    """The message; ``places``: (where in the rest, characters in a line, who knows the file)."""
    out: list[bytes] = []
    done = 0
    for at, line, data in places:
        out += (rest[done:at], written(data(), line))
        done = at
    out.append(rest[done:])
    return b"".join(out)


def written(data: bytes, line: int) -> bytes:
    """Base64 in lines of this many characters, without a line end behind the last."""
    if line % 4:
        text = binascii.b2a_base64(data, newline=False)
        return b"\r\n".join(text[k : k + line] for k in range(0, len(text), line))
    step = line // 4 * 3
    encode = binascii.b2a_base64
    pieces = [encode(data[k : k + step], newline=False) for k in range(0, len(data), step)]
    return b"\r\n".join(pieces)

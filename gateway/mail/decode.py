"""Transfer encodings undone: all that any mail program would read, in bounded pieces."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from gateway.mail.text import NOT_BASE64, base64_bytes
from gateway.runtime.words import later

STEP = 96 * 1024
"""Encoded bytes that are decoded at a time; the first of them in smaller steps, since many only
want to see how a file begins."""
_FIRST_STEP = 6 * 1024

IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
ENCODED = frozenset({"base64", "quoted-printable", "x-uuencode", "x-yenc"})

_BASE64_AND_BLANKS = bytes(set(range(256)) - set(NOT_BASE64)) + b" \t\r\n"
_LOOSE_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
_BARE_SOFT_BREAK = re.compile(rb"=\r(?!\n)")
_UU_BEGIN = re.compile(rb"(?:^|\n)begin(?:-base64)? [0-7]{3,4} ?[^\r\n]*\r?\n")
_YENC = bytes((code - 42) % 256 for code in range(256))
_YENC_ESCAPE = re.compile(rb"=(.)", re.DOTALL)


def pieces(encoding: str, body: memoryview) -> Iterator[bytes]:
    """The decoded bytes of a body, in order, a piece at a time. Never an exception.

    Lenient: what a program might skip is skipped, what it might read is read. See ``flaws``.
    """
    match encoding:
        case "base64":
            yield from _base64(body)
        case "quoted-printable":
            yield quoted_printable(bytes(body))
        case "x-uuencode":
            yield from _uuencode(body)
        case "x-yenc":
            yield _yenc(bytes(body))
        case _:
            yield from _steps(body)


def _steps(body: memoryview) -> Iterator[bytes]:
    at, step = 0, _FIRST_STEP
    while at < len(body):
        yield bytes(body[at : at + step])
        at, step = at + step, min(2 * step, STEP)


def flaws(encoding: str, body: memoryview) -> tuple[str, ...]:
    """Where programs will not agree about what this body holds; empty for a clean one."""
    if encoding == "base64":
        data = bytes(body)
        odd = data.translate(None, _BASE64_AND_BLANKS)
        if not odd or (odd in {b"=", b"=="} and data.rstrip().endswith(odd)):
            return ()
        tail = data.rstrip().rpartition(b"=")[2]
        return (later("base64 goes on behind its end"),) if b"=" in odd and tail else _junk(odd)
    if encoding == "quoted-printable" and _BARE_SOFT_BREAK.search(body):
        return (later("quoted-printable with a bare CR"),)
    return ()


def _junk(odd: bytes) -> tuple[str, ...]:
    return (later("base64 with strange signs"),) if odd.strip(b"=") else ()


def quoted_printable(data: bytes) -> bytes:
    """RFC 2045 6.7; an escape that is none stays as it is."""
    if b"= " in data or b"=\t" in data:
        data = _LOOSE_SOFT_BREAK.sub(b"=", data)
    if b"=\r" in data:
        data = _BARE_SOFT_BREAK.sub(b"=\n", data)
    return binascii.a2b_qp(data)


def _base64(body: memoryview) -> Iterator[bytes]:
    held = b""
    for step in _steps(body):
        piece = step
        if b"=" in piece:  # Behind a padding a new run begins.
            head, _, last = piece.rpartition(b"=")
            yield base64_bytes(held + head)
            held, piece = b"", last
        kept = held + piece.translate(None, NOT_BASE64)
        whole = len(kept) & ~3
        yield binascii.a2b_base64(kept[:whole])
        held = kept[whole:]
    if held:
        yield base64_bytes(held)


def _uuencode(body: memoryview) -> Iterator[bytes]:
    """Both the traditional lines and those of ``begin-base64``."""
    data = bytes(body)
    begin = _UU_BEGIN.search(data)
    if begin and b"begin-base64" in begin[0]:
        yield base64_bytes(data[begin.end() :].partition(b"====")[0])
        return
    for line in data[begin.end() if begin else 0 :].splitlines():
        if line.strip() in {b"end", b"`"}:
            return
        yield _uu_line(line)


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        if not line:
            return b""
        groups = ((line[0] - 32) & 63) * 4 + 5  # Some encoders add a checksum, or cut blanks.
        try:
            return binascii.a2b_uu(line[: groups // 3])
        except binascii.Error:
            return b""


def _yenc(data: bytes) -> bytes:
    lines = data.splitlines()
    kept = [line for line in lines if not line.startswith((b"=ybegin", b"=ypart", b"=yend"))]
    coded = _YENC_ESCAPE.sub(lambda m: bytes(((m[1][0] - 64) % 256,)), b"".join(kept))
    return coded.translate(_YENC)

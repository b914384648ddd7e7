"""A message as it stands behind DATA: dots stuffed, and the end of data (RFC 5321 4.5.2)."""

from __future__ import annotations

import stringzilla as sz

DOTTED = b"\r\n."
JOIN_MAX = 64 * 1024
"""Up to here one write of a copy costs less than a write of several pieces."""


def stuffed(head: bytes, body: memoryview) -> list[bytes | memoryview]:
    """Exactly these bytes, their dots stuffed, and what ends them; in pieces, so that a large body
    is not copied."""
    pieces: list[bytes | memoryview] = []
    is_begun = True
    for part in (memoryview(head), body):
        if is_begun and bytes(part[:1]) == b".":
            pieces.append(b".")
        at = 0
        while (found := sz.find(part, DOTTED, at)) >= 0:
            pieces += (part[at : found + 2], b".")
            at = found + 2
        pieces.append(part[at:])
        is_begun = bytes(part[-2:]) == b"\r\n" if part else is_begun
    pieces.append(b".\r\n" if is_begun else b"\r\n.\r\n")
    return [b"".join(pieces)] if len(head) + len(body) < JOIN_MAX else pieces

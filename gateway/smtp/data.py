"""The end of a message, and what may not be in it. Bytes in, one message out; no sockets.

Only CR LF . CR LF ends a message (RFC 5321 2.3.8, 4.1.1.4). A bare CR, a bare LF or a NUL anywhere
in it refuses the whole of it: servers that disagree about these have been used to smuggle mail.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.mail.limits import Limits
from gateway.runtime.scan import count, find

END = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class Bad:
    """Why this message cannot be taken: an SMTP reply."""

    reply: bytes


BARE = Bad(b"554 5.6.0 Message refused: a CR or LF stands alone in it; send lines ending in CR LF")
NUL = Bad(b"554 5.6.0 Message refused: there is a NUL in it; send it in base64")
TOO_BIG = Bad(b"552 5.3.4 Message too big; send large files another way")
LONG_LINE = Bad(b"554 5.6.0 Message refused: a line is too long; send it in base64")
BIG_HEADER = Bad(b"552 5.3.4 Message header too big")


class DataDecoder:
    """Collects one message. ``feed`` pieces as they come; the buffer is handed over uncopied."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._seen = 0
        self._dropped = False

    @property
    def size(self) -> int:
        """Bytes held in memory now."""
        return len(self._buffer)

    def feed(self, data: bytes | bytearray | memoryview) -> tuple[bytearray | Bad, bytes] | None:
        """The message, or why not, and what came behind it; None while it is not complete."""
        buffer = self._buffer
        buffer += data
        if self._seen < len(END) and not self._dropped and buffer[:3] == b".\r\n":
            return self._done(0, 3)
        at = find(buffer, END, max(0, self._seen - 4))
        if at >= 0:
            return self._done(at + 2, at + 5)
        self._seen = len(buffer)
        if len(buffer) > self._limits.message_bytes + len(END):
            # The client goes on until its end of data; only the end is still looked for.
            self._dropped = True
            del buffer[:-4]
            self._seen = len(buffer)
        return None

    def _done(self, end: int, after: int) -> tuple[bytearray | Bad, bytes]:
        buffer, self._buffer = self._buffer, bytearray()
        rest = bytes(memoryview(buffer)[after:])
        del buffer[end:]
        if self._dropped or len(buffer) > self._limits.message_bytes:
            return TOO_BIG, rest
        bad = self._refused(buffer)
        return (bad or _unstuffed(buffer)), rest

    def _refused(self, buffer: bytearray) -> Bad | None:
        ends = count(buffer, b"\r\n")
        if count(buffer, b"\n") != ends or count(buffer, b"\r") != ends:
            return BARE
        if find(buffer, b"\0") >= 0:
            return NUL
        head = find(buffer, b"\r\n\r\n")
        if (head if head >= 0 else len(buffer)) > self._limits.header_bytes:
            return BIG_HEADER
        if len(buffer) > self._limits.line_bytes and _has_long_line(
            buffer, self._limits.line_bytes
        ):
            return LONG_LINE
        return None


def _has_long_line(buffer: bytearray, longest: int) -> bool:
    """Jump from line end to line end in steps of the longest line that is allowed."""
    at = 0
    while len(buffer) - at > longest + 2:
        end = buffer.rfind(b"\r\n", at, at + longest + 2)
        if end < 0:
            return True
        at = end + 2
    return False


def _unstuffed(buffer: bytearray) -> bytearray:
    """Take out the dots that the client put in (RFC 5321 4.5.2)."""
    if buffer[:1] == b".":
        del buffer[:1]
    if find(buffer, b"\r\n.") >= 0:
        return buffer.replace(b"\r\n.", b"\r\n")
    return buffer

"""Where the parts of a multipart begin and end (RFC 2046 5.1.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.runtime.scan import find

Buffer = bytes | bytearray
Span = tuple[int, int]
CR, LF = 0x0D, 0x0A
TAIL_MAX = 200
NEAR_MISSES_MAX = 10_000


@dataclass(slots=True)
class Cut:
    """The spans of a multipart's children, and what was odd about its boundary lines."""

    spans: list[Span] = field(default_factory=list[Span])
    doubts: list[str] = field(default_factory=list[str])
    longer: set[bytes] = field(default_factory=set[bytes])
    """Lines that begin with the boundary and go on: a doubt, unless a nested boundary is so."""


def cut(source: Buffer, boundary: bytes, start: int, end: int) -> Cut:
    """Cut ``source[start:end]`` at its boundary lines."""
    mark = b"--" + boundary
    found = Cut()
    opened, closed, misses = -1, False, 0
    at = find(source, mark, start, end)
    while at >= 0:
        line_end = source.find(b"\n", at + len(mark), end)
        line_end = end if line_end < 0 else line_end + 1
        after = at + len(mark)
        tail = bytes(source[after : min(line_end, after + TAIL_MAX)]).strip(b" \t\r\n")
        if tail not in {b"", b"--"} or not _is_line_start(source, at, start):
            misses += 1
            _near_miss(found, source, at, start, boundary, tail)
            if misses > NEAR_MISSES_MAX:
                found.doubts.append("boundaries that are almost lines, beyond measure")
                break
            at = find(source, mark, at + 1, end)
            continue
        if closed:
            found.doubts.append("parts behind the closing boundary")
            break
        if opened >= 0:
            found.spans.append((opened, _without_break(source, opened, at)))
        opened, closed = line_end, tail == b"--"
        at = find(source, mark, line_end, end)
    if opened < 0:
        found.doubts.append("a boundary that is nowhere")
    elif not closed:
        found.spans.append((opened, end))
    return found


def _near_miss(
    found: Cut, source: Buffer, at: int, start: int, boundary: bytes, tail: bytes
) -> None:
    line = max(source.rfind(b"\n", max(start, at - TAIL_MAX), at) + 1, start)
    before = bytes(source[max(line, at - TAIL_MAX) : at])
    if before and (before.endswith(b"\r") or not before.strip()):
        found.doubts.append("a boundary that is not quite a line")
    elif not before:
        found.longer.add(boundary + tail.removesuffix(b"--").rstrip())


def _is_line_start(source: Buffer, at: int, start: int) -> bool:
    return at == start or source[at - 1] == LF


def _without_break(source: Buffer, start: int, end: int) -> int:
    """The line break before a boundary belongs to the boundary (RFC 2046 5.1.1)."""
    if end - 1 >= start and source[end - 1] == LF:
        end -= 1
        if end - 1 >= start and source[end - 1] == CR:
            end -= 1
    return end

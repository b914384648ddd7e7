"""Segments: the files of the journal, each beginning with where the one before it ended."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from gateway.archive.control import Point
from gateway.archive.record import HEAD_SIZE, Head, is_intact, read_head

HEADER_SIZE = 512
BLOCK = 1 << 20


class Opening(msgspec.Struct, frozen=True):
    """The first line of a segment: what was counted when it began."""

    format: int
    segment: int
    seq: int
    chain: str
    numbers: tuple[tuple[int, int], ...]

    @property
    def point(self) -> Point:
        return Point(HEADER_SIZE, self.seq, bytes.fromhex(self.chain), self.numbers)


@dataclass(frozen=True, slots=True)
class Found:
    """A record met on a walk; ``offset`` is that of its head in the segment's file."""

    head: Head
    meta: bytes
    offset: int


def path_of(folder: Path, segment: int) -> Path:
    return folder / f"{segment:06d}.seg"


def segments(folder: Path) -> list[int]:
    """The numbers of all segments there are, oldest first."""
    return sorted(int(path.stem) for path in folder.glob("[0-9]*.seg"))


def opening(segment: int, point: Point) -> bytes:
    """The first bytes of a new segment that begins at ``point``."""
    line = msgspec.json.encode(Opening(1, segment, point.seq, point.chain.hex(), point.numbers))
    data = line + b" %08x\n" % zlib.crc32(line)
    return data.ljust(HEADER_SIZE, b"\n")


def read_opening(fd: int) -> Opening | None:
    """What a segment says of itself; None if it was not finished."""
    line, _, rest = os.pread(fd, HEADER_SIZE, 0).partition(b"\n")
    text, _, crc = line.rpartition(b" ")
    if not rest or crc != b"%08x" % zlib.crc32(text):
        return None
    return msgspec.json.decode(text, type=Opening)


def walk(fd: int, start: int, end: int) -> Iterator[Found]:
    """The records between two offsets, without their bodies. Stops at what is no record."""
    block, base = b"", start
    offset = start
    while offset + HEAD_SIZE <= end:
        at = offset - base
        head = read_head(memoryview(block)[at : at + HEAD_SIZE]) if at < len(block) else None
        if head is None or at + HEAD_SIZE + head.meta_size > len(block):
            base, at = offset, 0
            block = os.pread(fd, min(BLOCK, end - offset), offset)
            head = read_head(block[:HEAD_SIZE])
            if head is None or offset + head.size > end:
                return
            if HEAD_SIZE + head.meta_size > len(block):
                block = os.pread(fd, HEAD_SIZE + head.meta_size, offset)
        if offset + head.size > end:
            return
        meta = block[at + HEAD_SIZE : at + HEAD_SIZE + head.meta_size]
        yield Found(head, meta, offset)
        offset += head.size


def body_of(fd: int, found: Found) -> bytes:
    """The message bytes of a record."""
    return os.pread(fd, found.head.body_size, found.offset + HEAD_SIZE + found.head.meta_size)


def recover(fd: int, point: Point) -> Point:
    """The last point up to which a segment holds whole groups of intact records.

    What stands behind was never acknowledged (RFC 5321 4.2.5: no 250 before it was synced).
    """
    end = os.fstat(fd).st_size
    good = here = point
    for found in walk(fd, point.end, end):
        head = found.head
        if head.seq != here.seq + 1 or not is_intact(head, found.meta, here.chain):
            break
        if sha256(body_of(fd, found)).digest() != head.digest:
            break
        numbers = here.gave(head.number) if head.number else here.numbers
        here = Point(found.offset + head.size, head.seq, head.chain, numbers)
        if not head.continues:
            good = here
    return good

"""Cold segments are compressed: written beside the plain one, read back, and only then put there.

At every moment a whole segment lies under one of its two names; who reads prefers the plain one.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import msgspec
import zstandard

from gateway.archive.control import Control
from gateway.archive.journal import JournalError
from gateway.archive.packed import (
    MAGIC,
    TRAILER,
    Directory,
    Entry,
    PackedSegment,
    Place,
    Use,
    read_directory,
)
from gateway.archive.recipe import taken_apart
from gateway.archive.record import HEAD_BYTES
from gateway.archive.segments import head_of, opened, segment_path, segments, walk
from gateway.runtime.disk import Disk

log = logging.getLogger(__name__)

BLOCK_BYTES = 512 * 1024
"""Unpacked; more packs better, less is quicker to read one record from: this takes 1 ms."""
LEVEL = 12
FILE_LEVEL = 9
"""Attachments are mostly packed already."""
REMEMBERED = 256
"""Earlier segments whose files are not kept a second time: some 16 GiB of mail."""


class _Writer:
    """Builds one packed file."""

    def __init__(self, fd: int, disk: Disk, segment: int, known: dict[bytes, Place]) -> None:
        self._fd, self._disk, self._segment, self._known = fd, disk, segment, known
        self._end = HEAD_BYTES
        self._blocks: list[Place] = []
        self._files: list[Place] = []
        self._digests: list[bytes] = []
        self._numbers: dict[bytes, int] = {}
        self._entries: list[Entry] = []
        self._block = bytearray()
        self._pack = zstandard.ZstdCompressor(level=LEVEL).compress
        self._pack_file = zstandard.ZstdCompressor(level=FILE_LEVEL).compress

    def add(self, offset: int, front: bytes, body: bytes) -> None:
        """A record: head and JSON as they are, and its message."""
        rest, pieces = taken_apart(body)
        uses = tuple(Use(self._file(piece.data), piece.at, piece.line) for piece in pieces)
        size = len(front) + len(rest)
        self._entries.append(Entry(offset, len(self._blocks), len(self._block), size, uses))
        self._block += front
        self._block += rest
        if len(self._block) >= BLOCK_BYTES:
            self._close_block()

    def finish(self, first: int, end: int) -> None:
        self._close_block()
        directory = Directory(
            first,
            end,
            tuple(self._blocks),
            tuple(self._files),
            tuple(self._digests),
            tuple(self._entries),
        )
        data = self._pack(msgspec.msgpack.encode(directory))
        trailer = TRAILER.pack(self._end, len(data), crc32(data), MAGIC)
        self._disk.write(self._fd, [data, trailer], self._end)

    def _close_block(self) -> None:
        if self._block:
            self._blocks.append(self._put(self._pack(bytes(self._block)), len(self._block)))
            self._block.clear()

    def _file(self, data: bytes) -> int:
        digest = hashlib.sha256(data).digest()
        if digest not in self._numbers:
            place = self._known.get(digest)
            if place is None:
                place = self._put(self._pack_file(data), len(data))
            self._numbers[digest] = len(self._files)
            self._files.append(place)
            self._digests.append(digest)
        return self._numbers[digest]

    def _put(self, data: bytes, plain: int) -> Place:
        place = Place(self._segment, self._end, len(data), plain)
        self._end = self._disk.write(self._fd, [data], self._end)
        return place


def pack(folder: Path, disk: Disk, segment: int, end: int) -> tuple[int, int]:
    """Compress one segment that ends at ``end``. (bytes before, bytes after). OSError if the disk
    will not; JournalError if the plain segment is damaged. Either way nothing is lost."""
    plain, packed = segment_path(folder, segment), segment_path(folder, segment, "segz")
    with opened(plain, os.O_RDONLY, disk) as source:
        if not packed.exists():  # Else all was done but taking the plain one away.
            fresh = packed.with_suffix(".new")
            _write(folder, disk, segment, source, end, fresh)
            disk.rename(fresh, packed)
            disk.sync_folder(folder)
        _compare(packed, disk, segment, source, end)
    disk.remove(plain)
    disk.sync_folder(folder)
    return end, packed.stat().st_size


def _write(folder: Path, disk: Disk, segment: int, source: int, end: int, fresh: Path) -> None:
    disk.remove(fresh)
    with opened(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, disk) as fd:
        head = head_of(folder, disk, segment)
        disk.write(fd, [disk.read(source, HEAD_BYTES, 0)], 0)
        writer = _Writer(fd, disk, segment, _known_files(folder, disk, segment))
        tail = head.tail()
        for found, meta in walk(source, disk, tail, end):
            front = disk.read(source, found.meta_at - found.offset, found.offset)
            body = disk.read(source, found.body_bytes, found.body_at)
            writer.add(found.offset, front + meta, body)
        if tail.end != end:
            raise JournalError(
                f"segment {segment} is damaged at {tail.end}; run `vanthu archive verify`"
            )
        writer.finish(head.first, end)
        disk.sync(fd)
        disk.forget(fd)
    _compare(fresh, disk, segment, source, end)


def _compare(fresh: Path, disk: Disk, segment: int, source: int, end: int) -> None:
    """What will be read from the new file is, byte for byte, what stands in the old one."""
    packed = PackedSegment(fresh, disk, segment)
    at = HEAD_BYTES
    try:
        for head, meta, raw in packed.entries():
            front = head.front + head.chain + head.crc.to_bytes(4, "little")
            whole = front + meta + raw
            if head.offset != at or disk.read(source, len(whole), at) != whole:
                raise JournalError(f"{fresh} does not read back at {at}; the plain segment stays")
            at += len(whole)
    finally:
        packed.close()
    if at != end:
        raise JournalError(f"{fresh} ends at {at} instead of {end}; the plain segment stays")


def _known_files(folder: Path, disk: Disk, before: int) -> dict[bytes, Place]:
    """Files of the packed segments before this one, by their SHA-256."""
    known: dict[bytes, Place] = {}
    for number in range(max(1, before - REMEMBERED), before):
        path = segment_path(folder, number, "segz")
        if path.exists():
            with opened(path, os.O_RDONLY, disk) as fd:
                directory = read_directory(fd, disk, path)
            known |= {
                digest: place
                for digest, place in zip(directory.digests, directory.files, strict=True)
                if place.segment == number
            }
    return known


def cold(folder: Path, disk: Disk, control: Control, until_ms: int) -> Iterator[tuple[int, int]]:
    """(segment, where it ends) of plain segments that nobody has written to since ``until_ms``."""
    state = control.load()
    if state is None:
        return
    for number, kinds in segments(folder, disk).items():
        if number >= state.tail.segment:
            return
        if "seg" in kinds:
            following = head_of(folder, disk, number + 1)
            if following.at_ms > until_ms:
                return
            yield number, following.prev_end


def pack_cold(folder: Path, disk: Disk, control: Control, until_ms: int) -> Iterator[int]:
    """Compress all that is cold; yields each segment that has been."""
    for number, end in cold(folder, disk, control, until_ms):
        before, after = pack(folder, disk, number, end)
        log.info("journal segment %d: %d bytes packed to %d", number, before, after)
        yield number

"""A segment that is no longer written to, compressed; every record can be read on its own.

    head of the segment, as in the plain file (HEAD_BYTES)
    files       each a zstd frame: attachments that no earlier segment has
    blocks      each a zstd frame: records one behind the other, about BLOCK_BYTES
    directory   a zstd frame: msgpack of ``Directory``
    trailer     Q where the directory begins, I its size, I its CRC-32, 8s "VTPACK01"

A record in a block is its head and JSON as they were, then the message without its files; which
files belong where stands in the directory. Files may lie in an earlier packed segment.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from zlib import crc32

import msgspec
import zstandard

from gateway.archive.journal import JournalError, Record
from gateway.archive.recipe import put_together
from gateway.archive.record import (
    HEAD_BYTES,
    RECORD_BYTES,
    BadRecord,
    Head,
    check_body,
    check_meta,
    read_head,
    record_of,
)
from gateway.runtime.disk import Disk

TRAILER = struct.Struct("<QII8s")
MAGIC = b"VTPACK01"


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a file lies: segment, offset, size packed and unpacked."""

    segment: int
    offset: int
    size: int
    plain: int


class Use(msgspec.Struct, frozen=True, array_like=True):
    """A file in a message: which of ``files``, where in the rest, characters in a line."""

    file: int
    at: int
    line: int


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A record: its offset in the plain segment, its block, where in it, and its files."""

    offset: int
    block: int
    at: int
    size: int
    uses: tuple[Use, ...] = ()


class Directory(msgspec.Struct, frozen=True, array_like=True):
    """What a packed segment holds."""

    first: int
    end: int
    """Where the plain segment ended."""
    blocks: tuple[Place, ...]
    files: tuple[Place, ...]
    digests: tuple[bytes, ...]
    """SHA-256 of each file."""
    entries: tuple[Entry, ...]


def read_directory(fd: int, disk: Disk, path: Path) -> Directory:
    """JournalError if the file is damaged."""
    size = disk.size(fd)
    start = max(0, size - TRAILER.size)
    try:
        at, length, crc, magic = TRAILER.unpack(disk.read(fd, TRAILER.size, start))
        data = disk.read(fd, length, at)
        if magic != MAGIC or crc32(data) != crc:
            raise ValueError("the directory does not fit its checksum")  # noqa: TRY301
        return msgspec.msgpack.decode(zstandard.decompress(data), type=Directory)
    except (struct.error, zstandard.ZstdError, msgspec.MsgspecError, ValueError) as error:
        raise JournalError(f"{path} is damaged: {error}; restore it from a backup") from None


class PackedSegment:
    """Reads a packed segment as if it were the plain one, offsets and all."""

    def __init__(self, path: Path, disk: Disk, segment: int) -> None:
        self.segment, self._path, self._disk = segment, path, disk
        self._fd = disk.open(path, os.O_RDONLY)
        try:
            self.directory = read_directory(self._fd, disk, path)
        except JournalError:
            disk.close(self._fd)
            raise
        self.first, self.end = self.directory.first, self.directory.end
        self._offsets = [entry.offset for entry in self.directory.entries]
        self._block = (-1, b"")

    def close(self) -> None:
        self._disk.close(self._fd)

    def offset_of(self, seq: int) -> int:
        if not 0 <= seq - self.first < len(self._offsets):
            raise LookupError(f"no record {seq}")
        return self._offsets[seq - self.first]

    def record(self, offset: int, *, with_raw: bool) -> Record | None:
        return next(self.records(offset, with_raw=with_raw), None)

    def records(self, offset: int, *, with_raw: bool, is_checked: bool = True) -> Iterator[Record]:
        try:
            for head, meta, raw in self.entries(offset, with_raw=with_raw):
                check_meta(head, meta)
                if with_raw and is_checked:
                    check_body(head, raw)
                yield record_of(head, meta, raw, self.segment)
        except (BadRecord, zstandard.ZstdError) as error:
            raise JournalError(f"{self._path} is damaged: {error}; restore it") from None

    def entries(
        self, offset: int = HEAD_BYTES, *, with_raw: bool = True
    ) -> Iterator[tuple[Head, bytes, bytes]]:
        """Head, JSON and message of each record, not yet checked."""
        index = bisect_right(self._offsets, offset - 1)
        for entry in self.directory.entries[index:]:
            block = self._unpacked(entry.block)
            head = read_head(block, entry.at, entry.offset)
            meta_at = entry.at + RECORD_BYTES
            body_at = meta_at + head.meta_bytes
            rest = block[body_at : entry.at + entry.size] if with_raw else b""
            if with_raw and entry.uses:
                files = self.directory.files
                rest = put_together(
                    rest, [(u.at, u.line, partial(self.file, files[u.file])) for u in entry.uses]
                )
            yield head, block[meta_at:body_at], rest

    def file(self, place: Place) -> bytes:
        """An attachment, from here or from the earlier segment that has it."""
        if place.segment == self.segment:
            data = self._disk.read(self._fd, place.size, place.offset)
        else:
            path = self._path.with_name(f"{place.segment:06d}.segz")
            fd = self._disk.open(path, os.O_RDONLY)
            try:
                data = self._disk.read(fd, place.size, place.offset)
            finally:
                self._disk.close(fd)
        return zstandard.decompress(data, max_output_size=place.plain)

    def _unpacked(self, block: int) -> bytes:
        if self._block[0] != block:
            place = self.directory.blocks[block]
            data = self._disk.read(self._fd, place.size, place.offset)
            self._block = (block, zstandard.decompress(data, max_output_size=place.plain))
        return self._block[1]


def sizes(path: Path, disk: Disk) -> tuple[int, int]:
    """(bytes of the plain segment, bytes packed)."""
    fd = disk.open(path, os.O_RDONLY)
    try:
        return read_directory(fd, disk, path).end, disk.size(fd)
    finally:
        disk.close(fd)

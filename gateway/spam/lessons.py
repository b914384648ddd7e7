"""The copybook: every lesson there was, in an append-only file that any process may write to.

A record is length and CRC-32 (little-endian), then zlib over MessagePack. Writers take turns by
flock, cut off what a killed writer left half done, and return when the record is on the disk. A
position is a byte offset over all files; each file is named by the position it begins at.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec

from gateway.spam.letter import Letter

_FRAME: Final = struct.Struct("<II")
FILE_BYTES: Final = 64 * 1024 * 1024
"""Where a new file is begun, so that old lessons can be thrown away by the file."""
_RECORD_MAX: Final = 4 * 1024 * 1024


class Lesson(msgspec.Struct, frozen=True, omit_defaults=True, tag="lesson"):
    """What somebody said about a letter. The letter is kept as the nose reads it, not whole."""

    at_ms: int
    is_spam: bool
    teacher: str
    """Who said so: a login, ``admin`` or ``release``."""
    weight: float
    raw: bytes
    head: bytes
    text: bytes
    links: bytes = b""

    @property
    def letter(self) -> Letter:
        return Letter(self.raw, self.head, self.text, self.links)


class Return(msgspec.Struct, frozen=True, omit_defaults=True, tag="return"):
    """An admin's word: what was learnt since this version shall not count."""

    at_ms: int
    version: int
    actor: str


_READ = msgspec.msgpack.Decoder(Lesson | Return)
_WRITE = msgspec.msgpack.Encoder()


@dataclass(slots=True)
class Lessons:
    """The files of one folder. Use one object for each process."""

    folder: Path
    _end: int = field(default=-1)
    """Position behind the last record known to be whole; -1 if not looked yet."""

    def append(self, record: Lesson | Return) -> int:
        """Write a record down for good. Returns the position behind it. OSError if it cannot."""
        return self.append_all((record,))

    def append_all(self, records: tuple[Lesson | Return, ...]) -> int:
        """Several records with one sync."""
        data = b"".join(_framed(record) for record in records)
        with self._lock():
            name, end = self._tail()
            begin = _begin(name)
            if end - begin >= FILE_BYTES:
                name, begin = self.folder / f"{end:016d}.lessons", end
            fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.ftruncate(fd, end - begin)  # What a killed writer left.
                _write(fd, data, end - begin)
                os.fdatasync(fd)
            finally:
                os.close(fd)
            if begin == end:
                _sync_folder(self.folder)
            self._end = end + len(data)
        return self._end

    def read(self, position: int) -> Iterator[tuple[int, Lesson | Return]]:
        """(position behind it, record) for each whole record from ``position`` on."""
        for name in self._files():
            yield from _records(name, position)

    def at(self, position: int) -> Lesson | Return | None:
        """The record that begins there, if it is still kept."""
        files = [name for name in self._files() if _begin(name) <= position]
        return (
            next((record for _, record in _records(files[-1], position)), None) if files else None
        )

    @property
    def end(self) -> int:
        """Position behind the last whole record."""
        with self._lock():
            return self._tail()[1]

    def forget(self, position: int) -> int:
        """Delete files that hold nothing from ``position`` on. Returns how many."""
        files = self._files()
        gone = [a for a, b in pairwise(files) if _begin(b) <= position]
        for name in gone:
            name.unlink()
        return len(gone)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.lessons"))

    def _tail(self) -> tuple[Path, int]:
        """The last file, and where its last whole record ends. Called with the lock held."""
        files = self._files()
        if not files:
            return self.folder / f"{0:016d}.lessons", 0
        name = files[-1]
        begin = _begin(name)
        at = max(self._end, begin)
        with name.open("rb") as file:
            file.seek(at - begin)
            while (payload := _next(file.read)) is not None:
                at += _FRAME.size + len(payload)
        return name, at

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def _records(name: Path, position: int) -> Iterator[tuple[int, Lesson | Return]]:
    begin = _begin(name)
    with name.open("rb") as file:
        if begin + os.fstat(file.fileno()).st_size <= position:
            return
        file.seek(max(0, position - begin))
        at = begin + file.tell()
        while (payload := _next(file.read)) is not None:
            at += _FRAME.size + len(payload)
            yield at, _READ.decode(zlib.decompress(payload))


def _framed(record: Lesson | Return) -> bytes:
    payload = zlib.compress(_WRITE.encode(record), 6)
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def _next(read: Callable[[int], bytes]) -> bytes | None:
    """The next whole payload of a file, or None where it ends or is torn."""
    frame = read(_FRAME.size)
    if len(frame) < _FRAME.size:
        return None
    length, crc = _FRAME.unpack(frame)
    if not 0 < length <= _RECORD_MAX:
        return None
    payload = read(length)
    return payload if len(payload) == length and zlib.crc32(payload) == crc else None


def _begin(name: Path) -> int:
    return int(name.stem)


def _write(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(fd, view, offset)
        view, offset = view[done:], offset + done


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

"""The disk, as the journal uses it: few calls, so that a test can make any of them fail."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

Buffers: TypeAlias = Sequence[bytes | bytearray | memoryview]

IOV_MAX = 1023
"""Buffers that one pwritev may carry."""


class Disk(Protocol):
    """What can be done with files. Every method raises OSError when the disk will not."""

    def open(self, path: Path) -> int:
        """Open for reading and writing; make it (mode 0600) if it is not there."""

    def write(self, fd: int, buffers: Buffers, offset: int) -> None:
        """Write all of the buffers, one behind the other, at ``offset``."""

    def sync(self, fd: int) -> None:
        """Return when the file's data are on the disk (fdatasync)."""

    def sync_folder(self, path: Path) -> None:
        """Return when the names in a folder are on the disk."""

    def truncate(self, fd: int, size: int) -> None:
        """Cut the file to this size, and forget what the kernel had cached of it."""


class RealDisk:
    """The operating system's files."""

    def open(self, path: Path) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, fd: int, buffers: Buffers, offset: int) -> None:
        at = 0
        while at < len(buffers):
            some = buffers[at : at + IOV_MAX]
            written = os.pwritev(fd, some, offset)
            wanted = sum(len(buffer) for buffer in some)
            offset += written
            at += len(some)
            if written < wanted:
                offset = _write_rest(fd, some, written, offset)

    def sync(self, fd: int) -> None:
        os.fdatasync(fd)

    def sync_folder(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def _write_rest(fd: int, buffers: Buffers, written: int, offset: int) -> int:
    """Write what a short pwritev left over; a full disk says so on the next call."""
    rest = memoryview(b"".join(buffers))[written:]
    while rest:
        done = os.pwrite(fd, rest, offset)
        rest, offset = rest[done:], offset + done
    return offset

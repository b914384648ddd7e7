"""The disk, as the journal sees it, so that a test can hand in one that fails."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

Bytes: TypeAlias = bytes | bytearray | memoryview

IOV_MAX = 1024
"""Pieces that Linux takes in one ``pwritev``."""


class Disk(Protocol):
    """Every operation on a file that matters to durability. All raise OSError.

    A write lasts through a power cut only after ``sync`` of its file; a new, renamed or removed
    name only after ``sync_folder`` of its folder.
    """

    def open(self, path: Path, flags: int) -> int:
        """A file descriptor; files made by it are readable by the owner alone."""

    def close(self, fd: int) -> None: ...

    def read(self, fd: int, size: int, offset: int) -> bytes:
        """Up to ``size`` bytes; fewer only at the end of the file."""

    def write(self, fd: int, pieces: Sequence[Bytes], offset: int) -> int:
        """All pieces, one behind the other; the offset behind them. Never a part without error."""

    def sync(self, fd: int) -> None:
        """The file's data, and as much about it as reading it back needs (``fdatasync``)."""

    def forget(self, fd: int) -> None:
        """Drop clean pages, so that the next read shows what the disk holds."""

    def cut(self, fd: int, size: int) -> None:
        """Make the file end there."""

    def size(self, fd: int) -> int: ...

    def rename(self, old: Path, new: Path) -> None: ...

    def remove(self, path: Path) -> None:
        """Take the name away; no error where there is none."""

    def make_folder(self, path: Path) -> None:
        """The folder and those above it; no error where it stands."""

    def names(self, folder: Path) -> list[str]: ...

    def sync_folder(self, folder: Path) -> None:
        """Names made, changed or removed in the folder."""


class RealDisk:
    """Linux."""

    def open(self, path: Path, flags: int) -> int:
        return os.open(path, flags | os.O_CLOEXEC, 0o600)

    def close(self, fd: int) -> None:
        os.close(fd)

    def read(self, fd: int, size: int, offset: int) -> bytes:
        got = os.pread(fd, size, offset)
        if len(got) == size or not got:
            return got
        pieces = [got]
        have = len(got)
        while have < size and (more := os.pread(fd, size - have, offset + have)):
            pieces.append(more)
            have += len(more)
        return b"".join(pieces)

    def write(self, fd: int, pieces: Sequence[Bytes], offset: int) -> int:
        for first in range(0, len(pieces), IOV_MAX):
            some = pieces[first : first + IOV_MAX]
            wanted = sum(map(len, some))
            done = os.pwritev(fd, some, offset)
            if done < wanted:  # A full disk, or more than 2 GiB at once: the rest says which.
                rest = memoryview(b"".join(some))
                while done < wanted:
                    done += os.pwrite(fd, rest[done:], offset + done)
            offset += wanted
        return offset

    def sync(self, fd: int) -> None:
        os.fdatasync(fd)

    def forget(self, fd: int) -> None:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def cut(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def size(self, fd: int) -> int:
        return os.fstat(fd).st_size

    def rename(self, old: Path, new: Path) -> None:
        old.rename(new)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def make_folder(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def names(self, folder: Path) -> list[str]:
        return [path.name for path in folder.iterdir()]

    def sync_folder(self, folder: Path) -> None:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

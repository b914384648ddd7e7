"""A disk that fails, or loses power, at the n-th operation."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from gateway.runtime.disk import Bytes, RealDisk


class PowerCut(BaseException):
    """Nothing runs on after this: not even an ``except Exception``."""


@dataclass
class Inode:
    """What the disk surely has of a file, and what the kernel has not written yet."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Writes at an offset; None: cut there."""

    def flush(self) -> None:
        for offset, data in self.pending:
            self._apply(offset, data)
        self.pending.clear()

    def survive(self, chance: Random) -> None:
        """Some of what was not synced is there all the same, in any order, and not whole."""
        for offset, data in self.pending:
            if chance.random() < 0.5:
                part = data if data is None else data[: chance.randint(0, len(data))]
                self._apply(offset, part)

    def _apply(self, offset: int, data: bytes | None) -> None:
        if data is None:
            del self.durable[offset:]
            self.durable.extend(bytes(max(0, offset - len(self.durable))))
            return
        self.durable.extend(bytes(max(0, offset - len(self.durable))))
        self.durable[offset : offset + len(data)] = data


class FailingDisk(RealDisk):
    """Fails with ``number`` at operation ``fails_at`` (a half of a write is done), or is cut there.

    A failed sync drops what it should have written, for good, as Linux does. ``times`` operations
    in a row fail.
    """

    def __init__(
        self, fails_at: int = 0, number: int = 5, *, is_cut: bool = False, times: int = 1
    ) -> None:
        self.fails_at, self.number, self.is_cut, self.times = fails_at, number, is_cut, times
        self.done = 0
        self.is_off = False
        self._files: dict[int, Inode] = {}
        self._names: dict[Path, Inode] = {}
        self._kept_names: dict[Path, Inode] = {}

    def _step(self) -> None:
        if self.is_off:
            raise PowerCut
        self.done += 1
        if self.fails_at and self.fails_at <= self.done < self.fails_at + self.times:
            if self.is_cut:
                self.is_off = True
                raise PowerCut
            raise OSError(self.number, os.strerror(self.number))

    def open(self, path: Path, flags: int) -> int:
        self._step()
        fd = super().open(path, flags)
        if path not in self._names:
            node = Inode(bytearray(path.read_bytes()))
            self._names[path] = node
            if node.durable:
                self._kept_names[path] = node
        self._files[fd] = self._names[path]
        return fd

    def write(self, fd: int, pieces: Sequence[Bytes], offset: int) -> int:
        data = b"".join(pieces)
        try:
            self._step()
        except (OSError, PowerCut):
            half = data[: len(data) // 2]
            super().write(fd, [half], offset)
            self._files[fd].pending.append((offset, half))
            raise
        self._files[fd].pending.append((offset, data))
        return super().write(fd, [data], offset)

    def sync(self, fd: int) -> None:
        try:
            self._step()
        except OSError:
            self._files[fd].pending.clear()
            raise
        self._files[fd].flush()

    def cut(self, fd: int, size: int) -> None:
        self._step()
        self._files[fd].pending.append((size, None))
        super().cut(fd, size)

    def rename(self, old: Path, new: Path) -> None:
        self._step()
        super().rename(old, new)
        node = self._names.pop(old) if old in self._names else Inode(bytearray(new.read_bytes()))
        self._names[new] = node

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)
        self._names.pop(path, None)

    def sync_folder(self, folder: Path) -> None:
        self._step()
        for path in [path for path in self._kept_names if path.parent == folder]:
            del self._kept_names[path]
        here = {path: node for path, node in self._names.items() if path.parent == folder}
        self._kept_names.update(here)

    def back_on(self, chance: Random) -> None:
        """Make the folder what a power cut would have left of it.

        A name that was not synced may be there or not; the control page and the locks too.
        """
        lucky = {path: node for path, node in self._names.items() if chance.random() < 0.5}
        names = self._kept_names | lucky
        for path, node in (self._names | self._kept_names).items():
            is_mapped = path.name == "control"
            if is_mapped:
                if chance.random() < 0.5:
                    path.unlink(missing_ok=True)
                continue
            path.unlink(missing_ok=True)
            if path in names:
                if chance.random() < 0.7:
                    node.survive(chance)
                path.write_bytes(node.durable)

"""The journal in files, shared with other processes: put in, and read back."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock

from gateway.archive.backup import back_up
from gateway.archive.commands import ArchiveNumber
from gateway.archive.control import Control
from gateway.archive.journal import Entry, JournalError, Kept, Record
from gateway.archive.packing import pack_cold
from gateway.archive.pen import Pen, moment_of, sheets
from gateway.archive.reader import Reader
from gateway.archive.record import by_year
from gateway.archive.segments import recover
from gateway.archive.verify import verify
from gateway.archive.writers import Writers
from gateway.runtime.disk import Disk, RealDisk

log = logging.getLogger(__name__)

SEGMENT_BYTES = 64 * 1024 * 1024

PACK_AFTER_S = 3600.0
"""A segment is packed an hour after it was finished: what is delivered now is not in it."""


def wall_clock() -> datetime:
    return datetime.now(UTC)


class FileJournal:
    """Open it in each process, after any fork. ``close`` waits for what is on its way.

    The first to open it finds the end and repairs what a crash left; whoever comes while others
    are here only joins them.
    """

    def __init__(
        self,
        folder: Path,
        disk: Disk | None = None,
        *,
        clock: Callable[[], datetime] = wall_clock,
        segment_bytes: int = SEGMENT_BYTES,
        writers: int = 2,
        sync: bool = True,
    ) -> None:
        """``sync=False`` only to measure what durability costs: it breaks every promise."""
        self.folder, self._disk, self._sync = folder, disk or RealDisk(), sync
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._disk.make_folder(folder)
        self._control = Control(folder / "control", self._disk)
        self._alive = self._join()
        self._reader = Reader(folder, self._disk, self._control)
        self._pen: Pen | None = None
        self._now = Lock()
        self.grown = Event()
        """Set whenever this process has kept something."""
        self._kept_by = Writers(self._new_pen, writers, self.grown)

    def _join(self) -> int:
        """The shared lock that says this process is here; alone, recover first."""
        fd = self._disk.open(self.folder / "alive.lock", os.O_RDWR | os.O_CREAT)
        with ExitStack() as undone:
            undone.callback(self._disk.close, fd)
            while True:
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    fcntl.flock(fd, fcntl.LOCK_SH)
                else:
                    self._recover()
                    fcntl.flock(fd, fcntl.LOCK_SH)
                if self._control.is_ready:
                    undone.pop_all()
                    return fd
                fcntl.flock(fd, fcntl.LOCK_UN)

    def _recover(self) -> None:
        self._control.is_ready = False
        try:
            state = recover(self.folder, self._disk, self._control, moment_of(self._clock()))
        except OSError as error:
            raise JournalError(f"the journal in {self.folder} cannot be opened: {error}") from error
        self._control.is_busy = False
        self._control.is_ready = True
        numbers = ", ".join(map(str, by_year(state.tail.counters))) or "none yet"
        log.info("journal: %d records, last numbers: %s", state.tail.seq, numbers)

    def close(self) -> None:
        self._kept_by.close()
        if self._pen is not None:
            self._pen.close()
            self._pen = None
        self._reader.close()
        self._control.close()
        self._disk.close(self._alive)

    def append(self, entries: Sequence[Entry]) -> asyncio.Future[list[Kept]]:
        """Keep all of them or none; done when they are on disk. JournalError if they are not."""
        return self._kept_by.add(entries)

    def append_now(self, entries: Sequence[Entry]) -> list[Kept]:
        """``append`` for programs without an event loop; waits here."""
        prepared = sheets(entries)
        with self._now:
            if self._pen is None:
                self._pen = self._new_pen()
            (kept,) = self._pen.append([prepared])
        self.grown.set()
        return kept

    def read(self, seq: int, *, with_raw: bool = True) -> Record:
        return self._reader.read(seq, with_raw=with_raw)

    def read_at(self, segment: int, offset: int, *, with_raw: bool = True) -> Record:
        """The record that an index says stands there. LookupError if none does."""
        return self._reader.read_at(segment, offset, with_raw=with_raw)

    def follow(self, after: int, *, with_raw: bool = False) -> Iterator[Record]:
        return self._reader.follow(after, with_raw=with_raw)

    def follow_from(
        self, segment: int, offset: int, *, with_raw: bool = False, is_checked: bool = True
    ) -> Iterator[Record]:
        """The durable records from a place on; for one who keeps his place."""
        return self._reader.follow_from(segment, offset, with_raw=with_raw, is_checked=is_checked)

    def pack(self, older_than_s: float = PACK_AFTER_S) -> Iterator[int]:
        """Compress the segments that were finished longer ago; yields each that has been.

        Only one process at a time does this; in another it yields nothing.
        """
        until_ms = int((self._clock().timestamp() - older_than_s) * 1000)
        with self._packing() as is_ours:
            if is_ours:
                yield from pack_cold(self.folder, self._disk, self._control, until_ms)

    @contextmanager
    def _packing(self) -> Iterator[bool]:
        """Whether this is the only one who changes, or counts on, names of finished segments."""
        fd = self._disk.open(self.folder / "pack.lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
        finally:
            self._disk.close(fd)

    def back_up(self, target: Path) -> Iterator[tuple[str, int]]:
        """Copy what is durable to a folder; yields (file, bytes copied). See ``backup.py``."""
        with self._packing() as is_ours:
            state = self._control.load()
            if not is_ours or state is None:
                raise JournalError("segments are being packed or copied; try again in a minute")
            at_ms = int(self._clock().timestamp() * 1000)
            yield from back_up(self.folder, target, self._disk, state, at_ms)

    def verify(self) -> Iterator[tuple[int, str]]:
        """Read everything again: (seq, what is wrong or nothing) for every record."""
        return verify(self.folder, self._disk, self._control)

    @property
    def last(self) -> int:
        return self._reader.last

    @property
    def numbers(self) -> list[ArchiveNumber]:
        """The last number given in each year."""
        state = self._control.load()
        return list(by_year(state.tail.counters)) if state else []

    @property
    def is_failed(self) -> bool:
        """Whether the disk has failed and the journal has not healed yet."""
        state = self._control.load()
        return state is None or state.is_failed

    @property
    def is_failing(self) -> bool:
        """The same at a glance: true from the moment a sync fails until it has been healed."""
        return self._control.is_failing

    def _new_pen(self) -> Pen:
        return Pen(
            self.folder,
            self._disk,
            self._control,
            self._clock,
            self._segment_bytes,
            sync=self._sync,
        )

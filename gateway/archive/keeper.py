"""The journal in files: group commit by a few writer threads, shared with other processes."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread

from gateway.archive.backup import back_up
from gateway.archive.commands import ArchiveNumber
from gateway.archive.control import Control
from gateway.archive.journal import Entry, JournalError, Kept, Record
from gateway.archive.packing import pack_cold
from gateway.archive.pen import Pen, moment_of, prepare, sheets
from gateway.archive.reader import Reader
from gateway.archive.record import by_year, encode_command
from gateway.archive.segments import recover
from gateway.archive.verify import verify
from gateway.runtime.disk import Disk, RealDisk

log = logging.getLogger(__name__)

MIB = 1024 * 1024
SEGMENT_BYTES = 64 * MIB
BATCH_BYTES = 8 * MIB
"""Written under one hold of the lock: some 10 ms on a slow disk."""

PACK_AFTER_S = 3600.0
"""A segment is packed an hour after it was finished: what is delivered now is not in it."""


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class _Wish:
    """A group that waits to be written, and who waits for it."""

    entries: Sequence[Entry]
    metas: list[bytes]
    done: asyncio.Future[list[Kept]]
    loop: asyncio.AbstractEventLoop
    size: int


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
        self._segment_bytes, self._writers = segment_bytes, writers
        self._disk.make_folder(folder)
        self._control = Control(folder / "control", self._disk)
        self._alive = self._join()
        self._reader = Reader(folder, self._disk, self._control)
        self._queue: SimpleQueue[_Wish | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._pens: list[Pen] = []
        self._pen: Pen | None = None
        self._now = Lock()
        self.grown = Event()
        """Set whenever this process has kept something."""

    def _join(self) -> int:
        """The shared lock that says this process is here; alone, recover first."""
        fd = self._disk.open(self.folder / "alive.lock", os.O_RDWR | os.O_CREAT)
        try:
            while True:
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    fcntl.flock(fd, fcntl.LOCK_SH)
                else:
                    self._recover()
                    fcntl.flock(fd, fcntl.LOCK_SH)
                if self._control.is_ready:
                    return fd
                fcntl.flock(fd, fcntl.LOCK_UN)
        except BaseException:
            self._disk.close(fd)
            raise

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
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        for pen in (*self._pens, *filter(None, [self._pen])):
            pen.close()
        self._threads, self._pens, self._pen = [], [], None
        self._reader.close()
        self._control.close()
        self._disk.close(self._alive)

    def append(self, entries: Sequence[Entry]) -> asyncio.Future[list[Kept]]:
        """Keep all of them or none; done when they are on disk. JournalError if they are not."""
        loop = asyncio.get_running_loop()
        if not self._threads:
            self._start()
        metas = [encode_command(entry.command) for entry in entries]
        size = sum(len(piece) for entry in entries for piece in entry.raw)
        wish = _Wish(entries, metas, loop.create_future(), loop, size)
        self._queue.put(wish)
        return wish.done

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

    def follow_from(self, segment: int, offset: int, *, with_raw: bool = False) -> Iterator[Record]:
        """The durable records from a place on; for one who keeps his place."""
        return self._reader.follow_from(segment, offset, with_raw=with_raw)

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

    def _new_pen(self) -> Pen:
        return Pen(
            self.folder,
            self._disk,
            self._control,
            self._clock,
            self._segment_bytes,
            sync=self._sync,
        )

    def _start(self) -> None:
        for index in range(self._writers):
            pen = self._new_pen()
            thread = Thread(target=self._run, args=(pen,), name=f"journal-{index}", daemon=True)
            self._pens.append(pen)
            self._threads.append(thread)
            thread.start()

    def _run(self, pen: Pen) -> None:
        """One writer: take all that waits, keep it, tell those who wait; while it syncs, the
        other one gathers and writes the next batch."""
        while (wish := self._queue.get()) is not None:
            batch, size, is_last = [wish], wish.size, False
            while size < BATCH_BYTES:
                try:
                    more = self._queue.get_nowait()
                except Empty:
                    break
                if more is None:
                    is_last = True
                    break
                batch.append(more)
                size += more.size
            self._keep(pen, batch)
            if is_last:
                return

    def _keep(self, pen: Pen, batch: list[_Wish]) -> None:
        try:
            groups = [
                [prepare(e, m) for e, m in zip(w.entries, w.metas, strict=True)] for w in batch
            ]
            kept: list[list[Kept]] | Exception = pen.append(groups)
            self.grown.set()
        except JournalError as error:
            kept = error
        except Exception as error:  # A bug of ours must not leave those who wait waiting.
            log.exception("the journal's writer")
            kept = JournalError(f"the journal's writer failed: {error}")
        for loop in {wish.loop for wish in batch}:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_tell, loop, batch, kept)


def _tell(
    loop: asyncio.AbstractEventLoop, batch: list[_Wish], kept: list[list[Kept]] | Exception
) -> None:
    for index, wish in enumerate(batch):
        if wish.loop is not loop or wish.done.done():
            continue  # Whoever asked has hung up. What is kept stays kept.
        if isinstance(kept, Exception):
            wish.done.set_exception(kept)
        else:
            wish.done.set_result(kept[index])

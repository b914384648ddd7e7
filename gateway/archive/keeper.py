"""The journal in files: appended to by several processes, synced once for all who wait.

Under the lock a batch gets its record and archive numbers and is written; outside it, it is synced
while the next batch is being written; then, and only then, those who wait are told. Figures and
what else was weighed: decisions/0002-journal.md.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

from gateway.archive.control import Control, Point, State
from gateway.archive.journal import Entry, JournalError, Kept, Record
from gateway.archive.record import (
    DECODER,
    EMPTY_DIGEST,
    ENCODER,
    is_intact,
    seal,
)
from gateway.archive.segment import (
    HEADER_SIZE,
    Found,
    body_of,
    opening,
    path_of,
    read_opening,
    recover,
    segments,
    walk,
)
from gateway.runtime.disk import Disk, RealDisk

log = logging.getLogger(__name__)

SEGMENT_BYTES = 64 * 1024 * 1024
BATCH_BYTES = 8 * 1024 * 1024
"""Enough to share one sync among all who wait; few enough that nobody waits long."""

WRITERS = 2
"""One batch is written while the one before it is synced."""

Clock: TypeAlias = Callable[[], datetime]
Result: TypeAlias = list[Kept] | JournalError
Settle: TypeAlias = Callable[[Result], None]


@dataclass(slots=True)
class _Waiting:
    """A group of entries on its way, encoded before the lock is taken."""

    metas: list[bytes]
    digests: list[bytes]
    entries: Sequence[Entry]
    size: int
    settle: Settle
    loop: asyncio.AbstractEventLoop | None = None


class FileJournal:
    """The journal of one folder. One object serves a process; a folder serves many processes."""

    def __init__(
        self,
        folder: Path,
        *,
        disk: Disk | None = None,
        clock: Clock = lambda: datetime.now(UTC),
        zone: str = "Asia/Ho_Chi_Minh",
        segment_bytes: int = SEGMENT_BYTES,
        sync: bool = True,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._disk = disk or RealDisk()
        self._clock = clock
        self._zone = ZoneInfo(zone)
        self._segment_bytes = segment_bytes
        self._sync = sync
        self._control = Control(folder)
        self._fds: dict[int, int] = {}
        self._fds_lock = threading.Lock()
        self._alive = os.open(folder / "alive", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._open()
        self._queue: deque[_Waiting] = deque()
        self._wake = threading.Semaphore(0)
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._run, name=f"journal-{n}", daemon=True)
            for n in range(WRITERS)
        ]
        for thread in self._threads:
            thread.start()

    # What others use.

    def append(self, entries: Sequence[Entry]) -> asyncio.Future[list[Kept]]:
        """Keep all of them or none; done when they are on disk. JournalError if they are not."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Kept]] = loop.create_future()

        def settle(result: Result) -> None:
            if future.done():
                return  # Whoever asked has hung up. What is written stays written.
            if isinstance(result, JournalError):
                future.set_exception(result)
            else:
                future.set_result(result)

        self._submit(entries, settle, loop)
        return future

    def append_now(self, entries: Sequence[Entry]) -> list[Kept]:
        """The same for a caller without an event loop; it blocks."""
        told: deque[Result] = deque()
        ready = threading.Event()

        def settle(result: Result) -> None:
            told.append(result)
            ready.set()

        self._submit(entries, settle)
        ready.wait()
        result = told[0]
        if isinstance(result, JournalError):
            raise result
        return result

    @property
    def last(self) -> int:
        """The number of the newest durable record."""
        return self._control.read().durable.seq

    def read(self, seq: int) -> Record:
        """One record. LookupError if there is none of that number."""
        return next(
            (record for record in self._walk(seq - 1, bodies=True)),
            None,
        ) or _missing(seq)

    def read_at(self, segment: int, offset: int) -> Record:
        """The record that an index says stands there. LookupError if none does."""
        fd = self._fd(segment)
        for found in walk(fd, offset, os.fstat(fd).st_size):
            return _record(found, segment, body_of(fd, found))
        raise LookupError(f"no record at {offset} of segment {segment}")

    def follow(self, after: int) -> Iterator[Record]:
        """The durable records behind ``after``, in order, as far as they go now, without bodies."""
        return self._walk(after, bodies=False)

    def verify(self) -> Iterator[tuple[int, str]]:
        """Read everything again: (sequence number, what is wrong or nothing) for every record."""
        state = self._control.read()
        chain, seq, numbers = bytes(32), 0, Point()
        for segment in segments(self.folder):
            fd = self._fd(segment)
            end = state.durable.end if segment == state.segment else os.fstat(fd).st_size
            for found in walk(fd, HEADER_SIZE, end):
                head, wrong = found.head, ""
                if head.seq != seq + 1:
                    wrong = f"record {seq + 1} is missing"
                elif not is_intact(head, found.meta, chain):
                    wrong = "the chain is broken here"
                elif sha256(body_of(fd, found)).digest() != head.digest:
                    wrong = "the message was changed"
                elif head.number and head.number != numbers.next_number(head.year):
                    wrong = f"{head.number} does not follow the number before it"
                if head.number:
                    numbers = replace(numbers, numbers=numbers.gave(head.number))
                chain, seq = head.chain, head.seq
                yield seq, wrong
        if seq < state.durable.seq:
            yield state.durable.seq, f"records {seq + 1} to {state.durable.seq} cannot be read"

    def close(self) -> None:
        """Write what is waiting, then let go of the files."""
        self._stopping = True
        for _ in self._threads:
            self._wake.release()
        for thread in self._threads:
            thread.join()
        for fd in self._fds.values():
            os.close(fd)
        self._fds.clear()
        self._control.close()
        os.close(self._alive)

    # Opening: whoever comes first reads what is really there.

    def _open(self) -> None:
        try:
            fcntl.flock(self._alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(self._alive, fcntl.LOCK_SH)
            if self._control.read().generation:
                return
        with self._control.locked():
            self._recover()
        fcntl.flock(self._alive, fcntl.LOCK_SH)

    def _recover(self) -> None:
        known = segments(self.folder)
        while known and read_opening(self._fd(known[-1])) is None:
            known.pop()  # Its first line was not finished: nothing was ever kept in it.
        if not known:
            self._begin(replace(self._control.read(), segment=1), Point())
            return
        segment = known[-1]
        start = read_opening(self._fd(segment))
        assert start is not None
        point = recover(self._fd(segment), start.point)
        size = os.fstat(self._fd(segment)).st_size
        if size > point.end:
            log.warning(
                "journal: cut %d unacknowledged bytes behind record %d", size - point.end, point.seq
            )
            self._disk.truncate(self._fd(segment), point.end)
        self._disk.sync(self._fd(segment))
        state = self._control.read()
        self._control.write(
            replace(state, segment=segment, epoch=state.epoch + 1, written=point, durable=point)
        )

    def _begin(self, state: State, point: Point) -> State:
        """Start the segment that ``state`` names; durable before anything is put in it."""
        fd = self._fd(state.segment)
        self._disk.write(fd, [opening(state.segment, point)], 0)
        self._disk.truncate(fd, HEADER_SIZE)
        self._disk.sync(fd)
        self._disk.sync_folder(self.folder)
        here = replace(point, end=HEADER_SIZE)
        return self._control.write(replace(state, written=here, durable=here))

    # Writing, in threads of our own.

    def _submit(
        self,
        entries: Sequence[Entry],
        settle: Settle,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        metas = [ENCODER.encode(entry.command) for entry in entries]
        digests = [_digest(entry) for entry in entries]
        size = sum(map(len, metas)) + sum(len(p) for entry in entries for p in entry.raw)
        self._queue.append(_Waiting(metas, digests, entries, size, settle, loop))
        self._wake.release()

    def _run(self) -> None:
        while True:
            self._wake.acquire()
            batch = self._batch()
            if batch:
                self._keep(batch)
            elif self._stopping:
                return

    def _batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        try:
            while size < BATCH_BYTES:
                waiting = self._queue.popleft()
                batch.append(waiting)
                size += waiting.size
        except IndexError:
            pass
        return batch

    def _keep(self, batch: list[_Waiting]) -> None:
        try:
            kept, segment, epoch, point = self._write(batch)
        except OSError as error:
            log.error("journal: nothing was written: %s", error)  # noqa: TRY400
            full = error.errno in {errno.ENOSPC, errno.EDQUOT}
            self._refuse(batch, JournalError(str(error), "4.3.1" if full else "4.3.0"))
            return
        try:
            if self._sync:
                self._disk.sync(self._fd(segment))
            self._mark_durable(segment, epoch, point)
        except OSError as error:
            log.error("journal: the disk did not take it: %s", error)  # noqa: TRY400
            self._heal(epoch)
            self._refuse(batch, JournalError(str(error)))
            return
        _settle(batch, kept)

    @staticmethod
    def _refuse(batch: list[_Waiting], error: JournalError) -> None:
        _settle(batch, [error] * len(batch))

    def _write(self, batch: list[_Waiting]) -> tuple[list[list[Kept]], int, int, Point]:
        with self._control.locked():
            state = self._control.read()
            if state.failed:
                state = self._renew(state)
            if state.written.end > self._segment_bytes:
                state = self._rotate(state)
            now = self._clock()
            year = now.astimezone(self._zone).year
            at_ms = int(now.timestamp() * 1000)
            point, buffers, kept = _sealed(batch, state, year, at_ms)
            self._disk.write(self._fd(state.segment), buffers, state.written.end)
            self._control.write(replace(state, written=point))
        return kept, state.segment, state.epoch, point

    def _rotate(self, state: State) -> State:
        """Close the segment for good and begin the next. Only with the lock held."""
        self._disk.sync(self._fd(state.segment))
        state = self._control.write(replace(state, durable=state.written))
        return self._begin(replace(state, segment=state.segment + 1), state.written)

    def _mark_durable(self, segment: int, epoch: int, point: Point) -> None:
        with self._control.locked():
            state = self._control.read()
            if state.epoch != epoch:
                raise OSError(errno.EIO, "another process threw these records away")
            if state.segment == segment and point.seq > state.durable.seq:
                self._control.write(replace(state, durable=point))

    def _heal(self, epoch: int) -> None:
        """Throw away what is not durable and go on in a new file.

        A failed sync is never tried again on the same file: the kernel may have dropped the pages
        and say yes the second time. Nothing that is cut off here was ever acknowledged.
        """
        with self._control.locked():
            state = self._control.read()
            if state.epoch != epoch:
                return  # Somebody else has done it.
            state = self._control.write(
                replace(state, epoch=state.epoch + 1, written=state.durable, failed=True)
            )
            try:
                self._renew(state)
            except OSError as error:
                log.error("journal: still no good file to write to: %s", error)  # noqa: TRY400

    def _renew(self, state: State) -> State:
        """Leave a file whose sync failed for a new one. Only with the lock held."""
        old = self._fd(state.segment)
        self._disk.truncate(old, state.durable.end)
        self._disk.sync(old)
        state = self._begin(replace(state, segment=state.segment + 1, failed=False), state.durable)
        log.warning("journal: goes on in segment %d", state.segment)
        return state

    # Reading.

    def _walk(self, after: int, *, bodies: bool) -> Iterator[Record]:
        state = self._control.read()
        known = segments(self.folder)
        for index, segment in enumerate(known):
            start = read_opening(self._fd(segment))
            following = read_opening(self._fd(known[index + 1])) if index + 1 < len(known) else None
            if start is None or segment > state.segment:
                return
            if following is not None and following.seq <= after:
                continue
            fd = self._fd(segment)
            end = state.durable.end if segment == state.segment else os.fstat(fd).st_size
            for found in walk(fd, HEADER_SIZE, end):
                if found.head.seq > after:
                    yield _record(found, segment, body_of(fd, found) if bodies else b"")

    def follow_from(self, segment: int, offset: int) -> Iterator[Record]:
        """The durable records from a place on, without bodies; for one who keeps his place."""
        state = self._control.read()
        for number in range(segment, state.segment + 1):
            if number not in self._fds and not path_of(self.folder, number).exists():
                continue
            fd = self._fd(number)
            start = offset if number == segment else HEADER_SIZE
            end = state.durable.end if number == state.segment else os.fstat(fd).st_size
            for found in walk(fd, start, end):
                yield _record(found, number, b"")

    def _fd(self, segment: int) -> int:
        with self._fds_lock:
            fd = self._fds.get(segment)
            if fd is None:
                fd = self._fds[segment] = self._disk.open(path_of(self.folder, segment))
            return fd


def _settle(batch: list[_Waiting], results: Sequence[Result]) -> None:
    """Tell all who wait: one call into each event loop, however many wait there."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Settle, Result]]] = {}
    for waiting, result in zip(batch, results, strict=True):
        if waiting.loop is None:
            waiting.settle(result)
        else:
            by_loop.setdefault(waiting.loop, []).append((waiting.settle, result))
    for loop, told in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle_all, told)
        except RuntimeError:
            log.warning("journal: %d entries kept, but those who asked are gone", len(told))


def _settle_all(told: list[tuple[Settle, Result]]) -> None:
    for settle, result in told:
        settle(result)


def _digest(entry: Entry) -> bytes:
    if not entry.raw:
        return EMPTY_DIGEST
    hashing = sha256()
    for piece in entry.raw:
        hashing.update(piece)
    return hashing.digest()


def _sealed(
    batch: list[_Waiting], state: State, year: int, at_ms: int
) -> tuple[Point, list[bytes | bytearray | memoryview], list[list[Kept]]]:
    """Give every entry its numbers and put all bytes in a row. Pure; the lock is held."""
    point = state.written
    end, seq, chain, numbers = point.end, point.seq, point.chain, point.numbers
    buffers: list[bytes | bytearray | memoryview] = []
    kept: list[list[Kept]] = []
    for waiting in batch:
        places: list[Kept] = []
        left = len(waiting.entries)
        for entry, meta, digest in zip(
            waiting.entries, waiting.metas, waiting.digests, strict=True
        ):
            left -= 1
            seq += 1
            number = None
            if entry.numbered:
                here = Point(end, seq, chain, numbers)
                number = here.next_number(year)
                numbers = here.gave(number)
            size = sum(len(piece) for piece in entry.raw)
            sealed = seal(
                chain,
                meta,
                digest,
                size,
                seq=seq,
                at_ms=at_ms,
                number=number,
                continues=left > 0,
            )
            chain = sealed.chain
            buffers += (sealed.head, meta, *entry.raw)
            places.append(Kept(seq, number))
            end += len(sealed.head) + len(meta) + size
        kept.append(places)
    return Point(end, seq, chain, numbers), buffers, kept


def _record(found: Found, segment: int, raw: bytes) -> Record:
    head = found.head
    return Record(
        seq=head.seq,
        at_ms=head.at_ms,
        number=head.number,
        command=DECODER.decode(found.meta),
        raw=raw,
        chain=head.chain,
        segment=segment,
        offset=found.offset,
        size=head.size,
    )


def _missing(seq: int) -> Record:
    raise LookupError(f"the journal has no record {seq}")

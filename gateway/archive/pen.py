"""One writer's hold on the journal: lock, write, sync, confirm; rotate; heal a failed sync."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

from gateway.archive.commands import ArchiveNumber
from gateway.archive.control import Control, State
from gateway.archive.journal import Entry, JournalError, Kept
from gateway.archive.record import HEAD_BYTES, MORE, Tail, encode_command, seal
from gateway.archive.segments import Moment, head_of, last_whole, make_segment, segment_path
from gateway.runtime.disk import Bytes, Disk

log = logging.getLogger(__name__)

VIETNAM = timezone(timedelta(hours=7))
"""Asia/Ho_Chi_Minh: no summer time, so no need of a table of zones."""

HEAL_AGAIN_S = 5.0
"""Between two tries to heal; each costs a scan of the segment."""

UNDIVIDED = 2047
"""Bytes that ``hashlib`` hashes without letting other threads run."""
HASHED_AT_ONCE = 64 * 1024

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def moment_of(now: datetime) -> Moment:
    """The year is the one whose number a message of this moment takes."""
    return Moment(int(now.timestamp() * 1000), now.astimezone(VIETNAM).year)


@dataclass(slots=True)
class Sheet:
    """A prepared entry: all that can be computed without the lock."""

    meta: bytes
    meta_digest: bytes
    raw: tuple[Bytes, ...]
    body_bytes: int
    digest: bytes
    is_numbered: bool


def prepare(entry: Entry, meta: bytes) -> Sheet:
    size = sum(map(len, entry.raw))
    digest = entry.digest or _digest(entry.raw, size)
    return Sheet(meta, _digest((meta,), len(meta)), entry.raw, size, digest, entry.numbered)


def _digest(pieces: Sequence[Bytes], size: int) -> bytes:
    """SHA-256. From 2 KiB at once on ``hashlib`` lets other threads run, and then waits up to 5 ms
    for its turn: worth it for the work of a large body, not for that of a small one."""
    hashed = sha256()
    for piece in pieces:
        if size > HASHED_AT_ONCE:
            hashed.update(piece)
            continue
        view = memoryview(piece)
        for at in range(0, len(view), UNDIVIDED):
            hashed.update(view[at : at + UNDIVIDED])
    return hashed.digest()


def sheets(entries: Sequence[Entry]) -> list[Sheet]:
    return [prepare(entry, encode_command(entry.command)) for entry in entries]


class Pen:
    """Not for two threads at once: each has its own, with its own lock and descriptors."""

    def __init__(
        self,
        folder: Path,
        disk: Disk,
        control: Control,
        clock: Callable[[], datetime],
        segment_bytes: int,
        *,
        sync: bool = True,
    ) -> None:
        self._folder, self._disk, self._control = folder, disk, control
        self._clock, self._segment_bytes, self._sync = clock, segment_bytes, sync
        self._lock = disk.open(folder / "append.lock", os.O_RDWR | os.O_CREAT)
        self._fd = -1
        self._segment = 0
        self._year = 0
        self._heal_at = 0.0

    def close(self) -> None:
        self._let_go()
        self._disk.close(self._lock)

    def append(self, groups: Sequence[Sequence[Sheet]]) -> list[list[Kept]]:
        """Keep all groups, each as one; on disk when this returns. JournalError if not."""
        with self._locked() as state:
            moment = self._now()
            if state.is_failed:
                self._heal(state, moment)
            self._turn(state, moment)
            try:
                kept = self._write(state, groups, moment)
            except OSError as error:
                raise self._unwritten(state, error) from error
            mine = (state.generation, state.tail.segment, state.tail.end, state.tail.seq)
        try:
            if self._sync:
                self._disk.sync(self._fd)
        except OSError as error:
            self._let_go()
            self._sync_failed(mine, error)
        self._confirm(*mine)
        return kept

    @contextmanager
    def _locked(self) -> Iterator[State]:
        """The lock, and the state of things; what a killed holder left behind is cut off."""
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            state = self._control.load()
            if state is None:
                raise JournalError("the journal's control page is damaged; start the gateway again")
            if self._control.is_busy:
                self._tidy(state)
            self._control.is_busy = True
            yield state
            self._control.is_busy = False
        except OSError as error:
            raise JournalError(f"the journal cannot be written: {error}") from error
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _tidy(self, state: State) -> None:
        """Whoever had the lock was killed, or failed, between writing and saying so."""
        self._disk.remove(segment_path(self._folder, state.tail.segment + 1))
        if not state.is_failed:
            self._disk.cut(self._open(state.tail.segment), state.tail.end)

    def _now(self) -> Moment:
        return moment_of(self._clock())

    def _open(self, segment: int) -> int:
        if self._segment != segment:
            self._let_go()
            self._fd = self._disk.open(segment_path(self._folder, segment), os.O_RDWR)
            self._segment = segment
            self._year = head_of(self._folder, self._disk, segment).year
        return self._fd

    def _let_go(self) -> None:
        if self._fd >= 0:
            self._disk.close(self._fd)
        self._fd, self._segment = -1, 0

    def _write(
        self, state: State, groups: Sequence[Sequence[Sheet]], moment: Moment
    ) -> list[list[Kept]]:
        fd = self._open(state.tail.segment)
        tail = state.tail.copy()
        pieces: list[Bytes] = []
        kept = [_compose(tail, group, moment, pieces) for group in groups]
        if self._disk.write(fd, pieces, state.tail.end) != tail.end:
            raise OSError(errno.EIO, "the disk took less than it was given")
        state.tail = tail
        self._control.store(state)
        return kept

    def _unwritten(self, state: State, error: OSError) -> JournalError:
        """Nothing counts before the control page says so; give the space back."""
        log.error(
            "the journal could not be written: %s; nothing of it is kept, senders are told 45x and "
            "will come again. Make room on %s.",
            error, self._folder,
        )  # fmt: skip
        try:
            self._disk.cut(self._open(state.tail.segment), state.tail.end)
        except OSError as again:
            log.warning("what was half written stays until the next append: %s", again)
        status = "4.3.1" if error.errno in _FULL else "4.3.0"
        return JournalError(f"the journal could not be written: {error.strerror}", status)

    def _confirm(self, generation: int, segment: int, end: int, seq: int) -> None:
        """Say that all up to ``end`` is on disk."""
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            state = self._control.load()
            if state is None or state.generation != generation:
                raise JournalError("cut off with others' after their sync had failed")
            if state.tail.segment != segment:
                return  # Whoever turned the page had synced it before.
            if end > state.durable_end:
                state.durable_end, state.durable_seq = end, seq
                self._control.store(state)
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _turn(self, state: State, moment: Moment) -> None:
        """Begin a new segment if this one is full, or of an earlier year."""
        tail = state.tail
        self._open(tail.segment)
        if tail.end == HEAD_BYTES or (tail.end < self._segment_bytes and moment.year <= self._year):
            return
        try:
            self._disk.sync(self._fd)
        except OSError as error:
            self._let_go()
            self._fail(state, error)
            raise JournalError("a sync failed; nothing is kept") from error
        state.durable_end, state.durable_seq = tail.end, tail.seq
        self._control.store(state)
        try:
            self._begin_next(state, moment, "")
        except OSError as error:
            raise self._unwritten(state, error) from error

    def _begin_next(self, state: State, moment: Moment, note: str) -> None:
        tail = state.tail.copy()
        prev_end, tail.segment = tail.end, tail.segment + 1
        make_segment(self._folder, self._disk, tail, moment.year, moment.at_ms, prev_end, note)
        state.tail, state.durable_end, state.durable_seq = tail, tail.end, tail.seq
        self._control.store(state)

    def _sync_failed(self, mine: tuple[int, int, int, int], error: OSError) -> None:
        """What is not known to be on disk is taken back, from everybody. Raises JournalError."""
        generation, segment, _end, _seq = mine
        with self._locked() as state:
            if state.generation == generation and state.tail.segment == segment:
                self._fail(state, error)
                self._heal(state, self._now())
        raise JournalError(f"the disk did not confirm: {error.strerror}") from error

    def _fail(self, state: State, error: OSError) -> None:
        log.critical(
            "a sync of journal segment %d failed: %s. It is not tried again on this file: what was "
            "not yet acknowledged (%d records) is taken back and senders are told 451.",
            state.tail.segment, error, state.tail.seq - state.durable_seq,
        )  # fmt: skip
        state.is_failed = True
        state.generation += 1
        self._control.store(state)
        self._heal_at = 0.0

    def _heal(self, state: State, moment: Moment) -> None:
        """Cut the segment at what is surely on disk, and go on in a new one."""
        if time.monotonic() < self._heal_at:
            raise JournalError("the disk failed a moment ago; trying again soon")
        self._heal_at = time.monotonic() + HEAL_AGAIN_S
        segment = state.tail.segment
        try:
            self._let_go()
            fd = self._open(segment)
            start = head_of(self._folder, self._disk, segment).tail()
            tail = last_whole(fd, self._disk, start, state.durable_end)
            if tail.end != state.durable_end:
                raise JournalError(f"segment {segment} is damaged at {tail.end}; restart, verify")
            self._disk.cut(fd, tail.end)
            self._disk.forget(fd)
            state.tail = tail
            self._begin_next(state, moment, "after a failed sync")
        except OSError as error:
            log.critical("the journal could not be healed: %s; next try in 5 s", error)
            raise JournalError(f"the disk fails: {error.strerror}") from error
        state.is_failed = False
        self._control.store(state)
        self._heal_at = 0.0
        log.warning("the journal goes on in segment %d", state.tail.segment)


def _compose(tail: Tail, group: Sequence[Sheet], moment: Moment, pieces: list[Bytes]) -> list[Kept]:
    """The bytes of one group, put behind ``pieces``; moves ``tail``."""
    kept = []
    last = len(group) - 1
    for index, sheet in enumerate(group):
        year = moment.year if sheet.is_numbered else 0
        flags = MORE if index < last else 0
        head = seal(
            tail, sheet.meta, sheet.meta_digest, sheet.body_bytes, sheet.digest,
            moment.at_ms, year, flags,
        )  # fmt: skip
        pieces += (head, sheet.meta, *sheet.raw)
        number = ArchiveNumber(year, tail.counters[year]) if year else None
        kept.append(Kept(tail.seq, number))
    return kept

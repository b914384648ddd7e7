"""Reading the journal back: one record by its number, or all behind one."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from threading import RLock
from typing import TypeAlias

from gateway.archive.control import Control
from gateway.archive.journal import JournalError, Record
from gateway.archive.packed import PackedSegment
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
from gateway.archive.segments import head_of, segment_path, segments
from gateway.runtime.disk import Disk

WINDOW = 256 * 1024
"""Read at once while walking; most records are much smaller."""

SHORT = 16 * 1024
"""Read at once for one record; the rest of a longer body follows in one more read."""

OPEN_MAX = 32
"""Segments kept open, with their tables of offsets."""


class PlainSegment:
    """A segment as it was written; offsets are found by walking from head to head, once."""

    def __init__(self, path: Path, disk: Disk, segment: int, first: int, end: int) -> None:
        self.segment, self.first, self.end = segment, first, end
        self._disk = disk
        self._fd = disk.open(path, os.O_RDONLY)
        self._offsets = array("Q")
        self._next = HEAD_BYTES

    def close(self) -> None:
        self._disk.close(self._fd)

    def offset_of(self, seq: int) -> int:
        wanted = seq - self.first
        if wanted >= len(self._offsets):
            for head, _data, _at in self._heads(self._next, WINDOW):
                self._offsets.append(head.offset)
                self._next = head.end
        if not 0 <= wanted < len(self._offsets):
            raise LookupError(f"no record {seq}")
        return self._offsets[wanted]

    def record(self, offset: int, *, with_raw: bool) -> Record | None:
        return next(self.records(offset, with_raw=with_raw, window=SHORT), None)

    def records(
        self, offset: int, *, with_raw: bool, is_checked: bool = True, window: int = WINDOW
    ) -> Iterator[Record]:
        """``is_checked=False`` takes the messages as they stand: for one who only looks for words,
        and is not to stop for good where one of them is damaged."""
        for head, data, at in self._heads(offset, window):
            meta_at = at + RECORD_BYTES
            body_at = meta_at + head.meta_bytes
            raw = b""
            if with_raw:
                raw = data[body_at : body_at + head.body_bytes]
                if len(raw) < head.body_bytes:
                    raw = self._disk.read(self._fd, head.body_bytes, head.body_at)
                if is_checked:
                    self._check(head, raw)
            yield record_of(head, memoryview(data)[meta_at:body_at], raw, self.segment)

    def _check(self, head: Head, raw: bytes) -> None:
        try:
            check_body(head, raw)
        except BadRecord as error:
            raise self._damaged(head.offset, error) from None

    def _damaged(self, offset: int, error: BadRecord) -> JournalError:
        return JournalError(
            f"journal segment {self.segment} is damaged at offset {offset}: {error}; "
            "run `vanthu archive verify`"
        )

    def _heads(self, offset: int, window: int) -> Iterator[tuple[Head, bytes, int]]:
        """Heads from ``offset`` on, each with the bytes read and where in them it begins.

        Head and JSON are always within the bytes; the body may be.
        """
        data, start = b"", offset
        while offset < self.end:
            at = offset - start
            if at + RECORD_BYTES > len(data):
                # Behind a body that went beyond what was read, more such are to be expected.
                size = window if at <= len(data) or not data else min(window, SHORT)
                data, start, at = self._disk.read(self._fd, size, offset), offset, 0
            try:
                head = read_head(data, at, offset)
                if head.body_at - start > len(data):
                    size = max(window, head.body_at - offset)
                    data, start, at = self._disk.read(self._fd, size, offset), offset, 0
                meta = memoryview(data)[head.meta_at - start : head.body_at - start]
                check_meta(head, meta)
            except BadRecord as error:
                raise self._damaged(offset, error) from None
            yield head, data, at
            offset = head.end


Shelved: TypeAlias = PlainSegment | PackedSegment


class Reader:
    """All segments together, up to the durable end. Threads may share one."""

    def __init__(self, folder: Path, disk: Disk, control: Control) -> None:
        self._folder, self._disk, self._control = folder, disk, control
        self._firsts: list[int] = []
        self._numbers: list[int] = []
        self._ends: dict[int, int] = {}
        self._open: dict[int, Shelved] = {}
        self._lock = RLock()

    def close(self) -> None:
        with self._lock:
            for segment in self._open.values():
                segment.close()
            self._open.clear()

    @property
    def last(self) -> int:
        state = self._control.load()
        return state.durable_seq if state else 0

    def read(self, seq: int, *, with_raw: bool = True) -> Record:
        if not 1 <= seq <= self.last:
            raise LookupError(f"no record {seq} in the journal")
        with self._lock:
            segment = self._where(seq)
            offset = self._segment(segment).offset_of(seq)
            return self._read_at(segment, offset, with_raw=with_raw)

    def read_at(self, segment: int, offset: int, *, with_raw: bool = True) -> Record:
        """The record that an index says stands there. LookupError if none does."""
        with self._lock:
            return self._read_at(segment, offset, with_raw=with_raw)

    def _read_at(self, segment: int, offset: int, *, with_raw: bool) -> Record:
        shelved = self._open.get(segment)
        if shelved is None or offset >= shelved.end:
            shelved = self._segment(segment)
        record = shelved.record(offset, with_raw=with_raw)
        if record is None:
            raise LookupError(f"no record at {offset} of segment {segment}")
        return record

    def follow(self, after: int, *, with_raw: bool = False) -> Iterator[Record]:
        """The durable records behind ``after``, in order, as far as they go now."""
        if after >= self.last:
            return
        with self._lock:
            segment = self._where(after + 1)
            try:
                offset = self._segment(segment).offset_of(after + 1)
            except LookupError:  # Recovery left damaged records out; go on behind them.
                segment, offset = segment + 1, HEAD_BYTES
        yield from self.follow_from(segment, offset, with_raw=with_raw)

    def follow_from(
        self, segment: int, offset: int, *, with_raw: bool = False, is_checked: bool = True
    ) -> Iterator[Record]:
        """The durable records from a place on, as far as they go now.

        Other threads may read meanwhile: each walk has a descriptor of its own.
        """
        while True:
            with self._lock:
                # First of all: if the next segment is begun a moment later, this one may have grown
                # beyond the end that is seen here, and is to be looked at again.
                newest = self._newest()
                end = self._end(segment)
                shelved = self._fresh(segment) if offset < end else None
            if shelved is not None:
                try:
                    yield from shelved.records(offset, with_raw=with_raw, is_checked=is_checked)
                finally:
                    shelved.close()
            if segment >= newest:
                return
            segment, offset = segment + 1, HEAD_BYTES

    def _newest(self) -> int:
        state = self._control.load()
        return state.tail.segment if state else 0

    def _where(self, seq: int) -> int:
        """The segment that holds a record, if any does."""
        if not self._numbers or self._numbers[-1] != self._newest():
            self._learn()
        index = bisect_right(self._firsts, seq) - 1
        if index < 0:
            raise JournalError(f"the segment with record {seq} is not here; restore it")
        return self._numbers[index]

    def _learn(self) -> None:
        """Heads of the segments that are new since the last look."""
        newest = self._newest()  # A file beyond it is not in use yet.
        for number in segments(self._folder, self._disk):
            if number > newest or (self._numbers and number <= self._numbers[-1]):
                continue
            head = head_of(self._folder, self._disk, number)
            self._numbers.append(number)
            self._firsts.append(head.first)
            if head.prev_end:
                self._ends[number - 1] = head.prev_end

    def _segment(self, number: int) -> Shelved:
        segment = self._open.get(number)
        if segment is None:
            if len(self._open) >= OPEN_MAX:
                self._open.pop(next(iter(self._open))).close()
            segment = self._open[number] = self._fresh(number)
        if isinstance(segment, PlainSegment):
            segment.end = self._end(number)
        return segment

    def _end(self, number: int) -> int:
        """Offset up to which a segment is durable."""
        state = self._control.load()
        if state and state.tail.segment == number:
            return state.durable_end
        if number not in self._ends:
            self._learn()
        if number not in self._ends:
            raise LookupError(f"no journal segment {number}")
        return self._ends[number]

    def _fresh(self, number: int) -> Shelved:
        end = self._end(number)
        if number not in self._numbers:
            self._learn()
        first = self._firsts[self._numbers.index(number)]
        path = segment_path(self._folder, number)
        try:
            return PlainSegment(path, self._disk, number, first, end)
        except FileNotFoundError:
            return PackedSegment(path.with_suffix(".segz"), self._disk, number)

"""Everything read again: is each record what was written, in its place, with its number?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from zstandard import ZstdError

from gateway.archive.control import Control
from gateway.archive.journal import JournalError
from gateway.archive.packed import PackedSegment
from gateway.archive.record import (
    HEAD_BYTES,
    RECORD_BYTES,
    BadRecord,
    Head,
    Tail,
    advance,
    check_body,
    check_meta,
    read_head,
)
from gateway.archive.segments import head_of, opened, segment_path, segments
from gateway.runtime.disk import Disk


def verify(folder: Path, disk: Disk, control: Control) -> Iterator[tuple[int, str]]:
    """(seq, what is wrong, or nothing) for every record up to the durable end."""
    state = control.load()
    if state is None:
        yield 0, "the control page is damaged"
        return
    numbers = [n for n in segments(folder, disk) if n <= state.tail.segment]
    ends = {n - 1: head_of(folder, disk, n).prev_end for n in numbers}
    ends[state.tail.segment] = state.durable_end
    tail = Tail(0, 0, 0)
    for number in numbers:
        start = head_of(folder, disk, number).tail()
        if (start.seq, start.chain, start.counters) != (tail.seq, tail.chain, tail.counters):
            yield start.seq, _gap(tail, start, number)
        tail = start
        path = segment_path(folder, number)
        if path.exists():
            with opened(path, os.O_RDONLY, disk) as fd:
                yield from _segment(fd, disk, tail, ends[number])
        else:
            yield from _packed(path.with_suffix(".segz"), disk, number, tail, ends[number])
    if tail.seq < state.durable_seq:
        yield state.durable_seq, f"records {tail.seq + 1} to {state.durable_seq} cannot be read"


def _gap(before: Tail, start: Tail, segment: int) -> str:
    if start.seq > before.seq:
        return f"records {before.seq + 1} to {start.seq} are missing before segment {segment}"
    return f"segment {segment} does not go on where the one before it ends"


def _segment(fd: int, disk: Disk, tail: Tail, end: int) -> Iterator[tuple[int, str]]:
    """Moves ``tail`` to the segment's end, or to the first head that cannot be read."""
    tail.end = HEAD_BYTES
    while tail.end < end:
        try:
            head = read_head(disk.read(fd, RECORD_BYTES, tail.end), 0, tail.end)
        except BadRecord as error:
            yield tail.seq + 1, f"nothing can be read behind record {tail.seq}: {error}"
            return
        wrong = _record(fd, disk, tail, head)
        yield head.seq, wrong
        if wrong and head.end > end:
            return


def _packed(
    path: Path, disk: Disk, segment: int, tail: Tail, end: int
) -> Iterator[tuple[int, str]]:
    tail.end = HEAD_BYTES
    packed = None
    try:
        packed = PackedSegment(path, disk, segment)
        for head, meta, raw in packed.entries():
            yield head.seq, _check(tail, head, meta, raw)
    except (JournalError, BadRecord, ZstdError, OSError) as error:
        yield tail.seq + 1, f"{path}: nothing can be read behind record {tail.seq}: {error}"
        return
    finally:
        if packed is not None:
            packed.close()
    if tail.end != end:
        yield tail.seq + 1, f"{path} ends too early"


def _record(fd: int, disk: Disk, tail: Tail, head: Head) -> str:
    meta = disk.read(fd, head.meta_bytes, head.meta_at)
    return _check(tail, head, meta, disk.read(fd, head.body_bytes, head.body_at))


def _check(tail: Tail, head: Head, meta: bytes, raw: bytes) -> str:
    try:
        check_meta(head, meta)
        check_body(head, raw)
        advance(tail, head, meta)
    except BadRecord as error:
        tail.seq, tail.chain, tail.end = head.seq, head.chain, head.end
        if head.year:
            tail.counters[head.year] = head.n
        return str(error)
    return ""

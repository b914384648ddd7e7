"""The journal's files: their names, making the next one, walking through one, and recovery."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.archive.control import Control, State
from gateway.archive.journal import JournalError
from gateway.archive.record import (
    HEAD_BYTES,
    MORE,
    RECORD_BYTES,
    BadRecord,
    Head,
    SegmentHead,
    Tail,
    advance,
    check_body,
    check_meta,
    read_head,
    read_segment_head,
    segment_head,
)
from gateway.runtime.disk import Disk

log = logging.getLogger(__name__)

_NAME = re.compile(r"(\d{6,})\.(seg|segz)")


def segment_path(folder: Path, segment: int, suffix: str = "seg") -> Path:
    return folder / f"{segment:06d}.{suffix}"


def segments(folder: Path, disk: Disk) -> dict[int, set[str]]:
    """Suffixes by segment, in order: ``seg`` as written, ``segz`` compressed."""
    found: dict[int, set[str]] = {}
    for name in disk.names(folder):
        if match := _NAME.fullmatch(name):
            found.setdefault(int(match[1]), set()).add(match[2])
    return dict(sorted(found.items()))


@contextmanager
def opened(path: Path, flags: int, disk: Disk) -> Iterator[int]:
    fd = disk.open(path, flags)
    try:
        yield fd
    finally:
        disk.close(fd)


def make_segment(
    folder: Path, disk: Disk, tail: Tail, year: int, at_ms: int, prev_end: int, note: str = ""
) -> None:
    """The file for ``tail.segment``, on disk with its name when this returns.

    A leftover of the same name is replaced: nothing that was acknowledged can be in it, because
    the control page, or recovery, has said that the journal ends before it.
    """
    path = segment_path(folder, tail.segment)
    disk.remove(path)
    try:
        with opened(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, disk) as fd:
            disk.write(fd, [segment_head(tail, year, at_ms, prev_end, note)], 0)
            disk.sync(fd)
        disk.sync_folder(folder)
    except OSError:
        disk.remove(path)
        raise
    tail.end = HEAD_BYTES


def walk(fd: int, disk: Disk, tail: Tail, until: int | None = None) -> Iterator[tuple[Head, bytes]]:
    """Records behind ``tail`` that are whole, right and in their place, each checked in full.

    Moves ``tail`` along; ends at the first that is not so, or at offset ``until``.
    """
    size = disk.size(fd) if until is None else until
    while tail.end < size:
        try:
            head = read_head(disk.read(fd, RECORD_BYTES, tail.end), 0, tail.end)
            if head.end > size:
                return
            meta = disk.read(fd, head.meta_bytes, head.meta_at)
            check_meta(head, meta)
            check_body(head, disk.read(fd, head.body_bytes, head.body_at))
            advance(tail, head, meta)
        except BadRecord:
            return
        yield head, meta


def last_whole(fd: int, disk: Disk, start: Tail, until: int | None = None) -> Tail:
    """Where the last whole atomic group behind ``start`` ends."""
    tail, good = start.copy(), start.copy()
    for head, _meta in walk(fd, disk, tail, until):
        if not head.flags & MORE:
            good = tail.copy()
    return good


def head_of(folder: Path, disk: Disk, segment: int) -> SegmentHead:
    """From the plain or the packed file. BadRecord if it is damaged."""
    path = segment_path(folder, segment)
    try:
        fd = disk.open(path, os.O_RDONLY)
    except FileNotFoundError:
        fd = disk.open(segment_path(folder, segment, "segz"), os.O_RDONLY)
    try:
        return read_segment_head(disk.read(fd, HEAD_BYTES, 0))
    finally:
        disk.close(fd)


@dataclass(frozen=True, slots=True)
class Moment:
    """The time at which recovery or rotation makes a segment."""

    at_ms: int
    year: int


def recover(folder: Path, disk: Disk, control: Control, moment: Moment) -> State:
    """Find the journal's end, cut off what was never acknowledged, and write the control page.

    The caller is alone with the files. JournalError if the journal cannot be gone on with.
    """
    known = control.load()
    names = segments(folder, disk)
    if not names:
        return _begin(folder, disk, control, known, moment)
    segment = max(names)
    try:
        head = head_of(folder, disk, segment)
    except BadRecord as error:  # The head is on disk before the first record is written.
        path = segment_path(folder, segment)
        with opened(path, os.O_RDONLY, disk) as fd:
            has_more = disk.size(fd) > HEAD_BYTES
        if has_more or (known and known.durable_seq and known.tail.segment == segment):
            raise JournalError(f"{path}: {error}; restore it from a backup") from None
        log.warning("segment %d was never begun; it is removed", segment)
        disk.remove(segment_path(folder, segment))
        disk.sync_folder(folder)
        return recover(folder, disk, control, moment)
    if _is_leftover(folder, disk, head, names):
        log.warning("segment %d was made but never used; it is removed", segment)
        disk.remove(segment_path(folder, segment))
        disk.sync_folder(folder)
        return recover(folder, disk, control, moment)
    return _settle(folder, disk, control, known, head, moment)


def _begin(
    folder: Path, disk: Disk, control: Control, known: State | None, moment: Moment
) -> State:
    if known and known.durable_seq:
        raise JournalError(
            f"{folder}: the segments are gone, but {known.durable_seq} records were kept here; "
            "restore them from a backup"
        )
    tail = Tail(segment=1, end=0, seq=0)
    make_segment(folder, disk, tail, moment.year, moment.at_ms, 0)
    state = State(tail, tail.end, 0)
    control.store(state)
    return state


def _is_leftover(folder: Path, disk: Disk, head: SegmentHead, names: dict[int, set[str]]) -> bool:
    """Whether the last segment is empty and the one before it went on after it had been made.

    So it is when who made it was killed before he could say so, and others wrote on.
    """
    before = head.segment - 1
    if "seg" not in names.get(before, ()):
        return False
    with opened(segment_path(folder, head.segment), os.O_RDONLY, disk) as fd:
        if next(walk(fd, disk, head.tail()), None):
            return False
    with opened(segment_path(folder, before), os.O_RDONLY, disk) as fd:
        goes_on = head.tail()
        goes_on.end = head.prev_end
        return next(walk(fd, disk, goes_on), None) is not None


def _settle(
    folder: Path,
    disk: Disk,
    control: Control,
    known: State | None,
    head: SegmentHead,
    moment: Moment,
) -> State:
    """Cut the last segment behind its last whole group."""
    here = known if known and known.tail.segment == head.segment else None
    trusted = None
    with opened(segment_path(folder, head.segment), os.O_RDWR, disk) as fd:
        if here and here.is_failed:  # Beyond it, the page cache shows what the disk has not.
            trusted = here.durable_end
        else:
            disk.sync(fd)
            disk.forget(fd)
        tail = last_whole(fd, disk, head.tail(), trusted)
        extra = disk.size(fd) - tail.end
        if here and tail.end < here.durable_end:
            return _set_aside(folder, disk, control, here, tail, moment)
        if extra > 0:
            log.warning(
                "segment %d: %d bytes behind record %d were never acknowledged; cut off",
                head.segment, extra, tail.seq,
            )  # fmt: skip
            disk.cut(fd, tail.end)
        disk.sync(fd) if trusted is None else None
    generation = known.generation + 1 if known else 1
    state = State(tail, tail.end, tail.seq, generation, stamp=known.stamp if known else 0)
    if trusted is not None:
        _next_segment(folder, disk, state, moment, "after a failed sync")
    control.store(state)
    return state


def _next_segment(folder: Path, disk: Disk, state: State, moment: Moment, note: str) -> None:
    prev_end, state.tail.segment = state.tail.end, state.tail.segment + 1
    make_segment(folder, disk, state.tail, moment.year, moment.at_ms, prev_end, note)
    state.durable_end, state.durable_seq = state.tail.end, state.tail.seq


def _set_aside(
    folder: Path, disk: Disk, control: Control, known: State, good: Tail, moment: Moment
) -> State:
    """Acknowledged records cannot be read: keep the bytes, and go on above their numbers."""
    lost = known.durable_seq - good.seq
    log.critical(
        "segment %d is damaged behind record %d: %d acknowledged records cannot be read. The file "
        "is left as it is; numbers go on behind those given. Run `vanthu archive verify` and "
        "restore the segment from a backup.",
        good.segment, good.seq, lost,
    )  # fmt: skip
    tail = known.tail.copy()
    tail.seq = known.durable_seq
    state = State(tail, 0, 0, known.generation + 1, stamp=known.stamp)
    tail.end = good.end
    _next_segment(folder, disk, state, moment, f"{lost} records before this are damaged")
    control.store(state)
    return state

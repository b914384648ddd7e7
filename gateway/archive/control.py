"""Where the journal stands now, in a page of memory that all its processes share.

The page is a convenience, never the truth: whoever opens the journal first reads the segments and
writes it anew. It has two slots that are written in turn, each with a checksum, because a process
may be killed in the middle of writing one.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from gateway.archive.commands import ArchiveNumber
from gateway.archive.record import GENESIS

YEARS = 6
"""Running numbers that are kept at hand; a clock is not wrong by more years than this."""

_POINT = struct.Struct("<QQ32s" + "HI" * YEARS)
_SLOT = struct.Struct(f"<QQI?{_POINT.size}s{_POINT.size}s")
_CRC = struct.Struct("<I")
_SLOT_SIZE = 2048


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the journal: ``end`` in bytes within the segment, and all that is counted."""

    end: int = 0
    seq: int = 0
    chain: bytes = GENESIS
    numbers: tuple[tuple[int, int], ...] = ()
    """(year, last number given), newest year first."""

    def next_number(self, year: int) -> ArchiveNumber:
        return ArchiveNumber(year, dict(self.numbers).get(year, 0) + 1)

    def gave(self, number: ArchiveNumber) -> tuple[tuple[int, int], ...]:
        """The numbers after this one was given."""
        known = dict(self.numbers)
        known[number.year] = number.n
        return tuple(sorted(known.items(), reverse=True)[:YEARS])


@dataclass(frozen=True, slots=True)
class State:
    """``written`` is what the kernel has, ``durable`` what the disk has.

    ``epoch`` changes when undurable records were thrown away; who wrote in an older epoch has
    lost what he wrote and must not say that it was kept. ``failed``: the segment's file had a
    failed sync and no new one could be begun yet.
    """

    generation: int = 0
    epoch: int = 0
    segment: int = 1
    failed: bool = False
    written: Point = field(default_factory=Point)
    durable: Point = field(default_factory=Point)


class Control:
    """The shared page and the lock that goes with it."""

    def __init__(self, folder: Path) -> None:
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        page = os.open(folder / "control", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(page, 2 * _SLOT_SIZE)
        self._page = mmap.mmap(page, 2 * _SLOT_SIZE)
        os.close(page)
        self._threads = threading.Lock()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one writer of all processes and threads is in here."""
        with self._threads:  # flock tells processes apart, not threads that share a descriptor.
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._lock, fcntl.LOCK_UN)

    def read(self) -> State:
        """The newest whole slot."""
        slots = [s for s in (self._slot(0), self._slot(1)) if s]
        return max(slots, key=lambda s: s.generation, default=State())

    def write(self, state: State) -> State:
        """Only with the lock held. Returns what now stands there."""
        state = replace(state, generation=state.generation + 1)
        data = _SLOT.pack(
            state.generation,
            state.epoch,
            state.segment,
            state.failed,
            _packed(state.written),
            _packed(state.durable),
        )
        at = state.generation % 2 * _SLOT_SIZE
        self._page[at : at + len(data) + 4] = data + _CRC.pack(zlib.crc32(data))
        return state

    def close(self) -> None:
        self._page.close()
        os.close(self._lock)

    def _slot(self, which: int) -> State | None:
        at = which * _SLOT_SIZE
        data = self._page[at : at + _SLOT.size]
        (crc,) = _CRC.unpack_from(self._page, at + _SLOT.size)
        generation, epoch, segment, failed, written, durable = _SLOT.unpack(data)
        if generation == 0 or crc != zlib.crc32(data):
            return None
        points = _unpacked(written), _unpacked(durable)
        return State(generation, epoch, segment, failed, *points)


def _packed(point: Point) -> bytes:
    numbers = (*point.numbers, *((0, 0),) * YEARS)[:YEARS]
    flat = [part for pair in numbers for part in pair]
    return _POINT.pack(point.end, point.seq, point.chain, *flat)


def _unpacked(data: bytes) -> Point:
    end, seq, chain, *flat = _POINT.unpack(data)
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return Point(end, seq, chain, tuple((year, n) for year, n in pairs if year))

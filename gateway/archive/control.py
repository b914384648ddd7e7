"""The control page: what all processes that share a journal must agree on, in one mapped page.

It survives a killed process (the kernel keeps the page) but proves nothing after a power cut: then
the segments are read again. Two slots are written in turn, each with a checksum, so that a reader
without the lock, or after a kill in mid-write, always finds one that is whole.
"""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from gateway.archive.record import Tail
from gateway.runtime.disk import Disk

PAGE = 8192
_SLOT = 2048
_SLOTS = (0, _SLOT)
_READY, _BUSY, _FAILED = 4096, 4097, 4098

_FIXED = struct.Struct("<QQBIQQQQ32sH")
_YEAR = struct.Struct("<HI")
_CRC = struct.Struct("<I")
YEARS_MAX = (_SLOT - _FIXED.size - _CRC.size) // _YEAR.size


@dataclass(slots=True)
class State:
    """One slot's worth."""

    tail: Tail
    durable_end: int
    """Offset in the tail's segment up to which everything is on disk."""
    durable_seq: int
    generation: int = 1
    """Counts what was cut off; a writer that sees it change asks itself whether it was hit."""
    is_failed: bool = False
    """A sync failed and has not been healed yet: nothing may be appended."""
    stamp: int = 0


class Control:
    """The page itself. Writers hold the journal's lock; ``load`` needs none."""

    def __init__(self, path: Path, disk: Disk) -> None:
        fd = disk.open(path, os.O_RDWR | os.O_CREAT)
        try:
            if disk.size(fd) < PAGE:
                disk.cut(fd, PAGE)
            self._page = mmap.mmap(fd, PAGE)
        finally:
            disk.close(fd)

    def close(self) -> None:
        self._page.close()

    def load(self) -> State | None:
        """The newest whole slot; None on a new or damaged page."""
        for _ in range(8):  # Both slots can change while we look, but not for ever.
            found = [state for at in _SLOTS if (state := self._slot(at)) is not None]
            if found:
                return max(found, key=lambda state: state.stamp)
        return None

    def store(self, state: State) -> None:
        state.stamp += 1
        tail = state.tail
        if len(tail.counters) > YEARS_MAX:
            raise ValueError(f"numbers of more than {YEARS_MAX} years; look at the clock")
        data = _FIXED.pack(
            state.stamp,
            state.generation,
            state.is_failed,
            tail.segment,
            tail.end,
            tail.seq,
            state.durable_end,
            state.durable_seq,
            tail.chain,
            len(tail.counters),
        )
        data += b"".join(_YEAR.pack(year, n) for year, n in tail.counters.items())
        at = _SLOTS[state.stamp & 1]
        self._page[at : at + len(data) + _CRC.size] = data + _CRC.pack(crc32(data))
        self._page[_FAILED] = int(state.is_failed)

    def _slot(self, at: int) -> State | None:
        data = self._page[at : at + _SLOT]
        stamp, generation, failed, segment, end, seq, durable_end, durable_seq, chain, years = (
            _FIXED.unpack_from(data)
        )
        size = _FIXED.size + years * _YEAR.size
        if not stamp or years > YEARS_MAX or _CRC.unpack_from(data, size)[0] != crc32(data[:size]):
            return None
        counters = dict(_YEAR.iter_unpack(data[_FIXED.size : size]))
        tail = Tail(segment, end, seq, chain, counters)
        return State(tail, durable_end, durable_seq, generation, bool(failed), stamp)

    @property
    def is_failing(self) -> bool:
        """``State.is_failed`` for one who asks before every message: one byte, without a sum."""
        return self._page[_FAILED] == 1

    @property
    def is_ready(self) -> bool:
        """Whether recovery has run to its end since the first of those who are here came."""
        return self._page[_READY] == 1

    @is_ready.setter
    def is_ready(self, ready: bool) -> None:
        self._page[_READY] = int(ready)

    @property
    def is_busy(self) -> bool:
        """Set while someone changes the files under the lock; left behind when he is killed."""
        return self._page[_BUSY] == 1

    @is_busy.setter
    def is_busy(self, busy: bool) -> None:
        self._page[_BUSY] = int(busy)

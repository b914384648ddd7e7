"""Group commit: what one loop wants kept is gathered, and kept by a few writer threads."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Thread

from gateway.archive.journal import Entry, JournalError, Kept
from gateway.archive.pen import Pen, prepare
from gateway.archive.record import encode_command

log = logging.getLogger(__name__)

BATCH_BYTES = 8 * 1024 * 1024
"""Written under one hold of the lock: some 10 ms on a slow disk."""


@dataclass(slots=True)
class Wish:
    """A group that waits to be written, and who waits for it."""

    entries: Sequence[Entry]
    metas: list[bytes]
    done: asyncio.Future[list[Kept]]
    size: int


@dataclass(slots=True)
class _Gathering:
    """What one loop wants kept. It is handed to the writers when the loop has done all that was
    ready, and not message by message: a writer that wakes for each one fights the loop for the
    interpreter, and syncs far more often than the disk needs."""

    loop: asyncio.AbstractEventLoop
    waiting: deque[Wish] = field(default_factory=deque[Wish])
    under_way: int = 0
    """Batches that are with the writers."""
    is_called: bool = False

    def batch(self) -> list[Wish]:
        """The next ones in order, up to ``BATCH_BYTES``; empty if nobody waits."""
        batch: list[Wish] = []
        size = 0
        while self.waiting and size < BATCH_BYTES:
            batch.append(wish := self.waiting.popleft())
            size += wish.size
        return batch


class Writers:
    """Threads with a pen each: one writes the next batch while the other one syncs."""

    def __init__(self, make_pen: Callable[[], Pen], count: int, grown: Event) -> None:
        self._make_pen, self._count, self._grown = make_pen, count, grown
        self._queue: SimpleQueue[tuple[_Gathering, list[Wish]] | None] = SimpleQueue()
        self._gatherings: dict[asyncio.AbstractEventLoop, _Gathering] = {}
        self._threads: list[Thread] = []

    def add(self, entries: Sequence[Entry]) -> asyncio.Future[list[Kept]]:
        """To be called in a loop; see ``Journal.append``."""
        loop = asyncio.get_running_loop()
        gathering = self._gatherings.get(loop) or self._begin(loop)
        metas = [encode_command(entry.command) for entry in entries]
        size = sum([len(piece) for entry in entries for piece in entry.raw])
        wish = Wish(entries, metas, loop.create_future(), size)
        gathering.waiting.append(wish)
        if not gathering.is_called and gathering.under_way < self._count:
            gathering.is_called = True
            loop.call_soon(self._hand_over, gathering)
        return wish.done

    def close(self) -> None:
        """Keep all that was asked for, and end."""
        for gathering in self._gatherings.values():
            while batch := gathering.batch():
                self._queue.put((gathering, batch))
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> _Gathering:
        if not self._threads:
            for index in range(self._count):
                pen = self._make_pen()
                thread = Thread(target=self._run, args=(pen,), name=f"journal-{index}", daemon=True)
                self._threads.append(thread)
                thread.start()
        return self._gatherings.setdefault(loop, _Gathering(loop))

    def _hand_over(self, gathering: _Gathering) -> None:
        """Give the writers what has been gathered, as far as they are free for more."""
        gathering.is_called = False
        while gathering.under_way < self._count and (batch := gathering.batch()):
            gathering.under_way += 1
            self._queue.put((gathering, batch))

    def _run(self, pen: Pen) -> None:
        """One writer: keep a batch, tell those who wait."""
        try:
            while (work := self._queue.get()) is not None:
                gathering, batch = work
                kept = self._keep(pen, batch)
                if not gathering.loop.is_closed():
                    gathering.loop.call_soon_threadsafe(self._tell, gathering, batch, kept)
        finally:
            pen.close()

    def _keep(self, pen: Pen, batch: list[Wish]) -> list[list[Kept]] | Exception:
        try:
            groups = [
                [prepare(e, m) for e, m in zip(w.entries, w.metas, strict=True)] for w in batch
            ]
            kept = pen.append(groups)
        except JournalError as error:
            return error
        except Exception as error:  # A bug of ours must not leave those who wait waiting.
            log.exception("the journal's writer")
            return JournalError(f"the journal's writer failed: {error}")
        self._grown.set()
        return kept

    def _tell(
        self, gathering: _Gathering, batch: list[Wish], kept: list[list[Kept]] | Exception
    ) -> None:
        gathering.under_way -= 1
        self._hand_over(gathering)
        for index, wish in enumerate(batch):
            if wish.done.done():
                continue  # Whoever asked has hung up. What is kept stays kept.
            if isinstance(kept, Exception):
                wish.done.set_exception(kept)
            else:
                wish.done.set_result(kept[index])

"""Takes what is owed, hands it on, and writes down what became of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from gateway.archive.commands import Receive
from gateway.archive.journal import Entry, JournalError, Record
from gateway.archive.keeper import FileJournal
from gateway.archive.owed import Owed
from gateway.archive.queries import Queries
from gateway.delivery.handover import Handover
from gateway.delivery.ledger import Ledger
from gateway.mail.message import Message

log = logging.getLogger(__name__)

POLL_S = 0.02
"""How often it is looked whether the rows have changed."""
QUIET_S = 1.0
"""How long rows that have not changed are left alone when none of them was due."""
AT_ONCE = 200
"""Messages under way at the same time."""
READ_AHEAD = 16 * 1024 * 1024
"""Bytes of messages that are read in one round; a larger one alone."""
UNKEPT_MAX = 20
"""Messages handed on whose outcome is on its way to the disk: as many may arrive twice at a crash,
so that a disk that hangs does not make it hundreds."""
KEEP_AGAIN_S, KEEP_AGAIN_MAX_S = 0.02, 1.0
"""Until a result that could not be kept is tried again, and at most after some failures. Soon at
first: a journal that heals does so at the next append, and a crash until then delivers twice."""
SWEEP_S = 5.0
"""How often idle connections are closed and counters written."""


@dataclass
class Postman:
    """Delivers until it is stopped. One of these runs for an archive."""

    journal: FileJournal
    queries: Queries
    handover: Handover
    ledger: Ledger
    clock: Callable[[], datetime]
    _flying: dict[tuple[int, str], int] = field(default_factory=dict)
    """(seq, recipient) under way -> 0, or the record that tells its end and must be folded."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _unkept: int = 0
    """Messages whose outcome is on its way to the disk."""
    applied: Callable[[], int] = lambda: 0
    """How far the rows have been folded."""
    _quiet: tuple[int, float] = (-1, 0.0)
    """(record, loop's time): until then nothing is due, if this is still the last one folded."""

    def __post_init__(self) -> None:
        self.handover.exchange.brake.is_failing = lambda: self.journal.is_failing

    async def run(self, stop: asyncio.Event) -> None:
        """Take, deliver, write down; then wait for more."""
        housework = asyncio.create_task(self._housework())
        while not stop.is_set():
            try:
                await self._round()
            except OSError as error:
                log.error("delivery: %s", error)  # noqa: TRY400
                await asyncio.sleep(1.0)
            try:
                await asyncio.wait_for(stop.wait(), POLL_S)
            except TimeoutError:
                continue
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=30.0)
        housework.cancel()
        await self.handover.exchange.close()
        await self._flush()

    async def _housework(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            await self.handover.exchange.sweep()
            await self._flush()

    async def _flush(self) -> None:
        try:
            await asyncio.to_thread(self.handover.exchange.counts.flush)
        except OSError as error:
            log.warning("delivery: TLS counters are not kept: %s", error)

    async def _round(self) -> None:
        done, now = self.applied(), asyncio.get_running_loop().time()
        if done == self._quiet[0] and now < self._quiet[1]:
            return
        self._flying = {key: seq for key, seq in self._flying.items() if not 0 < seq <= done}
        room = AT_ONCE - len(self._tasks)
        if room <= 0:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            return
        now_ms = int(self.clock().timestamp() * 1000)
        found = await asyncio.to_thread(self._gather, now_ms, room, set(self._flying))
        self._quiet = (-1, 0.0) if found or self._flying else (done, now + QUIET_S)
        for rows, record in found:
            for row in rows:
                self._flying[row.seq, row.recipient] = 0
            task = asyncio.create_task(self._message(rows, record))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _gather(
        self, now_ms: int, room: int, flying: set[tuple[int, str]]
    ) -> list[tuple[list[Owed], Record | None]]:
        """What is due, with its messages, read in one go: a thread for each costs more than that.

        None instead of a message that cannot be read: whoever delivers it will find out why.
        """
        found: list[tuple[list[Owed], Record | None]] = []
        size = 0
        owed = self.queries.due(now_ms, room, flying)
        for _, group in groupby(owed, key=lambda o: o.seq):
            rows = list(group)
            size += rows[0].size
            if found and size > READ_AHEAD:
                break  # The rest is still due in the next round.
            record = None
            with suppress(JournalError, LookupError, OSError):
                record = self.journal.read_at(rows[0].segment, rows[0].offset)
            found.append((rows, record))
        return found

    async def _message(self, rows: list[Owed], record: Record | None) -> None:
        try:
            if record is None:
                where = rows[0].segment, rows[0].offset
                record = await asyncio.to_thread(self.journal.read_at, *where)
            command, message = record.command, Message(record.raw)
            assert isinstance(command, Receive)
            attempts = await self.handover.attempt(rows, command, message)
            entries = self.ledger.entries(rows, attempts, command, message, self.clock())
            await self._write_down(rows, entries)
        except Exception:
            log.exception("mail %s: delivery goes wrong", rows[0].id)
            await asyncio.sleep(5.0)
            for row in rows:
                self._flying.pop((row.seq, row.recipient), None)

    async def _write_down(self, rows: list[Owed], entries: list[Entry]) -> None:
        """Until it is kept: it was handed on, and forgetting that would deliver it twice. While
        it fails, or too many wait for a slow disk, nothing else is sent: a crash would make that
        arrive twice, too."""
        wait, brake = KEEP_AGAIN_S, self.handover.exchange.brake
        self._unkept += 1
        while True:
            if self._unkept >= UNKEPT_MAX:
                brake.pull()
            try:
                kept = await self.journal.append(entries)
                break
            except JournalError as error:
                brake.pull()
                log.error("mail %s: result not kept: %s", rows[0].id, error)  # noqa: TRY400
                await asyncio.sleep(wait)
                wait = min(2 * wait, KEEP_AGAIN_MAX_S)
        self._unkept -= 1
        if self._unkept < UNKEPT_MAX:
            brake.let_go()
        for row in rows:
            self._flying[row.seq, row.recipient] = kept[-1].seq

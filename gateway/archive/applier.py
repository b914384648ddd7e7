"""From the journal to the rows: the only code that writes the database."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from itertools import islice, pairwise

from sqlalchemy import Connection, Engine, bindparam, insert, select, update
from sqlalchemy.exc import OperationalError

from gateway.archive import schema
from gateway.archive.chapter import Chapter
from gateway.archive.fold import Fold, Statement
from gateway.archive.journal import JournalError, Record
from gateway.archive.keeper import FileJournal
from gateway.archive.record import HEAD_BYTES

log = logging.getLogger(__name__)

BATCH = 500
"""Records to a transaction: enough to share its cost, few enough to be seen soon."""

PAUSE_S = 0.01
"""How often the end of the journal is looked at when nothing comes."""

GATHER_S = 0.02
"""Between two batches while little comes: a transaction costs more than the rows of a message."""

_mark = schema.marks.c
_MOVE = (
    update(schema.marks)
    .where(_mark.name == "fold", _mark.seq == bindparam("known"))
    .values(
        seq=bindparam("new_seq"), segment=bindparam("new_segment"), offset=bindparam("new_offset")
    )
)


class Applier:
    """Follows the journal and keeps the rows up to date.

    How far it has come is written in the same transaction as the rows, and only if nobody else has
    come further meanwhile: so several may run, and each record counts once.
    """

    def __init__(
        self, journal: FileJournal, engine: Engine, chapters: Sequence[Chapter] = ()
    ) -> None:
        self._journal = journal
        self._engine = engine
        self._fold = Fold(engine.dialect, chapters)
        self._move = Statement(_MOVE, engine.dialect)
        self._stop = threading.Event()
        self._applied = threading.Condition()
        self._listeners: list[Callable[[], None]] = []
        self._find_place()

    def _find_place(self) -> None:
        with self._engine.begin() as connection:
            row = connection.execute(select(schema.marks).where(_mark.name == "fold")).first()
            if row is None:
                start = ("fold", 0, 1, HEAD_BYTES)
                connection.execute(insert(schema.marks).values(start))
        place: tuple[int, int, int] = (
            (row.seq, row.segment, row.offset) if row else (0, 1, HEAD_BYTES)
        )
        self.seq, self._segment, self._offset = place

    def listen(self, told: Callable[[], None]) -> None:
        """Call this, in the applier's thread, whenever rows have changed."""
        self._listeners.append(told)

    def catch_up(self, until: int | None = None) -> int:
        """Fold all there is, or up to a record; returns how many records that were."""
        total = 0
        while done := self._fold_some(until):
            total += done
        return total

    def run(self) -> None:
        """Fold until ``stop``. A locked or full database is tried again; the journal waits."""
        while not self._stop.is_set():
            try:
                done = self._fold_some()
            except (OperationalError, JournalError, OSError) as error:
                log.error("archive: the index cannot be written: %s; trying again", error)  # noqa: TRY400
                self._stop.wait(1.0)
                continue
            if done and done < BATCH:
                self._stop.wait(GATHER_S)
            elif not done:
                self._journal.grown.wait(PAUSE_S)
                self._journal.grown.clear()

    def stop(self) -> None:
        self._stop.set()
        self._journal.grown.set()

    def wait_for(self, seq: int, timeout_s: float = 30.0) -> bool:
        """Wait until this record has been folded; False if it took too long."""
        until = time.monotonic() + timeout_s
        with self._applied:
            while self.seq < seq:
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._applied.wait(left)
        return True

    def _fold_some(self, until: int | None = None) -> int:
        if self._journal.last <= self.seq:
            return 0
        batch = self._next()
        if until is not None:
            batch = [record for record in batch if record.seq <= until]
        if not batch:
            return 0
        with self._engine.begin() as connection:
            is_ours = self._advance(connection, batch[-1])
            if is_ours:
                self._fold.apply(connection, batch)
        if is_ours:
            last = batch[-1]
            self.seq, self._segment = last.seq, last.segment
            self._offset = last.offset + last.size
        else:
            self._find_place()
        with self._applied:
            self._applied.notify_all()
        for told in self._listeners:
            told()
        return len(batch)

    def _next(self) -> list[Record]:
        """What comes next. What was kept and is passed over here would never be delivered: where a
        record is missing it is looked for once more, and then told."""
        jump = None
        for _ in range(2):
            batch = list(islice(self._journal.follow_from(self._segment, self._offset), BATCH))
            seqs = [self.seq, *(record.seq for record in batch)]
            jump = next(((a + 1, b - 1) for a, b in pairwise(seqs) if b != a + 1), None)
            if jump is None:
                break
        if jump is not None:
            log.error(
                "archive: records %d to %d are not where they belong; run `vanthu archive verify`, "
                "and `vanthu archive rebuild` if it finds them", *jump,
            )  # fmt: skip
        return batch

    def _advance(self, connection: Connection, last: Record) -> bool:
        """Move the mark; False if another applier has moved it since we looked."""
        values = {
            "known": self.seq,
            "new_seq": last.seq,
            "new_segment": last.segment,
            "new_offset": last.offset + last.size,
        }
        return self._move.run(connection, [values]) == 1

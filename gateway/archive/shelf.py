"""The archive as one thing: journal, rows, words, and who keeps them up to date."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.archive.chapter import Chapter
from gateway.archive.journal import JournalError
from gateway.archive.keeper import FileJournal, wall_clock
from gateway.archive.queries import Queries
from gateway.archive.record import BadRecord
from gateway.archive.schema import open_database
from gateway.archive.words import words_path
from gateway.runtime.disk import Disk
from gateway.runtime.polite import give_way

if TYPE_CHECKING:
    from gateway.archive.applier import Applier
    from gateway.archive.indexer import Indexer

log = logging.getLogger(__name__)

PACK_LOOK_S = 60.0
PACK_NICE = 15

LOOK_S = 0.005
"""How often one who waits for a record looks whether it has been folded."""


def index_of(folder: Path) -> Path:
    """The database with the rows of the archive in a folder."""
    return folder / "index.db"


class Shelf:
    """Opens an archive's folder. With ``applies`` this process folds the journal into rows."""

    def __init__(
        self,
        folder: Path,
        *,
        applies: bool,
        sync: bool = True,
        disk: Disk | None = None,
        clock: Callable[[], datetime] = wall_clock,
        chapters: Sequence[Chapter] = (),
    ) -> None:
        index = index_of(folder)
        self.journal = FileJournal(folder / "journal", sync=sync, disk=disk, clock=clock)
        read_only = not applies and index.exists()
        self.engine = open_database(index, read_only=read_only, chapters=chapters)
        self.queries = Queries(self.journal, self.engine)
        self.applier: Applier | None = None
        self.indexer: Indexer | None = None
        if applies:
            from gateway.archive.applier import Applier
            from gateway.archive.indexer import Indexer

            self.applier = Applier(self.journal, self.engine, chapters)
            self.indexer = Indexer(self.journal, words_path(index))
        self._threads: list[threading.Thread] = []
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin folding in threads of their own."""
        assert self.applier is not None
        assert self.indexer is not None
        workers = (
            ("applier", self.applier.run),
            ("indexer", self.indexer.run),
            ("packer", self._pack),
        )
        for name, work in workers:
            thread = threading.Thread(target=work, name=name)
            self._threads.append(thread)
            thread.start()

    def _pack(self) -> None:
        """Compress what has gone cold, when nobody else wants the processor."""
        give_way(PACK_NICE)
        while not self._stop.wait(PACK_LOOK_S):
            try:
                for _ in self.journal.pack():
                    if self._stop.is_set():
                        return
            except (JournalError, BadRecord, OSError) as error:
                log.error("archive: a segment cannot be packed: %s", error)  # noqa: TRY400

    async def settled(self, seq: int, timeout_s: float = 30.0) -> bool:
        """Wait until the rows know of this record, whoever folds it; False if it took too long."""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while self.applied() < seq:
            if loop.time() > until:
                return False
            await asyncio.sleep(LOOK_S)
        return True

    def applied(self) -> int:
        """The last record that the rows know of, whoever folds it."""
        if self.applier is not None and self._threads:
            return self.applier.seq
        return self.queries.applied()

    def close(self) -> None:
        self._stop.set()
        for worker in (self.applier, self.indexer):
            if worker is not None:
                worker.stop()
        for thread in self._threads:
            thread.join()
        if self.indexer is not None:
            self.indexer.close()
        self.journal.close()
        self.engine.dispose()

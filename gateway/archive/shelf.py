"""The archive as one thing: journal, rows, words, and who keeps them up to date."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from gateway.archive.applier import Applier
from gateway.archive.keeper import FileJournal, wall_clock
from gateway.archive.queries import Queries
from gateway.archive.schema import open_database
from gateway.archive.words import Indexer, words_path
from gateway.runtime.disk import Disk

LOOK_S = 0.005
"""How often one who waits for a record looks whether it has been folded."""


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
    ) -> None:
        index = folder / "index.db"
        self.journal = FileJournal(folder / "journal", sync=sync, disk=disk, clock=clock)
        self.engine = open_database(index, read_only=not applies and index.exists())
        self.queries = Queries(self.journal, self.engine)
        self.applier = Applier(self.journal, self.engine) if applies else None
        self.indexer = Indexer(self.journal, words_path(index)) if applies else None
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin folding in threads of their own."""
        assert self.applier is not None
        assert self.indexer is not None
        for name, work in (("applier", self.applier.run), ("indexer", self.indexer.run)):
            thread = threading.Thread(target=work, name=name)
            self._threads.append(thread)
            thread.start()

    async def settled(self, seq: int, timeout_s: float = 30.0) -> bool:
        """Wait until the rows know of this record, whoever folds it; False if it took too long."""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while self._applied() < seq:
            if loop.time() > until:
                return False
            await asyncio.sleep(LOOK_S)
        return True

    def _applied(self) -> int:
        if self.applier is not None and self._threads:
            return self.applier.seq
        return self.queries.applied()

    def close(self) -> None:
        for worker in (self.applier, self.indexer):
            if worker is not None:
                worker.stop()
        for thread in self._threads:
            thread.join()
        if self.indexer is not None:
            self.indexer.close()
        self.journal.close()
        self.engine.dispose()


def rebuild(folder: Path) -> int:
    """Make the rows again from the journal alone; returns how many records were folded.

    The new database takes the old one's place only when it is whole; nobody may have it open.
    """
    fresh, index = folder / "index.new.db", folder / "index.db"
    for path in folder.glob("index.new.*"):
        path.unlink()
    journal = FileJournal(folder / "journal")
    engine = open_database(fresh)
    done = Applier(journal, engine).catch_up()
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    indexer = Indexer(journal, words_path(fresh))
    indexer.catch_up()
    indexer.close()
    journal.close()
    for old, new in ((index, fresh), (words_path(index), words_path(fresh))):
        for suffix in ("-wal", "-shm"):
            old.with_name(old.name + suffix).unlink(missing_ok=True)
        new.replace(old)
    return done

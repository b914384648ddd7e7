"""The archive as one thing: journal, rows, words, and who keeps them up to date."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from gateway.archive.applier import Applier
from gateway.archive.backup import Manifest, restore
from gateway.archive.chapter import Chapter
from gateway.archive.commands import ArchiveNumber
from gateway.archive.journal import JournalError
from gateway.archive.keeper import FileJournal, wall_clock
from gateway.archive.pen import moment_of
from gateway.archive.queries import Queries
from gateway.archive.record import BadRecord
from gateway.archive.schema import metadata, open_database
from gateway.archive.words import Indexer, words_path
from gateway.runtime.disk import Disk, RealDisk

log = logging.getLogger(__name__)

PACK_LOOK_S = 60.0
PACK_NICE = 15

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
        chapters: Sequence[Chapter] = (),
    ) -> None:
        index = folder / "index.db"
        self.journal = FileJournal(folder / "journal", sync=sync, disk=disk, clock=clock)
        read_only = not applies and index.exists()
        self.engine = open_database(index, read_only=read_only, chapters=chapters)
        self.queries = Queries(self.journal, self.engine)
        self.applier = Applier(self.journal, self.engine, chapters) if applies else None
        self.indexer = Indexer(self.journal, words_path(index)) if applies else None
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
        with suppress(PermissionError):  # A hardened unit may not; then it is only less polite.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), PACK_NICE)
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


def compare(folder: Path, chapters: Sequence[Chapter] = ()) -> Iterator[str]:
    """Fold the journal anew beside the rows and tell where they differ; for ``archive verify``."""
    journal = FileJournal(folder / "journal")
    with TemporaryDirectory(dir=folder, prefix="compare-") as scratch:
        fresh = Path(scratch) / "index.db"
        engine = open_database(fresh, chapters=chapters)
        live = open_database(folder / "index.db", read_only=True, chapters=chapters)
        try:
            with live.connect() as rows:
                rows.exec_driver_sql("ATTACH ? AS fresh", (str(fresh),))
                rows.exec_driver_sql("BEGIN")  # From here on, this connection sees one moment.
                mark = rows.exec_driver_sql("SELECT seq FROM main.marks WHERE name='fold'")
                applier = Applier(journal, engine, chapters)
                applier.catch_up(until=int(mark.scalar() or 0))
                for tables in (metadata, *(chapter.metadata for chapter in chapters)):
                    for table in tables.sorted_tables:
                        yield from _differences(rows, table.name)
        finally:
            engine.dispose()
            live.dispose()
            journal.close()


def _differences(rows: Connection, table: str) -> Iterator[str]:
    for one, other, told in (
        ("main", "fresh", "rows that the journal does not give"),
        ("fresh", "main", "rows missing"),
    ):
        statement = (
            f"SELECT count(*) FROM (SELECT * FROM {one}.{table} "  # noqa: S608 - names of ours
            f"EXCEPT SELECT * FROM {other}.{table})"
        )
        if count := rows.exec_driver_sql(statement).scalar():
            yield f"{table}: {count} {told}; run `vanthu archive rebuild`"


def bring_back(backup: Path, folder: Path, above: ArchiveNumber | None = None) -> Manifest:
    """Restore a backup (see ``backup.restore``); the rows go and are folded anew."""
    moment = moment_of(wall_clock())
    folder.mkdir(parents=True, exist_ok=True)
    manifest = restore(backup, folder / "journal", RealDisk(), moment, above)
    for path in folder.glob("index.*"):
        path.unlink()
    return manifest


def rebuild(folder: Path, chapters: Sequence[Chapter] = ()) -> int:
    """Make the rows again from the journal alone; returns how many records were folded.

    The new database takes the old one's place only when it is whole; nobody may have it open.
    """
    fresh, index = folder / "index.new.db", folder / "index.db"
    for path in folder.glob("index.new.*"):
        path.unlink()
    journal = FileJournal(folder / "journal")
    engine = open_database(fresh, chapters=chapters)
    done = Applier(journal, engine, chapters).catch_up()
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

"""The archive as one thing: journal, rows and the applier between them."""

from __future__ import annotations

import threading
from pathlib import Path

from gateway.archive.applier import Applier
from gateway.archive.keeper import FileJournal
from gateway.archive.queries import Queries
from gateway.archive.schema import open_database


class Shelf:
    """Opens an archive's folder. With ``applies`` this process folds the journal into rows."""

    def __init__(self, folder: Path, *, applies: bool, sync: bool = True) -> None:
        self.journal = FileJournal(folder / "journal", sync=sync)
        self.engine = open_database(folder / "index.db", read_only=not applies)
        self.queries = Queries(self.journal, self.engine)
        self.applier = Applier(self.journal, self.engine) if applies else None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin folding in a thread of its own."""
        assert self.applier is not None
        self._thread = threading.Thread(target=self.applier.run, name="applier")
        self._thread.start()

    def close(self) -> None:
        if self.applier is not None:
            self.applier.stop()
        if self._thread is not None:
            self._thread.join()
        self.journal.close()
        self.engine.dispose()


def rebuild(folder: Path) -> int:
    """Make the rows again from the journal alone; returns how many records were folded.

    The new database takes the old one's place only when it is whole.
    """
    fresh = folder / "index.new.db"
    for path in folder.glob("index.new.db*"):
        path.unlink()
    journal = FileJournal(folder / "journal")
    engine = open_database(fresh)
    done = Applier(journal, engine).catch_up()
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    journal.close()
    for suffix in ("-wal", "-shm"):
        (folder / f"index.db{suffix}").unlink(missing_ok=True)
    fresh.replace(folder / "index.db")
    return done

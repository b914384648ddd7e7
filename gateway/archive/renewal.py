"""The rows made anew from the journal: to compare them, to restore a backup, to rebuild."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from gateway.archive.applier import Applier
from gateway.archive.backup import Manifest, restore
from gateway.archive.chapter import Chapter
from gateway.archive.commands import ArchiveNumber
from gateway.archive.indexer import Indexer
from gateway.archive.keeper import FileJournal, wall_clock
from gateway.archive.pen import moment_of
from gateway.archive.schema import metadata, open_database
from gateway.archive.words import words_path
from gateway.runtime.disk import RealDisk


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

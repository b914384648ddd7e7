"""Small things worth remembering across messages, processes and restarts: a file of its own.

It may lose its last seconds in a power cut and nobody is harmed; so it is never synced.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from sqlalchemy import (
    Column,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    select,
)
from sqlalchemy.dialects.sqlite import insert as upsert

_metadata = MetaData()
_notes = Table(
    "notes",
    _metadata,
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
    Column("until", Float, nullable=False, index=True),
    sqlite_with_rowid=False,
)
_counts = Table(
    "counts",
    _metadata,
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("slot", Integer, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("until", Float, nullable=False, index=True),
    sqlite_with_rowid=False,
)
SLOTS = 10
"""A window slides by a tenth of its length."""

SWEEP_S = 300.0


class FileNotepad:
    """The notepad in one SQLite file, shared by the processes of a host."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            f"sqlite:///{path}", connect_args={"timeout": 10, "check_same_thread": False}
        )
        self._engine = engine
        self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._lock = threading.Lock()
        for pragma in ("journal_mode=WAL", "synchronous=OFF"):
            self._connection.exec_driver_sql(f"PRAGMA {pragma}")
        _metadata.create_all(self._connection)
        self._swept = time.time()

    def count(self, kind: str, key: str, window_s: float, add: int = 1) -> int:
        now = time.time()
        width = window_s / SLOTS
        slot = int(now / width)
        row = _counts.c
        with self._lock:
            if add:
                until = (slot + SLOTS + 1) * width
                values = {"kind": kind, "key": key, "slot": slot, "n": add, "until": until}
                self._connection.execute(
                    upsert(_counts)
                    .values(values)
                    .on_conflict_do_update(
                        index_elements=["kind", "key", "slot"], set_={"n": row.n + add}
                    )
                )
                self._sweep(now)
            rows = self._connection.execute(
                select(row.n).where(row.kind == kind, row.key == key, row.slot > slot - SLOTS)
            )
            return sum(n for (n,) in rows)

    def get(self, kind: str, key: str) -> str | None:
        row = _notes.c
        with self._lock:
            found = self._connection.execute(
                select(row.value).where(row.kind == kind, row.key == key, row.until > time.time())
            ).scalar()
        return None if found is None else str(found)

    def put(self, kind: str, key: str, value: str, ttl_s: float) -> None:
        now = time.time()
        values = {"kind": kind, "key": key, "value": value, "until": now + ttl_s}
        with self._lock:
            self._connection.execute(
                upsert(_notes)
                .values(values)
                .on_conflict_do_update(
                    index_elements=["kind", "key"], set_={"value": value, "until": now + ttl_s}
                )
            )
            self._sweep(now)

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()

    def _sweep(self, now: float) -> None:
        if now - self._swept > SWEEP_S:
            self._swept = now
            for table in (_notes, _counts):
                self._connection.execute(delete(table).where(table.c.until < now))

"""Small things remembered across processes and restarts: counters and values that expire.

A file of its own that is never synced: its loss harms nothing, and a call takes tens of µs.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)

SLOTS = 10
"""A window is counted in this many slots: what is a tenth of it too old may still count."""

SWEEP_EVERY = 2000
"""Calls between two removals of what has expired."""

OPENING_S = 10.0
"""Another process may be mending the file after a crash."""
BUSY_MS = 500

_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""What no waiting mends. A file that is locked is somebody's who remembers in it."""

_TABLES = """
CREATE TABLE IF NOT EXISTS counts(kind TEXT, key TEXT, width INTEGER, slot INTEGER, n INTEGER,
    until INTEGER, PRIMARY KEY(kind, key, width, slot)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes(kind TEXT, key TEXT, value TEXT, until INTEGER,
    PRIMARY KEY(kind, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS counts_until ON counts(until);
CREATE INDEX IF NOT EXISTS notes_until ON notes(until);
"""


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time makes the file ready, or begins it anew: while one turns it to WAL it
    is locked for others, who must not take that for damage and remove it under his feet."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


class FileNotepad:
    """The Notepad service (``mail/services.py``) on a SQLite file. Times in ms within.

    OSError where the file cannot be opened. When it cannot be used later it says so in the log, and
    nothing is remembered: counters tell what they were just given.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._lock = threading.Lock()
        self._calls = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.parent):
            try:
                self._database = self._open()
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode & 0xFF not in _BROKEN:
                    raise OSError(f"{path} cannot be opened: {error}") from error
                log.warning("%s cannot be read (%s): begun anew", path, error)
                for suffix in ("", "-wal", "-shm"):
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
                self._database = self._open()

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(
            self._path, timeout=OPENING_S, isolation_level=None, check_same_thread=False
        )
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=OFF")
            database.executescript(_TABLES)
            database.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        except sqlite3.DatabaseError:
            database.close()
            raise
        return database

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def count(self, kind: str, key: str, window_s: float, add: int = 1) -> int:
        """Add to a sliding counter and return how much came in the last ``window_s`` seconds."""
        now = int(self._clock() * 1000)
        width = max(1, int(window_s * 1000) // SLOTS)
        slot = now // width
        what = (kind, key, width)
        with self._lock:
            try:
                if add:
                    self._database.execute(
                        "INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
                        "SET n = n + excluded.n",
                        (*what, slot, add, (slot + SLOTS + 1) * width),
                    )
                    self._sweep(now)
                row = self._database.execute(
                    "SELECT sum(n) FROM counts WHERE kind=? AND key=? AND width=? AND slot>?",
                    (*what, slot - SLOTS),
                ).fetchone()
            except sqlite3.Error as error:
                log.warning("notepad: %s", error)
                return add
        return int(row[0] or 0)

    def get(self, kind: str, key: str) -> str | None:
        """What was put under this key, if it has not expired."""
        with self._lock:
            try:
                row = self._database.execute(
                    "SELECT value FROM notes WHERE kind=? AND key=? AND until>?",
                    (kind, key, int(self._clock() * 1000)),
                ).fetchone()
            except sqlite3.Error as error:
                log.warning("notepad: %s", error)
                return None
        return str(row[0]) if row else None

    def put(self, kind: str, key: str, value: str, ttl_s: float) -> None:
        """Remember a value for ``ttl_s`` seconds."""
        now = int(self._clock() * 1000)
        with self._lock:
            try:
                self._database.execute(
                    "INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?)",
                    (kind, key, value, now + int(ttl_s * 1000)),
                )
                self._sweep(now)
            except sqlite3.Error as error:
                log.warning("notepad: %s", error)

    def _sweep(self, now: int) -> None:
        self._calls += 1
        if self._calls % SWEEP_EVERY == 0:
            self._database.execute("DELETE FROM counts WHERE until < ?", (now,))
            self._database.execute("DELETE FROM notes WHERE until < ?", (now,))

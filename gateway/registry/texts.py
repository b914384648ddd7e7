"""Words within lines and within attached documents: a full-text index beside the rows.

Everything here can be made again from the archive. ``Texts`` is the seam: this is SQLite's FTS5;
an office on PostgreSQL brings its own. A place in the journal is kept with the texts, so that
whoever fills them goes on where he stopped, whatever ended him.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol, TypeAlias

from gateway.archive.record import HEAD_BYTES
from gateway.archive.words import phrase_of
from gateway.mail.text import folded

Place: TypeAlias = tuple[int, int, int]
"""Record, segment, offset: behind the last record that was seen."""

START: Place = (0, 1, HEAD_BYTES)
PAPER_MAX = 400_000
"""Characters of one message's documents that can be found: some 150 pages."""


class Texts(Protocol):
    """What is found by words. Newest first; ``before`` is the last one of the page before."""

    def lines(self, words: str, before: int, limit: int) -> list[int]:
        """``entries.seq`` of lines that have all these words, or words beginning like the last."""

    def papers(self, words: str, before: int, limit: int) -> list[int]:
        """``mails.seq`` of messages in whose documents these words stand."""


_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS place(seq INTEGER, segment INTEGER, offset INTEGER);
CREATE TABLE IF NOT EXISTS saved(entry INTEGER PRIMARY KEY, path TEXT NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS lines USING fts5(text, tokenize='unicode61');
CREATE VIRTUAL TABLE IF NOT EXISTS papers USING fts5(text, content='', tokenize='unicode61');
COMMIT;
"""


class FtsTexts:
    """``Texts`` in a file of SQLite. One fills it, any number look."""

    def __init__(self, path: Path) -> None:
        with closing(sqlite3.connect(path, timeout=30)) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.executescript(_TABLES)
        self._database = sqlite3.connect(path, timeout=30, check_same_thread=False)
        self._database.execute("PRAGMA synchronous=NORMAL")

    def close(self) -> None:
        self._database.close()

    @property
    def place(self) -> Place:
        row = self._database.execute("SELECT seq, segment, offset FROM place").fetchone()
        return (row[0], row[1], row[2]) if row else START

    def fill(
        self,
        lines: Sequence[tuple[int, str]],
        papers: Sequence[tuple[int, str]],
        place: Place,
    ) -> None:
        """Put texts in and move the place, all or nothing. A line that is there is replaced."""
        with self._database as database:
            for seq, text in lines:
                database.execute("DELETE FROM lines WHERE rowid = ?", (seq,))
                database.execute("INSERT INTO lines(rowid, text) VALUES (?, ?)", (seq, text))
            database.executemany(
                "INSERT INTO papers(rowid, text) VALUES (?, ?)",
                [(seq, folded(text[:PAPER_MAX])) for seq, text in papers],
            )
            database.execute("DELETE FROM place")
            database.execute("INSERT INTO place VALUES (?, ?, ?)", place)

    def lines(self, words: str, before: int, limit: int) -> list[int]:
        return self._matching("lines", words, before, limit)

    def papers(self, words: str, before: int, limit: int) -> list[int]:
        return self._matching("papers", words, before, limit)

    def _matching(self, table: str, words: str, before: int, limit: int) -> list[int]:
        statement = (
            f"SELECT rowid FROM {table} WHERE {table} MATCH ? AND rowid < ? "  # noqa: S608 - ours
            "ORDER BY rowid DESC LIMIT ?"
        )
        found = self._database.execute(statement, (phrase_of(words), before, limit))
        return [seq for (seq,) in found]

    def saved(self, entry: int) -> str:
        """Where the file of a line lies, below the folder of files; empty if nowhere."""
        row = self._database.execute("SELECT path FROM saved WHERE entry = ?", (entry,)).fetchone()
        return row[0] if row else ""

    def note_saved(self, entry: int, path: str) -> None:
        with self._database as database:
            database.execute("INSERT OR REPLACE INTO saved VALUES (?, ?)", (entry, path))


def texts_path(data: Path) -> Path:
    """Where they lie, beside the archive's index."""
    return data / "texts.db"

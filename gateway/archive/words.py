"""Search by words: a full-text index beside the rows, filled in the background.

It lies in a database of its own, so that filling it never makes the fold wait. This and
``indexer.py`` are the only places that know SQLite's FTS5; another database brings its own
``matching``.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import TextClause, text

from gateway.mail.text import folded

_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS place(seq INTEGER, segment INTEGER, offset INTEGER);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, content='', tokenize='unicode61');
COMMIT;
"""


def words_path(index: Path) -> Path:
    """Where the words lie that belong to a database."""
    return index.with_suffix(".words.db")


def make_words(path: Path) -> None:
    """The file with its tables, if they are not there."""
    with closing(sqlite3.connect(path, timeout=30)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.executescript(_TABLES)


def matching(words: str, *others: str) -> TextClause:
    """Selects the ``seq`` of messages that have all these words, or words beginning like the last.

    ``others``: other ways to say it, one of which is enough. Accents and case make no difference.
    Runs where the words are attached as ``found``.
    """
    phrase = " OR ".join(f"({phrase_of(one)})" for one in dict.fromkeys((words, *others)))
    found = text("SELECT rowid FROM found.words WHERE words MATCH :phrase")
    return found.bindparams(phrase=phrase)


def phrase_of(words: str) -> str:
    """FTS5's way to ask for all these words, or words beginning like the last."""
    said = [word.replace(chr(34), "") for word in folded(words).split()]
    phrase = " ".join(f'"{word}"' for word in said if word)
    return f"{phrase}*" if phrase else '""'

"""Fills the full-text index (``words.py``) in the background, from the journal."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from gateway.archive.commands import Receive
from gateway.archive.journal import JournalError, Record
from gateway.archive.keeper import FileJournal
from gateway.archive.record import HEAD_BYTES
from gateway.archive.words import make_words
from gateway.mail.hypertext import plain
from gateway.mail.message import Message
from gateway.mail.text import folded
from gateway.mail.vietnamese import BESIDE_MAX, readable, readable_beside

log = logging.getLogger(__name__)

BATCH = 200
PAUSE_S = 0.5
REST = 3.0
"""Times as long at rest as at work."""
TEXT_MAX = 64 * 1024
"""Characters of one message that can be found."""


def plain_words(record: Record) -> str:
    """What a message can be found by, without its text."""
    command = record.command
    if not isinstance(command, Receive):
        return ""
    to = " ".join(rcpt.address for rcpt in command.recipients)
    return f"{command.subject} {command.author} {command.sender} {to}"


def all_words(record: Record) -> str:
    """What a message can be found by: its fields, the names of its files, its text."""
    told = [plain_words(record)]
    if isinstance(record.command, Receive) and record.command.sealed:
        return told[0]
    left, names, beside = TEXT_MAX, list[str](), ""
    try:
        message = Message(record.raw)
        beside = message.header("Subject")
        for part in message.mime.leaves:
            names += part.names
            if part.is_attachment or left <= 0:
                continue
            text = part.text(left)
            left -= len(text)
            beside += f"\n{text[:BESIDE_MAX]}"
            told.append(readable(plain(text) if part.type == "text/html" else text))
    except Exception:  # Whatever a stranger sent, the next message is found all the same.
        log.exception("mail %s cannot be read for search", record.seq)
    told += [readable_beside(name, beside) for name in names]
    return " ".join(told)


class Indexer:
    """Follows the journal, as the applier does, with a mark of its own."""

    def __init__(
        self,
        journal: FileJournal,
        path: Path,
        extract: Callable[[Record], str] = all_words,
    ) -> None:
        self._journal, self._extract = journal, extract
        make_words(path)
        self._database = sqlite3.connect(path, timeout=30, check_same_thread=False)
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._stop = threading.Event()
        row = self._database.execute("SELECT seq, segment, offset FROM place").fetchone()
        place: tuple[int, int, int] = row or (0, 1, HEAD_BYTES)
        self.seq, self._segment, self._offset = place

    def close(self) -> None:
        self._database.close()

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        """Index until ``stop``; work a part of the time, so that mail goes before search."""
        while not self._stop.is_set():
            start = time.monotonic()
            try:
                done = self.index_some()
            except (sqlite3.Error, JournalError, OSError) as error:
                log.error("archive: words cannot be indexed: %s; trying again", error)  # noqa: TRY400
                done = 0
            self._stop.wait(REST * (time.monotonic() - start) if done else PAUSE_S)

    def catch_up(self) -> int:
        total = 0
        while done := self.index_some():
            total += done
        return total

    def index_some(self) -> int:
        """One batch; how many records that was."""
        if self._journal.last <= self.seq:
            return 0
        following = self._journal.follow_from(
            self._segment, self._offset, with_raw=True, is_checked=False
        )
        rows: list[tuple[int, str]] = []
        last: Record | None = None
        for record in islice(following, BATCH):
            last = record
            if record.seq > self.seq and isinstance(record.command, Receive):
                rows.append((record.seq, folded(self._extract(record)[:TEXT_MAX])))
        if last is None:
            return 0
        place = (last.seq, last.segment, last.offset + last.size)
        with self._database as database:
            database.executemany("INSERT INTO words(rowid, text) VALUES (?, ?)", rows)
            database.execute("DELETE FROM place")
            database.execute("INSERT INTO place VALUES (?, ?, ?)", place)
        done = last.seq - self.seq
        self.seq, self._segment, self._offset = place
        return done

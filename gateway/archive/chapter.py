"""A room's own part of the fold: its tables, and what its commands do to them.

The archive folds messages, attempts and words at a desk. A room above it (the approval desk, the
registry) keeps rows of its own from the same journal by writing a chapter. The same rule holds: the
same records give the same rows, so a chapter asks neither the clock nor chance nor the directory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol
from zlib import crc32

from sqlalchemy import Connection, MetaData

from gateway.archive.journal import Record


class Chapter(Protocol):
    """One per opened archive: it may remember what it likes between batches, as a cache alone."""

    name: str
    version: int
    """Of its tables. When it changes, all rows are made again from the journal."""
    metadata: MetaData
    """Its tables. Their names begin with the chapter's."""
    wants: tuple[type[Any], ...]
    """The commands it is told of, each after the archive's own rows know of it."""
    desks: frozenset[str]
    """Desks that it decides for: a plain ``Decide`` does not count there."""

    def apply(self, connection: Connection, records: Sequence[Record]) -> None:
        """Fold these records, in order, within the batch's transaction."""


def version_of(base: int, chapters: Iterable[Chapter]) -> int:
    """One number for all tables together (31 bits); the order of the chapters does not matter."""
    named = sorted(f"{chapter.name}:{chapter.version}" for chapter in chapters)
    return crc32(",".join([str(base), *named]).encode()) & 0x7FFFFFFF if named else base

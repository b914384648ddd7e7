"""The journal, as everybody else sees it: put in, and read back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from gateway.archive.commands import ArchiveNumber, Command


class JournalError(Exception):
    """It could not be kept; nothing of it was. ``status`` says what to tell a client."""

    def __init__(self, message: str, status: str = "4.3.0") -> None:
        super().__init__(message)
        self.status = status


class Entry(msgspec.Struct, frozen=True):
    """A command on its way into the journal; ``raw`` pieces are kept as one body."""

    command: Command
    raw: tuple[bytes | bytearray | memoryview, ...] = ()
    numbered: bool = False
    """Whether it takes the next archive number."""
    digest: bytes = b""
    """SHA-256 of the body if the caller has it already; else the journal computes it."""


class Kept(msgspec.Struct, frozen=True):
    """Where an entry lies. ``seq`` counts all records from 1."""

    seq: int
    number: ArchiveNumber | None


@dataclass(frozen=True, slots=True)
class Record:
    """An entry as read back."""

    seq: int
    at_ms: int
    number: ArchiveNumber | None
    command: Command
    raw: bytes
    chain: bytes
    """Hash over this record and, through the one before it, over all that came earlier."""
    segment: int = 0
    offset: int = 0
    """Where its head stands in the segment's file."""
    size: int = 0
    """Of head, command and message in the file, in bytes."""
    digest: bytes = b""
    """SHA-256 of the message."""
    raw_size: int = 0
    """Bytes of the message, also where it was not read."""


class Journal(Protocol):
    """Append-only, shared by processes. What was kept is never changed."""

    def append(self, entries: Sequence[Entry]) -> asyncio.Future[list[Kept]]:
        """Keep all of them or none; done when they are on disk. JournalError if they are not."""

    def read(self, seq: int) -> Record:
        """One record. LookupError if there is none of that number."""

    def follow(self, after: int, *, with_raw: bool = False) -> Iterator[Record]:
        """The durable records behind ``after``, in order, as far as they go now."""

    @property
    def last(self) -> int:
        """The number of the newest durable record."""

"""One record of the journal as bytes: a fixed head, the command as JSON, the message as received.

The head carries a chain hash over everything that came earlier. So a record is valid only in its
place: what a killed writer left behind a shorter new record can never be taken for the next one.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass

import msgspec

from gateway.archive.commands import ArchiveNumber, Command

MAGIC = b"VTJ1"
_FIELDS = struct.Struct("<4sBxHIIQQQ32s")
"""magic, flags, year, number, meta bytes, body bytes, seq, at_ms, SHA-256 of the body"""
_SEAL = struct.Struct("<32sI")
"""chain hash, CRC-32 of fields, chain and meta"""
HEAD_SIZE = _FIELDS.size + _SEAL.size

CONTINUES = 1
"""The next record belongs to the same group: all of a group are there, or none."""

GENESIS = bytes(32)
EMPTY_DIGEST = hashlib.sha256().digest()

ENCODER = msgspec.json.Encoder()
DECODER: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)


@dataclass(frozen=True, slots=True)
class Head:
    """The fixed part of a record, read back. Sizes in bytes."""

    flags: int
    year: int
    n: int
    meta_size: int
    body_size: int
    seq: int
    at_ms: int
    digest: bytes
    chain: bytes
    crc: int
    fields: bytes

    @property
    def size(self) -> int:
        """Of the whole record."""
        return HEAD_SIZE + self.meta_size + self.body_size

    @property
    def continues(self) -> bool:
        return bool(self.flags & CONTINUES)

    @property
    def number(self) -> ArchiveNumber | None:
        return ArchiveNumber(self.year, self.n) if self.n else None


@dataclass(frozen=True, slots=True)
class Sealed:
    """A record ready to be written."""

    head: bytes
    chain: bytes


def seal(
    previous: bytes,
    meta: bytes,
    digest: bytes,
    body_size: int,
    *,
    seq: int,
    at_ms: int,
    number: ArchiveNumber | None,
    continues: bool,
) -> Sealed:
    """Close a record behind the one whose chain hash is ``previous``."""
    year, n = (number.year, number.n) if number else (0, 0)
    flags = CONTINUES if continues else 0
    fields = _FIELDS.pack(MAGIC, flags, year, n, len(meta), body_size, seq, at_ms, digest)
    chain = link(previous, fields, meta)
    crc = zlib.crc32(meta, zlib.crc32(chain, zlib.crc32(fields)))
    return Sealed(fields + _SEAL.pack(chain, crc), chain)


def link(previous: bytes, fields: bytes, meta: bytes) -> bytes:
    """The chain hash of a record."""
    hashing = hashlib.sha256(previous)
    hashing.update(fields)
    hashing.update(meta)
    return hashing.digest()


def read_head(data: bytes | memoryview) -> Head | None:
    """The head at the beginning of ``data``; None if there is none."""
    if len(data) < HEAD_SIZE or data[:4] != MAGIC:
        return None
    _, flags, year, n, meta, body, seq, at_ms, digest = _FIELDS.unpack_from(data)
    chain, crc = _SEAL.unpack_from(data, _FIELDS.size)
    fields = bytes(data[: _FIELDS.size])
    return Head(flags, year, n, meta, body, seq, at_ms, digest, chain, crc, fields)


def is_intact(head: Head, meta: bytes, previous: bytes) -> bool:
    """Whether head and meta belong together and follow the record that ``previous`` seals."""
    crc = zlib.crc32(meta, zlib.crc32(head.chain, zlib.crc32(head.fields)))
    return crc == head.crc and link(previous, head.fields, meta) == head.chain

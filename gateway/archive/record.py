"""How a record and the head of a segment lie in a file: bytes to values and back, pure.

A segment begins with HEAD_BYTES of text: one line that a person can read too, then blanks. Records
follow without gaps: a fixed binary head of RECORD_BYTES, the command as JSON, the body as received.

    4s magic "VTR1"   H flags      H year of the number (0: none)  I bytes of JSON
    Q bytes of body   Q seq        Q time of the append, ms        I running number in the year
    32s SHA-256 of the body        32s chain                       I CRC-32 of head and JSON

All little-endian. ``chain`` is the SHA-256 over the chain of the record before, this head up to the
chain, and the SHA-256 of the JSON: so a record fits only behind the one it was written behind, and
what a killed writer left on the disk is never taken for the next one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from zlib import crc32

import msgspec

from gateway.archive.commands import ArchiveNumber, Command
from gateway.archive.journal import Record

MAGIC = b"VTR1"
VERSION = 1
HEAD_BYTES = 4096
MORE = 1
"""Flag: the record behind this one belongs to the same atomic group."""

START = bytes(32)
"""The chain before the first record."""

_FRONT = struct.Struct("<4sHHIQQQI32s")
_BACK = struct.Struct("<32sI")
RECORD_BYTES = _FRONT.size + _BACK.size

_encode = msgspec.json.Encoder().encode
_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)


class BadRecord(Exception):
    """These bytes are not the record that belongs there."""


@dataclass(slots=True)
class Tail:
    """Where the journal ends: what the next record is written behind."""

    segment: int
    end: int
    """Offset in the segment."""
    seq: int
    """Of the last record; 0 before the first."""
    chain: bytes = START
    counters: dict[int, int] = field(default_factory=dict)
    """Last number given, by year."""

    def copy(self) -> Tail:
        return Tail(self.segment, self.end, self.seq, self.chain, dict(self.counters))


@dataclass(frozen=True, slots=True)
class SegmentHead:
    """The first line of a segment. It holds all that is needed to go on without the ones before."""

    segment: int
    first: int
    """``seq`` of the first record."""
    chain: str
    """Chain before the first record, in hex."""
    counters: dict[str, int]
    year: int
    at_ms: int
    prev_end: int = 0
    """Where the segment before ends; what lies behind that was never acknowledged."""
    note: str = ""
    version: int = VERSION

    def tail(self) -> Tail:
        counters = {int(year): n for year, n in self.counters.items()}
        return Tail(self.segment, HEAD_BYTES, self.first - 1, bytes.fromhex(self.chain), counters)


def segment_head(tail: Tail, year: int, at_ms: int, prev_end: int, note: str = "") -> bytes:
    """The head of a segment that goes on behind ``tail`` (whose ``segment`` is the new one's)."""
    head = SegmentHead(
        segment=tail.segment,
        first=tail.seq + 1,
        chain=tail.chain.hex(),
        counters={str(year): n for year, n in sorted(tail.counters.items())},
        year=year,
        at_ms=at_ms,
        prev_end=prev_end,
        note=note,
    )
    text = msgspec.json.encode(head)
    line = b"VANTHU SEGMENT %08x %s" % (crc32(text), text)
    if len(line) >= HEAD_BYTES:
        raise ValueError("a segment's head holds the counters of at most some 150 years")
    return line.ljust(HEAD_BYTES - 1) + b"\n"


def read_segment_head(data: bytes) -> SegmentHead:
    """From the first HEAD_BYTES of a file. BadRecord if they are something else."""
    words = data.rstrip(b" \n").split(b" ", 3)
    if len(data) < HEAD_BYTES or words[:2] != [b"VANTHU", b"SEGMENT"]:
        raise BadRecord("no head of a segment")
    if words[2] != b"%08x" % crc32(words[3]):
        raise BadRecord("the head of the segment is damaged")
    try:
        head = msgspec.json.decode(words[3], type=SegmentHead)
    except msgspec.MsgspecError as error:
        raise BadRecord(f"the head of the segment: {error}") from None
    if head.version != VERSION:
        raise BadRecord(f"a segment of version {head.version}; this program knows {VERSION}")
    return head


@dataclass(slots=True)
class Head:
    """A record's head, as read; ``offset`` is where it begins in its segment."""

    offset: int
    flags: int
    year: int
    meta_bytes: int
    body_bytes: int
    seq: int
    at_ms: int
    n: int
    digest: bytes
    chain: bytes
    crc: int
    front: bytes

    @property
    def number(self) -> ArchiveNumber | None:
        return ArchiveNumber(self.year, self.n) if self.year else None

    @property
    def meta_at(self) -> int:
        return self.offset + RECORD_BYTES

    @property
    def body_at(self) -> int:
        return self.meta_at + self.meta_bytes

    @property
    def end(self) -> int:
        return self.body_at + self.body_bytes


def encode_command(command: Command) -> bytes:
    return _encode(command)


def decode_command(meta: bytes | memoryview) -> Command:
    try:
        return _decoder.decode(meta)
    except msgspec.MsgspecError as error:
        raise BadRecord(f"a command that this program does not know: {error}") from None


def seal(
    tail: Tail,
    meta: bytes,
    meta_digest: bytes,
    body_bytes: int,
    digest: bytes,
    at_ms: int,
    year: int,
    flags: int,
) -> bytes:
    """The head of the next record; moves ``tail`` behind it. ``year`` 0: it takes no number."""
    seq = tail.seq + 1
    n = tail.counters.get(year, 0) + 1 if year else 0
    front = _FRONT.pack(MAGIC, flags, year, len(meta), body_bytes, seq, at_ms, n, digest)
    chain = sha256(tail.chain + front + meta_digest).digest()
    crc = crc32(meta, crc32(chain, crc32(front)))
    tail.seq = seq
    tail.chain = chain
    if year:
        tail.counters[year] = n
    tail.end += RECORD_BYTES + len(meta) + body_bytes
    return front + _BACK.pack(chain, crc)


def front_of(record: Record, meta: bytes, before: bytes) -> bytes | None:
    """The first part of a record's head again, from what was read of it; ``before`` is the chain
    ahead of it. None if the chain does not come out: ``meta`` is not what was written."""
    number = record.number
    for flags in (0, MORE):
        front = _FRONT.pack(
            MAGIC,
            flags,
            number.year if number else 0,
            len(meta),
            record.raw_size,
            record.seq,
            record.at_ms,
            number.n if number else 0,
            record.digest,
        )
        if sha256(before + front + sha256(meta).digest()).digest() == record.chain:
            return front
    return None


def read_head(data: bytes | memoryview, at: int, offset: int) -> Head:
    """The head that begins at ``data[at]``; ``offset`` is where that is in the segment."""
    if len(data) - at < RECORD_BYTES:
        raise BadRecord("too short")
    magic, flags, year, meta, body, seq, at_ms, n, digest = _FRONT.unpack_from(data, at)
    if magic != MAGIC:
        raise BadRecord("no record begins here")
    chain, crc = _BACK.unpack_from(data, at + _FRONT.size)
    front = bytes(data[at : at + _FRONT.size])
    return Head(offset, flags, year, meta, body, seq, at_ms, n, digest, chain, crc, front)


def check_meta(head: Head, meta: bytes | memoryview) -> None:
    """BadRecord if head and JSON are not as written."""
    if (
        len(meta) != head.meta_bytes
        or crc32(meta, crc32(head.chain, crc32(head.front))) != head.crc
    ):
        raise BadRecord(f"record {head.seq}: the checksum does not fit")


def check_body(head: Head, body: bytes | memoryview) -> None:
    """BadRecord if the body is not as written."""
    if len(body) != head.body_bytes or sha256(body).digest() != head.digest:
        raise BadRecord(f"record {head.seq}: the body's SHA-256 does not fit")


def advance(tail: Tail, head: Head, meta: bytes | memoryview) -> None:
    """Move ``tail`` behind a record. BadRecord if it does not belong there."""
    if head.seq != tail.seq + 1 or head.offset != tail.end:
        raise BadRecord(f"record {head.seq} where {tail.seq + 1} belongs")
    chain = sha256(tail.chain + head.front + sha256(meta).digest()).digest()
    if chain != head.chain:
        raise BadRecord(f"record {head.seq}: the hash chain breaks here")
    if head.year:
        expected = tail.counters.get(head.year, 0) + 1
        if head.n != expected:
            raise BadRecord(f"number {head.year}-{head.n:07d} where {expected} belongs")
        tail.counters[head.year] = head.n
    tail.seq, tail.chain, tail.end = head.seq, head.chain, head.end


def record_of(head: Head, meta: bytes | memoryview, raw: bytes, segment: int) -> Record:
    return Record(
        seq=head.seq,
        at_ms=head.at_ms,
        number=head.number,
        command=decode_command(meta),
        raw=raw,
        chain=head.chain,
        segment=segment,
        offset=head.offset,
        size=head.end - head.offset,
        digest=head.digest,
        raw_size=head.body_bytes,
    )


def by_year(counters: Mapping[int, int]) -> Iterator[ArchiveNumber]:
    """The last number of each year."""
    for year, n in sorted(counters.items()):
        yield ArchiveNumber(year, n)

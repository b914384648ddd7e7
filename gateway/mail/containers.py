"""What lies inside an attached archive, within limits: zip, gzip, bzip2, xz, tar, RAR."""

from __future__ import annotations

import bz2
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import Protocol

from gateway.mail.limits import Limits
from gateway.mail.text import to_text
from gateway.runtime.words import later

MEMBER_BYTES = 32 * 1024 * 1024
"""The most that is unpacked from one member; a larger one is a finding."""

_READ_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    RuntimeError,  # zipfile, of a password; NotImplementedError, of a method it does not know.
    OSError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
    MemoryError,
)
_MARKS = (
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"PK\x07\x08", "zip"),
    (0, b"\x1f\x8b\x08", "gz"),
    (0, b"BZh", "bz2"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (257, b"ustar", "tar"),
    (0, b"Rar!\x1a\x07", "rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"MSCF", "cab"),
    (7, b"**ACE**", "ace"),
    (2, b"-lh", "lzh"),
    (0, b"\x60\xea", "arj"),
    (0, b"ISc(", "installshield"),
    (0, b"\x04\x22\x4d\x18", "lz4"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"\x1f\x9d", "compress"),
)
"""Where an archive says what it is."""

STREAMS, RAR_BLOCKS = 100, 10_000
"""Streams in one .gz, blocks in one .rar; each costs time of its own."""
_CENTRAL, _TAR_BLOCK = b"PK\x01\x02", 512


class _Unpacker(Protocol):
    """What zlib, bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, most: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Member:
    """One file within an archive. ``path`` names the archives it lies in, too: ``a.zip/b.exe``."""

    path: str
    data: bytes
    """Its bytes; empty where it is encrypted or only its name can be told."""


@dataclass(slots=True)
class Contents:
    """All that was found inside one attachment."""

    kind: str = ""
    """``zip``, ``gz``, ``bz2``, ``xz``, ``tar``, ``rar``, ``7z`` …; empty if it is no archive."""
    members: list[Member] = field(default_factory=list[Member])
    encrypted: list[str] = field(default_factory=list[str])
    """Paths of members, or archives, that need a password."""
    opaque: list[str] = field(default_factory=list[str])
    """Archives that could not be looked into, each with the reason."""
    excess: list[str] = field(default_factory=list[str])
    """Limits that were passed: more is inside than was looked at."""


def archive_kind(data: bytes) -> str:
    """What kind of archive begins here; empty if none does."""
    for at, mark, kind in _MARKS:
        if data[at : at + len(mark)] == mark:
            return kind
    return ""


def look_into(data: bytes, name: str, limits: Limits) -> Contents:
    """Everything inside, archives within archives too. Bounded, and never an exception."""
    contents = Contents(kind=archive_kind(data))
    if contents.kind:
        _Look(limits, contents, limits.archive_bytes).enter(data, name, contents.kind, 1)
    return contents


@dataclass(slots=True)
class _Look:
    limits: Limits
    contents: Contents
    bytes_left: int

    def enter(self, data: bytes, path: str, kind: str, depth: int) -> None:
        if depth > self.limits.archive_depth:
            self.contents.excess.append(
                later("{path}: archives within archives, {depth} deep").format(
                    path=path, depth=depth
                )
            )
            return
        reader = _READERS.get(kind)
        if reader is None:
            self.contents.opaque.append(
                later("{path}: {kind} cannot be looked into").format(path=path, kind=kind)
            )
            return
        try:
            for name, content in reader(self, data, path):
                if not self._keep(f"{path}/{name}", content, depth):
                    return
        except _READ_ERRORS as error:
            self.contents.opaque.append(f"{path}: {type(error).__name__}: {error}"[:200])

    def _keep(self, path: str, content: bytes, depth: int) -> bool:
        if len(self.contents.members) >= self.limits.archive_members:
            self.contents.excess.append(
                later("{path}: more files than are looked at").format(path=path)
            )
            return False
        self.contents.members.append(Member(path, content))
        if kind := archive_kind(content):
            self.enter(content, path, kind, depth + 1)
        return True

    def unpack(self, read: Callable[[int], bytes], path: str) -> bytes:
        """At most what may still be unpacked; says so where there is more."""
        most = max(0, min(MEMBER_BYTES, self.bytes_left))
        content = read(most + 1)
        if len(content) > most:
            self.contents.excess.append(
                later("{path}: unpacks to more than {most} bytes").format(path=path, most=most)
            )
            content = content[:most]
        self.bytes_left -= len(content)
        return content

    def zip(self, data: bytes, path: str) -> Iterator[tuple[str, bytes]]:
        if data.count(_CENTRAL) > 2 * self.limits.archive_members:
            self.contents.excess.append(
                later("{path}: more files than are looked at").format(path=path)
            )
            return
        with zipfile.ZipFile(BytesIO(data)) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                if info.flag_bits & 1:
                    self.contents.encrypted.append(f"{path}/{info.filename}")
                    yield info.filename, b""
                    continue
                try:
                    with archive.open(info) as member:
                        content = self.unpack(member.read, f"{path}/{info.filename}")
                except _READ_ERRORS as error:
                    self.contents.opaque.append(f"{path}/{info.filename}: {error}"[:200])
                    content = b""
                yield info.filename, content

    def gz(self, data: bytes, path: str) -> Iterator[tuple[str, bytes]]:
        yield _without_ending(path), self._streams(data, path, lambda: zlib.decompressobj(47))

    def bz2(self, data: bytes, path: str) -> Iterator[tuple[str, bytes]]:
        yield _without_ending(path), self._streams(data, path, bz2.BZ2Decompressor)

    def xz(self, data: bytes, path: str) -> Iterator[tuple[str, bytes]]:
        new = partial(lzma.LZMADecompressor, memlimit=64 * 1024 * 1024)
        yield _without_ending(path), self._streams(data, path, new)

    def _streams(self, data: bytes, path: str, new: Callable[[], _Unpacker]) -> bytes:
        """Streams may follow one another (RFC 1952 2.2); what follows the last is a doubt."""

        def read(most: int) -> bytes:
            rest, out = data, bytearray()
            for _ in range(STREAMS):
                reader = new()
                try:
                    out += reader.decompress(rest, most - len(out))
                except _READ_ERRORS as error:
                    self.contents.opaque.append(f"{path}: {error}"[:200])
                    return bytes(out)
                rest = reader.unused_data.lstrip(b"\0")
                if not reader.eof or not rest or len(out) >= most:
                    return bytes(out)
            self.contents.excess.append(
                later("{path}: more than {streams} streams").format(path=path, streams=STREAMS)
            )
            return bytes(out)

        return self.unpack(read, path)

    def tar(self, data: bytes, _path: str) -> Iterator[tuple[str, bytes]]:
        at, long_name = 0, ""
        while (block := data[at : at + _TAR_BLOCK]).strip(b"\0"):
            size = _tar_number(block[124:136])
            content = data[at + _TAR_BLOCK : at + _TAR_BLOCK + size]
            kind, name = block[156:157], long_name or _tar_name(block)
            long_name = ""
            if kind == b"L":
                long_name = to_text(content[:4096].rstrip(b"\0"))
            elif kind in {b"x", b"X"}:
                long_name = _pax_path(content[: 64 * 1024])
            elif kind in {b"0", b"\0", b"7"}:
                self.bytes_left -= len(content)
                yield name, content
            at += _TAR_BLOCK + -(-size // _TAR_BLOCK) * _TAR_BLOCK

    def rar(self, data: bytes, path: str) -> Iterator[tuple[str, bytes]]:
        """Only the names: RAR's packing is nobody's to undo. Says so for its contents."""
        names = _rar5_names if data[6:8] == b"\x01\x00" else _rar4_names
        self.contents.opaque.append(
            later("{path}: the contents of a RAR cannot be looked into").format(path=path)
        )
        for name, is_encrypted in names(data):
            if is_encrypted:
                self.contents.encrypted.append(f"{path}/{name}" if name else path)
            if name:
                yield name, b""


_READERS: dict[str, Callable[[_Look, bytes, str], Iterator[tuple[str, bytes]]]] = {
    "zip": _Look.zip,
    "gz": _Look.gz,
    "bz2": _Look.bz2,
    "xz": _Look.xz,
    "tar": _Look.tar,
    "rar": _Look.rar,
}


def _without_ending(path: str) -> str:
    name = path.rpartition("/")[2]
    stem, _, ending = name.rpartition(".")
    return f"{stem}.tar" if ending.lower() in {"tgz", "tbz2", "txz"} else stem or name


def _tar_number(digits: bytes) -> int:
    if digits[:1] in {b"\x80", b"\xff"}:
        return int.from_bytes(digits[1:], "big")
    return int(digits.strip(b"\0 ") or b"0", 8) & ((1 << 40) - 1)


def _tar_name(block: bytes) -> str:
    name, prefix = block[:100].split(b"\0")[0], block[345:500].split(b"\0")[0]
    return to_text(prefix + b"/" + name if prefix else name)


def _pax_path(records: bytes) -> str:
    start = records.find(b" path=")
    return to_text(records[start + 6 :].split(b"\n")[0]) if start >= 0 else ""


def _rar4_names(data: bytes) -> Iterator[tuple[str, bool]]:
    at = 7
    for _ in range(RAR_BLOCKS):
        if at + 7 > len(data):
            return
        _, kind, flags, size = struct.unpack_from("<HBHH", data, at)
        if size < 7:  # noqa: PLR2004 -- the shortest header there is.
            return
        if kind == 0x73 and flags & 0x80:  # noqa: PLR2004 -- main header: names are encrypted
            yield "", True
            return
        packed = struct.unpack_from("<I", data, at + 7)[0] if flags & 0x8000 else 0
        if kind == 0x74:  # noqa: PLR2004 -- a file
            length = struct.unpack_from("<H", data, at + 26)[0]
            start = at + (40 if flags & 0x100 else 32)
            name = data[start : start + length].split(b"\0")[0]
            yield to_text(name).replace("\\", "/"), bool(flags & 0x04)
        at += size + packed


def _rar5_names(data: bytes) -> Iterator[tuple[str, bool]]:
    at = 8
    for _ in range(RAR_BLOCKS):
        if at + 7 > len(data):
            return
        size, body = _vint(data, at + 4)
        kind, here = _vint(data, body)
        flags, here = _vint(data, here)
        extra, here = _vint(data, here) if flags & 1 else (0, here)
        packed, here = _vint(data, here) if flags & 2 else (0, here)
        if kind == 4:  # noqa: PLR2004 -- all headers behind it are encrypted
            yield "", True
            return
        if kind == 2:  # noqa: PLR2004 -- a file
            name = _rar5_name(data, here)
            tail = data[body + size - extra : body + size] if extra else b""
            yield name, len(tail) > 1 and tail[1] == 1
        at = body + size + packed


def _rar5_name(data: bytes, here: int) -> str:
    file_flags, here = _vint(data, here)
    _, here = _vint(data, here)
    _, here = _vint(data, here)
    here += (4 if file_flags & 2 else 0) + (4 if file_flags & 4 else 0)
    _, here = _vint(data, here)
    _, here = _vint(data, here)
    length, here = _vint(data, here)
    return to_text(data[here : here + min(length, 1024)], "utf-8")


def _vint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for step in range(10):
        byte = data[at + step]
        value |= (byte & 0x7F) << (7 * step)
        if not byte & 0x80:
            return value, at + step + 1
    raise ValueError("a RAR number without an end")

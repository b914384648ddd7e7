"""What was learnt, in files that never change: each version whole, the newest named by ``current``.

A file is one page of JSON, then the arrays, each on a page of its own, so that every worker maps
the same memory. A new version is written beside, synced, and then named; a crash leaves the old
one in its place.
"""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from gateway.spam.features import COUNT_BITS, WEIGHT_BITS
from gateway.spam.gauge import Gauge
from gateway.spam.model import Tables

log = logging.getLogger(__name__)

_PAGE: Final = 64 * 1024
_FORMAT: Final = f"vanthu-nose 3 {WEIGHT_BITS}/{COUNT_BITS}"
_WEIGHTS: Final = (3, 1 << WEIGHT_BITS)
_COUNTS: Final = (2, 1 << COUNT_BITS)
KEPT: Final = 5
"""Versions that stay on the disk to return to."""


class Label(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first page of a version."""

    format: str
    version: int
    at_ms: int
    position: int
    """Behind the last lesson it knows."""
    practised: tuple[tuple[int, int], ...]
    """Of the lessons that are gone over again, oldest first: position, and which part of it."""
    threshold: float
    bared: float
    content: float
    """The lines of the worst stretch and of the text alone: see ``Gauge``."""
    slope: float
    shift: float
    ham: int
    spam: int
    ham_counted: float
    spam_counted: float
    lessons: int
    allowances: dict[str, float]
    """What each teacher has said today: ``day teacher`` to the weight of it."""
    sha256: str
    """Of the arrays."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """One version, open for reading. Its arrays are mapped, and must not be written to."""

    label: Label
    tables: Tables

    @property
    def gauge(self) -> Gauge:
        known = self.label
        return Gauge(
            known.threshold,
            known.slope,
            known.shift,
            known.ham,
            known.spam,
            known.bared,
            known.content,
        )


class Damaged(Exception):
    """A file that is no version, or not a whole one, or of another release."""


class Unreadable(Damaged):
    """The disk does not give it out; it may be whole."""


class _Format(msgspec.Struct):
    """Of a label of any release."""

    format: str = ""


def current(folder: Path) -> int:
    """The number of the newest version; 0 if nothing was learnt yet."""
    try:
        return int((folder / "current").read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0


def versions(folder: Path) -> list[int]:
    """The numbers of all versions on the disk, oldest first."""
    return sorted(int(path.stem) for path in folder.glob("*.nose"))


def path_of(folder: Path, version: int) -> Path:
    return folder / f"{version:08d}.nose"


def read(path: Path, *, to_train: bool = False) -> Learnt:
    """Open a version. ``to_train`` copies the arrays into memory, the steps with them."""
    try:
        with path.open("rb") as file:
            page = file.read(_PAGE)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read: {error}") from error
    label = _label(path, page.rstrip(b"\0"))
    weights, counts = 4 * _WEIGHTS[0] * _WEIGHTS[1], 4 * _COUNTS[0] * _COUNTS[1]
    if size != _PAGE + 2 * weights + counts:
        raise Damaged(f"{path}: is {size} bytes long, and should be longer or shorter")
    held: list[np.memmap[tuple[int, ...], np.dtype[np.float32]]] = [
        np.memmap(path, np.float32, "r", offset, shape)
        for offset, shape in (
            (_PAGE, _WEIGHTS),
            (_PAGE + weights, _COUNTS),
            (_PAGE + weights + counts, _WEIGHTS),
        )
    ]
    letters = np.array([label.ham_counted, label.spam_counted])
    if not to_train:
        return Learnt(label, Tables(held[0], held[1], letters))
    arrays = [np.array(array) for array in held]
    if _digest(arrays) != label.sha256:
        raise Damaged(f"{path}: its checksum does not fit")
    return Learnt(label, Tables(arrays[0], arrays[1], letters, arrays[2]))


def _label(path: Path, page: bytes) -> Label:
    try:
        known = msgspec.json.decode(page, type=_Format).format
        if known != _FORMAT:
            raise Damaged(f"{path}: format is {known!r}, not {_FORMAT!r}: it is of another release")
        return msgspec.json.decode(page, type=Label)
    except msgspec.DecodeError as error:
        raise Damaged(f"{path}: cannot be read: {error}") from error


def newest(folder: Path, *, to_train: bool = False) -> Learnt | None:
    """The current version, or else the newest before it that is whole and of this release.

    None if there is none: then the lessons that are kept are all there is to learn from.
    ``Unreadable`` if the disk fails, since what lies there may be whole.
    """
    last = current(folder)
    for number in reversed([number for number in versions(folder) if number <= last]):
        try:
            return read(path_of(folder, number), to_train=to_train)
        except Unreadable:
            raise
        except Damaged as error:
            log.warning("%s; the version before it is taken, if there is one", error)
    return None


def labels(folder: Path) -> dict[int, Label | None]:
    """What each version on the disk knows, oldest first; None for one that cannot be used."""
    found: dict[int, Label | None] = {}
    for number in versions(folder):
        try:
            found[number] = read(path_of(folder, number)).label
        except Damaged:
            found[number] = None
    return found


def write(folder: Path, label: Label, tables: Tables) -> Path:
    """Write a version and name it current. OSError leaves the old one in its place."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if tables.steps is None:
        raise ValueError("tables without steps cannot be learnt from again")
    arrays = [tables.weights, tables.counts, tables.steps]
    label = msgspec.structs.replace(label, format=_FORMAT, sha256=_digest(arrays))
    page = msgspec.json.encode(label)
    path = path_of(folder, label.version)
    put(path, page.ljust(_PAGE, b"\0"), *(a.data.cast("B") for a in arrays))
    put(folder / "current", str(label.version).encode())
    for old in versions(folder)[:-KEPT]:
        path_of(folder, old).unlink()
    return path


def put(path: Path, *pieces: bytes | memoryview) -> None:
    """Put a file in its place whole, or not at all."""
    beside = path.with_suffix(".new")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(fd, "wb") as file:  # noqa: PTH123  # A file descriptor, for its mode.
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _digest(arrays: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.data.cast("B"))
    return digest.hexdigest()

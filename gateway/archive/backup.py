"""A copy of the journal elsewhere, and the way back, with no number ever given twice.

A backup is a folder of segments and ``manifest.json``. Making it again copies only what is new. The
rows are not in it: they are folded from the journal again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gateway.archive.commands import ArchiveNumber
from gateway.archive.control import Control, State
from gateway.archive.journal import JournalError
from gateway.archive.record import by_year
from gateway.archive.segments import (
    Moment,
    make_segment,
    opened,
    recover,
    segment_path,
    segments,
)
from gateway.runtime.disk import Disk

CHUNK = 1 << 20


class Copied(msgspec.Struct, frozen=True):
    """A file of the backup."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds, and up to which record and numbers."""

    at_ms: int
    last: int
    numbers: dict[str, int]
    files: tuple[Copied, ...]
    version: int = 1


def read_manifest(backup: Path) -> Manifest | None:
    """None if there is no backup there. JournalError if it is none of ours."""
    path = backup / "manifest.json"
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.MsgspecError as error:
        raise JournalError(f"{path}: {error}") from None


def back_up(
    folder: Path, target: Path, disk: Disk, state: State, at_ms: int
) -> Iterator[tuple[str, int]]:
    """Copy the journal as it is durable in ``state``; yields (name, bytes copied; 0: was there).

    The manifest is written last: a copy that was cut short is no backup, and the one before it
    stays one, because finished segments never change.
    """
    disk.make_folder(target)
    old = read_manifest(target)
    there = {copied.name: copied for copied in old.files} if old else {}
    files: list[Copied] = []
    for number, kinds in segments(folder, disk).items():
        if number > state.tail.segment:
            break
        path = segment_path(folder, number, "seg" if "seg" in kinds else "segz")
        is_live = number == state.tail.segment
        with opened(path, os.O_RDONLY, disk) as fd:
            size = state.durable_end if is_live else disk.size(fd)
            known = there.get(path.name)
            if known and known.size == size and (target / path.name).stat().st_size == size:
                files.append(known)
                yield path.name, 0
                continue
            files.append(_copy(fd, size, target / path.name, disk))
            yield path.name, size
    numbers = {str(year): n for year, n in state.tail.counters.items()}
    manifest = Manifest(at_ms, state.durable_seq, numbers, tuple(files))
    _put(target, msgspec.json.format(msgspec.json.encode(manifest)), disk)
    wanted = {copied.name for copied in files}
    for number, kinds in segments(target, disk).items():  # Packed since: the plain copy goes.
        for kind in kinds:
            path = segment_path(target, number, kind)
            if path.name not in wanted:
                disk.remove(path)
    disk.sync_folder(target)


def _copy(source: int, size: int, target: Path, disk: Disk) -> Copied:
    """Beside the old copy first: until it is whole, the old one is the backup's."""
    fresh = target.with_name(target.name + ".new")
    disk.remove(fresh)
    hashed = hashlib.sha256()
    with opened(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, disk) as fd:
        at = 0
        while at < size:
            data = disk.read(source, min(CHUNK, size - at), at)
            if not data:
                raise JournalError(f"{target.name} ends at {at} instead of {size}")
            hashed.update(data)
            at = disk.write(fd, [data], at)
        disk.sync(fd)
    disk.rename(fresh, target)
    return Copied(target.name, size, hashed.hexdigest())


def _put(target: Path, text: bytes, disk: Disk) -> None:
    fresh = target / "manifest.json.new"
    disk.remove(fresh)
    with opened(fresh, os.O_RDWR | os.O_CREAT, disk) as fd:
        disk.write(fd, [text + b"\n"], 0)
        disk.sync(fd)
    disk.sync_folder(target)
    disk.rename(fresh, target / "manifest.json")
    disk.sync_folder(target)


def restore(
    backup: Path,
    folder: Path,
    disk: Disk,
    now: Moment,
    above: ArchiveNumber | None = None,
) -> Manifest:
    """Put a backup in the place of the journal. Nobody may have it open.

    Numbers go on above all that were ever given: those of the backup, those that the control page
    in ``folder`` knows of, and ``above``. If there is no control page, the caller has to say
    ``above``: the highest number that anybody was told (the backup's own, if nothing was taken
    since). What lies in ``folder`` is moved aside, never removed. JournalError if it cannot be.
    """
    manifest = read_manifest(backup)
    if manifest is None:
        raise JournalError(f"{backup}: no manifest.json; this is no backup")
    known = _known(folder, disk)
    if known is None and above is None:
        numbers = {int(year): n for year, n in manifest.numbers.items()}
        told = ", ".join(map(str, by_year(numbers))) or "none"
        raise JournalError(
            f"{folder} does not tell which numbers were given after the backup. Look for the "
            f"highest one in logs or mail and name it with --above (the backup's last: {told})"
        )
    fresh = folder.with_name(folder.name + ".restored")
    if fresh.exists():
        raise JournalError(f"{fresh} is in the way: an earlier restore was cut short; remove it")
    disk.make_folder(fresh)
    for copied in manifest.files:
        with opened(backup / copied.name, os.O_RDONLY, disk) as fd:
            if _copy(fd, copied.size, fresh / copied.name, disk) != copied:
                raise JournalError(f"{backup / copied.name} is damaged; nothing was changed")
    disk.sync_folder(fresh)
    _go_above(fresh, disk, now, known, above)
    if folder.exists():
        aside = folder.with_name(f"{folder.name}.before-{now.at_ms}")
        disk.rename(folder, aside)
    disk.rename(fresh, folder)
    disk.sync_folder(folder.parent)
    return manifest


def _known(folder: Path, disk: Disk) -> State | None:
    """What the journal that is to be replaced knows of numbers that were given."""
    if not (folder / "control").exists():
        return None
    control = Control(folder / "control", disk)
    try:
        return control.load()
    finally:
        control.close()


def _go_above(
    fresh: Path, disk: Disk, now: Moment, known: State | None, above: ArchiveNumber | None
) -> None:
    """Begin a segment that goes on above the numbers given, if the backup is behind them."""
    control = Control(fresh / "control", disk)
    try:
        state = recover(fresh, disk, control, now)
        tail = state.tail.copy()
        counters = dict(tail.counters)
        given = dict(known.tail.counters) if known else {}
        if above is not None:
            given[above.year] = max(given.get(above.year, 0), above.n)
        for year, n in given.items():
            counters[year] = max(counters.get(year, 0), n)
        seq = max(tail.seq, known.tail.seq if known else 0)
        if seq > tail.seq or counters != tail.counters:
            lost = f"restored: records behind {tail.seq} are not here"
            prev_end, tail.segment = tail.end, tail.segment + 1
            tail.seq, tail.counters = seq, counters
            make_segment(fresh, disk, tail, now.year, now.at_ms, prev_end, lost)
            control.store(State(tail, tail.end, tail.seq, state.generation + 1, stamp=state.stamp))
        control.is_ready = False
    finally:
        control.close()

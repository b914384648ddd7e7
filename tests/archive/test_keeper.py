"""Numbers without holes, nothing told too early, nothing lost, whatever the disk does."""

import asyncio
import multiprocessing
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.archive.commands import ArchiveNumber, Decide
from gateway.archive.journal import Entry
from gateway.archive.keeper import FileJournal
from gateway.archive.segments import segment_path, segments
from gateway.runtime.disk import RealDisk


def entry(name: str, body: bytes = b"hello\r\n", *, numbered: bool = True) -> Entry:
    command = Decide(id=name, desk="quarantine", verdict="release", actor="a", at_ms=1)
    return Entry(command, (body,), numbered)


def names(journal: FileJournal) -> list[str]:
    found = [record.command for record in journal.follow(0)]
    return [command.id for command in found if isinstance(command, Decide)]


def numbers(journal: FileJournal) -> list[int]:
    return [record.number.n for record in journal.follow(0) if record.number]


def is_sound(journal: FileJournal) -> bool:
    return not [wrong for _, wrong in journal.verify() if wrong]


async def test_what_was_kept_is_read_back_with_its_number(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    kept = await journal.append([entry("a", b"1"), entry("b", b"22", numbered=False)])
    assert [k.seq for k in kept] == [1, 2]
    assert kept[0].number == ArchiveNumber(datetime.now(UTC).year, 1)
    assert kept[1].number is None
    place = journal.read(2)
    assert place.raw == journal.read_at(place.segment, place.offset).raw == b"22"
    journal.close()
    again = FileJournal(tmp_path)
    assert names(again) == ["a", "b"]
    assert again.append_now([entry("c")])[0].seq == 3
    assert is_sound(again)
    again.close()


async def test_many_at_once_get_numbers_without_holes(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, segment_bytes=20_000)
    kept = await asyncio.gather(*(journal.append([entry(str(n))]) for n in range(500)))
    assert sorted(k[0].number.n for k in kept if k[0].number) == list(range(1, 501))
    for n in range(5):
        await journal.append([entry(str(500 + n))])
    assert len(segments(tmp_path, RealDisk())) > 1
    assert sorted(names(journal), key=int) == [str(n) for n in range(505)]
    assert is_sound(journal)
    journal.close()


@pytest.mark.parametrize("cut", [1, 5, 60, 200])
def test_a_torn_record_is_cut_off_and_its_number_given_again(tmp_path: Path, cut: int) -> None:
    journal = FileJournal(tmp_path)
    for name in "abc":
        journal.append_now([entry(name)])
    journal.close()
    segment = segment_path(tmp_path, 1)
    os.truncate(segment, segment.stat().st_size - cut)
    (tmp_path / "control").unlink()  # Else it knows that the record was acknowledged.
    again = FileJournal(tmp_path)
    assert names(again) == ["a", "b"]
    kept = again.append_now([entry("d")])[0]
    assert (kept.seq, kept.number and kept.number.n) == (3, 3)
    assert is_sound(again)
    again.close()


def test_half_a_group_is_no_group(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    journal.append_now([entry("a")])
    size = segment_path(tmp_path, 1).stat().st_size
    journal.append_now([entry("b"), entry("c")])
    whole = segment_path(tmp_path, 1).stat().st_size
    journal.close()
    os.truncate(segment_path(tmp_path, 1), size + (whole - size) * 3 // 4)
    (tmp_path / "control").unlink()
    again = FileJournal(tmp_path)
    assert names(again) == ["a"]
    again.close()


def test_what_a_killed_writer_left_is_never_taken_for_the_next_record(tmp_path: Path) -> None:
    """Old bytes behind a new record of the same length are whole records; the chain knows."""
    path = segment_path(tmp_path, 1)
    journal = FileJournal(tmp_path)
    journal.append_now([entry("a")])
    start = path.stat().st_size
    journal.append_now([entry("b")])
    journal.append_now([entry("c")])
    journal.close()
    left = path.read_bytes()
    os.truncate(path, start)
    (tmp_path / "control").unlink()
    again = FileJournal(tmp_path)
    again.append_now([entry("d")])
    again.close()
    path.write_bytes(path.read_bytes() + left[path.stat().st_size :])
    (tmp_path / "control").unlink()
    last = FileJournal(tmp_path)
    assert names(last) == ["a", "d"]
    last.close()


@pytest.mark.parametrize("at", [4110, 4200, 4300, -3])
def test_a_changed_byte_is_found(tmp_path: Path, at: int) -> None:
    journal = FileJournal(tmp_path, segment_bytes=1)
    for name in "abc":
        journal.append_now([entry(name, b"x" * 300)])
    assert is_sound(journal)
    path = segment_path(tmp_path, 2)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    assert not is_sound(journal)
    journal.close()


def _append_for_ever(folder: str, who: str, told: str) -> None:
    journal = FileJournal(Path(folder), segment_bytes=200_000)
    with Path(told).open("a", encoding="ascii") as file:
        for n in range(1_000_000):
            kept = journal.append_now([entry(f"{who}-{n}", b"y" * (n % 700))])[0]
            file.write(f"{who}-{n} {kept.number}\n")
            file.flush()


def test_killed_processes_leave_no_hole_and_lose_nothing(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    for turn in range(3):
        told = [tmp_path / f"told-{turn}{who}" for who in "abc"]
        workers = [
            spawn.Process(target=_append_for_ever, args=(str(tmp_path / "j"), t.name, str(t)))
            for t in told
        ]
        for worker in workers:
            worker.start()
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if all(t.exists() and t.stat().st_size > 900 for t in told):
                break
            time.sleep(0.02)
        for worker in workers:
            assert worker.pid
            os.kill(worker.pid, signal.SIGKILL)
        for worker in workers:
            worker.join()
            worker.close()
    journal = FileJournal(tmp_path / "j")
    assert is_sound(journal)
    assert numbers(journal) == list(range(1, len(numbers(journal)) + 1))
    shown = zip(names(journal), journal.follow(0), strict=True)
    seen = {f"{name} {record.number}" for name, record in shown}
    lines = [line for t in tmp_path.glob("told-*") for line in t.read_text().splitlines()[:-1]]
    assert len(lines) > 50
    assert set(lines) <= seen
    journal.close()

"""Whatever the disk does, at whatever moment: nothing told is lost, no number told twice."""

import errno
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from gateway.archive.commands import Receive
from gateway.archive.journal import JournalError
from gateway.archive.keeper import FileJournal
from gateway.archive.record import HEAD_BYTES
from gateway.archive.segments import segment_path
from tests.archive.failing import FailingDisk, PowerCut
from tests.archive.samples import Clock, entry, mail_id, tried

SMALL = HEAD_BYTES + 1200


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.archive.pen.HEAL_AGAIN_S", 0.0)


def work(journal: FileJournal, told: dict[str, str], first: int) -> int:
    """A few appends; what was told goes to ``told``. How many were refused."""
    refused = 0
    for n in range(first, first + 8):
        try:
            kept = journal.append_now([entry(n), tried(n, "lan@example.vn")])
        except JournalError:
            refused += 1
        else:
            told[mail_id(n)] = str(kept[0].number)
    return refused


def check(folder: Path, told: dict[str, str]) -> None:
    journal = FileJournal(folder, clock=Clock())
    try:
        assert [wrong for _, wrong in journal.verify() if wrong] == []
        numbers: dict[str, str] = {}
        for record in journal.follow(0):
            if isinstance(record.command, Receive):
                numbers[record.command.id] = str(record.number)
        assert told.items() <= numbers.items()
        n = [int(number.partition("-")[2]) for number in numbers.values()]
        assert n == list(range(1, len(n) + 1))
        count = journal.last
        assert [r.seq for r in journal.follow(0)] == list(range(1, count + 1))
    finally:
        journal.close()


def steps() -> Iterator[int]:
    """1, 2, 3 … ; the test returns when the run gets through."""
    yield from range(1, 500)
    pytest.fail("the run never gets through")


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_an_error_at_any_operation(tmp_path: Path, number: int, times: int) -> None:
    for at in steps():
        folder = tmp_path / str(at)
        disk = FailingDisk(at, number, times=times)
        told: dict[str, str] = {}
        with suppress(OSError, JournalError):  # It could not begin, and said so.
            journal = FileJournal(folder, disk=disk, clock=Clock(), segment_bytes=SMALL)
            assert work(journal, told, 1) <= times
            assert work(journal, told, 101) <= times
            journal.close()
        check(folder, told)
        if disk.done < at:
            return


@pytest.mark.parametrize("seed", range(4))
def test_a_power_cut_at_any_operation(tmp_path: Path, seed: int) -> None:
    for at in steps():
        folder = tmp_path / str(at)
        disk = FailingDisk(at, is_cut=True)
        told: dict[str, str] = {}
        with suppress(PowerCut):
            journal = FileJournal(folder, disk=disk, clock=Clock(), segment_bytes=SMALL)
            work(journal, told, 1)
        disk.back_on(Random(seed * 1000 + at))
        check(folder, told)
        if disk.done < at:
            return


@pytest.mark.parametrize("seed", range(3))
def test_a_power_cut_at_any_operation_after_a_failed_sync(tmp_path: Path, seed: int) -> None:
    """What a failed sync has dropped is in the page cache still: it must not be believed."""
    for at in steps():
        folder = tmp_path / str(at)
        disk = FailingDisk()
        told: dict[str, str] = {}
        with suppress(PowerCut):
            journal = FileJournal(folder, disk=disk, clock=Clock())
            work(journal, told, 1)
            disk.fails_at = disk.done + 2  # The sync of the next append.
            assert work(journal, told, 101) == 1
            disk.fails_at, disk.is_cut = disk.done + at, True
            work(journal, told, 201)
        disk.back_on(Random(seed * 1000 + at))
        check(folder, told)
        if disk.done < disk.fails_at:
            return


def test_a_power_cut_during_recovery(tmp_path: Path) -> None:
    for at in steps():
        folder = tmp_path / str(at)
        told: dict[str, str] = {}
        journal = FileJournal(folder, clock=Clock(), segment_bytes=SMALL)
        work(journal, told, 1)
        journal.close()
        newest = max(folder.glob("*.seg"))
        newest.write_bytes(newest.read_bytes() + b"VTR1 torn")
        disk = FailingDisk(at, is_cut=True)
        with suppress(PowerCut):
            FileJournal(folder, disk=disk, clock=Clock()).close()
        disk.back_on(Random(at))
        check(folder, told)
        if disk.done < at:
            return


def test_killed_after_a_failed_sync_what_was_not_synced_is_not_believed(tmp_path: Path) -> None:
    disk = FailingDisk()
    journal = FileJournal(tmp_path, disk=disk, clock=Clock())
    journal.append_now([entry(1)])
    disk.fails_at, disk.times = disk.done + 2, 100  # The sync, and every try to heal.
    for n in (2, 3):
        with pytest.raises(JournalError):
            journal.append_now([entry(n)])
    assert journal.is_failed
    again = FileJournal(tmp_path, clock=Clock())  # While the other is there: it may only heal.
    assert again.append_now([entry(4)])[0].seq == 2
    again.close()
    check(tmp_path, {mail_id(1): "2026-0000001", mail_id(4): "2026-0000002"})


def test_a_full_disk_is_told_apart_and_gives_the_space_back(tmp_path: Path) -> None:
    disk = FailingDisk()
    journal = FileJournal(tmp_path, disk=disk, clock=Clock())
    journal.append_now([entry(1)])
    size = segment_path(tmp_path, 1).stat().st_size
    disk.fails_at, disk.number = disk.done + 1, errno.ENOSPC
    with pytest.raises(JournalError) as caught:
        journal.append_now([entry(2)])
    assert caught.value.status == "4.3.1"
    assert segment_path(tmp_path, 1).stat().st_size == size
    assert journal.append_now([entry(2)])[0].seq == 2
    journal.close()


def test_a_segment_that_was_made_but_never_used_takes_nothing_away(tmp_path: Path) -> None:
    """Its maker was killed before he could say so; others wrote on in the one before it."""
    journal = FileJournal(tmp_path, clock=Clock(), segment_bytes=SMALL)
    told: dict[str, str] = {}
    work(journal, told, 1)
    journal.close()
    newest = max(tmp_path.glob("*.seg"))
    copy = newest.read_bytes()[:HEAD_BYTES]
    journal = FileJournal(tmp_path, clock=Clock())
    work(journal, told, 101)
    state = journal._control.load()
    assert state
    journal.close()
    number = state.tail.segment
    whole = segment_path(tmp_path, number).read_bytes()
    from gateway.archive.record import read_segment_head, segment_head

    head = read_segment_head(copy)
    tail = head.tail()
    tail.segment = number + 1
    segment_path(tmp_path, number + 1).write_bytes(segment_head(tail, 2026, 1, HEAD_BYTES))
    (tmp_path / "control").unlink()
    check(tmp_path, told)
    assert segment_path(tmp_path, number).read_bytes() == whole

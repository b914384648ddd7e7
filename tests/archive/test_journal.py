"""The journal in files: kept, read back, numbered, rotated, recovered, shared."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.archive.commands import ArchiveNumber, Receive
from gateway.archive.journal import Entry, JournalError
from gateway.archive.keeper import FileJournal
from gateway.archive.reader import Reader
from gateway.archive.record import HEAD_BYTES, RECORD_BYTES
from tests.archive.samples import AT, Clock, decide, entry, letter, mail_id, receive, tried


def end_of(folder: Path, segment: int = 1) -> Path:
    return folder / f"{segment:06d}.seg"


async def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, clock=Clock())
    body = letter(1)
    (kept,) = await journal.append(
        [Entry(receive(1), (body[:100], memoryview(body)[100:]), numbered=True)]
    )
    assert (kept.seq, str(kept.number)) == (1, "2026-0000001")
    record = journal.read(1)
    assert record.raw == body
    assert record.command == receive(1)
    assert (record.number, record.at_ms, record.raw_size) == (kept.number, AT, len(body))
    assert [r.seq for r in journal.follow(0)] == [1]
    assert journal.last == 1
    journal.close()


async def test_groups_of_many_tasks_each_get_their_own_numbers(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, clock=Clock())
    waits = [journal.append([entry(n), tried(n, "x@example.vn")]) for n in range(1, 201)]
    kept = await asyncio.gather(*waits)
    numbers = sorted(group[0].number.n for group in kept if group[0].number)
    assert numbers == list(range(1, 201))
    assert all(group[1].number is None and group[1].seq == group[0].seq + 1 for group in kept)
    for group, n in zip(kept, range(1, 201), strict=True):
        command = journal.read(group[0].seq).command
        assert isinstance(command, Receive)
        assert command.id == mail_id(n)
    journal.close()


def test_numbers_follow_the_year_in_vietnam_and_survive_a_clock_that_jumps(tmp_path: Path) -> None:
    eve = int(datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC).timestamp() * 1000)
    clock = Clock(eve)
    journal = FileJournal(tmp_path, clock=clock)

    def number() -> str:
        return str(journal.append_now([entry(1)])[0].number)

    assert [number(), number()] == ["2026-0000001", "2026-0000002"]
    clock.at_ms += 1000  # Midnight in Ha Noi.
    assert number() == "2027-0000001"
    assert end_of(tmp_path, 2).exists()
    clock.at_ms = eve
    assert number() == "2026-0000003"
    journal.close()
    journal = FileJournal(tmp_path, clock=clock)
    assert number() == "2026-0000004"
    assert journal.numbers == [ArchiveNumber(2026, 4), ArchiveNumber(2027, 1)]
    journal.close()


def test_segments_rotate_and_all_can_be_read(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, clock=Clock(), segment_bytes=HEAD_BYTES + 2000)
    for n in range(1, 41):
        journal.append_now([entry(n)])
    assert len(list(tmp_path.glob("*.seg"))) > 5
    assert [r.raw for r in journal.follow(0, with_raw=True)] == [letter(n) for n in range(1, 41)]
    assert [r.seq for r in journal.follow(17)] == list(range(18, 41))
    assert journal.read(23).raw == letter(23)
    journal.close()
    again = FileJournal(tmp_path, clock=Clock())
    assert again.append_now([entry(41)])[0].seq == 41
    assert again.read(1).raw == letter(1)
    again.close()


def test_who_follows_misses_nothing_where_a_segment_ends_while_he_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He sees the end of what is durable in a segment, then others fill it and begin the next."""
    journal = FileJournal(tmp_path, clock=Clock(), segment_bytes=HEAD_BYTES + 2000)
    journal.append_now([entry(1)])
    opened = Reader._fresh  # Between its two looks at the journal's end.

    def slowly(reader: Reader, segment: int) -> object:
        found = opened(reader, segment)
        while journal.last < 40:
            journal.append_now([entry(journal.last + 1)])
        return found

    monkeypatch.setattr(Reader, "_fresh", slowly)
    seen: list[int] = []
    segment, offset = 1, HEAD_BYTES
    for _ in range(40):
        for record in journal.follow_from(segment, offset):
            seen.append(record.seq)
            segment, offset = record.segment, record.offset + record.size
    assert segment > 2
    assert seen == list(range(1, 41))
    journal.close()


@pytest.mark.parametrize("lost_bytes", [1, 50, 200, 400, 700])
def test_a_torn_group_is_cut_off_whole(tmp_path: Path, lost_bytes: int) -> None:
    journal = FileJournal(tmp_path, clock=Clock())
    journal.append_now([entry(1)])
    size = end_of(tmp_path).stat().st_size
    journal.append_now([entry(2), tried(2, "lan@example.vn")])
    journal.close()
    (tmp_path / "control").unlink()  # As after a power cut that lost it.
    whole = end_of(tmp_path).stat().st_size
    with end_of(tmp_path).open("r+b") as file:
        file.truncate(whole - lost_bytes)
    journal = FileJournal(tmp_path, clock=Clock())
    assert journal.last == 1
    assert end_of(tmp_path).stat().st_size == size
    assert str(journal.append_now([entry(3)])[0].number) == "2026-0000002"
    journal.close()


@pytest.mark.parametrize("at", [3, 30, RECORD_BYTES - 2, RECORD_BYTES + 9, -5])
def test_a_flipped_bit_at_the_end_is_never_taken_for_a_record(tmp_path: Path, at: int) -> None:
    journal = FileJournal(tmp_path, clock=Clock())
    journal.append_now([entry(1)])
    begin = end_of(tmp_path).stat().st_size
    journal.append_now([entry(2)])
    journal.close()
    (tmp_path / "control").unlink()
    data = bytearray(end_of(tmp_path).read_bytes())
    data[begin + at if at >= 0 else at] ^= 4
    end_of(tmp_path).write_bytes(data)
    journal = FileJournal(tmp_path, clock=Clock())
    assert journal.last == 1
    journal.close()


def test_a_whole_record_that_a_killed_writer_left_is_not_taken_for_the_next(tmp_path: Path) -> None:
    """Two histories branch off record 1; a record of one does not fit behind the other."""
    journal = FileJournal(tmp_path, clock=Clock())
    journal.append_now([entry(1)])
    begin = end_of(tmp_path).stat().st_size
    journal.append_now([entry(2)])
    journal.append_now([entry(3)])
    journal.close()
    data = end_of(tmp_path).read_bytes()
    (tmp_path / "control").unlink()
    end_of(tmp_path).write_bytes(data[:begin])
    journal = FileJournal(tmp_path, clock=Clock())
    journal.append_now([entry(4)])  # As long as entry 2, so that entry 3 stands in its place.
    journal.close()
    (tmp_path / "control").unlink()
    grown = end_of(tmp_path).read_bytes()
    end_of(tmp_path).write_bytes(grown + data[len(grown) :])
    journal = FileJournal(tmp_path, clock=Clock())
    assert journal.last == 2
    journal.close()


def test_damage_to_what_was_acknowledged_keeps_numbers_unique(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = FileJournal(tmp_path, clock=Clock())
    for n in range(1, 6):
        journal.append_now([entry(n)])
    journal.close()
    with end_of(tmp_path).open("r+b") as file:
        file.truncate(end_of(tmp_path).stat().st_size - 100)
    journal = FileJournal(tmp_path, clock=Clock())
    assert "cannot be read" in caplog.text
    assert str(journal.append_now([entry(6)])[0].number) == "2026-0000006"
    assert [r.seq for r in journal.follow(0)] == [1, 2, 3, 4, 6]
    journal.close()


def test_segments_that_vanished_stop_the_journal(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, clock=Clock())
    journal.append_now([entry(1)])
    journal.close()
    end_of(tmp_path).unlink()
    with pytest.raises(JournalError, match="restore them from a backup"):
        FileJournal(tmp_path, clock=Clock())


def test_two_at_once_share_one_journal(tmp_path: Path) -> None:
    one, two = FileJournal(tmp_path, clock=Clock()), FileJournal(tmp_path, clock=Clock())
    for n in range(1, 11):
        (one if n % 2 else two).append_now([entry(n)])
    assert one.last == two.last == 10
    assert two.read(9).raw == letter(9)
    one.close()
    assert two.append_now([decide(1, "approval")])[0].seq == 11
    two.close()


def test_no_record_is_a_lookup_error(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, clock=Clock())
    with pytest.raises(LookupError):
        journal.read(1)
    journal.close()

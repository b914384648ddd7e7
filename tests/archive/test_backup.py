"""Backups are whole, small to repeat, and the way back never gives a number twice."""

import mailbox
from pathlib import Path

import pytest

from gateway.archive.backup import read_manifest, restore
from gateway.archive.commands import ArchiveNumber
from gateway.archive.export import file_name, to_mbox, to_tree
from gateway.archive.journal import JournalError
from gateway.archive.keeper import FileJournal
from gateway.archive.record import HEAD_BYTES
from gateway.archive.renewal import compare
from gateway.archive.segments import Moment
from gateway.archive.shelf import Shelf
from gateway.runtime.disk import RealDisk
from tests.archive.samples import AT, Clock, entry, letter, tried

NOW = Moment(AT, 2026)


def opened(folder: Path) -> FileJournal:
    return FileJournal(folder, clock=Clock(), segment_bytes=HEAD_BYTES + 3000)


def raws(folder: Path) -> list[bytes]:
    journal = opened(folder)
    found = [r.raw for r in journal.follow(0, with_raw=True)]
    journal.close()
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    journal = opened(tmp_path / "journal")
    for n in range(1, 21):
        journal.append_now([entry(n)])
    assert sum(size for _, size in journal.back_up(tmp_path / "backup"))
    for n in range(21, 26):
        journal.append_now([entry(n)])
    journal.close()
    return tmp_path


def test_a_second_backup_copies_only_what_is_new(home: Path) -> None:
    journal = opened(home / "journal")
    copied = dict(journal.back_up(home / "backup"))
    assert copied["000001.seg"] == 0
    assert sum(size > 0 for size in copied.values()) <= 2
    list(journal.pack(older_than_s=-60))
    assert dict(journal.back_up(home / "backup"))["000001.segz"] > 0
    assert not (home / "backup/000001.seg").exists()
    manifest = read_manifest(home / "backup")
    assert manifest
    assert (manifest.last, manifest.numbers) == (25, {"2026": 25})
    journal.close()
    restore(home / "backup", home / "journal", RealDisk(), NOW)
    assert raws(home / "journal") == [letter(n) for n in range(1, 26)]


def test_numbers_go_on_above_those_that_were_given_after_the_backup(home: Path) -> None:
    restore(home / "backup", home / "journal", RealDisk(), NOW)
    assert raws(home / "journal") == [letter(n) for n in range(1, 21)]
    journal = opened(home / "journal")
    kept = journal.append_now([entry(30)])[0]
    assert (kept.seq, str(kept.number)) == (26, "2026-0000026")
    assert journal.read(26).raw == letter(30)
    assert [wrong for _, wrong in journal.verify() if wrong] == [
        "records 21 to 25 are missing before segment 6"
    ]
    journal.close()
    aside = next(home.glob("journal.before-*"))
    assert len(raws(aside)) == 25


def test_where_nothing_tells_the_last_number_somebody_must(home: Path) -> None:
    lost = home / "elsewhere"
    with pytest.raises(JournalError, match=r"--above .*2026-0000020"):
        restore(home / "backup", lost, RealDisk(), NOW)
    restore(home / "backup", lost, RealDisk(), NOW, ArchiveNumber(2026, 40))
    journal = opened(lost)
    assert str(journal.append_now([entry(30)])[0].number) == "2026-0000041"
    assert [r.seq for r in journal.follow(0)] == list(range(1, 22))
    journal.close()


def test_a_damaged_backup_changes_nothing(home: Path) -> None:
    path = home / "backup/000002.seg"
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.write_bytes(data)
    with pytest.raises(JournalError, match="damaged"):
        restore(home / "backup", home / "journal", RealDisk(), NOW)
    assert len(raws(home / "journal")) == 25
    with pytest.raises(JournalError, match="no backup"):
        restore(home, home / "journal", RealDisk(), NOW)


def test_exported_as_a_tree_and_as_mbox(tmp_path: Path) -> None:
    journal = opened(tmp_path / "journal")
    raw = b"From: a@example.net\r\nSubject: x\r\n\r\nFrom here on\r\n>From there\r\n"
    journal.append_now([entry(1, raw, subject="Công văn: 12/QĐ\n../...")])
    journal.append_now([entry(2, direction="internal"), tried(1, "lan@example.vn")])
    assert to_tree(journal.follow(0, with_raw=True), tmp_path / "tree") == 2
    files = sorted(p.relative_to(tmp_path / "tree") for p in (tmp_path / "tree").rglob("*.eml"))
    assert [str(f) for f in files] == [
        "Nội bộ/2026/09/2026-0000002 Công văn số 12.eml",
        "Đến/2026/09/2026-0000001 Công văn 12 QĐ.eml",
    ]
    assert (tmp_path / "tree" / files[1]).read_bytes() == raw
    with (tmp_path / "all.mbox").open("wb") as file:
        assert to_mbox(journal.follow(0, with_raw=True), file) == 2
    box = mailbox.mbox(tmp_path / "all.mbox")
    assert len(box) == 2
    assert box.values()[0].get_payload() == ">From here on\n>>From there\n"
    box.close()
    journal.close()


@pytest.mark.parametrize(
    "subject", ["../../etc/passwd", "a" * 500, "đ" * 300, "x\x00y\u202ez", "..", "", "CON\\NUL:"]
)
def test_names_of_files_are_safe(subject: str) -> None:
    name = file_name("2026-0000001", subject)
    assert name.startswith("2026-0000001")
    assert not set(name) & set('/\\:\x00\u202e*?"<>|')
    assert len(name.encode()) <= 180
    assert not name.endswith((".", " "))


def test_rows_are_compared_with_the_journal(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, applies=True)
    shelf.journal.append_now([entry(1), tried(1, "lan@example.vn"), entry(2)])
    assert shelf.applier
    shelf.applier.catch_up()
    assert list(compare(tmp_path)) == []
    with shelf.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE recipients SET state='dropped' WHERE seq=3")
    assert [line.partition(":")[0] for line in compare(tmp_path)] == ["recipients", "recipients"]
    shelf.close()

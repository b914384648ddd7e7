"""Cold segments are smaller, read back byte for byte, and survive any moment of packing."""

import base64
import os
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.archive.journal import JournalError
from gateway.archive.keeper import FileJournal
from gateway.archive.recipe import put_together, taken_apart, written
from gateway.archive.record import HEAD_BYTES
from tests.archive.failing import FailingDisk, PowerCut
from tests.archive.samples import Clock, entry, letter

SMALL = HEAD_BYTES + 30_000


def attached(n: int, file: bytes, line: int = 76) -> bytes:
    head = f"Subject: {n}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode()
    return head + written(file, line) + b"\r\n--end\r\n"


FILE = Random(1).randbytes(9000)


def filled(folder: Path, count: int = 30) -> list[bytes]:
    """A journal of several segments; what was put in. Every third letter carries one file."""
    journal = FileJournal(folder, clock=Clock(), segment_bytes=SMALL)
    raws = [letter(n) if n % 3 else attached(n, FILE) for n in range(1, count + 1)]
    for n, raw in enumerate(raws, 1):
        journal.append_now([entry(n, raw)])
    journal.close()
    return raws


def check(folder: Path, raws: list[bytes]) -> None:
    journal = FileJournal(folder, clock=Clock())
    try:
        assert [r.raw for r in journal.follow(0, with_raw=True)] == raws
        assert [wrong for _, wrong in journal.verify() if wrong] == []
        for seq in (1, 3, len(raws)):
            record = journal.read(seq)
            assert record.raw == raws[seq - 1]
            assert journal.read_at(record.segment, record.offset) == record
    finally:
        journal.close()


def packed(folder: Path, disk: FailingDisk | None = None) -> list[int]:
    journal = FileJournal(folder, clock=Clock(), disk=disk)
    done = list(journal.pack(older_than_s=-1))
    journal.close()
    return done


def test_what_is_packed_reads_back_and_equal_files_are_kept_once(tmp_path: Path) -> None:
    raws = filled(tmp_path)
    before = sum(path.stat().st_size for path in tmp_path.glob("*.seg"))
    done = packed(tmp_path)
    assert len(done) > 2
    assert not [n for n in done if (tmp_path / f"{n:06d}.seg").exists()]
    after = sum(path.stat().st_size for path in tmp_path.glob("*.seg*"))
    assert after < before * 0.6
    check(tmp_path, raws)
    assert packed(tmp_path) == []


def test_what_is_still_warm_stays_as_it_is(tmp_path: Path) -> None:
    filled(tmp_path)
    journal = FileJournal(tmp_path, clock=Clock())
    assert list(journal.pack()) == []
    journal.close()


def test_one_who_reads_does_not_notice(tmp_path: Path) -> None:
    raws = filled(tmp_path)
    journal = FileJournal(tmp_path, clock=Clock())
    walk = journal.follow(0, with_raw=True)
    seen = [next(walk).raw, journal.read(2).raw]
    packed(tmp_path)
    assert seen[1] == raws[1] == journal.read(2).raw
    assert [seen[0], *(r.raw for r in walk)] == raws
    journal.close()


@pytest.mark.parametrize("seed", range(2))
def test_a_power_cut_at_any_operation_of_packing(tmp_path: Path, seed: int) -> None:
    for at in range(1, 500):
        folder = tmp_path / str(at)
        raws = filled(folder, 12)
        disk = FailingDisk(at, is_cut=True)
        with suppress(PowerCut):
            packed(folder, disk)
        disk.back_on(Random(seed * 1000 + at))
        check(folder, raws)
        packed(folder)
        check(folder, raws)
        if disk.done < at:
            return
    pytest.fail("the run never gets through")


def test_an_error_at_any_operation_of_packing(tmp_path: Path) -> None:
    for at in range(1, 500):
        folder = tmp_path / str(at)
        raws = filled(folder, 12)
        disk = FailingDisk(at)
        with suppress(OSError, JournalError):
            packed(folder, disk)
        check(folder, raws)
        packed(folder)
        check(folder, raws)
        if disk.done < at:
            return
    pytest.fail("the run never gets through")


def test_damage_to_a_packed_segment_is_found(tmp_path: Path) -> None:
    filled(tmp_path)
    packed(tmp_path)
    path = tmp_path / "000001.segz"
    data = bytearray(path.read_bytes())
    for at in (HEAD_BYTES + 50, len(data) - 60, len(data) - 3):
        data[at] ^= 1
        path.write_bytes(data)
        data[at] ^= 1
        journal = FileJournal(tmp_path, clock=Clock())
        assert [wrong for _, wrong in journal.verify() if wrong]
        with pytest.raises(JournalError, match="damaged"):
            list(journal.follow(0, with_raw=True))
        journal.close()


pieces = st.lists(
    st.one_of(
        st.binary(max_size=400),
        st.builds(
            written,
            st.binary(min_size=100, max_size=6000),
            st.sampled_from([40, 41, 57, 60, 72, 76, 998]),
        ),
        st.sampled_from([b"\r\n", b"=", b"==\r\n", b"A" * 76 + b"\r\n", b"\n"]),
    ),
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(pieces)
def test_apart_and_together_again(parts: list[bytes]) -> None:
    raw = b"".join(parts)
    rest, files = taken_apart(raw)
    again = put_together(rest, [(f.at, f.line, lambda f=f: f.data) for f in files])  # type: ignore[misc]
    assert again == raw


def test_base64_of_usual_lines_is_undone() -> None:
    for line in (60, 64, 72, 76):
        data = os.urandom(5000)
        rest, files = taken_apart(b"x\r\n\r\n" + written(data, line) + b"\r\n")
        assert [f.data for f in files] == [data]
        assert rest == b"x\r\n\r\n\r\n"
    mime = base64.encodebytes(data).replace(b"\n", b"\r\n")
    assert [f.data for f in taken_apart(mime)[1]] == [data]

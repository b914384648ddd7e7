"""The notepad counts, remembers, forgets, is shared, and never gets in the way."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.archive import notepad
from gateway.archive.notepad import SWEEP_EVERY, FileNotepad
from gateway.mail.services import Notepad


def test_counters_slide(tmp_path: Path) -> None:
    now = 1_000_000.0
    pad: Notepad = FileNotepad(tmp_path / "pad.db", lambda: now)
    assert [pad.count("mail", "lan", 60) for _ in range(3)] == [1, 2, 3]
    assert pad.count("mail", "minh", 60, add=5) == 5
    now += 30
    assert pad.count("mail", "lan", 60, add=0) == 3
    assert pad.count("mail", "lan", 10) == 1
    now += 40
    assert pad.count("mail", "lan", 60, add=0) == 0


def test_values_expire_and_are_shared(tmp_path: Path) -> None:
    now = 1_000_000.0
    one = FileNotepad(tmp_path / "pad.db", lambda: now)
    two = FileNotepad(tmp_path / "pad.db", lambda: now)
    one.put("seen", "k", "giá trị", 10)
    assert two.get("seen", "k") == "giá trị"
    assert two.get("other", "k") is None
    assert two.count("c", "k", 5) + one.count("c", "k", 5) == 3
    now += 11
    assert one.get("seen", "k") is None
    one.close()
    two.close()


def test_what_expired_is_swept_out(tmp_path: Path) -> None:
    now = 1_000_000.0
    pad = FileNotepad(tmp_path / "pad.db", lambda: now)
    for n in range(SWEEP_EVERY - 1):
        pad.count("c", str(n), 1)
    now += 100
    pad.count("c", "last", 1)
    assert pad._database.execute("SELECT count(*) FROM counts").fetchone() == (1,)
    pad.close()


def test_a_broken_file_is_begun_anew_and_a_lost_one_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "pad.db"
    path.write_bytes(b"no database" * 1000)
    pad = FileNotepad(path)
    assert pad.count("c", "k", 60) == 1
    pad._database.execute("DROP TABLE counts")
    pad._database.execute("DROP TABLE notes")
    assert pad.count("c", "k", 60) == 1
    pad.put("n", "k", "v", 1)
    assert pad.get("n", "k") is None
    assert "notepad" in caplog.text
    pad.close()


OPENER = """
import sys
from pathlib import Path
from gateway.archive.notepad import FileNotepad
pad = FileNotepad(Path(sys.argv[1]))
pad.put("who", sys.argv[2], "here", 60)
print("ready", flush=True)
sys.stdin.read()
"""


def test_processes_that_begin_at_once_share_one(tmp_path: Path) -> None:
    """As those of a target do: none takes the other's work on the new file for damage."""
    path, names = tmp_path / "pad.db", [str(n) for n in range(6)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, path, name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for name in names
    ]  # fmt: skip
    told = [process.stdout.readline() for process in processes if process.stdout]
    said = [process.communicate()[1] for process in processes]
    assert told == [b"ready\n"] * 6, said
    assert said == [b""] * 6
    pad = FileNotepad(path)
    assert [pad.get("who", name) for name in names] == ["here"] * 6
    pad.close()


def test_a_file_that_is_in_use_is_not_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notepad, "OPENING_S", 0.05)
    path = tmp_path / "pad.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("CREATE TABLE notes(kind TEXT)")
    with pytest.raises(OSError, match=r"pad\.db cannot be opened: .*locked"):
        FileNotepad(path)
    holder.execute("COMMIT")
    assert holder.execute("SELECT count(*) FROM notes").fetchone() == (0,)
    holder.close()

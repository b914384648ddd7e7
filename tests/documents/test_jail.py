"""What a jailed reader may not do: each thing is really tried, in a child of its own."""

import ctypes
import mmap
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.documents.jail import Bounds, Grade, enter, planned
from gateway.documents.zygote import readable

TRIED = Bounds(memory_mib=512, cpu_s=2)


def jailed(attempt: Callable[[], object], *, seccomp: bool = True) -> str:
    """What became of an attempt: what it returned, what it raised, or the signal that ended it."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        theirs = os.dup2(theirs, 3)
        os.closerange(4, 65536)  # What a long run of tests holds open would fill the jail's table.
        try:
            plan = planned(readable())
            enter(TRIED, plan if seccomp else replace(plan, program=b""))
            try:
                said = f"did {attempt()!r}"
            except BaseException as error:
                said = type(error).__name__
            os.write(theirs, said.encode()[:200])
        finally:
            os._exit(0)
    os.close(theirs)
    told = os.read(ours, 300).decode()
    os.close(ours)
    _, status = os.waitpid(pid, 0)
    return told or signal.Signals(os.WTERMSIG(status)).name


@pytest.fixture(scope="module")
def grade() -> Grade:
    """How strong the walls are on this machine."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        theirs = os.dup2(theirs, 3)
        os.closerange(4, 65536)
        try:
            found = enter(TRIED, planned(readable()))
            os.write(theirs, f"{found.landlock} {int(found.seccomp)}".encode())
        finally:
            os._exit(0)
    os.close(theirs)
    landlock, seccomp = map(int, os.read(ours, 100).split())
    os.close(ours)
    os.waitpid(pid, 0)
    return Grade(landlock, bool(seccomp))


def test_reading_what_programs_need_is_allowed() -> None:
    assert jailed(lambda: len(os.urandom(8))) == "did 8"
    assert jailed(lambda: os.close(os.open("/dev/urandom", os.O_RDONLY))) == "did None"
    assert jailed(lambda: Path(os.__file__).exists()) == "did True"


def test_no_file_is_read_that_is_none_of_its_business(grade: Grade, tmp_path: Path) -> None:
    if not grade.landlock:
        pytest.skip("this kernel has no Landlock")
    letter = tmp_path / "letter.eml"
    letter.write_text("secret", encoding="utf-8")
    assert jailed(letter.read_text) == "PermissionError"
    assert jailed(lambda: next(tmp_path.iterdir())) == "PermissionError"
    assert jailed(lambda: next(Path("/root").iterdir())) == "PermissionError"
    assert jailed(lambda: Path("/etc/passwd").read_text(encoding="utf-8")) == "PermissionError"


def test_nothing_is_written(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()

    def fill() -> int:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with there.open("wb", buffering=0) as file:
            return file.write(b"x")

    assert jailed(fill) in {"PermissionError", "OSError", "SIGXFSZ", "SIGSYS"}
    assert jailed(fill, seccomp=False) in {"PermissionError", "OSError", "SIGXFSZ"}
    assert there.read_bytes() == b""


@pytest.mark.parametrize(
    "attempt",
    [
        socket.socket,
        lambda: socket.socket(socket.AF_UNIX),
        os.fork,
        lambda: os.execv("/bin/true", ["true"]),
        lambda: threading.Thread(target=int).start(),
        lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
        lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096)),
    ],
)
def test_refused(grade: Grade, attempt: Callable[[], object]) -> None:
    if not grade.seccomp:
        pytest.skip("no seccomp filter for this machine")
    assert jailed(attempt) in {"PermissionError", "OSError", "RuntimeError", "ValueError"}


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: os.kill(os.getppid(), 0),
        socket.socketpair,
        lambda: os.memfd_create("x"),
        lambda: ctypes.CDLL(None).unshare(0x10000000),
        lambda: ctypes.CDLL(None).ptrace(0, 0, 0, 0),
    ],
)
def test_ends_the_process(grade: Grade, attempt: Callable[[], object]) -> None:
    if not grade.seccomp:
        pytest.skip("no seccomp filter for this machine")
    assert jailed(attempt) == "SIGSYS"


def test_memory_and_time_end() -> None:
    assert jailed(lambda: len(bytearray(1 << 30))) == "MemoryError"

    def spin() -> None:
        while True:
            pass

    assert jailed(spin) in {"SIGXCPU", "SIGKILL"}


def test_a_grade_says_what_is_missing() -> None:
    assert str(Grade(7, True)) == "limits, Landlock 7, seccomp"
    assert "only (no Landlock in this kernel)" in str(Grade(0, True, "no Landlock in this kernel"))

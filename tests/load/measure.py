"""What a process tree uses, and the generator as a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from threading import Event, Thread
from typing import Self

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_S = 300
LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Sent:
    """One run of the generator."""

    rate: float
    """Messages a second that were answered with 250."""
    cpu_us: float
    """Of the server's whole tree, each message that was taken."""
    p50_ms: float
    p99_ms: float
    taken: int
    refused: int


def send(port: int, pids: Iterable[int], *options: object) -> Sent:
    """Run the generator against a server whose processes are children of ``pids``."""
    pids = list(pids)
    before = cpu_s(pids)
    line = [sys.executable, "-m", "tests.load.generator", str(port), *map(str, options)]
    done = subprocess.run(
        line, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    told = json.loads(done.stdout)
    used = cpu_s(pids) - before
    taken = told["messages"] - told["refused"]
    cpu_us = 1e6 * used / max(1, taken)
    rate = taken / told["seconds"]
    return Sent(rate, cpu_us, told["p50_ms"], told["p99_ms"], taken, told["refused"])


def cpu_s(pids: Iterable[int]) -> float:
    """Seconds of processor that these, their children, and their ended children have used."""
    total = 0
    for pid in _tree(pids):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def _tree(pids: Iterable[int]) -> set[int]:
    todo, found = list(pids), set[int]()
    while todo:
        pid = todo.pop()
        found.add(pid)
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                todo += map(int, task.read_text().split())
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def memory_of(pids: Iterable[int]) -> tuple[int, int]:
    """(PSS, RSS) in bytes of these and their children now; what they share counts once in PSS."""
    pss = rss = 0
    for pid in _tree(pids):
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pss += int(rollup.partition("\nPss:")[2].split()[0]) * 1024
        rss += int(rollup.partition("\nRss:")[2].split()[0]) * 1024
    return pss, rss


@dataclass
class Peak:
    """The most memory that processes have while a block runs, looked at all the time."""

    pids: list[int]
    pss: int = 0
    rss: int = 0

    def __enter__(self) -> Self:
        self._ends = Event()
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ends.wait(LOOK_S):
            pss, rss = memory_of(self.pids)
            self.pss, self.rss = max(self.pss, pss), max(self.rss, rss)


def answers(port: int, patience_s: float = 60.0) -> float:
    """Seconds until a newcomer is greeted."""
    began = time.perf_counter()
    while time.perf_counter() - began < patience_s:
        try:
            with socket.create_connection(("127.0.0.1", port), patience_s) as peer:
                if peer.recv(3) == b"220":
                    return time.perf_counter() - began
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"nobody answers on port {port}")


def listens(port: int, patience_s: float = 60.0) -> None:
    """Wait until somebody takes connections there."""
    until = time.perf_counter() + patience_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            if time.perf_counter() > until:
                raise RuntimeError(f"nobody listens on port {port}") from None
            time.sleep(0.1)
        else:
            return


class Missing(RuntimeError):
    """Not all that was taken has arrived."""


@dataclass
class Sink:
    """A server that takes everything and counts it: Postfix's smtp-sink."""

    port: int
    count: int = 0

    def wait(self, count: int) -> None:
        until = time.perf_counter() + PATIENCE_S
        while self.count < count:
            if time.perf_counter() > until:
                raise Missing(f"{self.count} of {count} messages have come")
            time.sleep(0.005)


@contextmanager
def sink() -> Iterator[Sink]:
    program = which("smtp-sink", path="/usr/sbin:/usr/bin")
    if program is None:
        raise RuntimeError("smtp-sink is missing; apt-get install postfix")
    found = Sink(free_port())
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    line = [program, *user, "-c", f"127.0.0.1:{found.port}", "1000"]
    with subprocess.Popen(line, stdout=subprocess.PIPE) as process:

        def read() -> None:
            assert process.stdout is not None
            tail = b""
            while data := os.read(process.stdout.fileno(), 65536):
                tail = (tail + data)[-200:]
                told = tail.rpartition(b"mesg=")[2].split(b"\r")[0].split()
                if told and told[0].isdigit():
                    found.count = max(found.count, int(told[0]))

        reader = Thread(target=read, daemon=True)
        reader.start()
        try:
            yield found
        finally:
            process.terminate()

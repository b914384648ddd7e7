"""How fast the archive is: `python -m tests.load.journal [--rows 10000] [--seconds 1.5]`.

Appends a second at several sizes, by one and two processes, with and without the sync; what folding
a record costs; how long finding a message by its number takes.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from gateway.archive.commands import Peer, Rcpt, Receive, Tried
from gateway.archive.journal import Entry
from gateway.archive.keeper import FileJournal
from gateway.archive.queries import Wanted
from gateway.archive.shelf import Shelf

SIZES = {"2 KB": 2_000, "20 KB": 20_000, "200 KB": 200_000, "1 MB": 1_000_000}
AT_ONCE = {"2 KB": 100, "20 KB": 100, "200 KB": 20, "1 MB": 20}


def received(n: int, raw: bytes) -> Entry:
    command = Receive(
        id=f"{n:016d}",
        at_ms=time.time_ns() // 1_000_000,
        state="accepted",
        direction="in",
        peer=Peer("smtp", "inbound", "192.0.2.7", 2525, "mx.example.net"),
        sender="someone@example.net",
        recipients=(Rcpt(f"box{n % 500}@example.vn"),),
        subject=f"Về việc họp số {n}",
        size=len(raw),
    )
    return Entry(command, (raw,), numbered=True)


async def _append(folder: Path, size: str, seconds: float, sync: bool) -> tuple[int, float, float]:
    """(appends, seconds, CPU seconds) of one process."""
    journal = FileJournal(folder, sync=sync)
    raw = os.urandom(SIZES[size])
    end = time.perf_counter() + seconds
    done = 0

    async def sender() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await journal.append([received(done, raw)])
            done += 1

    start, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(sender() for _ in range(AT_ONCE[size])))
    took, used = time.perf_counter() - start, time.process_time() - cpu
    journal.close()
    return done, took, used


def _process(folder: str, size: str, seconds: float, sync: bool, out: Any) -> None:
    out.put(uvloop.run(_append(Path(folder), size, seconds, sync)))


def appends(size: str, processes: int, seconds: float, *, sync: bool) -> tuple[float, float]:
    """(appends a second, CPU microseconds each)."""
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="vanthu-load-") as folder:
        out = spawn.Queue()
        args = (folder, size, seconds, sync, out)
        workers = [spawn.Process(target=_process, args=args) for _ in range(processes)]
        for worker in workers:
            worker.start()
        told = [out.get(timeout=120) for _ in workers]
        for worker in workers:
            worker.join()
    done = sum(t[0] for t in told)
    return sum(t[0] / t[1] for t in told), 1e6 * sum(t[2] for t in told) / done


def folding(folder: Path, rows: int) -> Shelf:
    """Fill an archive and print what folding costs."""
    shelf = Shelf(folder, applies=True)
    raw = b"Subject: x\r\n\r\nhello\r\n"
    for first in range(0, rows, 500):
        some = range(first, min(first + 500, rows))
        shelf.journal.append_now([received(n, raw) for n in some])
        shelf.journal.append_now(
            [Entry(Tried(f"{n:016d}", f"box{n % 500}@example.vn", 1, "delivered")) for n in some]
        )
    assert shelf.applier
    start, cpu = time.perf_counter(), time.process_time()
    done = shelf.applier.catch_up()
    took, used = time.perf_counter() - start, time.process_time() - cpu
    print(
        f"fold: {1e6 * took / done:6.1f} us a record ({1e6 * used / done:.1f} CPU), {done} records"
    )
    return shelf


def finding(shelf: Shelf, rows: int) -> None:
    took: list[float] = []
    year = shelf.journal.numbers[-1].year
    for k in range(2000):
        number = f"{year}-{1 + k * 7919 % rows:07d}"
        start = time.perf_counter()
        assert shelf.queries.find(Wanted(number=number))
        took.append(1000 * (time.perf_counter() - start))
    took.sort()
    print(f"find by number among {rows}: p50 {took[1000]:.2f} ms, p99 {took[1980]:.2f} ms")
    start = time.perf_counter()
    for _ in range(50):
        shelf.queries.due(time.time_ns(), 100)
    print(f"due: {20 * (time.perf_counter() - start):.2f} ms")


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--rows", type=int, default=10_000)
    args.add_argument("--seconds", type=float, default=1.5)
    args.add_argument("--rounds", type=int, default=1)
    wanted = args.parse_args()
    print(
        f"{'appends':8} {'processes':>9} {'durable/s':>10} {'CPU us':>7} {'unsynced/s':>10} share"
    )
    for size in SIZES:
        for processes in (1, 2):
            durable, without = [], []
            for _ in range(wanted.rounds):  # Alternating, so that both see the same weather.
                durable.append(appends(size, processes, wanted.seconds, sync=True))
                without.append(appends(size, processes, wanted.seconds, sync=False))
            rate = statistics.median(d[0] for d in durable)
            bare = statistics.median(w[0] for w in without)
            cpu = statistics.median(d[1] for d in durable)
            print(
                f"{size:8} {processes:9} {rate:10.0f} {cpu:7.0f} {bare:10.0f} {rate / bare:5.0%}",
                flush=True,
            )
    with tempfile.TemporaryDirectory(prefix="vanthu-load-") as folder:
        shelf = folding(Path(folder), wanted.rows)
        finding(shelf, wanted.rows)
        shelf.close()


if __name__ == "__main__":
    main()

"""What the gateway bears: large messages at once, idle clients, and being killed."""

from __future__ import annotations

import asyncio
import fcntl
import os
import resource
import signal
import socket
import sys
import termios
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from gateway.archive.keeper import FileJournal
from tests.load.gateway import ROLES, gateway
from tests.load.generator import RECIPIENT, SENDER, letter
from tests.load.journal import received
from tests.load.measure import PATIENCE_S, Peak, answers, memory_of, send

LARGE, AT_ONCE = 25_000_000, 20
TAIL = 64
"""Bytes of a large message that are held back until all the others have come, too."""
READ_S = 3.0
"""Until the server has taken what its kernel holds already."""
IDLE = 2000
TOGETHER = 500
FULL = 100_000

Say = Callable[[str], None]


def memory(say: Say) -> None:
    """The most that all our processes hold, beyond what they hold before, while 20 x 25 MB come."""
    say(f"\nMemory at {AT_ONCE} x 25 MB at once (goal: <= 1.3x their bytes)")
    with gateway(ROLES) as ours:
        send(ours.port, ours.pids, "--messages", 200)
        time.sleep(READ_S)
        before = memory_of(ours.pids)
        with Peak(ours.pids) as peak:
            held_back(ours.port)
        for name, most, base in (("PSS", peak.pss, before[0]), ("RSS", peak.rss, before[1])):
            more = most - base
            told = f"{more / 1e6:7.0f} MB over {base / 1e6:.0f} MB"
            say(f"{'vanthu, ' + name:24} {told}: {more / (LARGE * AT_ONCE):.2f}x")


def held_back(port: int) -> None:
    """Send all but the last bytes of each message; these when the server has all the rest."""
    body = letter(1, LARGE)
    all_sent = Barrier(AT_ONCE)

    def client(_: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as peer:
            replies = peer.makefile("rb")
            replies.readline()
            for words in ("HELO load", f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{RECIPIENT}>", "DATA"):
                peer.sendall(f"{words}\r\n".encode())
                replies.readline()
            peer.sendall(body[:-TAIL])
            while int.from_bytes(fcntl.ioctl(peer, termios.TIOCOUTQ, bytes(4)), sys.byteorder):
                time.sleep(0.05)
            all_sent.wait(PATIENCE_S)
            time.sleep(READ_S)
            peer.sendall(body[-TAIL:])
            return replies.readline()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(client, range(AT_ONCE)))
    if any(not line.startswith(b"250") for line in told):
        raise RuntimeError(f"not all were taken: {told}")


def idle(say: Say) -> None:
    """How soon a newcomer is greeted beside clients who only sit there."""
    say(f"\n{IDLE} idle connections (goal: a newcomer is answered in <= 2 s)")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * IDLE + 100)), hard))
    with gateway() as ours:
        clients = [socket.create_connection(("127.0.0.1", ours.port)) for _ in range(IDLE)]
        try:
            for client in clients:
                client.recv(512)
            say(f"{'vanthu':24} {1000 * answers(ours.port):7.1f} ms")
        finally:
            for client in clients:
                client.close()


def recovery(owed: int, say: Say) -> None:
    """From ``kill -9`` to the next greeting, with nothing owed and with much."""
    say("\nFrom kill -9 to the next greeting (goal: <= 5 s empty, <= 30 s with 100,000 owed)")
    roles = (("store", "deliver", "smtp"),)
    with gateway(roles) as ours:  # Nobody listens where it delivers to: all stays owed.
        for count in (0, owed):
            ours.stop(signal.SIGKILL)
            if count:
                asyncio.run(_fill(ours.folder / "data/journal", count))
                ours.start(roles)
                time.sleep(5.0)
                ours.stop(signal.SIGKILL)
            began = time.perf_counter()
            ours.start(roles)
            short = " (100,000 without ROUNDS=1)" if 0 < count < FULL else ""
            say(f"{count:7} owed             {time.perf_counter() - began:7.1f} s{short}")


async def _fill(folder: Path, count: int) -> None:
    journal = FileJournal(folder)
    raw = b"Subject: x\r\n\r\n" + os.urandom(1000).hex().encode() + b"\r\n"
    try:
        for start in range(0, count, TOGETHER):
            last = min(count, start + TOGETHER)
            await asyncio.gather(*(journal.append([received(n, raw)]) for n in range(start, last)))
    finally:
        journal.close()

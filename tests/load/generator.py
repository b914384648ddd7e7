"""Sends mail as fast as it is taken, or at a rate: `python -m tests.load.generator PORT …`.

One line of JSON at the end: seconds, messages, refused, and the p50, p99 of the wait for the 250.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvloop

SENDER, RECIPIENT = "someone@example.org", "box@example.net"
HEAD = (
    b"From: <%b>\r\nTo: <%b>\r\nSubject: Test %d\r\n"
    b"Date: Sun, 22 Nov 2026 13:00:00 +0700\r\nMessage-ID: <%d@load.example.org>\r\n\r\n"
)
LINE = b"The quick brown fox jumps over the lazy dog and reads what stands here.\r\n"
REPLIES = 3
"""To MAIL, RCPT and DATA, which go out together."""


def letter(number: int, size: int, to: str = RECIPIENT) -> bytes:
    """A message of about ``size`` bytes, with its end-of-data mark."""
    head = HEAD % (SENDER.encode(), to.encode(), number, number)
    return head + LINE * max(1, (size - len(head)) // len(LINE)) + b".\r\n"


@dataclass
class Load:
    """What is to be sent, and how it went."""

    messages: int
    size: int
    is_new: bool
    to: str = RECIPIENT
    bodies: tuple[bytes, ...] = ()
    """These in turn instead of made-up ones."""
    tls: ssl.SSLContext | None = None
    """With STARTTLS; whose certificate it is does not matter here."""
    interval_s: float = 0.0
    """Between two messages of all sessions together; 0: as fast as can be."""
    begun: int = 0
    done: int = 0
    refused: int = 0
    waits: list[float] = field(default_factory=list[float])
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    started_at: float = 0.0
    failed: str = ""
    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def fail(self, why: str) -> None:
        self.failed = why
        self.finished.set()

    def begin(self, work: Coroutine[None, None, None]) -> None:
        """Let it run beside the rest."""
        self.tasks.add(task := asyncio.get_running_loop().create_task(work))
        task.add_done_callback(self.tasks.discard)

    def next(self) -> bytes | None:
        if self.begun >= self.messages:
            return None
        self.begun += 1
        if self.bodies:
            return self.bodies[self.begun % len(self.bodies)]
        return letter(self.begun, self.size, self.to)

    def told(self, code: bytes, wait_s: float) -> None:
        self.done += 1
        if code == b"250":
            self.waits.append(wait_s)
        else:
            self.refused += 1
        if self.done == self.messages:
            self.finished.set()


class Sender(asyncio.Protocol):
    """One session: pipelines the envelope, waits for 354, sends the body, waits for 250."""

    def __init__(self, load: Load, port: int) -> None:
        self._load, self._port = load, port
        self._buffer = b""
        self._state = "banner"
        self._replies = 0
        self._body: bytes | None = None
        self._sent_at = 0.0
        self._is_secret = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name.

    def data_received(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\r\n")
        for line in lines:
            if line[3:4] != b"-":
                self._reply(line[:3])

    def _reply(self, code: bytes) -> None:
        write = self._transport.write
        match self._state:
            case "banner":
                self._greet()
            case "ehlo":
                if self._load.tls and not self._is_secret:
                    write(b"STARTTLS\r\n")
                    self._state = "starttls"
                else:
                    self._next()
            case "starttls":
                self._load.begin(self._secured())
            case "envelope":
                self._replies += 1
                if code[:1] not in b"23":
                    self._load.fail(f"the server said {code!r} to the envelope")
                    return
                if self._replies == REPLIES:
                    assert self._body is not None
                    write(self._body)
                    self._sent_at = time.perf_counter()
                    self._state = "body"
            case "body":
                self._load.told(code, time.perf_counter() - self._sent_at)
                if self._load.is_new:
                    self._leave()
                else:
                    self._next()

    def _greet(self) -> None:
        self._transport.write(b"EHLO load.example.org\r\n")
        self._state = "ehlo"

    async def _secured(self) -> None:
        assert self._load.tls is not None
        loop = asyncio.get_running_loop()
        try:
            found = await loop.start_tls(self._transport, self, self._load.tls)
        except (OSError, ssl.SSLError) as error:
            self._load.fail(f"no TLS: {error}")
            return
        assert found is not None
        self._transport, self._is_secret = found, True
        self._greet()

    def _next(self) -> None:
        load = self._load
        if load.interval_s and load.begun < load.messages:
            due = load.started_at + load.begun * load.interval_s
            self._body = load.next()
            asyncio.get_running_loop().call_later(max(0.0, due - time.perf_counter()), self._begin)
            return
        self._body = load.next()
        self._begin()

    def _begin(self) -> None:
        if self._body is None:
            self._leave()
            return
        self._state, self._replies = "envelope", 0
        envelope = f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{self._load.to}>\r\nDATA\r\n"
        self._transport.write(envelope.encode())

    def _leave(self) -> None:
        self._state = "gone"
        self._transport.write(b"QUIT\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        load = self._load
        if self._state != "gone":
            load.fail(f"the server hung up while we were at {self._state}: {exc}")
        elif load.is_new and load.begun < load.messages:
            connect(load, self._port)


def connect(load: Load, port: int) -> None:
    load.begin(_connected(load, port))


async def _connected(load: Load, port: int) -> None:
    try:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: Sender(load, port), "127.0.0.1", port)
    except OSError as error:
        load.fail(f"no connection to port {port}: {error}")


async def run(load: Load, port: int, sessions: int) -> float:
    load.started_at = time.perf_counter()
    for _ in range(sessions):
        connect(load, port)
    await load.finished.wait()
    if load.failed:
        raise SystemExit(load.failed)
    return time.perf_counter() - load.started_at


def _any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--size", type=int, default=2000)
    parser.add_argument("--new", action="store_true", help="a new connection for each message")
    parser.add_argument("--rate", type=float, default=0.0, help="messages a second; 0: all it can")
    parser.add_argument("--to", default=RECIPIENT)
    parser.add_argument("--file", nargs="+", type=Path, default=[], help="send these messages")
    parser.add_argument("--tls", action="store_true", help="with STARTTLS")
    chosen = parser.parse_args()
    bodies = tuple(path.read_bytes() + b".\r\n" for path in chosen.file)
    tls = _any_certificate() if chosen.tls else None
    interval_s = 1 / chosen.rate if chosen.rate else 0.0
    load = Load(chosen.messages, chosen.size, chosen.new, chosen.to, bodies, tls, interval_s)
    took = uvloop.run(run(load, chosen.port, chosen.sessions))
    waits = sorted(load.waits) or [0.0]
    told = {
        "seconds": took,
        "messages": load.done,
        "refused": load.refused,
        "p50_ms": 1000 * waits[len(waits) // 2],
        "p99_ms": 1000 * waits[len(waits) * 99 // 100],
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()

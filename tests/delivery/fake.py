"""A server of our own that answers as a test wants, on loopback, and remembers what it heard."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = bytes | None
"""One reply without its CR LF; None closes the connection without a word."""


@dataclass
class Fake:
    """``answers`` by the beginning of a line (the longest that fits); a list is used up in turn."""

    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "SIZE 1000000")
    is_lmtp: bool = False
    tls: ssl.SSLContext | None = None
    name: str = "fake.example"
    lines: list[str] = field(default_factory=list)
    """Every command, and ``DATA`` bodies apart."""
    letters: list[bytes] = field(default_factory=list)
    connections: int = 0
    secure: int = 0
    """Connections that were encrypted."""
    port: int = 0
    _taken: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._say(writer, "connect", b"220 %b ready" % self.name.encode()):
            return
        is_secure = False
        while line := await reader.readline():
            text = line.decode().rstrip("\r\n")
            self.lines.append(text)
            verb = text.split(" ")[0].split(":")[0].upper()
            if verb == "STARTTLS" and self.tls is not None:
                self._say(writer, text, b"220 go")
                await writer.start_tls(self.tls)
                is_secure = True
                self.secure += 1
                continue
            if not self._say(writer, text, self._usual(verb, is_secure)):
                return
            if verb == "DATA" and self.last.startswith(b"354"):
                await self._letter(reader, writer)
            if verb == "QUIT":
                return

    async def _letter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b""
        while (line := await reader.readline()) not in (b".\r\n", b""):
            body += line.removeprefix(b".")
        self.letters.append(body)
        for _ in range(self._taken if self.is_lmtp else 1):
            if not self._say(writer, "end", b"250 2.0.0 kept"):
                writer.close()
                return

    def _usual(self, verb: str, is_secure: bool) -> bytes:
        if verb in ("EHLO", "LHLO"):
            offered = [*self.extensions]
            if self.tls is not None and not is_secure:
                offered.append("STARTTLS")
            rows = [self.name, *offered]
            return b"\r\n".join(
                b"250%b%b" % (b"-" if n < len(rows) else b" ", row.encode())
                for n, row in enumerate(rows, 1)
            )
        return {
            "DATA": b"354 go on",
            "QUIT": b"221 2.0.0 bye",
            "XCLIENT": b"220 %b ready again" % self.name.encode(),
            "AUTH": b"235 2.7.0 welcome",
        }.get(verb, b"250 2.0.0 ok")

    def _say(self, writer: asyncio.StreamWriter, line: str, usual: bytes) -> bool:
        fits = [key for key in self.answers if line.upper().startswith(key.upper())]
        said: Answer = usual
        if fits:
            chosen = self.answers[max(fits, key=len)]
            turn = chosen if isinstance(chosen, list) else [chosen]
            said = turn.pop(0) if turn else usual
        if said is None:
            return False
        if line.upper().startswith("MAIL"):
            self._taken = 0
        if line.upper().startswith("RCPT") and said.startswith(b"2"):
            self._taken += 1
        self.last = said
        writer.write(said + b"\r\n")
        return True


@asynccontextmanager
async def serving(fake: Fake, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Fake]:
    """The server, until the block is left."""
    tasks: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(fake.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(begin, host, port)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s

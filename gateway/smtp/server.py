"""Opens a door's socket, and closes it in order."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass, field

from gateway.smtp.conversation import Conversation
from gateway.smtp.door import Door
from gateway.smtp.wire import Wire

BACKLOG = 1024
GOODBYE_S = 30.0
"""How long a message under way may take to be settled when we stop."""


@dataclass
class Server:
    """One listening socket and the conversations that came through it."""

    door: Door
    _server: asyncio.Server | None = None
    _talking: set[Wire] = field(default_factory=set)
    _empty: asyncio.Event | None = None

    async def open(self, sock: socket.socket | None = None) -> int:
        """Listen on the table's address, or on a socket handed over; returns the port."""
        if sock is None:
            sock = _bound(self.door.table.host, self.door.table.port)
        implicit = self.door.table.tls == "implicit"
        self._server = await self.door.loop.create_server(
            self._welcome,
            sock=sock,
            backlog=BACKLOG,
            ssl=self.door.tls if implicit else None,
            ssl_handshake_timeout=self.door.limits.handshake_s if implicit else None,
        )
        port: int = sock.getsockname()[1]
        return port

    async def close(self) -> None:
        """No new clients; those who are here finish their message and are sent away."""
        if self._server is not None:
            self._server.close()
        for talk in list(self._talking):
            talk.finish()
        if self._talking:
            self._empty = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), GOODBYE_S)

    def _welcome(self) -> Conversation:
        talk = Conversation(self.door, self._left)
        self._talking.add(talk)
        return talk

    def _left(self, talk: Wire) -> None:
        self._talking.discard(talk)
        if self._empty is not None and not self._talking:
            self._empty.set()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on and replies wait 40 ms for each other.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((host, port))
    sock.setblocking(False)
    return sock

"""Opens a door's socket, and closes it in order."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

from gateway.mail.services import Services
from gateway.smtp.conversation import Conversation
from gateway.smtp.door import Client, Door, among
from gateway.smtp.proxied import read_proxy
from gateway.smtp.wire import Wire

log = logging.getLogger(__name__)

BACKLOG = 1024
GOODBYE_S = 30.0
"""How long a message under way may take to be settled when we stop."""


@dataclass
class Server:
    """One listening socket and the conversations that came through it."""

    door: Door
    _server: asyncio.Server | None = None
    _talking: dict[Wire, Door] = field(default_factory=dict[Wire, Door])
    """Those who are here, and the door that was open when they came."""
    _went: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody goes."""
    _accepting: asyncio.Task[None] | None = None
    _beginning: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self, sock: socket.socket | None = None) -> int:
        """Listen on the table's address, or on a socket handed over; returns the port."""
        if sock is not None:
            sock.setblocking(False)
        else:
            sock = _bound(self.door.table.host, self.door.table.port)
        port: int = sock.getsockname()[1]
        if self.door.table.proxy_from:
            sock.setblocking(False)
            sock.listen(BACKLOG)
            self._accepting = self.door.loop.create_task(self._accept(sock))
            return port
        tls = self._tls()
        self._server = await self.door.loop.create_server(
            self._welcome,
            sock=sock,
            backlog=BACKLOG,
            ssl=tls,
            ssl_handshake_timeout=self.door.limits.handshake_s if tls else None,
        )
        return port

    def _tls(self) -> ssl.SSLContext | None:
        return self.door.tls if self.door.table.tls == "implicit" else None

    async def _accept(self, sock: socket.socket) -> None:
        """Clients who may come through a proxy: its header stands before the TLS handshake."""
        with sock:
            while True:
                try:
                    client, place = await self.door.loop.sock_accept(sock)
                except OSError as error:
                    log.warning("no client can be let in: %s", error)
                    await asyncio.sleep(1.0)
                    continue
                task = self.door.loop.create_task(self._begin(client, place[0]))
                self._beginning.add(task)
                task.add_done_callback(self._beginning.discard)

    async def _begin(self, sock: socket.socket, place: str) -> None:
        door, tls = self.door, self._tls()
        try:
            behind = None
            if among(ip_address(place.partition("%")[0]), door.table.proxy_from):
                async with asyncio.timeout(door.limits.handshake_s):
                    behind = await read_proxy(door.loop, sock)
            await door.loop.connect_accepted_socket(
                lambda: self._welcome(behind),
                sock,
                ssl=tls,
                ssl_handshake_timeout=door.limits.handshake_s if tls else None,
            )
        except (OSError, asyncio.IncompleteReadError) as error:
            log.info("a client from %s is not let in: %s", place, error or "it takes too long")
            sock.close()

    async def close(self) -> None:
        """No new clients; those who are here finish their message and are sent away."""
        if self._server is not None:
            self._server.close()
        if self._accepting is not None:
            self._accepting.cancel()
        for task in self._beginning:
            task.cancel()
        for talk in list(self._talking):
            talk.finish()
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                while self._talking:
                    await self._somebody_goes()

    @property
    def is_busy(self) -> bool:
        return bool(self._talking)

    def send_away(self, logins: Collection[str]) -> None:
        """End the sessions of these people, now or when the message under way is settled."""
        for talk in list(self._talking):
            if talk.user in logins:
                talk.finish()

    async def left(self, services: Services) -> None:
        """Wait until the last has gone who came while these were the door's services."""
        while any(door.services is services for door in self._talking.values()):
            await self._somebody_goes()

    def _welcome(self, behind: tuple[Client, int] | None = None) -> Conversation:
        talk = Conversation(self.door, self._left, behind)
        self._talking[talk] = self.door
        return talk

    def _left(self, talk: Wire) -> None:
        self._talking.pop(talk, None)
        self._went.set()

    async def _somebody_goes(self) -> None:
        self._went.clear()
        await self._went.wait()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on and replies wait 40 ms for each other.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((host, port))
    sock.setblocking(False)
    return sock

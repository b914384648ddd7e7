"""The PROXY header that a load balancer puts before everything else, TLS included."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from aiosmtpd.proxy_protocol import V2_CMD, get_proxy

from gateway.smtp.door import Client

V1_MAX = 107
"""Bytes of the line of version 1."""


class BadProxy(ConnectionError):
    """Who is to begin with a PROXY header did not."""


@dataclass(frozen=True, slots=True)
class _Exactly:
    """Reads no byte too many from a socket: what follows may be a TLS handshake."""

    loop: asyncio.AbstractEventLoop
    sock: socket.socket

    async def read(self, n: int = 1) -> bytes:
        return await self.loop.sock_recv(self.sock, n)

    async def readexactly(self, n: int) -> bytes:
        data = b""
        while len(data) < n:
            piece = await self.read(n - len(data))
            if not piece:
                raise BadProxy("the client hung up before its PROXY header was whole")
            data += piece
        return data

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        data = b""
        while not data.endswith(separator) and len(data) <= V1_MAX:
            data += await self.readexactly(1)
        return data


async def read_proxy(
    loop: asyncio.AbstractEventLoop, sock: socket.socket
) -> tuple[Client, int] | None:
    """Whom the proxy speaks for; None if for itself, or for someone it does not name.

    BadProxy or another OSError where there is no header in order.
    """
    said = await get_proxy(_Exactly(loop, sock))
    if not said.valid:
        raise BadProxy(said.error)
    if said.command == V2_CMD.LOCAL:
        return None
    match said.src_addr:
        case IPv4Address() | IPv6Address() as client:
            return client, said.src_port or 0
        case _:
            return None

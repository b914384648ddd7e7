"""One question to a server on this machine or near it: send all, read until it closes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

ANSWER_MAX = 4 * 1024 * 1024
CONNECT_S = 3.0


async def ask(where: str, question: Iterable[bytes | bytearray | memoryview]) -> bytes:
    """The whole answer of the server at ``host:port`` or at the socket ``/path``.

    OSError (TimeoutError among it) if it cannot be reached, breaks off, or says too much. How long
    the whole may take is the caller's business.
    """
    async with asyncio.timeout(CONNECT_S):
        reader, writer = await _opened(where)
    try:
        for piece in question:
            writer.write(piece)
            await writer.drain()
        answer = bytearray()
        while piece := await reader.read(65536):
            answer += piece
            if len(answer) > ANSWER_MAX:
                raise OSError(f"{where}: the answer does not end")
        if not answer:
            raise ConnectionResetError(f"{where}: closed without an answer")
        return bytes(answer)
    finally:
        writer.close()


async def _opened(where: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if where.startswith("/"):
        return await asyncio.open_unix_connection(where)
    host, colon, port = where.rpartition(":")
    if not colon or not port.isdigit():
        raise OSError(f"{where!r} is no server; write host:port or /path/of/socket")
    return await asyncio.open_connection(host.strip("[]"), int(port))

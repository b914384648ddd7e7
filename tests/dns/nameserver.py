"""A tiny name server on loopback, for tests of the resolver."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class Server(asyncio.DatagramProtocol):
    """Answers by ``zone[name, type]``: zone lines, an rcode, or None for silence."""

    def __init__(self, zone: dict[tuple[str, str], list[str] | int | None]) -> None:
        self.zone = zone
        self.asked: list[tuple[str, str]] = []
        self.secure = False
        self.lies: Callable[[dns.message.Message], bytes] | None = None
        """Instead of an answer, whatever this makes of the question."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        key = (question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype))
        self.asked.append(key)
        if self.lies is not None:
            self.transport.sendto(self.lies(query), addr)
            return
        found = self.zone.get(key, int(dns.rcode.NXDOMAIN))
        if found is None:
            return
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA | (dns.flags.AD if self.secure else 0)
        if isinstance(found, int):
            reply.set_rcode(dns.rcode.Rcode(found))
        elif found:
            reply.answer += [dns.rrset.from_text(key[0], 60, "IN", key[1], *found)]
        self.transport.sendto(reply.to_wire(), addr)


@asynccontextmanager
async def serving(
    zone: dict[tuple[str, str], list[str] | int | None],
) -> AsyncIterator[tuple[Server, str]]:
    """The server and where it listens, as the settings want it."""
    loop = asyncio.get_running_loop()

    transport, server = await loop.create_datagram_endpoint(lambda: Server(zone), ("127.0.0.1", 0))
    try:
        yield server, f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()

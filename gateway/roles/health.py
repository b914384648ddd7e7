"""What a monitor may ask over HTTP: /metrics for Prometheus, /healthz and /readyz."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from gateway.roles.house import House, Role

REQUEST_MAX = 8192
WAIT_S = 5.0
LAG_MAX = 10_000
"""Records behind which the rows may be before we are not ready."""


class Monitor(Role):
    """A responder for three pages, each computed when it is asked for."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None

    async def open(self, house: House) -> dict[str, int]:
        self._house, self._shelf = house, house.shelf
        server = house.settings.server
        self._server = await asyncio.start_server(
            self._answer, server.metrics_host, server.metrics_port, limit=REQUEST_MAX
        )
        return {"metrics": self._server.sockets[0].getsockname()[1]}

    async def renew(self, house: House) -> None:
        """The port stays."""
        self._house = house

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(
            OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
        ):
            async with asyncio.timeout(WAIT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                status, body = await self._page(head.split(b" ", 2)[1])
                lines = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
                lines += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                writer.write(lines.encode() + body)
                await writer.drain()
        writer.close()

    async def _page(self, path: bytes) -> tuple[str, bytes]:
        match path:
            case b"/healthz":
                return "200 OK", b"alive\n"
            case b"/readyz":
                lag = self._lag()
                failed = self._shelf.journal.is_failed
                ready = lag < LAG_MAX and not failed
                text = f"fold lag {lag}, journal {'failed' if failed else 'good'}\n"
                return ("200 OK" if ready else "503 Service Unavailable"), text.encode()
            case b"/metrics":
                return "200 OK", await asyncio.to_thread(self._metrics)
            case _:
                return "404 Not Found", b"/metrics /healthz /readyz\n"

    def _lag(self) -> int:
        return self._shelf.journal.last - self._shelf.applied()

    def _metrics(self) -> bytes:
        registry = CollectorRegistry()
        gauge = Gauge("vanthu_journal_records", "Records kept", registry=registry)
        gauge.set(self._shelf.journal.last)
        gauge = Gauge("vanthu_fold_lag_records", "Records not yet folded", registry=registry)
        gauge.set(self._lag())
        for name, (words, value) in self._house.gauges.items():
            Gauge(f"vanthu_{name}", words, registry=registry).set(value())
        for name, (words, names, counts) in self._house.counters.items():
            counted = Gauge(f"vanthu_{name}", words, names, registry=registry)
            for labels, count in counts():
                counted.labels(*labels).set(count)
        states = Gauge("vanthu_recipients", "Recipients by state", ["state"], registry=registry)
        for state, count in self._shelf.queries.counts().items():
            states.labels(state).set(count)
        return generate_latest(registry)

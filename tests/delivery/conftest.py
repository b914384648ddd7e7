"""An exchange whose clock and counters a test can look at."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery.exchange import Exchange
from gateway.delivery.outcome import Letter, Origin
from gateway.delivery.route import RoutesTable, ServerRoute
from gateway.delivery.tls_counts import TlsCounts
from tests.delivery.certificates import Authority
from tests.delivery.fake import Time

HEAD = b"From: a@ours.example\r\nSubject: x\r\n\r\n"


def letter(body: bytes = b"hello\r\n", **more: Any) -> Letter:
    known: dict[str, Any] = {"sender": "a@ours.example", "head": HEAD} | more
    return Letter(body=memoryview(body), **known)


ORIGIN = Origin("192.0.2.7", 4321, "client.example", "lan")


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


MakeExchange = Callable[..., Exchange]


@pytest.fixture
async def exchange(tmp_path: Path, time: Time) -> AsyncIterator[MakeExchange]:
    """Makes exchanges over one route; they are closed at the end."""
    async with AsyncExitStack() as stack:

        def made(**route: Any) -> Exchange:
            known = {"kind": "smtp", "host": "127.0.0.1", "timeout_s": 5, "connect_s": 5}
            tls = route.pop("rules", [])
            table = RoutesTable.model_validate({"routes": [known | route], "tls": tls})
            counts = TlsCounts(tmp_path / "tls", lambda: datetime.now(UTC))
            exchange = Exchange(table, "gateway.example", time, counts)
            stack.push_async_callback(exchange.close)
            return exchange

        yield made


def server(exchange: Exchange) -> ServerRoute:
    (route,) = exchange.table.routes
    assert isinstance(route, ServerRoute)
    return route

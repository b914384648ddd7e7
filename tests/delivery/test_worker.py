"""The postman and his own mistakes: nothing that was handed on is handed on again."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.archive.shelf import Shelf
from gateway.delivery.exchange import Exchange
from gateway.delivery.handover import Handover
from gateway.delivery.ledger import Ledger
from gateway.delivery.route import RoutesTable
from gateway.delivery.tls_counts import TlsCounts
from gateway.delivery.worker import Postman
from gateway.mail.address import Address
from tests.archive.samples import AT, entry
from tests.delivery.fake import Fake, serving
from tests.delivery.test_ledger import ledger


def now() -> datetime:
    return datetime.fromtimestamp(AT / 1000 + 60, UTC)


def postman(shelf: Shelf, folder: Path, port: int, book: Ledger | None = None) -> Postman:
    routes = [
        {"kind": "maildir", "to": ["*@example.vn"], "folder": folder / "mail"},
        {"kind": "smtp", "host": "127.0.0.1", "port": port},
    ]
    table = RoutesTable.model_validate({"routes": routes})
    clock = asyncio.get_running_loop().time
    exchange = Exchange(table, "gateway.example", clock, TlsCounts(folder / "tls", now))

    def mailbox(address: Address) -> Address:
        return Address("lan", "example.vn") if address.local == "alias" else address

    return Postman(
        journal=shelf.journal,
        queries=shelf.queries,
        handover=Handover(exchange, mailbox),
        ledger=book or ledger(),
        clock=now,
        applied=shelf.applied,
    )


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - rows change in a thread of the shelf
            await asyncio.sleep(0.02)


async def until_idle(shelf: Shelf, man: Postman) -> None:
    stop = asyncio.Event()
    work = asyncio.create_task(man.run(stop))
    await until(lambda: shelf.applied() == shelf.journal.last and shelf.queries.is_idle())
    stop.set()
    await work


def states(shelf: Shelf) -> dict[str, str]:
    found = shelf.queries.one("0000000000000001")
    assert found is not None
    return dict(found.recipients)


@pytest.fixture
def shelf(tmp_path: Path) -> Any:
    made = Shelf(tmp_path / "data", applies=True)
    made.start()
    yield made
    made.close()


async def test_each_place_gets_it_once(shelf: Shelf, tmp_path: Path) -> None:
    to = ("lan@example.vn", "alias@example.vn", "x@there.example", "y@there.example")
    async with serving(Fake()) as fake:
        await shelf.journal.append([entry(1, b"", *to)])
        await until_idle(shelf, postman(shelf, tmp_path, fake.port))
    assert set(states(shelf).values()) == {"delivered"}
    assert len(list((tmp_path / "mail/example.vn/lan/new").iterdir())) == 1
    assert len(fake.letters) == 1


async def test_a_bug_on_one_way_repeats_nothing_on_another(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    async def breaks(*_: Any, **__: Any) -> None:
        calls.append("once")
        raise RuntimeError("a bug")

    await shelf.journal.append([entry(1, b"", "lan@example.vn", "x@there.example")])
    man = postman(shelf, tmp_path, 1)
    monkeypatch.setattr(man.handover.exchange, "deliver", breaks)
    stop = asyncio.Event()
    work = asyncio.create_task(man.run(stop))
    await until(lambda: "deferred" in states_or_none(shelf))
    stop.set()
    await work
    assert states(shelf) == {"lan@example.vn": "delivered", "x@there.example": "deferred"}
    assert calls == ["once"]
    assert len(list((tmp_path / "mail/example.vn/lan/new").iterdir())) == 1


def states_or_none(shelf: Shelf) -> list[str]:
    found = shelf.queries.one("0000000000000001")
    return [state for _, state in found.recipients] if found else []


async def test_a_notice_that_cannot_be_written_repeats_nothing(
    shelf: Shelf, tmp_path: Path
) -> None:
    def fails() -> str:
        raise RuntimeError("a bug")

    fake = Fake({"RCPT TO:<y": b"550 5.1.1 nobody"})
    async with serving(fake):
        await shelf.journal.append([entry(1, b"", "x@there.example", "y@there.example")])
        await until_idle(shelf, postman(shelf, tmp_path, fake.port, ledger(new_id=fails)))
    assert states(shelf) == {"x@there.example": "delivered", "y@there.example": "failed"}
    assert len(fake.letters) == 1


async def test_what_takes_too_long_at_the_end_is_left_to_who_follows(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr("gateway.delivery.worker.PATIENCE_S", 0.1)
    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    await shelf.journal.append([entry(1, b"", "x@there.example")])
    man = postman(shelf, tmp_path, listening.sockets[0].getsockname()[1])
    stop = asyncio.Event()
    work = asyncio.create_task(man.run(stop))
    await until(lambda: bool(man._tasks))
    stop.set()
    async with asyncio.timeout(10):
        await work
    assert not man._tasks
    assert states(shelf) == {"x@there.example": "owed"}
    listening.close()
    await listening.wait_closed()

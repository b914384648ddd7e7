"""The postman beside a journal that fails: nothing leaves whose outcome could not be kept."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.archive.commands import Peer, Rcpt, Receive
from gateway.archive.journal import Entry, JournalError
from gateway.archive.shelf import Shelf
from gateway.delivery.exchange import Exchange
from gateway.delivery.handover import Handover
from gateway.delivery.ledger import Ledger
from gateway.delivery.worker import Postman
from gateway.mail.limits import Limits
from tests.delivery.conftest import HEAD, MakeExchange
from tests.delivery.fake import Fake, serving

MESSAGES = 12


def owed(shelf: Shelf) -> None:
    for n in range(MESSAGES):
        command = Receive(
            id=f"M{n}", at_ms=1, state="accepted", direction="in", peer=Peer("smtp", "inbound"),
            sender="a@ours.example", recipients=(Rcpt(f"x{n}@there.example"),),
        )  # fmt: skip
        shelf.journal.append_now([Entry(command, (HEAD, b"%d\r\n" % n), numbered=True)])
    assert shelf.applier is not None
    shelf.applier.catch_up()


class Failing:
    """The journal of a shelf, whose appends fail until told otherwise."""

    def __init__(self, shelf: Shelf) -> None:
        self._journal, self.fails, self.tries = shelf.journal, True, 0
        self.is_unhealed, self.looks = False, 0

    async def append(self, entries: list[Entry]) -> Any:
        self.tries += 1
        if self.fails:
            raise JournalError("the disk fails")
        return await self._journal.append(entries)

    @property
    def is_failing(self) -> bool:
        self.looks += 1
        return self.is_unhealed

    def read_at(self, segment: int, offset: int) -> Any:
        return self._journal.read_at(segment, offset)


def carrying(shelf: Shelf, journal: Failing, exchange: Exchange) -> Postman:
    return Postman(
        journal=journal,  # type: ignore[arg-type]
        queries=shelf.queries,
        handover=Handover(exchange, lambda address: address),
        ledger=Ledger(Limits(), "gateway.example", 0.0, "", lambda: 0.5, lambda: "N"),
        clock=lambda: datetime.now(UTC),
        applied=shelf.queries.applied,
    )


async def until(done: Any) -> None:
    async with asyncio.timeout(20):
        while not done():  # noqa: ASYNC110 - another task does it, and tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("connections", [1, 3])
async def test_while_results_cannot_be_kept_nothing_more_is_sent(
    tmp_path: Path, exchange: MakeExchange, connections: int
) -> None:
    fake, shelf = Fake(), Shelf(tmp_path, applies=True)
    owed(shelf)
    journal = Failing(shelf)
    async with serving(fake):
        made = exchange(port=fake.port, connections=connections)
        postman = carrying(shelf, journal, made)
        stop = asyncio.Event()
        running = asyncio.create_task(postman.run(stop))
        await until(lambda: journal.tries > 3 * connections)
        assert 1 <= len(fake.letters) <= 2 * connections
        journal.fails = False
        await until(lambda: len(fake.letters) == MESSAGES)
        await until(lambda: shelf.journal.last == 2 * MESSAGES)
        stop.set()
        await running
    assert len(set(fake.letters)) == MESSAGES
    assert shelf.applier is not None
    shelf.applier.catch_up()
    assert shelf.queries.is_idle()
    shelf.close()


async def test_while_a_failed_sync_is_not_healed_nothing_is_sent(
    tmp_path: Path, exchange: MakeExchange
) -> None:
    fake, shelf = Fake(), Shelf(tmp_path, applies=True)
    owed(shelf)
    journal = Failing(shelf)
    journal.fails, journal.is_unhealed = False, True
    async with serving(fake):
        stop = asyncio.Event()
        postman = carrying(shelf, journal, exchange(port=fake.port))
        running = asyncio.create_task(postman.run(stop))
        await until(lambda: journal.looks > 3 * MESSAGES)
        assert not fake.letters
        journal.is_unhealed = False
        await until(lambda: len(fake.letters) == MESSAGES)
        stop.set()
        await running
    shelf.close()

"""The role that runs the approval desk: one for an archive, whoever else tries."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import secrets
from dataclasses import dataclass, field
from io import BufferedWriter

from gateway.approval.book import Book
from gateway.approval.desk import Desk
from gateway.approval.office import Office
from gateway.approval.rounds import Rounds
from gateway.roles.house import House

log = logging.getLogger(__name__)

LOCK_LOOK_S = 1.0


@dataclass
class ApprovalDesk:
    """Makes its rounds until it is closed; a second one in another process waits for its turn."""

    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _work: asyncio.Task[None] | None = None

    async def open(self, house: House) -> dict[str, int]:
        self._stop = asyncio.Event()
        self._work = asyncio.create_task(self._run(house))
        return {}

    async def renew(self, house: House) -> None:
        """The round under way ends under the old rules; the next one knows the new."""
        await self.close()
        await self.open(house)

    async def close(self) -> None:
        self._stop.set()
        if self._work is not None:
            await self._work

    async def _run(self, house: House) -> None:
        with (house.settings.server.data / "desk.lock").open("wb") as lock:
            while not _taken(lock):
                if self._stop.is_set():
                    return
                await asyncio.sleep(LOCK_LOOK_S)
            await _rounds(house).run(self._stop)


def _taken(lock: BufferedWriter) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _rounds(house: House) -> Rounds:
    settings, shelf, services = house.settings, house.shelf, house.services
    office = Office.of(
        services.directory, settings.approval, settings.server.hostname, services.signer
    )
    desk = Desk(
        office=office,
        book=Book(shelf.engine),
        queries=shelf.queries,
        keyring=settings.approval_keys,
        notepad=services.notepad,
        clock=services.clock,
        random=secrets.token_bytes,
    )
    return Rounds(desk, shelf.journal, shelf.settled)

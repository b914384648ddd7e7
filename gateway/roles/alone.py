"""A role that one process at a time plays in an archive."""

from __future__ import annotations

import asyncio
import fcntl
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from io import BufferedWriter

from sqlalchemy.exc import SQLAlchemyError

from gateway.archive.journal import JournalError
from gateway.roles.house import House, Role

log = logging.getLogger(__name__)

STANDBY_S = 1.0
"""How often one who waits looks whether he is needed."""


@dataclass
class Alone(Role):
    """Works until it is closed; a second one in another process waits until the first has gone.

    ``work`` returns when it is told to stop, and what it had in hand is done.
    """

    lock: str
    """The file below the data whose holder works."""
    work: Callable[[House, asyncio.Event], Awaitable[None]]
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    async def open(self, house: House) -> dict[str, int]:
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._run(house))
        return {}

    async def renew(self, house: House) -> None:
        """One begins under the new settings when the other has come home: nothing is done twice."""
        await self.close()
        await self.open(house)

    async def close(self) -> None:
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _run(self, house: House) -> None:
        with (house.settings.server.data / self.lock).open("wb") as lock:
            while not _taken(lock):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), STANDBY_S)
                if self._stop.is_set():
                    return
            await self.work(house, self._stop)


async def rounds(
    name: str, make: Callable[[], Awaitable[None]], stop: asyncio.Event, pause_s: float
) -> None:
    """Make one round after the other until told to stop. What goes wrong outside, the disk or the
    database, is logged under ``name``, and the next round tries it again."""
    while not stop.is_set():
        try:
            await make()
        except (OSError, JournalError, SQLAlchemyError) as error:
            log.error("%s: %s", name, error)  # noqa: TRY400 - the place is in the text
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_s)


def _taken(lock: BufferedWriter) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""The role that hands on what is owed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from gateway.delivery.worker import Postman
from gateway.intake import utc_now
from gateway.roles.house import House


@dataclass
class Deliver:
    """Runs a postman until it is closed."""

    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _work: asyncio.Task[None] | None = None

    async def open(self, house: House) -> dict[str, int]:
        self._stop = asyncio.Event()
        self._work = asyncio.create_task(_postman(house).run(self._stop))
        return {}

    async def renew(self, house: House) -> None:
        """A new postman begins when the old one has come home: nothing is carried twice."""
        await self.close()
        await self.open(house)

    async def close(self) -> None:
        self._stop.set()
        if self._work is not None:
            await self._work


def _postman(house: House) -> Postman:
    settings, shelf = house.settings, house.shelf
    return Postman(
        journal=shelf.journal,
        queries=shelf.queries,
        routes=settings.routes,
        limits=settings.limits,
        hostname=settings.server.hostname,
        clock=utc_now,
        applied=shelf.applied,
    )

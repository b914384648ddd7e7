"""The role that takes what came in to the books, and makes documents findable by their words."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from gateway.directory.lookup import People
from gateway.registry.registrar import Registrar
from gateway.registry.texts import FtsTexts, texts_path
from gateway.roles.house import House


@dataclass
class Register:
    """Runs a registrar until it is closed; nothing, where there is neither book nor reader."""

    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _work: asyncio.Task[None] | None = None
    _texts: FtsTexts | None = None

    async def open(self, house: House) -> dict[str, int]:
        settings = house.settings
        if not settings.books.books and house.services.documents is None:
            return {}
        self._stop = asyncio.Event()
        self._texts = FtsTexts(texts_path(settings.server.data))
        registrar = Registrar(
            journal=house.shelf.journal,
            engine=house.shelf.engine,
            settled=house.shelf.settled,
            texts=self._texts,
            books=settings.books,
            people=settings.directory,
            directory=People(settings.directory),
            documents=house.services.documents,
        )
        self._work = asyncio.create_task(registrar.run(self._stop))
        return {}

    async def renew(self, house: House) -> None:
        """The next one begins when this one has put down what it had in hand."""
        await self.close()
        await self.open(house)

    async def close(self) -> None:
        self._stop.set()
        if self._work is not None:
            await self._work
            self._work = None
        if self._texts is not None:
            self._texts.close()
            self._texts = None

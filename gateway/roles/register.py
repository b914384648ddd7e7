"""The role that takes what came in to the books, and makes documents findable by their words."""

from __future__ import annotations

import asyncio
from contextlib import closing

from gateway.directory.lookup import People
from gateway.registry.registrar import Registrar
from gateway.registry.texts import FtsTexts, texts_path
from gateway.roles.alone import Alone
from gateway.roles.house import House, Role


def register() -> Role:
    """The next registrar begins when this one has put down what it had in hand."""
    return Alone("registrar.lock", _work)


async def _work(house: House, stop: asyncio.Event) -> None:
    settings = house.settings
    with closing(FtsTexts(texts_path(settings.server.data))) as texts:
        registrar = Registrar(
            journal=house.shelf.journal,
            engine=house.shelf.engine,
            settled=house.shelf.settled,
            texts=texts,
            books=settings.books,
            people=settings.directory,
            directory=People(settings.directory),
            documents=house.services.documents,
        )
        await registrar.run(stop)

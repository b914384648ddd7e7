"""The role that runs the approval desk: one for an archive, whoever else tries."""

from __future__ import annotations

import asyncio
import secrets

from gateway.approval.book import Book
from gateway.approval.desk import Desk
from gateway.approval.office import Office
from gateway.approval.rounds import Rounds
from gateway.roles.alone import Alone
from gateway.roles.house import House, Role


def desk() -> Role:
    """The round under way ends under the old rules; the next one knows the new."""
    return Alone("desk.lock", _work)


async def _work(house: House, stop: asyncio.Event) -> None:
    await _rounds(house).run(stop)


def _rounds(house: House) -> Rounds:
    settings, shelf, services = house.settings, house.shelf, house.services
    office = Office.of(
        services.directory, settings.approval, settings.server.hostname, services.signer
    )
    office_desk = Desk(
        office=office,
        book=Book(shelf.engine),
        queries=shelf.queries,
        keyring=settings.approval_keys,
        notepad=services.notepad,
        clock=services.clock,
        random=secrets.token_bytes,
    )
    return Rounds(office_desk, shelf.journal, shelf.settled)

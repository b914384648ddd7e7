"""From settings to services: the only place where what filters may ask for is built."""

from __future__ import annotations

from contextlib import AsyncExitStack

from gateway.archive.notepad import FileNotepad
from gateway.directory.lookup import People
from gateway.mail.services import Services, SystemClock
from gateway.settings.read import Settings


async def open_services(settings: Settings, stack: AsyncExitStack) -> Services:
    """Everything that the settings ask for. What has to be closed is pushed on ``stack``.

    Called again at a reload, with a stack of its own.
    """
    server = settings.server
    server.data.mkdir(parents=True, exist_ok=True)
    notepad = FileNotepad(server.data / "notepad.db")
    stack.callback(notepad.close)
    return Services(
        directory=People(settings.directory),
        clock=SystemClock(),
        notepad=notepad,
        hostname=server.hostname,
    )

"""From settings to services: the only place where what filters may ask for is built."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from sqlalchemy import Engine

from gateway.archive.notepad import FileNotepad
from gateway.archive.schema import open_database
from gateway.delivery.callout import Callout
from gateway.delivery.exchange import Exchange
from gateway.delivery.route import ServerRoute
from gateway.delivery.tls_counts import TlsCounts
from gateway.directory.correspondents import Correspondents
from gateway.directory.lookup import People
from gateway.dns.resolver import Resolver
from gateway.dns.settings import DnsSettings
from gateway.dns.zone import read_zone
from gateway.documents.room import GlassRoom
from gateway.identity.signing import KeyringSigner
from gateway.identity.suffix import organisational
from gateway.identity.verifier import Verifier
from gateway.intake import utc_now
from gateway.mail.dns import Dns
from gateway.mail.services import Services, SystemClock
from gateway.registry.aliases import Aliases
from gateway.registry.given import GivenNumbers
from gateway.roles.chapters import chapters
from gateway.settings.read import Settings
from gateway.spam.nose import Nose, wall_ms

log = logging.getLogger(__name__)


async def open_services(settings: Settings, stack: AsyncExitStack) -> Services:
    """Everything that the settings ask for. What has to be closed is pushed on ``stack``.

    Called again at a reload, with a stack of its own.
    """
    server = settings.server
    server.data.mkdir(parents=True, exist_ok=True)
    notepad = FileNotepad(server.data / "notepad.db")
    stack.callback(notepad.close)
    await asyncio.to_thread(organisational, "songoaivu.example")  # Reads the public suffix list.
    dns, clock = open_dns(settings.origin.dns, stack), SystemClock()
    room = GlassRoom(settings.documents, clock.now)
    stack.push_async_callback(room.close)
    rows = _rows(settings, stack)
    return Services(
        directory=People(settings.directory),
        clock=clock,
        notepad=notepad,
        hostname=server.hostname,
        desk_domain=settings.approval.domain or server.hostname,
        dns=dns,
        identity=Verifier(dns, clock, server.hostname),
        signer=KeyringSigner(settings.origin.keyring),
        nose=Nose(settings.spam.folder, wall_ms),
        documents=room,
        correspondents=Correspondents(settings.correspondents, Aliases(rows).confirmed),
        books=GivenNumbers(settings.books, settings.directory, rows),
        backend=_backend(settings, stack),
    )


def _rows(settings: Settings, stack: AsyncExitStack) -> Callable[[], Engine | None]:
    """Opens the archive's rows, which another process may make; None while there are none."""
    index = settings.server.data / "index.db"

    def opened() -> Engine | None:
        if not index.exists():
            return None
        engine = open_database(index, read_only=True, chapters=chapters())
        stack.callback(engine.dispose)
        return engine

    return opened


def _backend(settings: Settings, stack: AsyncExitStack) -> Callout | None:
    """Asks the servers behind us about mailboxes; None where every mailbox is our own."""
    routes = settings.routes
    if not any(isinstance(route, ServerRoute) for route in routes.routes):
        return None
    counts = TlsCounts(settings.server.data / "tls", utc_now)
    asked = Exchange(routes, settings.server.hostname, time.monotonic, counts)
    stack.push_async_callback(asked.close)
    return Callout(asked)


def open_dns(settings: DnsSettings, stack: AsyncExitStack) -> Dns:
    """The resolver of this event loop. ValueError where the machine names none to ask."""
    if settings.zone is not None:
        log.warning("the DNS is not asked: dns.zone in vanthu.toml says to believe a file")
        return read_zone(settings.zone)
    resolver = Resolver(settings)
    stack.push_async_callback(resolver.aclose)
    return resolver

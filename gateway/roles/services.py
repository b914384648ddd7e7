"""From settings to services: the only place where what filters may ask for is built."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from gateway.archive.notepad import FileNotepad
from gateway.archive.schema import open_database
from gateway.delivery.route import ServerRoute
from gateway.directory.correspondents import Correspondents
from gateway.directory.lookup import People
from gateway.dns.settings import DnsSettings
from gateway.intake import utc_now
from gateway.mail.dns import Dns
from gateway.mail.papers import Documents
from gateway.mail.services import Services, Signer, SystemClock
from gateway.registry.aliases import Aliases
from gateway.settings.read import Settings

if TYPE_CHECKING:
    from gateway.delivery.callout import Callout

log = logging.getLogger(__name__)


EVERYTHING = frozenset({"smtp", "quarantine"})
"""Roles that ask filters, who may ask for anything."""

WRITING = frozenset({"desk", "deliver", "duty"})
"""Roles that write letters of their own, which are signed."""


async def open_services(
    settings: Settings, stack: AsyncExitStack, roles: Iterable[str] = EVERYTHING
) -> Services:
    """What these roles ask for, by the settings. What has to be closed is pushed on ``stack``.

    A room is imported when it is opened: a process pays for what its roles use. Called again at a
    reload, with a stack of its own.
    """
    server = settings.server
    server.data.mkdir(parents=True, exist_ok=True)
    notepad = FileNotepad(server.data / "notepad.db")
    stack.callback(notepad.close)
    plain = Services(
        directory=People(settings.directory),
        clock=SystemClock(),
        notepad=notepad,
        hostname=server.hostname,
        desk_domain=settings.approval.domain or server.hostname,
    )
    wanted = set(roles)
    if wanted & EVERYTHING:
        return await _for_filters(settings, stack, plain)
    dns = open_dns(settings.origin.dns, stack) if "deliver" in wanted else None
    documents = _documents(settings, stack) if "register" in wanted else None
    signer = _signer(settings) if wanted & WRITING else None
    return replace(plain, dns=dns, documents=documents, signer=signer)


async def _for_filters(settings: Settings, stack: AsyncExitStack, plain: Services) -> Services:
    from gateway.identity.suffix import organisational
    from gateway.identity.verifier import Verifier
    from gateway.registry.given import GivenNumbers
    from gateway.spam.nose import Nose, wall_ms

    await asyncio.to_thread(organisational, "songoaivu.example")  # Reads the public suffix list.
    dns = open_dns(settings.origin.dns, stack)
    rows = _rows(settings, stack)
    return replace(
        plain,
        dns=dns,
        identity=Verifier(dns, plain.clock, plain.hostname),
        signer=_signer(settings),
        nose=Nose(settings.spam.folder, wall_ms),
        documents=_documents(settings, stack),
        correspondents=Correspondents(settings.correspondents, Aliases(rows).confirmed),
        books=GivenNumbers(settings.books, settings.directory, rows),
        backend=_backend(settings, stack),
        envelope=settings.secrecy.envelope,
    )


def _signer(settings: Settings) -> Signer:
    from gateway.identity.signing import KeyringSigner

    return KeyringSigner(settings.origin.keyring)


def _documents(settings: Settings, stack: AsyncExitStack) -> Documents:
    from gateway.documents.room import GlassRoom

    room = GlassRoom(settings.documents, SystemClock().now)
    stack.push_async_callback(room.close)
    links = (link for chain in settings.chains.values() for step in chain.steps for link in step)
    if any(link.filter.reads_documents for link in links):
        room.warm_up()
    return room


def _rows(settings: Settings, stack: AsyncExitStack) -> Callable[[], Engine | None]:
    """Opens the archive's rows, which another process may make; None while there are none."""
    index = settings.server.data / "index.db"

    def opened() -> Engine | None:
        if not index.exists():
            return None
        engine = open_database(index, read_only=True)
        stack.callback(engine.dispose)
        return engine

    return opened


def _backend(settings: Settings, stack: AsyncExitStack) -> Callout | None:
    """Asks the servers behind us about mailboxes; None where every mailbox is our own."""
    routes = settings.routes
    if not any(isinstance(route, ServerRoute) for route in routes.routes):
        return None
    from gateway.delivery.callout import Callout
    from gateway.delivery.exchange import Exchange
    from gateway.delivery.tls_counts import TlsCounts

    counts = TlsCounts(settings.server.data / "tls", utc_now)
    asked = Exchange(routes, settings.server.hostname, time.monotonic, counts)
    stack.push_async_callback(asked.close)
    return Callout(asked)


def open_dns(settings: DnsSettings, stack: AsyncExitStack) -> Dns:
    """The resolver of this event loop. ValueError where the machine names none to ask."""
    from gateway.dns.resolver import Resolver
    from gateway.dns.zone import read_zone

    if settings.zone is not None:
        log.warning("the DNS is not asked: dns.zone in vanthu.toml says to believe a file")
        return read_zone(settings.zone)
    resolver = Resolver(settings)
    stack.push_async_callback(resolver.aclose)
    return resolver

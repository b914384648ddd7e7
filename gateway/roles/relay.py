"""The gateway in one process: doors, archive and postman on one event loop."""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from gateway.archive.journal import JournalError, Kept
from gateway.archive.notepad import FileNotepad
from gateway.archive.shelf import Shelf
from gateway.chain.inspection import Inspection, Outcome
from gateway.delivery.worker import Postman
from gateway.directory.lookup import People
from gateway.directory.passwords import Passwords
from gateway.intake import answer, entry, refusal, utc_now
from gateway.mail.acquaintance import Acquaintance
from gateway.mail.services import Services, SystemClock
from gateway.mail.verdict import Desk, Discard
from gateway.roles.chapters import chapters
from gateway.roles.health import Health
from gateway.runtime import systemd
from gateway.settings.read import Settings
from gateway.smtp.door import Answer, Budget, Crowd, Door, ListenerTable
from gateway.smtp.server import Server
from gateway.smtp.sign_in import PasswordSignIn

log = logging.getLogger(__name__)

REFUSED_PER_HOUR = 60
"""Refusals of one client that are kept in the archive; more are only counted."""


@dataclass
class Relay:
    """Everything that runs, in the order in which it is opened."""

    settings: Settings
    shelf: Shelf = field(init=False)
    _servers: list[Server] = field(default_factory=list)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _pending: set[asyncio.Future[list[Kept]]] = field(default_factory=set)

    async def run(self, told: Callable[[dict[str, int]], None]) -> None:
        """Open, tell the ports, work until SIGTERM or SIGINT, and close in order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        server = self.settings.server
        server.data.mkdir(parents=True, exist_ok=True)
        notepad = FileNotepad(server.data / "notepad.db")
        self.shelf = Shelf(server.data, applies=True, chapters=chapters())
        self.shelf.start()
        services = Services(
            directory=People(self.settings.directory),
            clock=SystemClock(),
            notepad=notepad,
            hostname=server.hostname,
        )
        postman = asyncio.create_task(self._postman().run(self._stop))
        health = Health(self.shelf, self._servers)
        try:
            ports = await self._open(services, loop)
            ports["metrics"] = await health.open(server.metrics_host, server.metrics_port)
            told(ports)
            systemd.notify("READY=1")
            await self._work()
        finally:
            self._stop.set()
            systemd.notify("STOPPING=1")
            log.info("stopping")
            await asyncio.gather(*(door.close() for door in self._servers))
            await health.close()
            await postman
            if self._pending:
                await asyncio.wait(self._pending, timeout=10)
            await asyncio.to_thread(self.shelf.close)
            notepad.close()

    async def _work(self) -> None:
        """Until told to stop; systemd hears that the loop still turns."""
        patience_s = systemd.watchdog_s() or None
        while not self._stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), patience_s)
            systemd.notify("WATCHDOG=1")

    def _postman(self) -> Postman:
        shelf = self.shelf
        assert shelf.applier is not None
        applier = shelf.applier
        return Postman(
            journal=shelf.journal,
            queries=shelf.queries,
            routes=self.settings.routes,
            limits=self.settings.limits,
            hostname=self.settings.server.hostname,
            clock=utc_now,
            applied=lambda: applier.seq,
        )

    async def _open(self, services: Services, loop: asyncio.AbstractEventLoop) -> dict[str, int]:
        settings = self.settings
        tls = _tls(settings)
        budget, crowd = Budget(settings.limits.bytes_in_flight), Crowd()
        sign_in = PasswordSignIn(Passwords(settings.passwords), services)
        ports: dict[str, int] = {}
        for name, table in settings.listeners.items():
            door = Door(
                table=table,
                chain=settings.chains[table.chain],
                services=services,
                limits=settings.limits,
                keep=self._keep,
                refused=self._refused,
                sign_in=sign_in if _takes_logins(table) else None,
                tls=tls,
                budget=budget,
                crowd=crowd,
                loop=loop,
            )
            server = Server(door)
            self._servers.append(server)
            ports[name] = await server.open()
        return ports

    async def _keep(self, outcome: Outcome) -> Answer:
        kept = await self.shelf.journal.append([entry(outcome, utc_now())])
        text = answer(outcome, kept[0])
        log.info("mail %s: %s", outcome.transaction.id, text)
        _meet(outcome)
        return Answer(text)

    def _refused(self, walk: Inspection, reply: str) -> None:
        client = str(walk.session.client)
        log.info("mail %s from %s: %s", walk.transaction.id or "-", client, reply)
        kept = walk.session.services.notepad.count("refused", client, 3600.0)
        if kept > REFUSED_PER_HOUR:
            return
        future = self.shelf.journal.append([refusal(walk, reply, utc_now())])
        self._pending.add(future)
        future.add_done_callback(self._noted)

    def _noted(self, future: asyncio.Future[list[Kept]]) -> None:
        self._pending.discard(future)
        if isinstance(error := future.exception(), JournalError):
            log.warning("a refusal was not kept: %s", error)


def _meet(outcome: Outcome) -> None:
    """Whom our people write to is known from now on; not by what is suspected to be no theirs."""
    session = outcome.transaction.session
    if session.is_inbound or isinstance(outcome.verdict, Discard):
        return
    if Desk.QUARANTINE not in outcome.desks:
        directory = session.services.directory
        named = (recipient.address for recipient in outcome.recipients)
        outside = [address for address in named if not directory.is_ours(address.domain)]
        people = Acquaintance(session.services.notepad)
        people.note(outcome.transaction.sender, outside, outcome.message)


def _takes_logins(table: ListenerTable) -> bool:
    return table.purpose != "inbound"


def _tls(settings: Settings) -> ssl.SSLContext | None:
    server = settings.server
    if server.certificate is None or server.key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(server.certificate, server.key)
    return context

"""The role that takes mail from clients: one door for each listener."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.archive.journal import JournalError, Kept
from gateway.archive.shelf import Shelf
from gateway.chain.inspection import Inspection, Outcome
from gateway.directory.passwords import Passwords
from gateway.intake import answer, entry, refusal, regret, utc_now
from gateway.mail.acquaintance import Acquaintance
from gateway.mail.services import Services
from gateway.mail.verdict import Desk, Discard
from gateway.roles.house import House, Role
from gateway.runtime import systemd
from gateway.settings.read import Settings
from gateway.smtp.budget import Budget
from gateway.smtp.door import Crowd, Door, ListenerTable
from gateway.smtp.server import Server
from gateway.smtp.sign_in import PasswordSignIn
from gateway.smtp.wire import BUG

log = logging.getLogger(__name__)

REFUSED_PER_HOUR = 60
"""Refusals of one client that are kept in the archive; more are only counted."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Where the doors' outcomes go: into the journal."""

    shelf: Shelf
    pending: set[asyncio.Future[list[Kept]]] = field(default_factory=set)
    """Refusals on their way to the disk."""

    def keep(self, outcome: Outcome, told: Callable[[str], None]) -> None:
        future = self.shelf.journal.append([entry(outcome, utc_now())])
        future.add_done_callback(lambda kept: told(_reply(outcome, kept)))

    def refused(self, walk: Inspection, reply: str) -> None:
        client = Crowd.key(walk.session.client)
        log.info("mail %s from %s: %s", walk.transaction.id or "-", walk.session.client, reply)
        kept = walk.session.services.notepad.count("refused", client, 3600.0)
        if kept > REFUSED_PER_HOUR:
            return
        future = self.shelf.journal.append([refusal(walk, reply, utc_now())])
        self.pending.add(future)
        future.add_done_callback(self._noted)

    def _noted(self, future: asyncio.Future[list[Kept]]) -> None:
        self.pending.discard(future)
        if isinstance(error := future.exception(), JournalError):
            log.warning("a refusal was not kept: %s", error)


@dataclass
class Doors(Role):
    """All listeners of one process; bytes in memory and clients are counted over all of them."""

    crowd: Crowd = field(default_factory=Crowd)
    _handed: dict[str, list[socket.socket]] = field(default_factory=systemd.inherited)
    """Sockets that systemd has opened for listeners of these names."""
    _intake: Intake | None = None
    _budget: Budget | None = None
    _servers: dict[tuple[str, int], list[Server]] = field(default_factory=dict)
    _closing: list[Server] = field(default_factory=list)
    """No longer in the settings; who came through them is still here."""
    _tls: ssl.SSLContext | None = None
    _words: Mapping[str, str] = field(default_factory=dict[str, str])
    """Hashes of the passwords by which those who are here have signed in."""

    async def open(self, house: House) -> dict[str, int]:
        self._intake = Intake(house.shelf)
        self._budget = budget = Budget(house.settings.limits.bytes_in_flight)
        house.gauges["connections"] = ("Clients connected", lambda: self.crowd.all)
        house.gauges["bytes_in_flight"] = ("Message bytes in memory", lambda: budget.used)
        return await self._listen(house)

    async def renew(self, house: House) -> None:
        """Clients who come from now on meet the new settings. Whose password was changed, or who
        may sign in no more, is sent away: what he could do ends with it."""
        assert self._budget is not None
        ended = self._ended(house)
        self._budget.limit = house.settings.limits.bytes_in_flight
        await self._listen(house)
        for server in self._every():
            server.send_away(ended)
        wanted = {(table.host, table.port) for table in house.settings.listeners.values()}
        for place in set(self._servers) - wanted:
            self._closing += self._servers.pop(place)
        await asyncio.gather(*(server.close() for server in self._closing))

    def _ended(self, house: House) -> frozenset[str]:
        """Logins whose way of signing in, as it was until now, is worth nothing under these
        settings."""
        people, words = house.settings.directory.people, house.settings.passwords
        gone = {login for login, word in self._words.items() if words.get(login) != word}
        known = self._words.keys() - gone
        return frozenset(gone | {one for one in known if one not in people or people[one].disabled})

    async def left(self, services: Services) -> None:
        await asyncio.gather(*(server.left(services) for server in self._every()))
        self._closing = [server for server in self._closing if server.is_busy]

    async def close(self) -> None:
        await asyncio.gather(*(server.close() for server in self._every()))
        if self._intake is not None and self._intake.pending:
            await asyncio.wait(self._intake.pending, timeout=10)

    def _every(self) -> list[Server]:
        return [*(s for servers in self._servers.values() for s in servers), *self._closing]

    async def _listen(self, house: House) -> dict[str, int]:
        tls = self._tls = _tls(house.settings, self._tls)
        self._words = house.settings.passwords
        sign_in = PasswordSignIn(Passwords(house.settings.passwords), house.services)
        ports: dict[str, int] = {}
        for name, table in house.settings.listeners.items():
            door = self._door(house, table, sign_in, tls)
            place = (table.host, table.port)
            if place in self._servers:
                for server in self._servers[place]:
                    server.door = door
                continue
            handed: list[socket.socket | None] = [*self._handed.pop(name, [])]
            for sock in handed or [None]:
                server = Server(door)
                ports[name] = await server.open(sock)
                self._servers.setdefault(place, []).append(server)
        return ports

    def _door(
        self,
        house: House,
        table: ListenerTable,
        sign_in: PasswordSignIn,
        tls: ssl.SSLContext | None,
    ) -> Door:
        assert self._intake is not None
        assert self._budget is not None
        return Door(
            table=table,
            chain=house.settings.chains[table.chain],
            services=house.services,
            limits=house.settings.limits,
            keep=self._intake.keep,
            refused=self._intake.refused,
            sign_in=sign_in if _takes_logins(table) else None,
            tls=tls,
            budget=self._budget,
            crowd=self.crowd,
            loop=asyncio.get_running_loop(),
        )


def _reply(outcome: Outcome, kept: asyncio.Future[list[Kept]]) -> str:
    """What the client is told: a 250 only for what is on disk."""
    id_ = outcome.transaction.id
    if kept.cancelled():
        return BUG
    error = kept.exception()
    if error is None:
        text = answer(outcome, kept.result()[0])
        log.info("mail %s: %s", id_, text)
        _meet(outcome)
        return text
    if isinstance(error, JournalError):
        return regret(error)
    log.error("mail %s was not kept", id_, exc_info=error)
    return BUG


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


def _tls(settings: Settings, known: ssl.SSLContext | None) -> ssl.SSLContext | None:
    """``known`` with the certificate as it is on disk now: listeners keep the one they got."""
    server = settings.server
    if server.certificate is None or server.key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(server.certificate, server.key)  # Here it is found out if it is bad.
    if known is None:
        return context
    known.load_cert_chain(server.certificate, server.key)
    return known

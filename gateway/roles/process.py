"""One process of the gateway: the roles it was given, from the first signal to the last."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from importlib import import_module

from gateway.archive.shelf import Shelf
from gateway.mail.services import Services
from gateway.roles.chapters import chapters
from gateway.roles.house import House, Role
from gateway.roles.services import open_services
from gateway.roles.tuning import tune
from gateway.runtime import systemd
from gateway.runtime.running import Mark
from gateway.settings.errors import Mistakes
from gateway.settings.read import Settings, read_settings

log = logging.getLogger(__name__)

RUNNING = "running"
"""The folder below the data in which each process says that it runs."""

ROLES = {
    "store": "gateway.roles.store:Store",
    "register": "gateway.roles.register:register",
    "hooks": "gateway.roles.hooks:hooks",
    "deliver": "gateway.roles.deliver:deliver",
    "desk": "gateway.roles.desk:desk",
    "smtp": "gateway.roles.doors:Doors",
    "monitor": "gateway.roles.health:Monitor",
    "trainer": "gateway.roles.trainer:Teacher",
    "quarantine": "gateway.roles.quarantine:quarantine",
    "duty": "gateway.roles.duty:duty",
}
"""Every role, in the order in which they are opened where one process does them all, and where it
is found: imported by the process that does it, and by no other."""


def role(name: str) -> Role:
    """A role that is not yet open."""
    module, _, kind = ROLES[name].partition(":")
    made: Role = getattr(import_module(module), kind)()
    return made


@dataclass
class Process:
    """Opens its roles in order, and closes them in the other order."""

    settings: Settings
    names: Sequence[str] = tuple(ROLES)
    _roles: list[Role] = field(default_factory=list)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _reload: asyncio.Event = field(default_factory=asyncio.Event)
    _mark: Mark = field(init=False)
    _kept: AsyncExitStack = field(default_factory=AsyncExitStack)
    """What the services hold that are in use now."""
    _leaving: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    """Of each reload whose old services somebody still uses."""

    async def run(self, told: Callable[[dict[str, int]], None]) -> None:
        """Open, tell the ports, work until SIGTERM or SIGINT, and close in order.

        SIGHUP reads the settings again; if they are wrong, the old ones stay.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        async with AsyncExitStack() as stack:
            self._mark = Mark(self.settings.server.data / RUNNING, self.names)
            stack.callback(self._mark.close)
            stack.push_async_callback(self._give_back)  # Services end last.
            house = await self._furnish(stack)
            ports: dict[str, int] = {}
            for name in (name for name in ROLES if name in self.names):
                ports |= await (opened := role(name)).open(house)
                stack.push_async_callback(opened.close)
                self._roles.append(opened)
            tune()
            told(ports)
            systemd.notify("READY=1")
            await self._work(house)
            systemd.notify("STOPPING=1")
            log.info("stopping")

    async def _furnish(self, stack: AsyncExitStack) -> House:
        services = await open_services(self.settings, self._kept, self.names)
        shelf = Shelf(self.settings.server.data, applies="store" in self.names, chapters=chapters())
        stack.push_async_callback(asyncio.to_thread, shelf.close)
        return House(self.settings, services, shelf)

    async def _work(self, house: House) -> None:
        """Until told to stop; systemd hears that the loop still turns."""
        patience_s = systemd.watchdog_s() or None
        waits = {asyncio.create_task(self._stop.wait())}
        while not self._stop.is_set():
            waits.add(reload := asyncio.create_task(self._reload.wait()))
            await asyncio.wait(waits, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
            waits.discard(reload)
            reload.cancel()
            systemd.notify("WATCHDOG=1")
            if self._reload.is_set():
                self._reload.clear()
                house = await self._renewed(house)

    async def _renewed(self, house: House) -> House:
        """The house under the settings as they are on paper now, or as it was if they are wrong."""
        systemd.reloading()
        kept = AsyncExitStack()
        try:
            settings = await asyncio.to_thread(read_settings, house.settings.folder)
            services = await open_services(settings, kept, self.names)
            fresh = replace(house, settings=settings, services=services)
            await self._renew(fresh, house)
        except Mistakes as mistakes:
            for mistake in mistakes.mistakes:
                log.error("settings: %s", mistake)  # noqa: TRY400 - the place is in the text
            log.error("settings: %d mistakes; the old ones stay", len(mistakes.mistakes))  # noqa: TRY400
            self._mark.reloaded("\n".join(map(str, mistakes.mistakes)))
            await kept.aclose()
        except OSError as error:
            log.error("settings could not be renewed, the old ones stay: %s", error)  # noqa: TRY400
            self._mark.reloaded(str(error))
            await kept.aclose()
        else:
            log.info("settings read again")
            _tell_what_waits(house.settings, settings)
            self._mark.reloaded("")
            old, self._kept = self._kept, kept
            self._leaving.add(task := asyncio.create_task(self._leave(house.services, old)))
            task.add_done_callback(self._leaving.discard)
            house = fresh
        systemd.notify("READY=1")
        return house

    async def _renew(self, fresh: House, house: House) -> None:
        """Let every role go on under fresh settings. OSError where one cannot: then none does."""
        for n, one in enumerate(self._roles):
            try:
                await one.renew(fresh)
            except OSError:
                for again in self._roles[: n + 1]:
                    await again.renew(house)
                raise

    async def _leave(self, services: Services, kept: AsyncExitStack) -> None:
        """Close old services when the last who came while they were there has gone."""
        async with kept:
            for one in self._roles:
                await one.left(services)

    async def _give_back(self) -> None:
        """Close all services; whoever used them is gone."""
        for task in (leaving := list(self._leaving)):
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        await self._kept.aclose()


def _tell_what_waits(old: Settings, new: Settings) -> None:
    """Settings that a running process cannot change."""
    if old.server.data != new.server.data:
        log.warning("server.data is another folder now: that counts from the next start on")

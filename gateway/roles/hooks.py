"""The role that tells other software what happens in the books."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from gateway.delivery.post import Post, TryAgain
from gateway.registry.contents import contents
from gateway.registry.edxml import Organ
from gateway.registry.hooks import (
    OFFICE,
    Event,
    HookTable,
    Letter,
    Mark,
    after,
    in_edxml,
    in_json,
    newest,
    organ_of,
)
from gateway.registry.rights import Rights
from gateway.roles.alone import Alone
from gateway.roles.house import House, Role
from gateway.spam import versions

log = logging.getLogger(__name__)

LOOK_S = 1.0
FIRST_S, LONGEST_S = 2.0, 300.0
"""Pauses after a failure: twice as long each time."""


def hooks() -> Role:
    """One process tells; whoever is told by two would be told everything twice."""
    return Alone("hooks.lock", _work)


async def _work(house: House, stop: asyncio.Event) -> None:
    folder = house.settings.server.data / "hooks"
    folder.mkdir(exist_ok=True)
    told = [
        Told(house, key, hook, folder / key) for key, hook in house.settings.books.hooks.items()
    ]
    await asyncio.gather(*(one.run(stop) for one in told))


@dataclass
class Told:
    """One program, told one event after the other; what it does not take waits, and so does what
    comes after it."""

    house: House
    key: str
    hook: HookTable
    place: Path
    failures: int = field(default=0)

    async def run(self, stop: asyncio.Event) -> None:
        """Until it is told to stop. What happened before the hook was set is not told."""
        post = Post(self.hook.url, self.hook.secret.read_bytes().strip(), self.hook.ca,
                    self.hook.timeout_s)  # fmt: skip
        mark = self._read()
        if mark is None:
            mark = await asyncio.to_thread(newest, self.house.shelf.engine)
            self._write(mark)
        while not stop.is_set():
            try:
                mark = await self._some(post, mark, stop)
                wait_s = LOOK_S
            except (TryAgain, SQLAlchemyError, OSError) as error:
                wait_s = min(FIRST_S * 2**self.failures, LONGEST_S)
                self.failures += 1
                log.warning("hook %s: %s; again in %.0f s", self.key, error, wait_s)
                mark = self._read() or mark
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait_s)

    async def _some(self, post: Post, mark: Mark, stop: asyncio.Event) -> Mark:
        engine = self.house.shelf.engine
        end = await asyncio.to_thread(newest, engine)
        events = await asyncio.to_thread(after, engine, mark, self.hook)
        for event in events:
            if stop.is_set():
                break
            letter = await asyncio.to_thread(self._letter, event)
            if letter is not None:
                now_s = int(self.house.services.clock.now().timestamp())
                got = await post(letter.id, letter.kind, letter.media_type, letter.body, now_s)
                if got == "unwanted":
                    log.error("hook %s does not want event %s (%s); it is left out",
                              self.key, letter.id, letter.kind)  # fmt: skip
            self.failures, mark = 0, event.mark
            await asyncio.to_thread(self._write, mark)
        return mark if events else max(mark, end)  # What it does not want is looked at once.

    def _letter(self, event: Event) -> Letter | None:
        if self.hook.form == "json":
            return in_json(event)
        settings, shelf = self.house.settings, self.house.shelf
        names = Rights(settings.directory, settings.books).names
        sender = Organ(settings.books.office.code, names.head(event.line.unit, event.line.date))
        to = [organ_of(self.hook.organ)] if self.hook.organ else []
        now: datetime = self.house.services.clock.now().astimezone(OFFICE)
        return in_edxml(
            event, sender, to, lambda line: contents(shelf.engine, shelf.queries, line), now
        )

    def _read(self) -> Mark | None:
        try:
            seq, entry = self.place.read_text(encoding="ascii").split()
            return int(seq), int(entry)
        except FileNotFoundError:
            return None

    def _write(self, mark: Mark) -> None:
        versions.put(self.place, f"{mark[0]} {mark[1]}\n".encode())

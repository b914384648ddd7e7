"""The gateway's side of the glass room: hands in bytes, gets facts, and outlives whatever happens.

One warm parent runs beside the gateway and is started again when it ends. What readers answer
was written by a process that a stranger may have taken over, so it is checked like any input.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from gateway.documents.answer import facts_from
from gateway.documents.jail import Bounds, Grade
from gateway.documents.orders import Order, Ready, Setup
from gateway.documents.parent import Away, Parent
from gateway.documents.settings import DocumentsTable
from gateway.mail.papers import DocumentFacts, Ended
from gateway.runtime.words import retold, tr

log = logging.getLogger(__name__)

REMEMBERED = 64
"""Documents whose facts are kept: several filters ask, and a client told 451 comes back."""
REMEMBERED_BYTES = 2 * 1024 * 1024
"""Facts larger than about this are not kept."""
IDLE_S = 1800.0
"""Without a document, after which the readers' parent is closed."""
TRIES = 2
"""A parent that ended while it had a document is started again, once for each document."""


class GlassRoom:
    """``Documents`` for the running gateway."""

    def __init__(
        self,
        table: DocumentsTable,
        clock: Callable[[], datetime],
        *,
        with_pictures: bool = False,
    ) -> None:
        """``with_pictures``: facts have ``preview`` and ``heading``, which filters need not."""
        self._table, self._clock, self._with_pictures = table, clock, with_pictures
        self._bounds = Bounds(table.memory_mib, table.cpu_s, table.wall_s)
        self._slots = asyncio.Semaphore(table.at_once)
        self._waiting = 0
        self._number = 0
        self._parent: Parent | None = None
        self._starting = asyncio.Lock()
        self._authorities_at = 0.0
        self._rest: asyncio.TimerHandle | None = None
        self._warming: asyncio.Task[None] | None = None
        self._known: OrderedDict[str, DocumentFacts] = OrderedDict()
        self._reading: dict[str, asyncio.Task[DocumentFacts]] = {}

    async def start(self) -> Ready:
        """Start the parent, and say how strong the walls are and what can be read."""
        return (await self._ready()).ready

    def warm_up(self) -> None:
        """Start the parent in a while, when the gateway itself has started."""
        if self._table.warm_s and self._warming is None:
            self._warming = asyncio.get_running_loop().create_task(self._warmed())

    async def _warmed(self) -> None:
        await asyncio.sleep(self._table.warm_s)
        try:
            await self._ready()
        except Away as error:  # The first document will find out, too, and its mail will wait.
            log.warning("documents: %s", error)
        self._rest_later()

    async def close(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        if self._warming is not None:
            self._warming.cancel()
            with suppress(asyncio.CancelledError):
                await self._warming
        for task in list(self._reading.values()):
            task.cancel()
        if self._parent is not None:
            await self._parent.close()

    async def facts(self, data: bytes, name: str) -> DocumentFacts:
        """What is known of a file; read once, however many ask, and not again if one gives up."""
        digest = sha256(data).hexdigest()
        if (known := self._known.get(digest)) is not None:
            self._known.move_to_end(digest)
            return replace(known, name=name)
        task = self._reading.get(digest)
        if task is None:
            task = asyncio.create_task(self._read(data, name, digest))
            self._reading[digest] = task
            task.add_done_callback(lambda done: self._keep(digest, done))
        return replace(await asyncio.shield(task), name=name)

    def _keep(self, digest: str, task: asyncio.Task[DocumentFacts]) -> None:
        self._reading.pop(digest, None)
        if task.cancelled() or task.exception() is not None:
            return
        facts = task.result()
        size = len(facts.preview) + len(facts.heading) + 4 * len(facts.text)
        if facts.ended.how != "away" and size < REMEMBERED_BYTES:
            self._known[digest] = facts
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    async def _read(self, data: bytes, name: str, digest: str) -> DocumentFacts:
        plain = DocumentFacts(name=name, size=len(data), sha256=digest)
        if self._waiting >= self._table.waiting:
            detail = f"{self._waiting} documents wait already"
            return replace(plain, ended=Ended(how="away", detail=detail))
        self._waiting += 1
        try:
            async with self._slots:
                return await self._tried(data, plain)
        finally:
            self._waiting -= 1
            self._rest_later()

    def _rest_later(self) -> None:
        """A warm parent takes 150 MiB; where no document comes for long, it goes."""
        if self._rest is not None:
            self._rest.cancel()
        self._rest = asyncio.get_running_loop().call_later(IDLE_S, self._go_to_rest)

    def _go_to_rest(self) -> None:
        if self._parent is not None and not self._reading:
            self._parent.retire()

    async def _tried(self, data: bytes, plain: DocumentFacts) -> DocumentFacts:
        why = ""
        for _ in range(TRIES):
            try:
                parent = await self._ready()
                self._number += 1
                order = Order(
                    id=self._number,
                    name=plain.name,
                    now=self._clock().isoformat(),
                    ocr=self._table.ocr,
                    pictures=self._with_pictures,
                    max_pages=self._table.pages,
                )
                lines, ending = await parent.read(order, data)
                return facts_from(lines, ending, plain)
            except Away as error:
                why = str(error)
                log.warning("documents: %s; starting it again", why)
        return replace(plain, ended=Ended(how="away", detail=why))

    async def _ready(self) -> Parent:
        async with self._starting:
            newest = await asyncio.to_thread(_newest, self._table.ca_folder)
            parent = self._parent
            if parent is not None and parent.is_alive and newest == self._authorities_at:
                return parent
            if parent is not None:
                parent.retire()
            self._authorities_at = newest
            self._parent = await self._started()
            return self._parent

    async def _started(self) -> Parent:
        table = self._table
        setup = Setup(
            memory_mib=table.memory_mib,
            cpu_s=table.cpu_s,
            wall_s=table.wall_s,
            ca_folder=str(table.ca_folder or ""),
            languages=table.languages if table.ocr else "",
            second_engine=table.second_engine,
        )
        parent = await Parent.start(setup, self._bounds)
        ready = parent.ready
        if table.need_jail and not _is_jailed(ready):
            await parent.close()
            raise Away(f"need_jail is set, and here is not all of a jail: {ready.why}")
        log.info("documents: readers are warm; %s", walls(ready))
        return parent


def walls(ready: Ready) -> str:
    """How strong the walls around a reader are, in words."""
    return str(Grade(ready.landlock, ready.seccomp, ready.why))


def _is_jailed(ready: Ready) -> bool:
    return bool(ready.landlock and ready.seccomp)


def told(ready: Ready, table: DocumentsTable) -> list[str]:
    """What an admin should know of how documents are read here."""
    lines = [tr("documents: readers are jailed by {walls}", walls=walls(ready))]
    if not _is_jailed(ready):
        lines.append(tr("documents: weaker than it could be; a newer kernel has Landlock"))
    if not table.ocr:
        lines.append(tr("documents: scans are not read (documents.ocr is off)"))
    elif ready.ocr:
        lines.append(tr("documents: scans are read by {engine}", engine=ready.ocr))
        if ready.second:
            lines.append(tr("documents: numbers and dates also by {engine}", engine=ready.second))
        elif table.second_engine:
            lines.append(tr("documents: no second engine: {why}", why=retold(ready.second_why)))
    else:
        lines.append(tr("documents: scans cannot be read: {why}", why=retold(ready.ocr_why)))
    lines.append(tr("documents: authorities: {found}", found=retold(ready.authorities)))
    return lines


def _newest(folder: Path | None) -> float:
    """When the CA folder or a file in it was last changed."""
    if folder is None:
        return 0.0
    times = [0.0]
    with suppress(OSError):
        times.append(folder.stat().st_mtime)
        times += [entry.stat().st_mtime for entry in os.scandir(folder)]
    return max(times)

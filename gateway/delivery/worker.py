"""Takes what is owed, hands it on, and writes down what became of it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path

from gateway.archive.commands import Receive, Tried
from gateway.archive.journal import Entry, JournalError, Record
from gateway.archive.keeper import FileJournal
from gateway.archive.queries import Owed, Queries
from gateway.delivery import maildir
from gateway.delivery.bounce import Undelivered, bounce, may_bounce
from gateway.delivery.outcome import Attempt, is_given_up, retry_after_s
from gateway.delivery.route import DiscardRoute, MaildirRoute, Route, RoutesTable, ServerRoute
from gateway.delivery.server import Server
from gateway.intake import edits
from gateway.mail.address import Address
from gateway.mail.limits import Limits
from gateway.mail.message import Message
from gateway.runtime.ids import new_id

log = logging.getLogger(__name__)

POLL_S = 0.02
"""How often new rows are looked for when nobody wakes us."""
AT_ONCE = 200
"""Messages under way at the same time."""


@dataclass
class Postman:
    """Delivers until it is stopped. One of these runs for an archive."""

    journal: FileJournal
    queries: Queries
    routes: RoutesTable
    limits: Limits
    hostname: str
    clock: Callable[[], datetime]
    _servers: dict[ServerRoute, Server] = field(default_factory=dict)
    _flying: dict[tuple[int, str], int] = field(default_factory=dict)
    """(seq, recipient) under way -> 0, or the record that tells its end and must be folded."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    applied: Callable[[], int] = lambda: 0
    """How far the rows have been folded."""

    async def run(self, stop: asyncio.Event) -> None:
        """Take, deliver, write down; then wait for more."""
        while not stop.is_set():
            try:
                await self._round()
            except OSError as error:
                log.error("delivery: %s", error)  # noqa: TRY400
                await asyncio.sleep(1.0)
            try:
                await asyncio.wait_for(stop.wait(), POLL_S)
            except TimeoutError:
                continue
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=30.0)
        for server in self._servers.values():
            await server.close()

    async def _round(self) -> None:
        done = self.applied()
        self._flying = {key: seq for key, seq in self._flying.items() if not 0 < seq <= done}
        room = AT_ONCE - len(self._tasks)
        if room <= 0:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            return
        now_ms = int(self.clock().timestamp() * 1000)
        owed = await asyncio.to_thread(self.queries.due, now_ms, room, set(self._flying))
        for _, group in groupby(owed, key=lambda o: o.seq):
            rows = list(group)
            for row in rows:
                self._flying[row.seq, row.recipient] = 0
            task = asyncio.create_task(self._message(rows))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _message(self, rows: list[Owed]) -> None:
        try:
            attempts, record = await self._attempts(rows)
            await self._write_down(rows, attempts, record)
        except Exception:
            log.exception("mail %s: delivery goes wrong", rows[0].id)
            await asyncio.sleep(5.0)
            for row in rows:
                self._flying.pop((row.seq, row.recipient), None)

    async def _attempts(self, rows: list[Owed]) -> tuple[dict[str, Attempt], Record]:
        record = await asyncio.to_thread(self.journal.read_at, rows[0].segment, rows[0].offset)
        command = record.command
        assert isinstance(command, Receive)
        message = Message(record.raw)
        head = message.edited_head(edits(command.changes, rows[0].added))
        by_route: dict[int, tuple[Route | None, list[str]]] = {}
        for row in rows:
            route = self.routes.choose(Address.parse(row.recipient))
            by_route.setdefault(id(route), (route, []))[1].append(row.recipient)
        said: dict[str, Attempt] = {}
        for route, recipients in by_route.values():
            said |= await self._by(route, command, recipients, head, message.body)
        return said, record

    async def _by(
        self,
        route: Route | None,
        command: Receive,
        recipients: list[str],
        head: bytes,
        body: memoryview,
    ) -> dict[str, Attempt]:
        match route:
            case MaildirRoute(folder=folder):
                return {
                    to: await asyncio.to_thread(_into, folder, to, command.sender, head, body)
                    for to in recipients
                }
            case ServerRoute():
                server = self._servers.setdefault(route, Server(route, self.hostname))
                said: dict[str, Attempt] = {}
                # LMTP answers once for each recipient: one to a transaction keeps them apart.
                groups = [[r] for r in recipients] if route.kind == "lmtp" else [recipients]
                for group in groups:
                    said |= await server.deliver(
                        command.sender, group, head, body, utf8=command.is_utf8
                    )
                return said
            case DiscardRoute():
                return dict.fromkeys(
                    recipients, Attempt("delivered", "2.0.0", "discarded by route", "discard")
                )
            case None:
                nowhere = Attempt("failed", "5.4.4", "routes.toml has no route for it", "route")
                return dict.fromkeys(recipients, nowhere)

    async def _write_down(
        self, rows: list[Owed], attempts: dict[str, Attempt], record: Record
    ) -> None:
        now = self.clock()
        command = record.command
        assert isinstance(command, Receive)
        entries: list[Entry] = []
        failed: list[Undelivered] = []
        for row in rows:
            tried = self._tried(row, attempts[row.recipient], now)
            entries.append(Entry(tried))
            if tried.result == "failed" and "NEVER" not in row.notify:
                failed.append(Undelivered(row.recipient, tried.status, tried.reply, row.orcpt))
        if failed and may_bounce(command):
            entries.append(
                bounce(
                    command,
                    str(record.number or ""),
                    Message(record.raw).head,
                    failed,
                    new_id=new_id(),
                    hostname=self.hostname,
                    now=now,
                )
            )
        while True:
            try:
                kept = await self.journal.append(entries)
                break
            except JournalError as error:
                # It was handed on: forgetting that would deliver it twice. Say so until it is kept.
                log.error("mail %s: result not kept: %s", rows[0].id, error)  # noqa: TRY400
                await asyncio.sleep(1.0)
        for row in rows:
            self._flying[row.seq, row.recipient] = kept[-1].seq

    def _tried(self, row: Owed, attempt: Attempt, now: datetime) -> Tried:
        now_ms = int(now.timestamp() * 1000)
        result, next_at_ms = attempt.result, 0
        if result == "deferred":
            if is_given_up(row.attempts, (now_ms - row.received_ms) / 1000, self.limits):
                result = "failed"
            else:
                wait = retry_after_s(row.attempts, random.random())  # noqa: S311 - only jitter
                next_at_ms = now_ms + int(wait * 1000)
        return Tried(
            id=row.id,
            recipient=row.recipient,
            at_ms=now_ms,
            result=result,
            status=attempt.status,
            reply=attempt.reply,
            via=attempt.via,
            next_at_ms=next_at_ms,
        )


def _into(folder: Path, to: str, sender: str, head: bytes, body: memoryview) -> Attempt:
    return maildir.deliver(folder, Address.parse(to), sender, head, body)

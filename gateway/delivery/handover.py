"""One message, handed to every place where its recipients' routes lead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

from gateway.archive.changes import edits
from gateway.archive.commands import Receive
from gateway.archive.owed import Owed
from gateway.delivery import maildir
from gateway.delivery.exchange import Exchange
from gateway.delivery.outcome import Attempt, Letter, Origin, To
from gateway.delivery.route import (
    DiscardRoute,
    MaildirRoute,
    MxRoute,
    Route,
    RoutesTable,
    ServerRoute,
)
from gateway.mail.address import Address
from gateway.mail.message import Message

Group = tuple[Route | None, str, list[Owed]]


WAYS_MAX = 4096
"""Addresses whose route is remembered: the same few are written to all day."""


@dataclass
class Handover:
    """``mailbox``: the address of the mailbox that an address of ours means."""

    exchange: Exchange
    mailbox: Callable[[Address], Address]
    _way: Callable[[str], tuple[Route | None, str]] = field(init=False)

    def __post_init__(self) -> None:
        self._way = lru_cache(WAYS_MAX)(partial(_way, self.exchange.table))

    async def attempt(
        self, rows: Sequence[Owed], command: Receive, message: Message
    ) -> dict[str, Attempt]:
        """What became of it for each recipient. All places are tried side by side."""
        await self.exchange.brake.wait()
        letter = _letter(command, message, rows[0].added)
        said = {r.recipient: _stopped(r) for r in rows if r.state == "failed"}
        groups = self._grouped([r for r in rows if r.state != "failed"])
        if len(groups) == 1:  # As nearly always; then no task of its own is needed.
            return said | await self._by(groups[0], letter)
        for attempts in await asyncio.gather(*(self._by(group, letter) for group in groups)):
            said |= attempts
        return said

    def _grouped(self, rows: Sequence[Owed]) -> list[Group]:
        """Recipients that can share a transaction: of one route, and by MX of one domain."""
        groups: dict[tuple[int, str], Group] = {}
        for row in rows:
            route, domain = self._way(row.recipient)
            groups.setdefault((id(route), domain), (route, domain, []))[2].append(row)
        return list(groups.values())

    async def _by(self, group: Group, letter: Letter) -> dict[str, Attempt]:
        route, domain, rows = group
        match route:
            case MaildirRoute(folder=folder):
                return await asyncio.to_thread(self._into, folder, rows, letter)
            case ServerRoute() | MxRoute():
                to = [To(row.recipient, row.notify, row.orcpt) for row in rows]
                urged = any(row.state == "owed" and row.attempts for row in rows)
                return await self.exchange.deliver(route, domain, letter, to, is_urged=urged)
            case DiscardRoute():
                gone = Attempt("delivered", "2.0.0", "discarded by route", "discard")
                return {row.recipient: gone for row in rows}
            case None:
                nowhere = Attempt("failed", "5.4.4", "routes.toml has no route for it", "route")
                return {row.recipient: nowhere for row in rows}

    def _into(self, folder: Path, rows: list[Owed], letter: Letter) -> dict[str, Attempt]:
        """Once into each mailbox, also where several of its addresses are named."""
        boxes = {row.recipient: self.mailbox(Address.parse(row.recipient)) for row in rows}
        said = {
            box: maildir.deliver(folder, box, letter.sender, letter.head, letter.body)
            for box in set(boxes.values())
        }
        return {to: said[box] for to, box in boxes.items()}


def _way(table: RoutesTable, recipient: str) -> tuple[Route | None, str]:
    """The route of an address, and the domain whose servers it leads to; empty but for MX."""
    address = Address.parse(recipient)
    route = table.choose(address)
    return route, address.domain if isinstance(route, MxRoute) else ""


def _letter(command: Receive, message: Message, added: tuple[tuple[str, str], ...]) -> Letter:
    peer = command.peer
    return Letter(
        sender=command.sender,
        head=message.edited_head(edits(command.changes, added)),
        body=message.body,
        envid=command.envid,
        ret=command.ret,
        is_utf8=command.is_utf8,
        origin=Origin(peer.client, peer.port, peer.helo, peer.user),
    )


def _stopped(row: Owed) -> Attempt:
    return Attempt("failed", "5.0.0", row.reply or "stopped by an administrator", "queue")

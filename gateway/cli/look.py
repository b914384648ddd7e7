"""``vanthu why``, ``show`` and ``explain``: looking, without changing anything."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path

from gateway.archive.commands import Receive
from gateway.archive.queries import Found
from gateway.cli.books import add_asker, covered, opened
from gateway.cli.office import must_be_open, one, printed, settings, when
from gateway.cli.timeline import sentence, word
from gateway.mail.services import Notepad
from gateway.registry.rights import Forbidden
from gateway.runtime.words import retold, tr


def add_why(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("message", help=tr("its archive number or id"))
    parser.add_argument("--json", action="store_true")
    add_asker(parser)
    parser.set_defaults(work=_why)


def add_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("message", help=tr("its archive number or id"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--delivered", action="store_true", help=tr("as it was delivered"))
    add_asker(parser)
    parser.set_defaults(work=_show)


def add_explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("letter", type=Path)
    parser.add_argument("--as", dest="chain", default="inbound", help=tr("the chain (inbound)"))
    parser.add_argument("--from", dest="sender", default="")
    parser.add_argument("--to", action="append", default=[])
    parser.add_argument("--client-ip", type=ip_address, default=ip_address("192.0.2.1"))
    parser.add_argument("--helo", default="client.example")
    parser.add_argument("--user", default="", help=tr("as if signed in by this login"))
    parser.set_defaults(work=_explain)


def line(found: Found) -> str:
    """One message in one line of a list."""
    to = ", ".join(f"{address} ({word(state)})" for address, state in found.recipients)
    number = found.number or "-"
    return (
        f"{number:13} {found.id} {when(found.at_ms)} {word(found.state):9} "
        f"{found.sender or '<>'} -> {to}: {found.subject}"
    )


def _why(chosen: argparse.Namespace) -> int:
    with opened(chosen) as at:
        found = at.may_read(one(at.shelf, chosen.message))
        story = at.shelf.queries.why(found)
    if chosen.json:
        return printed(story, as_json=True)
    sys.stdout.write(line(found) + "\n")
    for happened in story:
        took = f"{happened.took_us / 1000:7.2f} ms" if happened.took_us else " " * 10
        told = sentence(happened.text) if happened.is_finding else retold(happened.text)
        void = "" if happened.counted else tr("(did not count)")
        text = " ".join(part for part in (word(happened.actor), told, void) if part)
        sys.stdout.write(f"{when(happened.at_ms)} {took}  {word(happened.kind):22} {text}\n")
    return 0


def _show(chosen: argparse.Namespace) -> int:
    from gateway.archive.changes import edits
    from gateway.mail.message import Message

    with opened(chosen) as at:
        found = one(at.shelf, chosen.message)
        if at.asker.is_blind:
            raise Forbidden(f"{found.number or found.id}: {covered()}")
        at.may_read(found)
        record = at.shelf.queries.record(found)
    command = record.command
    assert isinstance(command, Receive)
    if not at.asker.reason:
        must_be_open(command)
    message = Message(record.raw)
    if chosen.delivered:
        message = message.edited(edits(command.changes, found.added))
    if chosen.json:
        return printed([command], as_json=True)
    sys.stdout.buffer.write(bytes(message))
    return 0


@dataclass
class _Pad:
    """The notepad as it is, on which nothing is written: explaining leaves no traces."""

    kept: Notepad
    written: dict[tuple[str, str], str] = field(default_factory=dict)

    def count(self, kind: str, key: str, window_s: float, add: int = 1) -> int:
        return self.kept.count(kind, key, window_s, 0) + add

    def get(self, kind: str, key: str) -> str | None:
        return self.written.get((kind, key)) or self.kept.get(kind, key)

    def put(self, kind: str, key: str, value: str, ttl_s: float) -> None:  # noqa: ARG002
        self.written[kind, key] = value


def _explain(chosen: argparse.Namespace) -> int:
    return printed(asyncio.run(_explained(chosen)), as_json=False)


async def _explained(chosen: argparse.Namespace) -> list[str]:
    from gateway.chain.inspection import Inspection
    from gateway.mail.address import Address
    from gateway.mail.message import Message
    from gateway.mail.session import Purpose, Session
    from gateway.offline.explain import explain
    from gateway.roles.services import open_services

    found = settings(chosen)
    if chosen.chain not in found.chains:
        raise LookupError(f"no chain {chosen.chain!r}; there are: {', '.join(found.chains)}")
    async with AsyncExitStack() as stack:
        opened = await open_services(found, stack)
        services = replace(opened, notepad=_Pad(opened.notepad))
        purpose = Purpose.SUBMISSION if chosen.user else Purpose.INBOUND
        session = Session("explain", "file", chosen.client_ip, services, purpose, user=chosen.user)
        walk = Inspection(found.chains[chosen.chain], session)
        raw = chosen.letter.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        to = [Address.parse(address) for address in chosen.to]
        sender = Address.parse(chosen.sender)
        return list(await explain(walk, chosen.helo, sender, to, Message(raw)))

"""``vanthu queue``, ``release``, ``refuse``, ``withdraw``: a hand on mail that waits."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
import time
from typing import Any, Literal, TypeAlias, get_args

from gateway.archive.commands import Command, Decide, QueueChange
from gateway.archive.journal import Entry
from gateway.archive.queries import Wanted
from gateway.archive.shelf import Shelf
from gateway.cli.look import line
from gateway.cli.office import one, printed, shelf

WAITING = ("owed", "deferred", "stopped", "held")
Action: TypeAlias = Literal["hold", "release", "retry", "fail", "drop"]


def add(commands: Any) -> None:
    parser = commands.add_parser("queue", help="what is owed: list it, retry it, stop it")
    parser.add_argument("action", choices=("list", "empty", "flush", *get_args(Action)))
    parser.add_argument("messages", nargs="*", help="numbers or ids")
    parser.add_argument("--sender", default="", help="all of this sender")
    parser.add_argument("--recipient", default="", help="all to this recipient")
    parser.add_argument("--reason", default="", help="kept in the message's story")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(work=_queue)
    for verdict in ("release", "refuse", "withdraw"):
        parser = commands.add_parser(verdict, help=f"{verdict} a held message")
        parser.add_argument("message", help="its archive number or id")
        parser.set_defaults(desk="quarantine")  # The other desk: vanthu approve.
        parser.add_argument("--reason", default="")
        parser.set_defaults(work=_decide, verdict=verdict)


def _queue(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        match chosen.action:
            case "empty":
                is_folded = asyncio.run(opened.settled(opened.journal.last, 0.0))
                return 0 if is_folded and opened.queries.is_idle() else 1
            case "list":
                rows = _wanted(opened, chosen)
                return printed(rows if chosen.json else map(line, rows), as_json=chosen.json)
            case "flush":
                rows = _wanted(opened, chosen)
            case _:
                rows = _named(opened, chosen)
        action: Action = "retry" if chosen.action == "flush" else chosen.action
        commands: list[Command] = [
            QueueChange(row.id, action, getpass.getuser(), _now_ms(), chosen.reason) for row in rows
        ]
        _give(opened, commands)
        sys.stdout.write(f"{len(commands)} messages: {action}\n")
    return 0


def _wanted(opened: Shelf, chosen: argparse.Namespace) -> list[Any]:
    return opened.queries.find(
        Wanted(
            sender=chosen.sender,
            recipient=chosen.recipient,
            recipient_states=WAITING,
            limit=100_000,
        )
    )


def _named(opened: Shelf, chosen: argparse.Namespace) -> list[Any]:
    if chosen.messages:
        return [one(opened, name) for name in chosen.messages]
    if not (chosen.sender or chosen.recipient):
        raise LookupError("name messages, or --sender, or --recipient")
    return _wanted(opened, chosen)


def _decide(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        found = one(opened, chosen.message)
        if found.state != "held":
            raise LookupError(f"{found.number or found.id} is not held: it is {found.state}")
        word = Decide(
            found.id, chosen.desk, chosen.verdict, getpass.getuser(), _now_ms(), chosen.reason
        )
        _give(opened, [word])
        after = one(opened, found.id)
        sys.stdout.write(line(after) + "\n")
        return 0 if after.state != "held" or after != found else 1


def _give(opened: Shelf, commands: list[Command]) -> None:
    """Put commands into the journal and wait until whoever folds it has seen them."""
    if not commands:
        return
    kept = opened.journal.append_now([Entry(command) for command in commands])
    if not asyncio.run(opened.settled(kept[-1].seq, 10.0)):
        sys.stderr.write("It is written down, and counts as soon as the gateway runs again.\n")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

"""``vanthu release``, ``refuse``, ``withdraw``: a word about one held message."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from contextlib import AsyncExitStack

from gateway.archive.commands import Decide
from gateway.archive.queries import Found
from gateway.archive.shelf import Shelf
from gateway.cli.look import line
from gateway.cli.office import must_not_be_enclosed, one, settings, shelf
from gateway.cli.queue import give, now_ms
from gateway.runtime.words import tr


def add_release(parser: argparse.ArgumentParser) -> None:
    _add(parser, "release")


def add_refuse(parser: argparse.ArgumentParser) -> None:
    _add(parser, "refuse")


def add_withdraw(parser: argparse.ArgumentParser) -> None:
    _add(parser, "withdraw")


def _add(parser: argparse.ArgumentParser, verdict: str) -> None:
    parser.add_argument("message", help=tr("its archive number or id"))
    parser.set_defaults(desk="quarantine")  # The other desk: vanthu approve.
    parser.add_argument("--reason", default="", help=tr("kept in the message's story"))
    parser.set_defaults(work=_decide, verdict=verdict)


def _decide(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        found = one(opened, chosen.message)
        if found.state != "held":
            name = found.number or found.id
            raise LookupError(tr("{name} is not held: it is {state}", name=name, state=found.state))
        if chosen.verdict == "release":
            must_not_be_enclosed(found)
        if chosen.verdict == "release" and (why := checked(chosen, opened, found)):
            raise LookupError(tr("it is not released: {why}", why=why))
        word = Decide(
            found.id, chosen.desk, chosen.verdict, getpass.getuser(), now_ms(), chosen.reason
        )
        give(opened, [word])
        after = one(opened, found.id)
        sys.stdout.write(line(after) + "\n")
        return 0 if after.state != "held" or after != found else 1


def checked(chosen: argparse.Namespace, opened: Shelf, found: Found) -> str:
    """Why a message is not to leave quarantine today, a virus for instance; empty if it may."""
    from gateway.offline.recheck import recheck
    from gateway.roles.services import open_services

    async def ask() -> str:
        read = settings(chosen)
        async with AsyncExitStack() as stack:
            services = await open_services(read, stack)
            return await recheck(read.chains, services, opened.queries.record(found))

    return asyncio.run(ask())

"""``vanthu release``, ``refuse``, ``withdraw``: a word about one held message."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

from gateway.archive.commands import Decide
from gateway.cli.look import line
from gateway.cli.office import one, shelf
from gateway.cli.queue import give, now_ms
from gateway.runtime.words import tr


def add(commands: Any) -> None:
    for verdict, text in (
        ("release", tr("let a held message go on")),
        ("refuse", tr("refuse a held message")),
        ("withdraw", tr("take a held message back")),
    ):
        parser = commands.add_parser(verdict, help=text)
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
        word = Decide(
            found.id, chosen.desk, chosen.verdict, getpass.getuser(), now_ms(), chosen.reason
        )
        give(opened, [word])
        after = one(opened, found.id)
        sys.stdout.write(line(after) + "\n")
        return 0 if after.state != "held" or after != found else 1

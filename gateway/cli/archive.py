"""``vanthu archive``: list it, verify it, make its index again."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from gateway.archive.journal import Record
from gateway.archive.shelf import rebuild
from gateway.cli.office import settings, shelf
from gateway.mail.message import Message

STEP = 1000
"""Records between two signs of progress."""


def add(commands: Any) -> None:
    parser = commands.add_parser("archive", help="list, verify or rebuild the archive")
    parser.add_argument("action", choices=("list", "verify", "rebuild"))
    parser.add_argument(
        "--field",
        default="number",
        help="what to list, commas between: number, n, id, or a header field's name",
    )
    parser.set_defaults(work=_archive)


def _archive(chosen: argparse.Namespace) -> int:
    match chosen.action:
        case "list":
            return _list(chosen)
        case "verify":
            return _verify(chosen)
        case _:
            done = rebuild(settings(chosen).server.data)
            sys.stdout.write(f"{done} records folded\n")
            return 0


def _list(chosen: argparse.Namespace) -> int:
    """One line for each numbered message, in the order of the journal."""
    names = chosen.field.split(",")
    needs_raw = not {"number", "n", "id"}.issuperset(names)
    with shelf(chosen) as opened:
        for record in opened.journal.follow(0, with_raw=needs_raw):
            if record.number is not None:
                texts = [_field(record, name) for name in names]
                if all(texts):
                    sys.stdout.write(" ".join(texts) + "\n")
    return 0


def _field(record: Record, name: str) -> str:
    match name:
        case "number":
            return str(record.number)
        case "n":
            return str(record.number.n) if record.number else ""
        case "id":
            return record.command.id
        case "crash-id":
            return Message(record.raw).header("x-crash-id")
        case _:
            return Message(record.raw).header(name)


def _verify(chosen: argparse.Namespace) -> int:
    wrong = 0
    with shelf(chosen) as opened:
        last = max(opened.journal.last, 1)
        for seq, what in opened.journal.verify():
            if what:
                wrong += 1
                sys.stdout.write(f"record {seq}: {what}\n")
            elif seq % STEP == 0 and sys.stderr.isatty():
                sys.stderr.write(f"\r{100 * seq // last:3d} % of {last} records")
    told = f"{wrong} records wrong" if wrong else f"{last} records in order"
    sys.stdout.write(told + "\n")
    return 1 if wrong else 0

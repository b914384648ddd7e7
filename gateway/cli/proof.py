"""``vanthu proof``: what was sent, who approved it and where that stands, to be checked offline."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gateway.archive.changes import edits
from gateway.archive.commands import Receive
from gateway.archive.shelf import Shelf
from gateway.cli.approve import decider
from gateway.cli.office import one, settings, shelf
from gateway.mail.message import Message
from gateway.runtime.words import tr
from gateway.settings.read import Settings

if TYPE_CHECKING:
    from gateway.approval.proof import Registered


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("message", help=tr("its archive number or id"))
    parser.add_argument("--out", type=Path, required=True, help=tr("the folder to make"))
    parser.set_defaults(work=_proof)


def _proof(chosen: argparse.Namespace) -> int:
    from gateway.approval import check_proof
    from gateway.approval.proof import proof_of

    found = settings(chosen)
    out: Path = chosen.out
    if out.exists():
        raise ValueError(f"{out} is there already; name a folder that is not")
    with shelf(chosen) as opened:
        mail = one(opened, chosen.message)
        book = decider(found, opened).book
        booked = _registered(opened, found, mail.id)
        told = proof_of(opened.journal, opened.queries, book, found.approval_keys, mail, booked)
        record = opened.queries.record(mail)
    out.mkdir(parents=True)
    (out / "message.eml").write_bytes(record.raw)
    if mail.state == "accepted":
        assert isinstance(record.command, Receive)
        left = Message(record.raw).edited(edits(record.command.changes, mail.added))
        (out / "delivered.eml").write_bytes(bytes(left))
    (out / "proof.json").write_bytes(msgspec.json.format(msgspec.json.encode(told)))
    shutil.copyfile(check_proof.__file__, out / "check_proof.py")
    if not booked.lines:
        sys.stdout.write(tr("No book has an entry about this message; the proof says so.") + "\n")
    checker = out / "check_proof.py"
    sys.stdout.write(tr("{folder}: check it with python3 {checker}", folder=out, checker=checker))
    sys.stdout.write("\n")
    return 0


def _registered(opened: Shelf, found: Settings, mail: str) -> Registered:
    """What the books say of the message, with the books' names."""
    from gateway.approval.proof import Registered
    from gateway.registry.proven import entered

    lines = entered(opened.engine, mail)
    if not lines:
        return Registered()
    books = found.books.books
    return Registered(
        lines=[
            {"book_name": books[key].name if (key := line.told["book"]) in books else key}
            | line.told
            for line in lines
        ],
        ids=frozenset().union(*(line.ids for line in lines)),
        first=min(line.first for line in lines),
    )

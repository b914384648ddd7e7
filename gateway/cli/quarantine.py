"""``vanthu quarantine``: what is held as spam, why, and a word about it."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

from gateway.archive.commands import Command, Decide, Receive
from gateway.archive.queries import Found, Wanted
from gateway.archive.shelf import Shelf
from gateway.cli.held import checked
from gateway.cli.look import line
from gateway.cli.office import (
    OFFICE,
    must_be_open,
    must_not_be_enclosed,
    one,
    printed,
    sealed,
    settings,
    shelf,
    when,
)
from gateway.cli.queue import give, now_ms
from gateway.mail.message import Message
from gateway.mail.verdict import Desk
from gateway.quarantine.reasons import in_words, is_pressing
from gateway.runtime.words import tr, trn

MOST = 10_000


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    page = actions.add_parser("list", help=tr("what is held; dispatches and petitions first"))
    page.add_argument("--to", default="", help=tr("held for this mailbox"))
    page.add_argument("--since", type=date.fromisoformat)
    page.add_argument("--json", action="store_true")
    page.set_defaults(work=_list)
    page = actions.add_parser("show", help=tr("one message, and why it is held"))
    page.add_argument("message")
    page.add_argument("--raw", action="store_true", help=tr("the bytes as received"))
    page.set_defaults(work=_show)
    for name, text in (
        ("release", "deliver to the stored recipients; learnt as a good letter"),
        ("delete", "drop it, without learning; the archive keeps it"),
    ):
        page = actions.add_parser(name, help=text)
        page.add_argument("messages", nargs="+", help=tr("numbers or ids"))
        page.add_argument("--reason", default="")
        page.set_defaults(work=_release if name == "release" else _delete)
    page = actions.add_parser("learn", help=tr("say what a message is: spam is dropped, too"))
    page.add_argument("kind", choices=("spam", "ham"))
    page.add_argument("messages", nargs="+", help=tr("numbers or ids; delivered ones, too"))
    page.set_defaults(work=_learn)


def held(opened: Shelf, to: str = "", since_ms: int = 0) -> list[Found]:
    """What waits, what is pressing first, then the newest."""
    wanted = Wanted(desk=Desk.QUARANTINE, recipient=to, since_ms=since_ms, limit=MOST)
    return sorted(opened.queries.find(wanted), key=lambda f: (not is_pressing(f), -f.seq))


def _list(chosen: argparse.Namespace) -> int:
    since_ms = 0
    if chosen.since:
        from datetime import datetime
        from datetime import time as clock

        since_ms = int(datetime.combine(chosen.since, clock(), OFFICE).timestamp() * 1000)
    with shelf(chosen) as opened:
        rows = held(opened, chosen.to, since_ms)
    if chosen.json:
        return printed(rows, as_json=True)
    for found in rows:
        mark = "!" if is_pressing(found) else " "
        sys.stdout.write(f"{mark} {line(found)}\n")
    sys.stdout.write(trn("{n} message is held.", "{n} messages are held.", len(rows)) + "\n")
    return 0


def _show(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        found = one(opened, chosen.message)
        record = opened.queries.record(found)
    command = record.command
    assert isinstance(command, Receive)
    if chosen.raw:
        must_be_open(command)
        sys.stdout.buffer.write(record.raw)
        return 0
    text = Message(record.raw)
    sys.stdout.write(line(found) + "\n")
    for name, value in (
        (tr("received"), when(found.at_ms)),
        (tr("from"), f"{text.header('From')} <{found.sender}>"),
        (tr("to"), ", ".join(address for address, _ in found.recipients)),
        (tr("subject"), found.subject),
    ):
        sys.stdout.write(f"{name:12} {value}\n")
    sys.stdout.write(tr("Why:") + "\n")
    for why in in_words(command):
        sys.stdout.write(f"  {why}\n")
    if command.sealed:
        sys.stdout.write("\n" + sealed() + "\n")
        return 0
    leaves = (p for p in text.mime.leaves if not p.is_attachment and p.type.startswith("text/"))
    sys.stdout.write("\n" + "\n".join(part.text(4000) for part in leaves)[:4000] + "\n")
    return 0


def _release(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        found, stays = [_held(opened, name) for name in chosen.messages], 0
        for one_ in found:
            must_not_be_enclosed(one_)
        for one_ in found:
            if why := checked(chosen, opened, one_):
                text = tr("{name} is not released: {why}", name=one_.number or one_.id, why=why)
                sys.stderr.write(text + "\n")
                stays += 1
            else:
                give(opened, [_word(one_, "release", chosen.reason)])
                sys.stdout.write(line(one(opened, one_.id)) + "\n")
    return 1 if stays else 0


def _delete(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        found = [_held(opened, name) for name in chosen.messages]
        give(opened, [_word(one_, "refuse", chosen.reason) for one_ in found])
        for one_ in found:
            sys.stdout.write(line(one(opened, one_.id)) + "\n")
    return 0


def _learn(chosen: argparse.Namespace) -> int:
    """Held spam is refused, from which the trainer learns; anything else is taught at once."""
    from gateway.spam.nose import Nose, wall_ms

    nose = Nose(settings(chosen).spam.folder, wall_ms)
    with shelf(chosen) as opened:
        found = [one(opened, name) for name in chosen.messages]
        waiting = {f.id for f in found if f.state == "held" and Desk.QUARANTINE in f.desks}
        refused = [f for f in found if f.id in waiting and chosen.kind == "spam"]
        others = [f for f in found if f not in refused and not f.sealing]
        give(opened, list[Command](_word(f, "refuse", "spam") for f in refused))
        nose.teach(_read(opened, others), chosen.kind == "spam", "admin")
    sys.stdout.write(trn("{n} letter to learn.", "{n} letters to learn.", len(found)) + "\n")
    return 0


def _read(opened: Shelf, found: list[Found]) -> Iterator[Message]:
    return (Message(opened.queries.record(f).raw) for f in found)


def _held(opened: Shelf, name: str) -> Found:
    found = one(opened, name)
    if found.state != "held" or Desk.QUARANTINE not in found.desks:
        raise LookupError(tr("{name} is not in quarantine: it is {state}", name=name,
                             state=found.state))  # fmt: skip
    return found


def _word(found: Found, verdict: Any, reason: str) -> Decide:
    return Decide(found.id, Desk.QUARANTINE, verdict, getpass.getuser(), now_ms(), reason)

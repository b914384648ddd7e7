"""``vanthu correspondents``: whom printed recipients stand for, and what was said of them."""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import date, datetime

from gateway.archive.recognising import Recognise
from gateway.archive.shelf import Shelf
from gateway.cli.office import OFFICE, printed, settings, shelf
from gateway.cli.queue import give, now_ms
from gateway.directory.correspondents import Correspondents
from gateway.mail.correspondents import Sure
from gateway.mail.number import parse
from gateway.registry.aliases import Aliases
from gateway.runtime.words import later, tr

SURE = {
    Sure.NAMED: later("its very name"),
    Sure.CONFIRMED: later("confirmed"),
    Sure.GUESSED: later("guessed: confirm it"),
    Sure.UNKNOWN: later("unknown: say whom it stands for"),
}
"""How far a printed recipient is known."""


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    parser = actions.add_parser("list", help=tr("everything that was confirmed"))
    parser.add_argument("--json", action="store_true", help=tr("lines of JSON"))
    parser.set_defaults(work=_list)
    parser = actions.add_parser("resolve", help=tr("whom a printed recipient stands for"))
    _about(parser)
    parser.set_defaults(work=_resolve)
    parser = actions.add_parser("confirm", help=tr("say whom a printed recipient stands for"))
    _about(parser)
    parser.add_argument("keys", nargs="+", help=tr("keys in correspondents.toml"))
    parser.add_argument("--reason", default="", help=tr("kept with it"))
    parser.set_defaults(work=_confirm)
    parser = actions.add_parser("forget", help=tr("take back what was confirmed"))
    _about(parser)
    parser.set_defaults(work=_confirm, keys=[], reason="")


def _about(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("printed", help=tr('as it is printed: "Các sở, ban, ngành tỉnh"'))
    parser.add_argument(
        "--document", default="", help=tr("the number of the one document that it is said of")
    )


def _list(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        told = Aliases(lambda: opened.engine).all()
        if chosen.json:
            return printed(told, as_json=True)
        for one in told:
            where = f" ({one.document})" if one.document else ""
            sys.stdout.write(f"{one.printed}{where} = {', '.join(one.keys)}  [{one.actor}]\n")
    return 0


def _book(chosen: argparse.Namespace, opened: Shelf) -> Correspondents:
    confirmed = Aliases(lambda: opened.engine).confirmed
    return Correspondents(settings(chosen).correspondents, confirmed)


def _resolve(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        return _told(_book(chosen, opened), chosen.printed, _document(chosen))


def _confirm(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        book = _book(chosen, opened)
        if unknown := [key for key in chosen.keys if not book.members([key])]:
            raise LookupError(
                tr("there is no {keys} in correspondents.toml", keys=", ".join(unknown))
            )
        document = _document(chosen)
        word = Recognise(
            printed=chosen.printed,
            at_ms=now_ms(),
            actor=getpass.getuser(),
            keys=tuple(chosen.keys),
            document=document,
            reason=chosen.reason,
        )
        give(opened, [word])
        return _told(book, chosen.printed, document)


def _document(chosen: argparse.Namespace) -> str:
    if not chosen.document:
        return ""
    number = parse(chosen.document)
    if number is None:
        raise ValueError(tr("{text} is no document number", text=chosen.document))
    return number.key


def _told(book: Correspondents, text: str, document: str) -> int:
    today: date = datetime.now(OFFICE).date()
    meant = book.meant(text, document)
    sys.stdout.write(f"{text}: {tr(SURE[meant.sure])}{f' ({meant.note})' if meant.note else ''}\n")
    for key in meant.keys:
        one = book.one(key, today)
        if one is not None:
            where = ", ".join(map(str, one.addresses)) or tr("no address is known")
            sys.stdout.write(f"  {key}: {one.name} <{where}>\n")
    return 0 if meant.keys else 1

"""``vanthu register``: the clerk's work at the books."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, get_args

from gateway.archive.registering import Assignee, Particulars, Route
from gateway.cli.books import Opened, add_asker, line_text, opened, told
from gateway.cli.register_confirm import confirm
from gateway.cli.register_out import export, print_out, show, take_edxml, views
from gateway.registry.lines import Line
from gateway.runtime.words import tr

Work: TypeAlias = Callable[[Opened, argparse.Namespace], int]
STATUS = ("submitted", "directed", "assigned", "in-progress", "done", "refused")


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, text: str, work: Work, *args: str) -> argparse.ArgumentParser:
        one: argparse.ArgumentParser = actions.add_parser(name, help=text)
        for arg in args:
            one.add_argument(arg)
        one.add_argument("--book", default="", help=tr("key of the book in books.toml"))
        add_asker(one)
        one.set_defaults(work=lambda chosen: _run(work, chosen))
        return one

    _add_looking(action)
    _add_incoming(action)
    _add_outgoing(action)
    _add_handling(action)


def _run(work: Work, chosen: argparse.Namespace) -> int:
    with opened(chosen) as at:
        return work(at, chosen)


def _add_looking(action: Any) -> None:
    one = action("list", tr("the lines of a year; --waiting, --reserved: those"), _list)
    one.add_argument("--year", type=int, default=0)
    one.add_argument("--waiting", action="store_true")
    one.add_argument("--reserved", action="store_true")
    action("show", tr("all that is known of a line"), show, "line").add_argument(
        "--save", type=Path, help=tr("a folder to put its files and its message into")
    )
    what = tr("who has looked at a line or a message; break-glass: who broke it")
    action("views", what, views, "line")
    one = action("print", tr("a register, or the slips of a line, as PDF"), print_out, "target")
    one.add_argument("--year", type=int, default=0)
    one.add_argument("--follow-up", action="store_true", help="sổ theo dõi giải quyết văn bản đến")
    one.add_argument("--line", default="", help=tr("the line whose slip is printed"))
    one.add_argument("--slip", choices=("arrival", "routing"), default="routing")
    one = action("export", tr("a year as .csv, .xlsx, .xml; a line as .edxml"), export, "target")
    one.add_argument("--year", type=int, default=0)
    one.add_argument("--line", default="")
    one.add_argument("--to", action="append", default=[], help="CODE=NAME (edXML)")
    one.add_argument("--status", default="", help=tr("a status code of edXML: 01 to 16"))


def _add_incoming(action: Any) -> None:
    one = action("confirm", tr("proposals into the book: one key each"), confirm)
    one.add_argument("lines", nargs="*", help=tr("none: all that wait, one after the other"))
    one.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    one.add_argument("--date", default="", help=tr("another day of arrival"))
    one.add_argument("--all", action="store_true", help=tr("without asking"))
    one = action("same", tr("a proposal is a document that is in the book"), _same, "line", "of")
    one.add_argument("--reason", default="")
    one = action("dismiss", tr("a proposal stays out of the book"), _dismiss, "line")
    one.add_argument("--reason", default="")
    one = action("add", tr("take in what came on paper, or a letter of the archive"), _add)
    one.add_argument("mail", nargs="?", default="")
    one.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    one.add_argument("--date", default="")
    one.add_argument("--route", choices=get_args(Route), default="paper")
    action("edxml", tr("take in a document from an edXML file"), take_edxml, "file")
    one = action("pass", tr("a unit's document to the department's book"), _pass, "line")
    one.add_argument("--to", default="")


def _add_outgoing(action: Any) -> None:
    one = action("reserve", tr("a number before the document is signed"), _reserve)
    one.add_argument("--series", default="")
    one.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    one.add_argument("--date", default="", help=tr("the document's day: 2026-08-10"))
    one.add_argument("--until", default="")
    one = action("use", tr("a reserved number went out by hand"), _use, "line")
    one.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    one.add_argument("--reason", default="")
    one = action("void", tr("a number is never used; its line stays"), _void, "line")
    one.add_argument("--reason", required=True)
    one = action("insert", tr("a number with a letter behind another"), _insert, "line")
    one.add_argument("--approver", required=True)
    one.add_argument("--reason", required=True)
    one.add_argument("--date", default="")
    one.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")


def _add_handling(action: Any) -> None:
    one = action("edit", tr("put a line right; both values are kept"), _edit, "line")
    one.add_argument("--set", action="append", required=True, metavar="FIELD=VALUE")
    one.add_argument("--reason", required=True)
    one = action("route", tr("who does what until when; how far it has come"), _route, "line")
    one.add_argument("--direction", default="")
    one.add_argument("--lead", action="append", default=[], help="unit:<key>, person:<login>")
    one.add_argument("--support", action="append", default=[])
    one.add_argument("--due", default="", help="2026-08-20")
    one.add_argument("--leader", default="", help=tr("whose word the clerk writes down"))
    one.add_argument("--status", choices=STATUS, default="")
    one.add_argument("--note", default="")
    one = action("close-year", tr("no new number for a year that has ended"), _close)
    one.add_argument("year", type=int)


def pairs(said: list[str]) -> dict[str, str]:
    """``FIELD=VALUE`` as a dictionary. ValueError names what is none."""
    found: dict[str, str] = {}
    for text in said:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(tr("{text}: write FIELD=VALUE, such as abstract='V/v …'", text=text))
        found[name.strip()] = value.strip()
    return found


def particulars(said: list[str]) -> Particulars:
    fields = pairs(said)
    if unknown := set(fields) - set(Particulars.__struct_fields__):
        names = ", ".join(Particulars.__struct_fields__)
        none = ", ".join(sorted(unknown))
        raise LookupError(tr("no field {name}; there are: {all}", name=none, all=names))
    return Particulars(**fields)


def _named(at: Opened, chosen: argparse.Namespace, name: str = "") -> Line:
    return at.desk.named(at.asker, name or chosen.line, chosen.book)


def _list(at: Opened, chosen: argparse.Namespace) -> int:
    if chosen.waiting or chosen.reserved:
        key, _ = at.desk.book(chosen.book, "in" if chosen.waiting else "out")
        lines = (at.desk.waiting if chosen.waiting else at.desk.reserved)(at.asker, key)
    else:
        key, _ = at.desk.book(chosen.book, "" if chosen.book else "in")
        lines = at.desk.lines(at.asker, key, chosen.year or this_year(at))
    at.lookup.viewed(at.asker, "list", [line.id for line in lines], key)
    for line in lines:
        sys.stdout.write(line_text(line) + "\n")
    return 0 if lines else 1


def this_year(at: Opened) -> int:
    from gateway.registry.ledger import day_of, year_of

    return year_of(day_of(at.desk.now_ms()))


def _same(at: Opened, chosen: argparse.Namespace) -> int:
    of = _named(at, chosen, chosen.of)
    return told(at.desk.same(at.asker, _named(at, chosen), of, chosen.reason))


def _dismiss(at: Opened, chosen: argparse.Namespace) -> int:
    return told(at.desk.dismiss(at.asker, _named(at, chosen), chosen.reason))


def _add(at: Opened, chosen: argparse.Namespace) -> int:
    key, _ = at.desk.book(chosen.book, "in")
    said, mail, route = particulars(chosen.set), "", chosen.route
    if chosen.mail:
        found = at.shelf.queries.one(chosen.mail)
        if found is None or not found.number:
            raise LookupError(tr("no message {name} in the archive", name=chosen.mail))
        mail, route = found.id, "hand"
        if not said.abstract:
            said = Particulars(**(pairs(chosen.set) | {"abstract": found.subject}))
    return told(at.desk.take_in(at.asker, key, said, chosen.date, route, mail))


def _pass(at: Opened, chosen: argparse.Namespace) -> int:
    to, _ = at.desk.book(chosen.to, "in")
    return told(at.desk.pass_on(at.asker, _named(at, chosen), to))


def _reserve(at: Opened, chosen: argparse.Namespace) -> int:
    key, _ = at.desk.book(chosen.book, "out")
    said = particulars(chosen.set)
    return told(at.desk.reserve(at.asker, key, chosen.series, said, chosen.date, chosen.until))


def _use(at: Opened, chosen: argparse.Namespace) -> int:
    return told(at.desk.use(at.asker, _named(at, chosen), pairs(chosen.set), chosen.reason))


def _void(at: Opened, chosen: argparse.Namespace) -> int:
    return told(at.desk.void(at.asker, _named(at, chosen), chosen.reason))


def _insert(at: Opened, chosen: argparse.Namespace) -> int:
    line, said = _named(at, chosen), particulars(chosen.set)
    outcome = at.desk.insert(at.asker, line, chosen.approver, chosen.reason, chosen.date, said)
    return told(outcome)


def _edit(at: Opened, chosen: argparse.Namespace) -> int:
    return told(at.desk.amend(at.asker, _named(at, chosen), pairs(chosen.set), chosen.reason))


def _route(at: Opened, chosen: argparse.Namespace) -> int:
    line, done = _named(at, chosen), 0
    if chosen.direction or chosen.lead or chosen.support or chosen.due:
        to = [Assignee(who) for who in chosen.lead]
        to += [Assignee(who, "support") for who in chosen.support]
        done = told(at.desk.direct(at.asker, line, chosen.direction, to, chosen.due, chosen.leader))
    if chosen.status and not done:
        done = told(at.desk.progress(at.asker, line, chosen.status, chosen.note))
    return done


def _close(at: Opened, chosen: argparse.Namespace) -> int:
    key, _ = at.desk.book(chosen.book, "" if chosen.book else "out")
    status = told(at.desk.close_year(at.asker, key, chosen.year))
    for line in at.desk.reserved(at.asker, key):
        if line.year == chosen.year:
            sys.stdout.write(tr("reserved and not used:") + f" {line_text(line)}\n")
    return status

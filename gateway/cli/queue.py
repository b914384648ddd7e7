"""``vanthu queue``: a hand on what has not arrived."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import re
import sys
import time
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

from gateway.archive.commands import Command, QueueChange
from gateway.archive.fold import MOVES
from gateway.archive.journal import Entry
from gateway.archive.shelf import Shelf
from gateway.archive.waiting import ANY, OPEN, By, Tally, Waiting, Which, tallied, waiting
from gateway.cli.office import one, printed, shelf, when
from gateway.runtime.words import tr, trn

Action: TypeAlias = Literal["hold", "release", "retry", "fail", "drop"]
_AGE = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_FILTERS = ("destination", "sender", "recipient", "state", "said", "older", "newer")


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in _actions().items():
        action = actions.add_parser(name, help=text, description=text)
        action.set_defaults(work=_works(name))
        if name == "empty":
            continue
        action.add_argument("messages", nargs="*", help=tr("archive numbers or ids"))
        action.add_argument("--json", action="store_true", help=tr("lines of JSON"))
        if name != "show":
            _add_filters(action)
        if name == "list":
            action.add_argument("--by", choices=get_args(By), help=tr("count them by this"))
        elif name != "show":
            action.add_argument("--reason", default="", help=tr("kept in the message's story"))
            action.add_argument("--yes", action="store_true", help=tr("do not ask before"))


def _actions() -> dict[str, str]:
    return {
        "list": tr("what has not arrived, and why"),
        "show": tr("how it stands with every recipient of a message"),
        "hold": tr("stop trying until it is released"),
        "release": tr("go on with what was stopped"),
        "retry": tr("try at once, also what has failed"),
        "flush": tr("try everything at once"),
        "fail": tr("give up, and tell the sender"),
        "drop": tr("give up, and tell nobody; the archive keeps it"),
        "empty": tr("whether nothing is owed: exit status 0 or 1"),
    }


def _add_filters(parser: Any) -> None:
    parser.add_argument("--destination", default="", help=tr("a domain; .vn for all below vn"))
    parser.add_argument("--sender", default="", help=tr("part of the sender's address"))
    parser.add_argument("--recipient", default="", help=tr("part of the recipient's address"))
    parser.add_argument("--state", choices=ANY, help=tr("how it stands with the recipient"))
    parser.add_argument("--said", default="", help=tr("part of what was said the last time"))
    parser.add_argument("--older", type=_age_s, help=tr("came longer ago than 90m, 4h, 2d"))
    parser.add_argument("--newer", type=_age_s, help=tr("came no longer ago than 90m, 4h, 2d"))


def _works(name: str) -> Any:
    return {"list": _list, "show": _show, "empty": _empty}.get(name, _change)


def _age_s(text: str) -> int:
    found = _AGE.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(
            tr("{text} is no time; write 90m, 4h or 2d", text=repr(text))
        )
    return int(found[1]) * _UNITS[found[2]]


def _empty(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        is_folded = asyncio.run(opened.settled(opened.journal.last, 0.0))
        return 0 if is_folded and opened.queries.is_idle() else 1


def _list(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        rows = _found(opened, chosen, OPEN)
    if chosen.by:
        tallies = tallied(rows, chosen.by)
        return printed(tallies if chosen.json else map(_sum, tallies), as_json=chosen.json)
    return printed(rows if chosen.json else map(_line, rows), as_json=chosen.json)


def _show(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        for name in chosen.messages:
            found = one(opened, name)
            attempts = opened.queries.attempts(found)
            if chosen.json:
                printed(attempts, as_json=True)
                continue
            sys.stdout.write(f"{found.number or found.id} {found.subject}\n")
            for each in attempts:
                tried = trn("tried {n} time", "tried {n} times", each.attempts)
                again = tr("next at {time}", time=when(each.due_ms)) if each.due_ms else ""
                after = f", {again}" if again else ""
                said = f"\n    {each.via}: {each.reply}" if each.reply else ""
                sys.stdout.write(f"  {each.address}: {each.state}, {tried}{after}{said}\n")
    return 0


def _change(chosen: argparse.Namespace) -> int:
    action: Action = "retry" if chosen.action == "flush" else chosen.action
    is_filtered = any(getattr(chosen, name) for name in _FILTERS)
    if not (chosen.messages or is_filtered or chosen.action == "flush"):
        raise LookupError(tr("name messages, or filters such as --destination"))
    before = MOVES[action][0]
    if action == "retry" and not chosen.messages and chosen.state != "failed":
        before = ("owed", "deferred")  # All that ever failed is meant only where it is said.
    with shelf(chosen) as opened:
        rows = _found(opened, chosen, before)
        if not rows:
            sys.stdout.write(tr("nothing fits") + "\n")
            return 0 if chosen.action == "flush" else 1
        is_asked = is_filtered and not chosen.messages and chosen.action != "flush"
        if is_asked and not chosen.yes and not _agreed(rows, action):
            return 1
        give(opened, _commands(rows, action, chosen.reason, named=not is_filtered))
        done = {"action": action, "messages": len({r.seq for r in rows}), "recipients": len(rows)}
        text = trn("{action}: {n} recipient", "{action}: {n} recipients", len(rows), action=action)
        printed([done] if chosen.json else [text], as_json=chosen.json)
    return 0


def _found(opened: Shelf, chosen: argparse.Namespace, states: Sequence[str]) -> list[Waiting]:
    named = [one(opened, name).seq for name in chosen.messages]
    now = now_ms()
    which = Which(
        mails=named if chosen.messages else None,
        destination=chosen.destination,
        sender=chosen.sender,
        recipient=chosen.recipient,
        states=[s for s in ([chosen.state] if chosen.state else states) if _may(chosen, s, states)],
        reason=chosen.said,
        since_ms=now - chosen.newer * 1000 if chosen.newer else 0,
        until_ms=now - chosen.older * 1000 if chosen.older else 0,
    )
    return waiting(opened.engine, which)


def _may(chosen: argparse.Namespace, state: str, states: Sequence[str]) -> bool:
    return chosen.action == "list" or state in states


def _agreed(rows: list[Waiting], action: Action) -> bool:
    text = trn("{action} {n} recipient?", "{action} {n} recipients?", len(rows), action=action)
    if not sys.stdin.isatty():
        raise LookupError(text + " " + tr("Add --yes to do it without being asked."))
    sys.stdout.write(f"{text} [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes", "c", "có")


def _commands(rows: list[Waiting], action: Action, reason: str, *, named: bool) -> list[Command]:
    """One for each message; it names recipients where only some of them were meant."""
    meant: dict[str, list[str]] = {}
    for row in rows:
        meant.setdefault(row.id, []).append(row.recipient)
    return [
        QueueChange(id_, action, getpass.getuser(), now_ms(), reason, () if named else tuple(to))
        for id_, to in meant.items()
    ]


def _line(row: Waiting) -> str:
    due = f" > {when(row.due_ms)}" if row.due_ms else ""
    return (
        f"{row.number or row.id:16} {when(row.at_ms)} {row.state:8} {row.attempts:3}{due} "
        f"{row.sender or '<>'} -> {row.recipient}: {row.reply}"
    ).rstrip(": ")


def _sum(tally: Tally) -> str:
    due = f" > {when(tally.next_ms)}" if tally.next_ms else ""
    oldest = when(tally.oldest_ms)
    return f"{tally.recipients:7} {tally.key or '<>':30} {oldest}{due} {tally.reply}".rstrip()


def give(opened: Shelf, commands: Sequence[Command]) -> int:
    """Put commands into the journal, wait until whoever folds it has seen them; the last record."""
    return give_all(opened, [Entry(command) for command in commands])


def give_all(opened: Shelf, entries: Sequence[Entry]) -> int:
    """As ``give``, for entries that may carry mails: all of them in one batch, or none."""
    if not entries:
        return 0
    kept = opened.journal.append_now(entries)
    if not asyncio.run(opened.settled(kept[-1].seq, 10.0)):
        told = tr("It is written down, and counts as soon as the gateway runs again.")
        sys.stderr.write(told + "\n")
    return kept[-1].seq


def now_ms() -> int:
    return time.time_ns() // 1_000_000

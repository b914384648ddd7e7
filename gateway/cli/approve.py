"""``vanthu approve``: look at what waits for approval, decide it, lend authority."""

from __future__ import annotations

import argparse
import getpass
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from gateway.archive.shelf import Shelf
from gateway.cli.office import OFFICE, one, printed, settings, shelf, when
from gateway.cli.queue import give
from gateway.runtime.ids import new_id
from gateway.runtime.words import retold, tr

if TYPE_CHECKING:
    from gateway.approval.book import Book, Waiting
    from gateway.approval.decide import Decider, Verdict
    from gateway.archive.commands import Command
    from gateway.settings.read import Settings

CAPACITIES = ("KT", "TL", "TUQ", "TM", "absence")


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _looking(actions)
    _deciding(actions)
    _lending(actions)
    key = actions.add_parser("new-key", help=tr("make keys that sign approvals for a domain"))
    key.add_argument("domain")
    key.add_argument("--from", dest="begins", type=date.fromisoformat, help=tr("a day: 2026-08-10"))
    key.set_defaults(work=_new_key)


def _looking(actions: Any) -> None:
    waiting = actions.add_parser("list", help=tr("what waits, and what has waited"))
    waiting.add_argument("--all", action="store_true", help=tr("what is decided, too"))
    waiting.add_argument(
        "--as", dest="login", default="", help=tr("only what this login may decide")
    )
    waiting.add_argument("--json", action="store_true")
    waiting.set_defaults(work=_list)
    show = actions.add_parser("show", help=tr("a message as its approvers see it, and every word"))
    show.add_argument("message", help=tr("its archive number or id"))
    show.add_argument("--json", action="store_true")
    show.set_defaults(work=_show)


def _deciding(actions: Any) -> None:
    for action, verdict, text in (
        (
            "grant",
            "approve",
            tr("approve a message; your password is asked for, or read from stdin"),
        ),
        ("refuse", "refuse", tr("refuse it, with a reason")),
        ("withdraw", "withdraw", tr("take back what you have sent")),
        ("break-glass", "break-glass", tr("let it out without its leader: two people, a reason")),
    ):
        parser = actions.add_parser(action, help=text)
        parser.add_argument("message", help=tr("its archive number or id"))
        parser.add_argument("--as", dest="login", required=True, help=tr("your login"))
        is_asked = verdict in {"refuse", "break-glass"}
        parser.add_argument(
            "--reason", default="", required=is_asked, help=tr("kept, and told to all")
        )
        parser.set_defaults(work=_decide, verdict=verdict)


def _lending(actions: Any) -> None:
    lend = actions.add_parser("delegate", help=tr("lend your authority for a time"))
    lend.add_argument("holder", help=tr("the login of who gets it"))
    lend.add_argument("--as", dest="login", required=True, help=tr("your login"))
    lend.add_argument("--capacity", choices=CAPACITIES, required=True)
    lend.add_argument(
        "--from", dest="begins", default="", help=tr("2026-08-10 or 2026-08-10T13:30")
    )
    lend.add_argument("--until", dest="ends", required=True, help=tr("the last day, or a moment"))
    lend.add_argument(
        "--mailbox", action="append", default=[], help=tr("only mail of this mailbox")
    )
    lend.add_argument("--basis", default="", help=tr("the document that grants it (TUQ needs one)"))
    lend.set_defaults(work=_delegate)
    revoke = actions.add_parser("revoke", help=tr("end a delegation before its time"))
    revoke.add_argument("delegation", help=tr("its id, from `vanthu people delegations`"))
    revoke.add_argument("--as", dest="login", required=True, help=tr("your login"))
    revoke.add_argument("--reason", default="")
    revoke.set_defaults(work=_revoke)


def decider(found: Settings, opened: Shelf) -> Decider:
    """The desk's judgement over an opened archive."""
    from gateway.approval.book import Book
    from gateway.approval.decide import Decider
    from gateway.approval.office import Office
    from gateway.directory.lookup import People

    people = People(found.directory)
    office = Office.of(people, found.approval, found.server.hostname)
    return Decider(office, Book(opened.engine), opened.queries)


def _list(chosen: argparse.Namespace) -> int:
    from gateway.approval.words import state

    with shelf(chosen) as opened:
        desk = decider(settings(chosen), opened)
        rows = desk.book.everything() if chosen.all else desk.book.pending()
        if chosen.login:
            rows = [row for row in rows if _may(desk, row, chosen.login)]
        if chosen.json:
            return printed([asdict(row) for row in rows], as_json=True)
        for row in rows:
            found = opened.queries.one(row.mail)
            assert found is not None
            asked = ", ".join(row.approvers) or "-"
            sys.stdout.write(
                f"{found.number:13} {state(row):14} {when(row.expires_ms or row.at_ms)} "
                f"{row.urgent.upper():6} {row.box} ← {row.author} [{asked}]: {found.subject}\n"
            )
    return 0


def _may(desk: Decider, row: Waiting, login: str) -> bool:
    asked = desk.approvers(row, datetime.now(UTC))
    return any(authority.approver == login for authority in asked)


def waiting(opened: Shelf, book: Book, name: str) -> Waiting:
    """The message of an id or number that waits or has waited. LookupError says how to find it."""
    found = one(opened, name)
    row = book.ask(found.id)
    if row is None:
        raise LookupError(
            tr("{name} never waited for approval; see `vanthu approve list --all`", name=name)
        )
    return row


def _show(chosen: argparse.Namespace) -> int:
    from gateway.approval.letters import shown

    with shelf(chosen) as opened:
        desk = decider(settings(chosen), opened)
        row = waiting(opened, desk.book, chosen.message)
        said = desk.book.decisions(row.mail)
        if chosen.json:
            told = {"ask": asdict(row), "decisions": [asdict(word) for word in said]}
            return printed([told], as_json=True)
        sys.stdout.write(shown(desk.case(row), said))
    return 0


def signed_in(chosen: argparse.Namespace, found: Settings) -> str:
    """The login, once its password was right. ValueError if it was not."""
    from gateway.directory.passwords import Passwords

    person = found.directory.people.get(chosen.login)
    if sys.stdin.isatty():
        word = getpass.getpass(tr("Password of {login}: ", login=chosen.login))
    else:
        word = sys.stdin.readline().rstrip("\n")
    if not Passwords(found.passwords).verify(chosen.login, word) or person is None:
        raise ValueError(tr("the password is not {login}'s; nothing was done", login=chosen.login))
    if person.disabled:
        raise ValueError(
            tr("{login} is disabled in directory.toml; nothing was done", login=chosen.login)
        )
    return str(chosen.login)


def _decide(chosen: argparse.Namespace) -> int:
    from gateway.approval.authority import NotAllowed
    from gateway.approval.decide import Damaged, How
    from gateway.approval.words import decision, state

    found = settings(chosen)
    login = signed_in(chosen, found)
    with shelf(chosen) as opened:
        desk = decider(found, opened)
        row = waiting(opened, desk.book, chosen.message)
        now = datetime.now(UTC)
        command: Command
        try:
            if chosen.verdict == "break-glass":
                command = desk.break_glass(row, login, chosen.reason, now)
            else:
                verdict: Verdict = chosen.verdict
                how = How("cli", "password", comment=chosen.reason)
                command = desk.word(row, login, verdict, now, how)
        except (NotAllowed, Damaged) as error:
            raise ValueError(retold(str(error))) from None
        seq = give(opened, [command])
        word = next((w for w in desk.book.decisions(row.mail) if w.seq == seq), None)
        after = desk.book.ask(row.mail)
        if word is None or after is None:
            return 0  # The gateway does not run; that was told.
        if not word.counted:
            raise ValueError(retold(word.why_not))
        told = tr(
            "{message}: {decision}; it is now: {state}",
            message=chosen.message,
            decision=decision(word),
            state=state(after),
        )
        sys.stdout.write(f"{told}\n")
    return 0


def _moment(text: str, *, is_end: bool) -> int:
    """A day or a moment of the office's clock, in ms; of a day as an end, when it is over."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            tr("{text} is no day like 2026-08-10, nor 2026-08-10T13:30", text=repr(text))
        ) from None
    if len(text) == len("2026-08-10"):
        at = datetime.combine(at.date(), time()) + timedelta(days=1 if is_end else 0)
    return int(at.replace(tzinfo=at.tzinfo or OFFICE).timestamp() * 1000)


def _delegate(chosen: argparse.Namespace) -> int:
    from gateway.archive.approvals import Lend

    found = settings(chosen)
    login = signed_in(chosen, found)
    if chosen.holder not in found.directory.people:
        raise ValueError(
            tr("there is no active person {login} in directory.toml", login=chosen.holder)
        )
    if not any(login in (u.leader, *u.deputies) for u in found.directory.units.values()):
        raise ValueError(
            tr("{login} leads no unit, and is no deputy: there is nothing to lend", login=login)
        )
    now = int(datetime.now(UTC).timestamp() * 1000)
    lend = Lend(
        id=new_id(),
        lender=login,
        holder=chosen.holder,
        capacity=chosen.capacity,
        begins_ms=_moment(chosen.begins, is_end=False) if chosen.begins else now,
        ends_ms=_moment(chosen.ends, is_end=True),
        actor=login,
        at_ms=now,
        mailboxes=tuple(address.lower() for address in chosen.mailbox),
        basis=chosen.basis,
    )
    with shelf(chosen) as opened:
        desk = decider(found, opened)
        for address in lend.mailboxes:
            if desk.office.box(address) is None:
                raise ValueError(
                    tr("there is no mailbox {address} in directory.toml", address=address)
                )
        give(opened, [lend])
        if why := desk.book.why_no_delegation(lend.id):
            raise ValueError(retold(why))
    sys.stdout.write(f"{lend.id}: {login} → {lend.holder} ({lend.capacity})\n")
    return 0


def _revoke(chosen: argparse.Namespace) -> int:
    from gateway.archive.approvals import Revoke

    found = settings(chosen)
    login = signed_in(chosen, found)
    with shelf(chosen) as opened:
        desk = decider(found, opened)
        lent = {d.id: d for d in desk.book.delegations()}.get(chosen.delegation)
        if lent is None or login not in {lent.lender, lent.holder}:
            raise ValueError(
                tr("no such delegation is yours; `vanthu people delegations` lists them")
            )
        now = int(datetime.now(UTC).timestamp() * 1000)
        give(opened, [Revoke(lent.id, login, now, chosen.reason)])
    sys.stdout.write(tr("{id}: revoked", id=chosen.delegation) + "\n")
    return 0


def _new_key(chosen: argparse.Namespace) -> int:
    from gateway.identity.keyring import BadKeyring, new_keys

    found = settings(chosen)
    folder = found.approval.keys_in(found.folder)
    day = chosen.begins or datetime.now(OFFICE).date()
    try:
        made = new_keys(folder, chosen.domain, day, "pd")
    except BadKeyring as error:
        raise ValueError(str(error)) from None
    for key in made:
        sys.stdout.write(f'{key.record_name}. IN TXT "{key.record}"\n')
    return 0

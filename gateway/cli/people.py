"""``vanthu people``: units and who leads them, and whose authority was lent to whom."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from gateway.approval import words
from gateway.cli import handover
from gateway.cli.approve import decider
from gateway.cli.office import OFFICE, printed, settings, shelf, when
from gateway.runtime.words import tr, trn


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="what", required=True, metavar="ACTION")
    for name, text in (
        ("leaders", tr("units, who leads them, and who stands in")),
        ("mailboxes", tr("mailboxes, who keeps them, what needs approval")),
        ("delegations", tr("authority that was lent, and what is in force")),
        ("handovers", tr("units that passed to another leader")),
    ):
        one = actions.add_parser(name, help=text)
        one.add_argument("--all", action="store_true", help=tr("delegations that are over, too"))
        one.add_argument("--json", action="store_true")
        one.set_defaults(work=_people)
    handover.join(actions)


def _people(chosen: argparse.Namespace) -> int:
    match chosen.what:
        case "leaders":
            rows = _leaders(chosen)
        case "mailboxes":
            rows = _mailboxes(chosen)
        case "handovers":
            rows = _handovers(chosen)
        case _:
            rows = _delegations(chosen)
    if chosen.json:
        return printed(rows, as_json=True)
    for row in rows:
        sys.stdout.write("  ".join(str(value) for value in row.values() if value) + "\n")
    return 0


def _leaders(chosen: argparse.Namespace) -> list[dict[str, str]]:
    tables = settings(chosen).directory

    ended = tr("disabled")

    def named(login: str) -> str:
        person = tables.people[login]
        return f"{person.name} ({login})" + (f" ({ended})" if person.disabled else "")

    return [
        {
            "unit": key,
            "name": unit.name,
            "leader": named(unit.leader),
            "deputies": ", ".join(f"KT {named(login)}" for login in unit.deputies),
            "parent": unit.parent,
        }
        for key, unit in tables.units.items()
    ]


def _mailboxes(chosen: argparse.Namespace) -> list[dict[str, str]]:
    tables = settings(chosen).directory
    return [
        {
            "address": box.address,
            "name": box.name,
            "kind": box.kind if chosen.json else words.box(box.kind),
            "approval": box.approval if chosen.json else words.box(box.approval),
            "leader": tables.units[box.unit].leader,
            "keepers": ", ".join(box.keepers),
        }
        for box in tables.mailboxes.values()
    ]


def _handovers(chosen: argparse.Namespace) -> list[dict[str, str]]:
    with shelf(chosen) as opened:
        told = decider(settings(chosen), opened).book.handovers()
    return [
        {
            "at": when(one.at_ms),
            "unit": one.unit,
            "before": one.before,
            "after": f"→ {one.after}",
            "basis": one.basis,
            "messages": trn("{n} message", "{n} messages", one.count),
            "list": f"sha256 {one.listed}",
            "minutes": f"sha256 {one.minutes}",
        }
        for one in told
    ]


def _delegations(chosen: argparse.Namespace) -> list[dict[str, str]]:
    now = datetime.now(UTC)
    with shelf(chosen) as opened:
        book = decider(settings(chosen), opened).book
        lent = [d for d in book.delegations() if chosen.all or (d.ends > now and not d.revoked_at)]
    return [
        {
            "id": d.id,
            "lender": d.lender,
            "holder": f"→ {d.holder}",
            "capacity": str(d.capacity) if chosen.json else words.capacity(d.capacity),
            "begins": _moment(chosen, d.begins),
            "ends": _moment(chosen, d.ends),
            "mailboxes": ", ".join(sorted(d.mailboxes)),
            "basis": d.basis,
            "revoked": _revoked(chosen, d.revoked_at),
        }
        for d in lent
    ]


def _moment(chosen: argparse.Namespace, at: datetime) -> str:
    """ISO 8601 for programs; for people as the office's clock shows it."""
    if chosen.json:
        return at.isoformat(timespec="minutes")
    return f"{at.astimezone(OFFICE):%d/%m/%Y %H:%M}"


def _revoked(chosen: argparse.Namespace, at: datetime | None) -> str:
    if at is None:
        return ""
    moment = _moment(chosen, at)
    return moment if chosen.json else tr("revoked {at}", at=moment)

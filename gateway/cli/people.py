"""``vanthu people``: units and who leads them, and whose authority was lent to whom."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from gateway.cli.approve import decider
from gateway.cli.office import printed, settings, shelf
from gateway.runtime.words import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("leaders", "mailboxes", "delegations"))
    parser.add_argument("--all", action="store_true", help=tr("delegations that are over, too"))
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(work=_people)


def _people(chosen: argparse.Namespace) -> int:
    match chosen.what:
        case "leaders":
            rows = _leaders(chosen)
        case "mailboxes":
            rows = _mailboxes(chosen)
        case _:
            rows = _delegations(chosen)
    if chosen.json:
        return printed(rows, as_json=True)
    for row in rows:
        sys.stdout.write("  ".join(str(value) for value in row.values() if value) + "\n")
    return 0


def _leaders(chosen: argparse.Namespace) -> list[dict[str, str]]:
    tables = settings(chosen).directory

    def named(login: str) -> str:
        person = tables.people[login]
        disabled = " (disabled)" if person.disabled else ""
        return f"{person.name} ({login}){disabled}"

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
            "kind": box.kind,
            "approval": box.approval,
            "leader": tables.units[box.unit].leader,
            "keepers": ", ".join(box.keepers),
        }
        for box in tables.mailboxes.values()
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
            "capacity": str(d.capacity),
            "begins": d.begins.isoformat(timespec="minutes"),
            "ends": d.ends.isoformat(timespec="minutes"),
            "mailboxes": ", ".join(sorted(d.mailboxes)),
            "basis": d.basis,
            "revoked": d.revoked_at.isoformat(timespec="minutes") if d.revoked_at else "",
        }
        for d in lent
    ]

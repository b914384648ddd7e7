"""``vanthu people handover``: a unit, its mailboxes and what waits pass to another leader (4.2)."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.archive.approvals import HandOver
from gateway.archive.journal import Entry
from gateway.archive.shelf import Shelf
from gateway.cli.approve import decider, signed_in
from gateway.cli.office import OFFICE, settings, shelf, when
from gateway.cli.queue import give_all
from gateway.runtime.ids import new_id
from gateway.runtime.words import tr

if TYPE_CHECKING:
    from gateway.approval.decide import Decider
    from gateway.archive.inventory import Kept
    from gateway.directory.succession import Prepared, Succession
    from gateway.settings.read import Settings


def join(actions: Any) -> None:
    parser = actions.add_parser("handover", help=tr("a unit passes to another leader"))
    parser.add_argument("unit", help=tr("key of the unit in directory.toml"))
    parser.add_argument("--to", required=True, help=tr("the login of the new leader"))
    parser.add_argument("--as", dest="login", required=True, help=tr("your login"))
    parser.add_argument("--basis", required=True, help=tr("the decision that appoints him"))
    parser.add_argument("--out", type=Path, required=True, help=tr("a folder for the minutes"))
    parser.add_argument(
        "--leaves", action="store_true", help=tr("who hands over leaves the office: his login ends")
    )
    parser.set_defaults(work=hand_over)


@dataclass(frozen=True)
class _Room:
    """What the work has at hand."""

    found: Settings
    opened: Shelf
    desk: Decider
    change: Succession
    said: HandOver
    at: datetime
    boxes: dict[str, str]
    """The unit's mailboxes: address and name."""

    @property
    def addresses(self) -> frozenset[str]:
        """Every address of them, aliases too."""
        people = self.found.directory
        return frozenset(
            address
            for box in people.mailboxes.values()
            if box.unit == self.change.unit
            for address in (box.address, *box.aliases)
        )

    def name(self, login: str) -> str:
        return f"{self.found.directory.people[login].name} ({login})"


def hand_over(chosen: argparse.Namespace) -> int:
    """Files first prepared, then the journal, then the files: what fails before leaves no trace,
    and what fails behind is done by the same command again."""
    found = settings(chosen)
    change = _wanted(chosen, found)
    signed_in(chosen, found)
    with shelf(chosen) as opened:
        room = _room(chosen, found, opened, change)
        prepared, words = _prepared(found, change)
        try:
            minutes = _write_minutes(chosen, room)
            commands = [Entry(_with(room.said, minutes)), *_passing(room), *_notices(room)]
            give_all(opened, commands)
            for file in prepared:
                file.put()
        finally:
            for file in prepared:
                file.drop()
    _tell(chosen, room, words)
    return _reloaded(chosen)


def _wanted(chosen: argparse.Namespace, found: Settings) -> Succession:
    """What is asked for. ValueError or LookupError says what cannot be."""
    from gateway.approval.handover import may_hand_over
    from gateway.directory.lookup import People
    from gateway.directory.succession import Succession

    tables = found.directory
    if chosen.unit not in tables.units:
        units = ", ".join(tables.units)
        raise LookupError(tr("no unit {unit}; there are: {all}", unit=chosen.unit, all=units))
    person, unit = tables.people.get(chosen.to), tables.units[chosen.unit]
    if person is None or person.disabled:
        raise LookupError(
            tr("there is no active person {login} in directory.toml", login=chosen.to)
        )
    if unit.leader == chosen.to:
        raise ValueError(tr("{login} leads {unit} already", login=chosen.to, unit=chosen.unit))
    people = People(tables)
    held = people.unit(chosen.unit)
    assert held is not None
    if not may_hand_over(people, held, chosen.login, found.approval.break_glass):
        raise ValueError(
            tr("{login} leads neither {unit} nor a unit above", login=chosen.login, unit=unit.name)
        )
    if chosen.out.exists():
        raise ValueError(tr("{folder} is there already; name another", folder=chosen.out))
    return Succession(chosen.unit, unit.leader, chosen.to, leaves=chosen.leaves)


def _room(chosen: argparse.Namespace, found: Settings, opened: Shelf, change: Succession) -> _Room:
    at = datetime.now(UTC)
    said = HandOver(
        id=new_id(),
        unit=change.unit,
        before=change.before,
        after=change.after,
        actor=chosen.login,
        at_ms=int(at.timestamp() * 1000),
        basis=chosen.basis,
        leaves=change.leaves,
    )
    boxes = {
        box.address.lower(): box.name
        for box in found.directory.mailboxes.values()
        if box.unit == change.unit
    }
    return _Room(found, opened, decider(found, opened), change, said, at, boxes)


def _prepared(found: Settings, change: Succession) -> tuple[list[Prepared], dict[str, str]]:
    """The new files beside the old ones, and the new passwords."""
    from gateway.directory.succession import directory_text, new_passwords, prepare

    path = found.folder / "directory.toml"
    made = [prepare(path, directory_text(path.read_text(encoding="utf-8"), change))]
    path, words = found.folder / "passwords.toml", dict[str, str]()
    if path.exists():
        text, words = new_passwords(path.read_text(encoding="utf-8"), change)
        made.append(prepare(path, text))
    return made, words


def _passing(room: _Room) -> list[Entry]:
    from gateway.approval.handover import passed

    units = room.found.directory.units
    keeps = any(u.leader == room.change.before for k, u in units.items() if k != room.change.unit)
    lent = room.desk.book.delegations()
    reach = frozenset(room.boxes)
    return [
        Entry(word) for word in passed(lent, room.said, reach, room.at, new_id, keeps_other=keeps)
    ]


def _list(kept: list[Kept]) -> bytes:
    """Every message with its digest, for spreadsheets."""
    from gateway.registry.sheets import BOM, harmless

    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(["Số lưu", "Thời điểm", "Chiều", "Từ", "Tiêu đề", "Trạng thái", "SHA-256"])
    for one in kept:
        cells = (one.number, when(one.at_ms), one.direction, one.sender, one.subject, one.state)
        writer.writerow([*map(harmless, cells), one.sha256])
    return (BOM + out.getvalue()).encode()


def _write_minutes(chosen: argparse.Namespace, room: _Room) -> tuple[str, str, int]:
    """Write list and minutes; their digests, and how many messages there are."""
    from gateway.archive.inventory import inventory
    from gateway.registry.minutes import minutes
    from gateway.registry.printing import Head

    kept = list(inventory(room.opened.engine, room.opened.journal, room.addresses))
    listed = _list(kept)
    unit = room.found.directory.units[room.change.unit]
    head = Head(room.found.books.office, room.found.books.office.name or unit.name)
    paper = minutes(head, _said(room, kept, sha256(listed).hexdigest()))
    chosen.out.mkdir(parents=True)
    (chosen.out / "danh-muc-thu.csv").write_bytes(listed)
    (chosen.out / "bien-ban-ban-giao.pdf").write_bytes(paper)
    return sha256(paper).hexdigest(), sha256(listed).hexdigest(), len(kept)


def _said(room: _Room, kept: list[Kept], listed: str) -> Any:
    """What the minutes say."""
    from gateway.registry.minutes import HandedOver, books_of, open_tasks

    change, engine = room.change, room.opened.engine
    came = sum(one.direction == "in" for one in kept)
    return HandedOver(
        unit=room.found.directory.units[change.unit].name,
        at=room.at.astimezone(OFFICE),
        before=room.name(change.before),
        after=room.name(change.after),
        witness=room.name(room.said.actor),
        basis=room.said.basis,
        mailboxes=[(address, name) for address, name in room.boxes.items()],
        messages=[
            ("Số thư lưu", f"{len(kept)} (đến: {came}, đi và nội bộ: {len(kept) - came})"),
            ("Từ số đến số", f"{kept[0].number} … {kept[-1].number}" if kept else "-"),
            ("SHA-256 danh mục", listed),
            ("Chuỗi băm tại thư cuối", kept[-1].chain if kept else "-"),
            ("Việc chưa xong", str(open_tasks(engine, change.unit))),
        ],
        books=books_of(engine, change.unit),
        waiting=_waiting(room),
        delegations=_delegations(room),
        accounts=_accounts(room),
    )


def _waiting(room: _Room) -> list[str]:
    lines = []
    for row in room.desk.book.pending():
        found = room.opened.queries.one(row.mail)
        if row.unit == room.change.unit and found is not None:
            lines.append(
                f"{found.number} {row.author}: {found.subject} (hạn {when(row.expires_ms)})"
            )
    return lines


def _delegations(room: _Room) -> list[str]:
    from gateway.approval.handover import concerned

    change, book = room.change, room.desk.book
    lines = []
    for one in concerned(book.delegations(), change.before, room.at):
        until = f"đến {one.ends.astimezone(OFFICE):%d/%m/%Y}"
        what = "hết hiệu lực" if one.holder == change.after else f"tiếp tục thay mặt {change.after}"
        lines.append(f"{one.capacity} {one.holder}, {until}, {one.basis or '-'}: {what}")
    lines += [
        f"{one.capacity} của {one.lender} cho {change.before}: không chuyển giao, cần văn bản mới"
        for one in book.in_force(room.at)
        if one.holder == change.before
    ]
    return lines


def _accounts(room: _Room) -> list[str]:
    change = room.change
    left = "tài khoản bị khóa" if change.leaves else "đã cấp mật khẩu cá nhân mới"
    gone, come = room.name(change.before), room.name(change.after)
    return [
        f"{gone}: thôi quyền với các hộp thư trên; mật khẩu cũ hết hiệu lực, {left}",
        f"{come}: nhận quyền với các hộp thư trên; đã cấp mật khẩu mới",
    ]


def _with(said: HandOver, minutes: tuple[str, str, int]) -> HandOver:
    from msgspec.structs import replace

    paper, listed, count = minutes
    return replace(said, minutes=paper, listed=listed, count=count)


def _notices(room: _Room) -> list[Entry]:
    """Word to both, and to who leads the unit above."""
    from gateway.approval.compose import Notice, notice
    from gateway.approval.letters import HANDED_OVER

    tables, change, office = room.found.directory, room.change, room.desk.office
    unit = tables.units[change.unit]
    above = tables.units[unit.parent].leader if unit.parent else ""
    text = HANDED_OVER.format(
        unit=unit.name,
        before=room.name(change.before),
        after=room.name(change.after),
        at=f"{room.at.astimezone(OFFICE):%H:%M %d/%m/%Y}",
        basis=room.said.basis,
    )
    mails = []
    for login in dict.fromkeys([change.before, change.after, above]):
        address = office.address_of(login) if login else None
        if address is not None:
            subject = f"[Bàn giao / Hand-over] {unit.name}"
            mails.append(
                notice(office, Notice(to=str(address), subject=subject, text=text), room.at)
            )
    return mails


def _tell(chosen: argparse.Namespace, room: _Room, words: dict[str, str]) -> None:
    from gateway.directory.succession import still_named

    change = room.change
    told = tr(
        "{unit}: {before} → {after}", unit=change.unit, before=change.before, after=change.after
    )
    sys.stdout.write(f"{told}\n{chosen.out / 'bien-ban-ban-giao.pdf'}\n")
    for login, word in words.items():
        sys.stdout.write(tr("New password of {login}: {word}", login=login, word=word) + "\n")
    for place in still_named(room.found.folder, change.before):
        if not place.endswith((f"units.{change.unit}.leader", f"people.{change.before}.unit")):
            sys.stdout.write(
                tr("{login} still stands in {place}", login=change.before, place=place)
            )
            sys.stdout.write("\n")


def _reloaded(chosen: argparse.Namespace) -> int:
    """The gateway that runs reads the new files; one that does not will when it starts."""
    from gateway.cli.serve import reload

    with suppress(ProcessLookupError):
        reload(chosen)
    return 0

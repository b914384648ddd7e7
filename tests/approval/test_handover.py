"""A unit passes to another leader: what waits, what was lent, who gets in, and the minutes."""

from __future__ import annotations

import csv
import io
import re
import smtplib
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pypdfium2
import pytest

from gateway.approval.authority import Capacity, Delegation
from gateway.approval.handover import may_hand_over, passed
from gateway.archive.approvals import HandOver, Lend, Revoke
from gateway.archive.journal import Entry
from gateway.directory.lookup import People
from gateway.directory.succession import Succession, directory_text, new_passwords, still_named
from gateway.directory.tables import Tables
from tests.approval.played import DOMAIN, Office, answer, code_in, directory
from tests.approval.room import MONDAY, Room, office

DAY = timedelta(days=1)
MS = int(MONDAY.timestamp() * 1000)
SAID = HandOver("H1", "u0", "l0", "c1", "l0", MS, "12/QĐ-SNgV")
BOXES = frozenset({f"u0@{DOMAIN}"})


def lent(id_: str, holder: str = "d1", *boxes: str, lender: str = "l0") -> Delegation:
    capacity, reach = Capacity.TUQ, frozenset(boxes)
    return Delegation(id_, lender, holder, capacity, MONDAY - DAY, MONDAY + DAY, reach, "1/UQ")


def words(*given: Delegation, keeps_other: bool = False) -> list[Lend | Revoke]:
    ids = iter(("n1", "n2"))
    return list(passed(given, SAID, BOXES, MONDAY, lambda: next(ids), keeps_other=keeps_other))


def test_what_was_lent_goes_on_in_the_new_leaders_name_and_no_further() -> None:
    ended, goes_on = words(lent("a"))
    assert isinstance(ended, Revoke)
    assert ended.id == "a"
    assert isinstance(goes_on, Lend)
    assert (goes_on.lender, goes_on.holder, goes_on.capacity) == ("c1", "d1", "TUQ")
    assert goes_on.mailboxes == tuple(BOXES)
    assert goes_on.begins_ms == MS
    assert goes_on.ends_ms == MS + 86_400_000, "no longer than before"
    assert goes_on.basis == "1/UQ; 12/QĐ-SNgV"


def test_what_was_lent_to_the_new_leader_or_by_others_is_not_passed_on() -> None:
    assert [type(word) for word in words(lent("a", "c1"))] == [Revoke]
    assert words(lent("b", lender="l1")) == []
    assert [type(word) for word in words(lent("c", "d1", f"u1@{DOMAIN}"))] == [Revoke]


def test_who_leads_another_unit_still_keeps_what_he_lent_there() -> None:
    kept = words(lent("a", "d1", f"u1@{DOMAIN}"), lent("b"), keeps_other=True)
    assert [type(word) for word in kept] == [Lend]


def test_who_may_do_it() -> None:
    text = directory(2).replace('leader = "l1"', 'leader = "l1"\nparent = "u0"')
    people = People(Tables.read(tomllib.loads(text)))
    below = people.unit("u1")
    assert below
    may = {who: may_hand_over(people, below, who, ("d0",)) for who in ("l1", "l0", "d0", "d1")}
    assert may == {"l1": True, "l0": True, "d0": True, "d1": False}


COMMENTED = (
    directory(2)
    .replace("[units.u0]", "# Phòng này\n[units.u0]")
    .replace('keepers = ["c0"]', 'keepers = ["l0", "c0"]  # văn thư')
)


def test_directory_is_changed_in_place_and_its_comments_stay() -> None:
    made = directory_text(COMMENTED, Succession("u0", "l0", "d0", leaves=True))
    table = Tables.read(tomllib.loads(made))
    assert (table.units["u0"].leader, table.units["u0"].deputies) == ("d0", ())
    assert table.mailboxes["u0"].keepers == ("d0", "c0")
    assert table.people["l0"].disabled
    assert table.units["u1"].leader == "l1"
    assert "# Phòng này" in made
    assert "# văn thư" in made


def test_passwords_of_both_end_and_of_nobody_else() -> None:
    text = '[passwords]\nl0 = "a"\nd0 = "b"\nc0 = "c"  # văn thư\n'
    made, told = new_passwords(text, Succession("u0", "l0", "d0"))
    now = tomllib.loads(made)["passwords"]
    assert sorted(told) == ["d0", "l0"]
    assert now["c0"] == "c"
    assert "a" not in now.values()
    assert "# văn thư" in made
    gone, told = new_passwords(text, Succession("u0", "l0", "d0", leaves=True))
    assert sorted(told) == ["d0"]
    assert "l0" not in tomllib.loads(gone)["passwords"]


def test_where_he_is_still_named_is_told(tmp_path: Path) -> None:
    (tmp_path / "directory.toml").write_text(directory(1))
    (tmp_path / "approval.toml").write_text('[policy]\nsteps = [{ by = "l0, d0" }]\n')
    told = still_named(tmp_path, "l0")
    assert told == ["approval.toml: policy.steps.by", "directory.toml: units.u0.leader"]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.shelf.close()


def test_what_waits_is_asked_of_the_new_leader_and_the_old_one_decides_no_more(room: Room) -> None:
    mail = room.submit()
    room.shelf.journal.append_now([Entry(SAID)])
    people = directory_text(directory(2), Succession("u0", "l0", "c1"))
    room.under(office(people=people))
    room.work()
    assert len(room.mails("c1", "Chờ duyệt")) == 1
    assert len(room.mails("d0", "Chờ duyệt")) == 1, "who has his request gets no second one"
    assert ("handed over", True) in room.story(mail)
    room.write("l0")
    assert room.stays(mail)
    assert "not an approver" in str(room.mails("l0", "Không tính")[0])
    room.write("c1")
    assert room.leaves(mail)
    assert [len(room.mails(who, "Đã duyệt")) for who in ("c0", "l0", "d0", "c1")] == [1] * 4


def test_whom_authority_is_lent_is_asked_about_what_waits(room: Room) -> None:
    room.under(office(people=directory(2)))
    mail = room.submit()
    lend = Lend("D1", "l0", "l1", "TL", MS, MS + 86_400_000, "l0", MS, basis="x")
    room.shelf.journal.append_now([Entry(lend)])
    room.after(MONDAY + timedelta(seconds=1))
    assert room.mails("l1") == [], "every five seconds"
    room.after(MONDAY + timedelta(seconds=6))
    assert len(room.mails("l1", "Chờ duyệt")) == 1
    room.write("l1")
    assert room.leaves(mail)


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Office]:
    made = Office.furnish(tmp_path / "office", 2)
    made.start()
    yield made
    made.stop()


def test_the_command_hands_over_while_the_gateway_runs(played: Office, tmp_path: Path) -> None:
    waits = played.submit(0, "Thư bàn giao")
    to = code_in(played.request("l0", "Thư bàn giao"), "duyet")
    out, words = tmp_path / "minutes", ("people", "handover", "u0", "--basis", "12/QĐ-SNgV")
    refused = played.command(*words, "--to", "c1", "--as", "c0", "--out", str(out))
    assert (refused.returncode, out.exists()) == (1, False)
    lend = ("approve", "delegate", "d1", "--as", "l0", "--capacity", "TL", "--until", "2099-01-01")
    assert played.command(*lend, "--basis", "3/UQ").returncode == 0
    still_here = played.client("l0")
    assert still_here.noop()[0] == 250
    done = played.command(*words, "--to", "c1", "--as", "l0", "--out", str(out))
    assert done.returncode == 0, done.stderr
    told = dict(re.findall(r"(?:New password of|Mật khẩu mới của) (\w+): (\S+)", done.stdout))
    assert sorted(told) == ["c1", "l0"]

    assert _is_sent_away(still_here)
    played.kill_clients()
    with pytest.raises(smtplib.SMTPAuthenticationError):
        played.client("l0")
    played.words |= told
    request = played.request("c1", "Thư bàn giao")
    played.send("l0", f"l0@{DOMAIN}", [to], answer("l0", to, "DUYỆT", None, "link"))
    own = f"l0@{DOMAIN}"
    played.wait(lambda: bool(played.about(own, "Không tính")), "the old code was not answered")
    assert played.row(waits).state == "pending"
    new = code_in(request, "duyet")
    played.send("c1", f"c1@{DOMAIN}", [new], answer("c1", new, "DUYỆT", None, "link"))
    played.becomes(waits, "queued")
    assert played.submit(0, "Thư sau bàn giao")
    with pytest.raises(smtplib.SMTPException):
        played.send("l0", f"u0@{DOMAIN}", ["a@mofa.example"], played.letter(0, "Thư cũ"))

    delegations = played.command("people", "delegations").stdout
    assert "c1  → d1" in delegations
    assert "l0  → d1" not in delegations
    _check_minutes(played, out)


def _is_sent_away(client: smtplib.SMTP) -> bool:
    try:
        return client.noop()[0] == 421
    except (smtplib.SMTPServerDisconnected, ConnectionError):
        return True


def _check_minutes(played: Office, out: Path) -> None:
    listed = (out / "danh-muc-thu.csv").read_bytes()
    rows = list(csv.reader(io.StringIO(listed.decode("utf-8-sig")), delimiter=";"))
    (row,) = [row for row in rows if "Thư bàn giao" in row]
    shelf = played.opened()
    found = shelf.queries.one(row[0])
    assert found
    assert row[-1] == sha256(shelf.queries.record(found).raw).hexdigest()
    shelf.close()
    paper = (out / "bien-ban-ban-giao.pdf").read_bytes()
    pdf = pypdfium2.PdfDocument(paper)
    text = " ".join(" ".join(page.get_textpage().get_text_bounded().split()) for page in pdf)
    for shown in (
        "BIÊN BẢN BÀN GIAO",
        "12/QĐ-SNgV",
        f"u0@{DOMAIN}",
        row[0],
        "tiếp tục thay mặt c1",
    ):
        assert shown in text, text
    assert f"{len(rows) - 1} (đến:" in text
    assert re.search(rf"{row[0]} [^()]*Thư bàn giao[^()]*\(hạn", text), "what waits is not listed"
    assert sha256(listed).hexdigest() in text.replace(" ", "")
    assert "secret" not in text
    kept = played.command("people", "handovers").stdout
    assert sha256(paper).hexdigest() in kept
    assert played.command("archive", "verify").returncode == 0

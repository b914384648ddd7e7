"""A proof shows what the books say of a message, and its checker believes no changed word."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.approval import check_proof
from gateway.approval.proof import Registered, proof_of
from gateway.archive.journal import Entry
from gateway.archive.registering import (
    Amend,
    Claim,
    Direct,
    File,
    Insert,
    Particulars,
    Reserve,
)
from gateway.identity.keyring import Keyring
from gateway.registry.proven import entered
from tests.approval.played import DOMAIN
from tests.approval.room import MONDAY, Room
from tests.archive.samples import entry

MS = int(MONDAY.timestamp() * 1000)
PAPER = b"%PDF-1.7 to trinh"
LETTER = (
    f"From: u0@{DOMAIN}\r\nTo: <a@mofa.example>\r\nSubject: =?utf-8?q?C=C3=B4ng_v=C4=83n?=\r\n"
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\n\r\nKinh gui\r\n--b\r\nContent-Type: application/pdf\r\n"
    'Content-Disposition: attachment; filename="cv.pdf"\r\n\r\n'
).encode() + PAPER + b"\r\n--b--\r\n"  # fmt: skip


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path / "data")
    yield made
    made.shelf.close()


def reserve(room: Room, id_: str = "E1", **more: Any) -> None:
    said = Particulars(abstract="Về việc mời họp", kind="Công văn", recipients="Bộ Ngoại giao")
    given: dict[str, Any] = {
        "id": id_, "at_ms": MS - 10_000, "actor": "c0", "book": "di", "unit": "u0",
        "series": "cv", "date": "2026-08-03", "symbol": "SNgV-VP", "particulars": said,
    }  # fmt: skip
    room.shelf.journal.append_now([Entry(Reserve(**given | more))])
    room.work()


def submitted(room: Room) -> str:
    mail = room.put(
        "c0", f"u0@{DOMAIN}", "a@mofa.example", LETTER, state="held", desks=("approval",)
    )
    room.work()
    return mail


def claim(room: Room, mail: str, id_: str = "E1", number: str = "1/SNGV-VP") -> None:
    file = File(sha256(PAPER).hexdigest(), "cv.pdf", 2)
    said = Particulars(number=number, signer="Trưởng phòng 0")
    room.shelf.journal.append_now([Entry(Claim(id_, MS, "registrar", mail, (file,), said))])
    room.work()


def bundle(room: Room, mail: str, folder: Path) -> Path:
    """What the command writes, without the command."""
    lines = entered(room.shelf.engine, mail)
    register = Registered(
        [{"book_name": "Sổ đi"} | line.told for line in lines],
        frozenset().union(*(line.ids for line in lines)),
        min((line.first for line in lines), default=0),
    )
    shelf, found = room.shelf, room.found(mail)
    book = room.rounds.desk.book
    told = proof_of(shelf.journal, shelf.queries, book, Keyring(()), found, register)
    folder.mkdir()
    (folder / "message.eml").write_bytes(shelf.queries.record(found).raw)
    (folder / "proof.json").write_bytes(msgspec.json.encode(told))
    return folder


def check(folder: Path) -> tuple[int, str]:
    """By nothing but Python: no package of ours, no site packages."""
    line = [sys.executable, "-I", "-S", check_proof.__file__, str(folder)]
    ran = subprocess.run(line, capture_output=True, encoding="utf-8", check=False)
    return ran.returncode, ran.stdout + ran.stderr


def sent(room: Room) -> str:
    reserve(room)
    room.shelf.journal.append_now([entry(90, b"Subject: somebody else's\r\n\r\nhidden\r\n")])
    mail = submitted(room)
    claim(room, mail)
    room.write("l0")
    assert room.leaves(mail)
    return mail


def test_what_the_book_says_is_shown_and_checked(room: Room, tmp_path: Path) -> None:
    folder = bundle(room, sent(room), tmp_path / "proof")
    status, said = check(folder)
    assert status == 0, said
    for shown in (
        "Sổ / Book: Sổ đi (used)", "Số, ký hiệu / Number: 01/SNgV-VP",
        "Ngày vào sổ / Entered on: 2026-08-03", "Trích yếu / Abstract: Về việc mời họp",
        "Người ký / Signed by: Trưởng phòng 0", "Ngày chuyển / Sent on: 2026-08-03",
        "the document bears this number", "tệp cv.pdf đúng là tệp trong thư",
    ):  # fmt: skip
        assert shown in said
    told = (folder / "proof.json").read_text(encoding="utf-8")
    assert "reserve" in told
    assert "somebody else" not in told, "what is nobody's business stays a digest"


def test_who_was_told_to_handle_it_is_in_no_proof(room: Room, tmp_path: Path) -> None:
    mail = sent(room)
    room.shelf.journal.append_now([Entry(Direct("E1", MS, "l0", "mật: giao phòng 0"))])
    room.work()
    folder = bundle(room, mail, tmp_path / "proof")
    assert "giao phòng" not in (folder / "proof.json").read_text(encoding="utf-8")
    assert check(folder)[0] == 0


Change = Callable[[dict[str, Any]], None]


def _said(field: str, value: str) -> Change:
    def change(told: dict[str, Any]) -> None:
        told["register"][0]["said"][field] = value

    return change


def _line(field: str, value: object) -> Change:
    return lambda told: told["register"][0].update({field: value})


def _record(before: str, after: str) -> Change:
    def change(told: dict[str, Any]) -> None:
        for link in told["chain"]["path"]:
            if before in link.get("json", ""):
                link["json"] = link["json"].replace(before, after)

    return change


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_said("abstract", "Về việc khác"), "BAD  các cột của dòng này"),
        (_said("transferred", "2026-08-09"), "BAD  các cột của dòng này"),
        (_said("number", "02/SNgV-VP"), "BAD  các cột của dòng này"),
        (_line("number", "02/SNgV-VP"), "BAD  số thuộc loạt số"),
        (_line("n", 2), "BAD  số thuộc loạt số"),
        (_line("book", "mat"), "BAD  sổ ghi dòng này"),
        (_line("ids", ["E9"]), "BAD  sổ ghi dòng này"),
        (_line("files", [{"name": "cv.pdf", "sha256": "0" * 64}]), "BAD  tệp cv.pdf đã vào sổ"),
        (_record("Về việc mời họp", "Về việc khác"), "is not the chained one"),
        (_record('"mail":"0', '"mail":"1'), "BAD"),
    ],
)
def test_no_word_of_the_entry_can_be_changed(
    room: Room, tmp_path: Path, change: Change, why: str
) -> None:
    path = bundle(room, sent(room), tmp_path / "proof") / "proof.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    change(told)
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    status, said = check(path.parent)
    assert status == 1
    assert why in said


def test_the_entry_of_another_message_is_not_taken_for_its_own(room: Room, tmp_path: Path) -> None:
    mail = sent(room)
    room.write("l0")
    path = bundle(room, mail, tmp_path / "proof") / "proof.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    for link in told["chain"]["path"]:
        if '"type":"claim"' in link.get("json", ""):
            del link["json"]
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    status, said = check(path.parent)
    assert (status, "BAD  dòng này là của thư này" in said) == (1, True)


def test_a_message_in_no_book_says_so(room: Room, tmp_path: Path) -> None:
    mail = room.submit()
    room.write("l0")
    status, said = check(bundle(room, mail, tmp_path / "proof"))
    assert status == 0, said
    assert "thư này không có trong sổ nào / no book has an entry about this message" in said


def test_a_number_that_nobody_read_is_the_books_word_alone(room: Room, tmp_path: Path) -> None:
    reserve(room)
    mail = submitted(room)
    claim(room, mail, number="")
    status, said = check(bundle(room, mail, tmp_path / "proof"))
    assert status == 0, said
    assert "Sổ / Book: Sổ đi (reserved)" in said, "it waits, and its number with it"
    assert "note số 01/SNgV-VP do sổ đếm" in said


def test_a_corrected_line_and_an_inserted_number(room: Room, tmp_path: Path) -> None:
    reserve(room)
    room.shelf.journal.append_now(
        [
            Entry(Insert("E2", "E1", MS - 5_000, "c0", "l0", "bổ sung", "2026-08-03")),
            Entry(Amend("E2", MS - 4_000, "c0", (("abstract", "Bổ sung giấy mời"),), "thiếu")),
        ]
    )
    room.work()
    mail = submitted(room)
    claim(room, mail, "E2", number="01a/SNgV-VP")
    room.write("l0")
    status, said = check(bundle(room, mail, tmp_path / "proof"))
    assert status == 0, said
    assert "Number: 01a/SNgV-VP" in said
    assert "Abstract: Bổ sung giấy mời" in said


def test_days_are_those_of_the_office() -> None:
    late = datetime(2026, 8, 3, 17, 30, tzinfo=UTC)
    assert check_proof.day(int(late.timestamp() * 1000)) == "2026-08-04"

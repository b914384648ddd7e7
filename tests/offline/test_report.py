"""The compliance report: its counts against what was done; on screen, paper, in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pypdfium2
import pytest

from gateway.archive.commands import Peer, Told
from gateway.archive.shelf import Shelf
from gateway.cli.demo import make
from gateway.cli.main import main
from gateway.directory.lookup import People
from gateway.offline.report import Counts, Line, Month, report
from gateway.roles.chapters import chapters
from gateway.runtime.words import speak
from tests.approval.played import DOMAIN
from tests.approval.room import END, MONDAY, Room, approve, office
from tests.archive.samples import decide
from tests.registry.office import AGENCY, CONFIG, letter, mail

AUGUST = Month(2026, 8)
TODAY = date(2026, 9, 1)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.shelf.close()


def august(room: Room, **more: bool) -> dict[str, Line]:
    directory = office().directory
    assert isinstance(directory, People)
    return {one.name: one for one in report(room.shelf, directory, AUGUST, TODAY, **more)}


def test_what_became_of_what_was_asked(room: Room) -> None:
    approve(room, room.submit("Một"))
    room.submit("Hai")
    room.write("l0", "TỪ CHỐI", "tuchoi")
    room.submit("Ba")
    room.after(END + timedelta(days=1))
    room.hands.at = datetime(2026, 8, 31, 3, tzinfo=UTC)
    room.submit("Bốn")
    room.hands.at = datetime(2026, 9, 1, tzinfo=UTC)
    room.submit("Tháng sau")
    lines = august(room)
    assert list(lines) == ["", "Phòng 0", f"u0@{DOMAIN}"]
    for line in lines.values():
        said = line.counts
        assert (said.asked, said.approved, said.declined) == (4, 1, 1), line
        assert (said.late, said.waiting) == (1, 1), line
        assert said.hours == 0.0
        assert said.sent == 4, "what people write to the desk is not counted"


def test_mail_spam_and_encodings(room: Room) -> None:
    outside = {"direction": "in", "peer": Peer("smtp", "inbound")}
    held = {"state": "held", "desks": ("quarantine",)}
    box, at = f"u0@{DOMAIN}", {"at_ms": int(MONDAY.timestamp() * 1000)}
    room.put("", "a@mofa.example", box, b"Subject: 1\r\n\r\n", **outside, **at)
    for _ in range(2):
        room.put("", "x@spam.example", box, b"Subject: 2\r\n\r\n", **outside, **held, **at)
    room.shelf.journal.append_now([decide(room.count, "quarantine")])
    told = Told("message", "charset", "reject", "TCVN3 in the text")
    refused = {"state": "refused", "findings": (told,), "reply": "554 5.6.0 no"}
    room.put("c0", f"c0@{DOMAIN}", "a@mofa.example", b"", **refused, **at)
    room.put("c0", f"c0@{DOMAIN}", box, b"Subject: 3\r\n\r\n", direction="internal", **at)
    room.work()
    lines = august(room, persons=True)
    assert lines[box].counts == Counts(received=4, spam=2, released=1)
    assert lines[f"c0@{DOMAIN}"].counts == Counts(sent=1, refused=1, encodings=1)
    whole = Counts(received=4, sent=1, refused=1, spam=2, released=1, encodings=1)
    assert lines["Phòng 0"].counts == whole
    assert lines[""].counts == whole
    assert f"c0@{DOMAIN}" not in august(room)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The shipped office, of whose rows somebody takes care."""
    monkeypatch.setenv("VANTHU_LANG", "vi")
    made = make(CONFIG, tmp_path)
    shelf = Shelf(tmp_path / "data", applies=True, chapters=chapters())
    shelf.start()
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    kept = shelf.journal.append_now([mail(1, letter("Mời họp"), AGENCY, at_ms=now_ms)])
    assert shelf.applier
    assert shelf.applier.wait_for(kept[-1].seq)
    yield made
    shelf.close()
    speak("en")


def test_books_by_the_command_in_every_form(
    config: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def said(*words: str, status: int = 0) -> str:
        capsys.readouterr()
        assert main(["--config", str(config), *words]) == status
        out, err = capsys.readouterr()
        return out + err

    known = ("--set", "issued=2026-08-09", "--set", "issuer=Sở Nội vụ", "--as", "lan")
    said("register", "add", "--set", "number=12/SNV-VP", "--set", "abstract=V/v họp", *known)
    said("register", "reserve", "--series", "qd", "--set", "abstract=Quy chế", "--as", "lan")
    said("register", "use", "01/QĐ-SNgV", "--as", "lan")
    now = f"{datetime.now(UTC) + timedelta(hours=7):%Y-%m}"
    (whole,) = (
        row
        for row in map(json.loads, said("report", "--month", now, "--json").splitlines())
        if row["kind"] == "office"
    )
    assert (whole["received"], whole["registered"], whole["unhandled"]) == (1, 1, 1)
    assert (whole["issued"], whole["overdue"]) == (1, 0)
    assert "Văn bản đã vào sổ: 1" in said("report", "--month", now)
    for ending in ("pdf", "xlsx", "csv"):
        said("report", "--month", now, "--out", str(tmp_path / f"so.{ending}"))
    rows = list(
        csv.reader(io.StringIO((tmp_path / "so.csv").read_text("utf-8-sig")), delimiter=";")
    )
    assert rows[1][0] == "Toàn cơ quan"
    assert rows[1][1] == "1"
    assert {len(row) for row in rows} == {17}
    page = pypdfium2.PdfDocument(tmp_path / "so.pdf")[0].get_textpage().get_text_bounded()
    assert "SỬ DỤNG THƯ CÔNG VỤ" in page
    assert AGENCY in page
    with zipfile.ZipFile(tmp_path / "so.xlsx") as book:
        assert AGENCY in book.read("xl/sharedStrings.xml").decode()
    only = said("report", "--month", now, "--unit", "lanhsu", "--json").splitlines()
    assert [json.loads(row)["kind"] for row in only][:2] == ["unit", "mailbox"]
    assert "2026-08" in said("report", "--month", "tám", status=1)
    assert "lanhsu" in said("report", "--unit", "x", status=1)
    assert ".xlsx" in said("report", "--out", "so.doc", status=1)

"""The clerk's whole day through ``vanthu register`` and ``vanthu find``."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest

from gateway.archive.shelf import Shelf
from gateway.cli.demo import make
from gateway.cli.main import main
from gateway.registry.edxml import read_edxml
from gateway.roles.chapters import chapters
from tests.registry.office import AGENCY, CONFIG, letter, mail

FIELDS = ("--set", "number=12/SNV-VP", "--set", "issued=2026-08-09", "--set", "issuer=Sở Nội vụ")


class Terminal:
    """Runs commands against a gateway that folds."""

    def __init__(self, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.config, self._capsys = config, capsys

    def __call__(self, *words: str, login: str = "lan", fails: bool = False) -> str:
        asker = ["--as", login] if login else []
        self._capsys.readouterr()
        status = main(["--config", str(self.config), *words, *asker])
        out, err = self._capsys.readouterr()
        assert (status != 0) == fails, (words, out, err)
        return out + err


@pytest.fixture
def terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Terminal]:
    monkeypatch.setenv("VANTHU_LANG", "en")
    config = make(CONFIG, tmp_path)
    shelf = Shelf(tmp_path / "data", applies=True, chapters=chapters())
    shelf.start()
    raw = letter("V/v tuần tra biên giới số 7/BTL", cv_pdf=b"%PDF-1.7")
    shelf.journal.append_now([mail(1, raw, AGENCY, subject="V/v tuần tra biên giới")])
    private = mail(2, letter("riêng"), "minh@songoaivu.example", subject="riêng")
    kept = shelf.journal.append_now([private])
    assert shelf.applier is not None
    assert shelf.applier.wait_for(kept[-1].seq), "the rows have not come"
    yield Terminal(config, capsys)
    shelf.close()


def test_a_number_from_its_reservation_to_its_end(terminal: Terminal) -> None:
    said = terminal("register", "reserve", "--series", "qd", "--set", "abstract=Quy chế thư")
    assert "01/QĐ-SNgV" in said
    terminal("register", "reserve", "--series", "qd")
    terminal("register", "void", "02/QĐ-SNgV", "--reason", "soạn lại")
    assert "03/QĐ-SNgV" in terminal("register", "reserve", "--series", "qd")
    inserted = terminal("register", "insert", "1 qd sngv", "--approver", "binh", "--reason", "sót")
    assert "01a/QĐ-SNgV" in inserted
    terminal("register", "use", "3 qđ sngv", "--set", "copies=12")
    terminal("register", "void", "03/QĐ-SNgV", "--reason", "x", fails=True)
    listed = terminal("register", "list", "--book", "di")
    assert [line.split()[2] for line in listed.splitlines()] == [
        "01/QĐ-SNgV",
        "01a/QĐ-SNgV",
        "02/QĐ-SNgV",
        "03/QĐ-SNgV",
    ]
    both = terminal("find", "01/QĐ-SNgV")
    assert "01a/QĐ-SNgV" in both
    assert "01/QĐ-SNgV" in both


def test_an_arrival_from_the_paper_to_its_end(terminal: Terminal, tmp_path: Path) -> None:
    terminal("register", "add", "--set", "abstract=V/v mời họp", *FIELDS)
    assert "arrival number" in terminal("find", "1")
    for typed in ("12/SNV-VP", "12 snv vp", "số 0012 / snv – vp ngày 9/8/2026"):
        assert "12/SNV-VP" in terminal("find", typed)
    terminal(
        *("register", "route", "12/SNV-VP", "--direction", "Lãnh sự tham mưu"),
        *("--lead", "unit:lanhsu", "--due", "2026-08-20", "--leader", "binh"),
    )
    terminal("register", "route", "12/SNV-VP", "--status", "done", login="tuan")
    terminal("register", "edit", "1", "--set", "abstract=V/v họp", "--reason", "đọc nhầm")
    shown = terminal("register", "show", "1")
    for text in ("Lãnh sự tham mưu", "done", "'V/v mời họp' → 'V/v họp'", "đọc nhầm"):
        assert text in shown
    for name, slip in (("a.pdf", "arrival"), ("r.pdf", "routing")):
        terminal("register", "print", str(tmp_path / name), "--line", "1", "--slip", slip)
        assert (tmp_path / name).read_bytes().startswith(b"%PDF")
    terminal("register", "export", str(tmp_path / "x.edxml"), "--line", "1", "--to", "H1=UBND")
    assert read_edxml((tmp_path / "x.edxml").read_bytes()).document.number == "12/SNV-VP"
    for status, step in (("05", "in progress"), ("06", "done")):
        back = str(tmp_path / f"{status}.edxml")
        terminal("register", "export", back, "--line", "1", "--status", status)
        terminal("register", "edxml", back)
        assert f"{step} " in terminal("register", "show", "1").splitlines()[-1]
    terminal("register", "export", str(tmp_path / "13.edxml"), "--line", "1", "--status", "13")
    terminal("register", "edxml", str(tmp_path / "13.edxml"), fails=True)
    terminal("register", "edxml", str(tmp_path / "x.edxml"))
    assert "lan (os:" in terminal("register", "views", "1")


def test_a_book_on_paper_and_as_data(terminal: Terminal, tmp_path: Path) -> None:
    terminal("register", "add", "--set", "abstract==HYPERLINK(1)", *FIELDS)
    for name in ("b.pdf", "f.pdf"):
        more = ("--follow-up",) if name == "f.pdf" else ()
        terminal("register", "print", str(tmp_path / name), *more)
        assert (tmp_path / name).read_bytes().startswith(b"%PDF")
    for name in ("b.csv", "b.xlsx", "b.xml"):
        terminal("register", "export", str(tmp_path / name))
    text = (tmp_path / "b.csv").read_text(encoding="utf-8-sig")
    assert "Sở Nội vụ;12/SNV-VP;09/08/2026;'=HYPERLINK(1)" in text
    assert zipfile.is_zipfile(tmp_path / "b.xlsx")
    assert "<ArrivalNumber>01</ArrivalNumber>" in (tmp_path / "b.xml").read_text(encoding="utf-8")


def test_slips_of_may_bear_the_old_name_and_those_of_august_the_new(
    terminal: Terminal, tmp_path: Path
) -> None:
    names = []
    for day in ("2026-05-04", "2026-08-04"):
        book = ("--book", "den-lanhsu", "--date", day, "--set", f"abstract=của ngày {day}")
        id_ = terminal("register", "add", *book, login="minh").split()[0]
        slip = str(tmp_path / f"{day}.pdf")
        terminal("register", "print", slip, "--line", id_, "--slip", "arrival", login="minh")
        page = pypdfium2.PdfDocument(slip)[0].get_textpage().get_text_bounded()
        names.append("NGƯỜI VIỆT NAM Ở NƯỚC NGOÀI" in " ".join(page.upper().split()))
    assert names == [True, False]


def test_only_who_may_does_and_sees(terminal: Terminal) -> None:
    terminal("register", "add", "--set", "abstract=V/v họp kín", *FIELDS)
    assert "keep the book" in terminal("register", "reserve", login="minh", fails=True)
    assert "họp kín" in terminal("find", "12/SNV-VP", login="binh")
    terminal("find", "12/SNV-VP", login="minh", fails=True)
    assert "họp kín" not in terminal("find", "12/SNV-VP", login="")
    assert "riêng" in terminal("find", "--recipient", "minh@songoaivu.example", login="minh")
    terminal("find", "--recipient", "minh@songoaivu.example", login="binh", fails=True)
    terminal("find", "12", login="nobody", fails=True)


def test_an_operator_sees_that_mail_flows_and_breaks_the_glass_with_a_reason(
    terminal: Terminal,
) -> None:
    flows = terminal("find", "--recipient", "minh@songoaivu.example", login="")
    assert "minh@songoaivu.example" in flows
    assert "riêng" not in flows
    for guess in (("find", "tuần tra"), ("find", "--subject", "riêng")):
        assert "--as LOGIN" in terminal(*guess, login="", fails=True)
    number = flows.split()[0]
    assert "--break-glass" in terminal("show", number, login="", fails=True)
    assert "riêng" not in terminal("why", number, login="")
    assert "not binh" in terminal("why", number, login="binh", fails=True)
    glass = ("--break-glass", "thư bị báo là mất, ông Minh nhờ xem")
    assert "in words" in terminal("show", number, "--break-glass", "x", login="", fails=True)
    assert "not both" in terminal("why", number, *glass, login="lan", fails=True)
    assert "riêng" in terminal("why", number, *glass, login="")
    seen = terminal("register", "views", "break-glass", login="binh")
    assert "ông Minh nhờ xem" in seen
    assert "os:" in seen
    assert "ông Minh nhờ xem" in terminal("register", "views", number, login="minh")
    terminal("register", "views", number, login="lan", fails=True)
    terminal("register", "views", "break-glass", login="minh", fails=True)


def test_a_line_is_shown_in_the_readers_language(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal("register", "add", "--set", "abstract=V/v mời họp", *FIELDS)
    terminal("register", "route", "1", "--direction", "xử lý", "--lead", "unit:lanhsu")
    monkeypatch.setenv("VANTHU_LANG", "vi")
    shown = terminal("register", "show", "1")
    for text in ("trích yếu", "ngày ban hành", "09/08/2026", "vào sổ", "chủ trì", "Phòng Lãnh sự"):
        assert text in shown
    for name in ("abstract", "issuer", "register ", "unit:lanhsu", "assigned", "paper"):
        assert name not in shown
    assert "[số đến]" in terminal("find", "1")


def test_mistakes_say_what_to_do(terminal: Terminal, tmp_path: Path) -> None:
    assert "name a series" in terminal("register", "reserve", fails=True)
    assert "vanthu find" in terminal("register", "show", "99/XX-YY", fails=True)
    assert "no field" in terminal("register", "add", "--set", "colour=red", fails=True)
    assert ".csv" in terminal("register", "export", str(tmp_path / "b.doc"), fails=True)
    terminal("register", "close-year", "2099", fails=True)

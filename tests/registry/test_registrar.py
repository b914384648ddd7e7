"""What comes in goes to the right book, once, whatever interrupts; its file bears its number."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.archive.commands import Told
from gateway.archive.registering import Amend
from gateway.archive.shelf import Shelf
from gateway.mail.papers import Belief, DocumentFacts, FileKind, PageFacts, PageKind
from gateway.registry.chapter import Books
from gateway.registry.registrar import Registrar
from gateway.registry.texts import texts_path
from tests.archive.samples import AT, decide, mail_id
from tests.papers import KnownDocuments
from tests.registry.desk import NOON
from tests.registry.office import UNIT, Desk, letter, mail, work

PDF = b"%PDF-1.7\nscan"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    shelf = Shelf(tmp_path, applies=True, chapters=[Books()])
    yield Desk(shelf)
    shelf.close()


@pytest.fixture
async def registrar(desk: Desk, tmp_path: Path) -> AsyncIterator[Registrar]:
    made = desk.registrar(tmp_path)
    yield made
    made.texts.close()


def files(folder: Path) -> list[str]:
    root = folder / "files"
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


async def test_a_document_to_the_agency_is_proposed(desk: Desk, registrar: Registrar) -> None:
    desk.put(mail(1, letter("V/v mời họp số 12/SNV-VP", cv_pdf=PDF)))
    await work(registrar)
    (line,) = desk.lines()
    assert (line.book, line.state, line.n, line.mail) == ("den", "proposed", None, mail_id(1))
    (said,) = desk.rows("books_said")
    assert (said.field, said.value, said.source) == ("number", "12/SNV-VP", "subject")
    assert (line.number, line.abstract) == ("", "V/v mời họp số 12/SNV-VP")


async def test_a_letter_without_document_is_left_in_the_archive(
    desk: Desk, registrar: Registrar
) -> None:
    desk.put(mail(1, letter()))
    await work(registrar)
    assert desk.lines() == []


async def test_a_book_that_takes_all_numbers_at_once_and_saves(
    desk: Desk, registrar: Registrar, tmp_path: Path
) -> None:
    desk.put(mail(1, letter("V/v cấp hộ chiếu: hỏi/đáp?", cv_pdf=PDF), UNIT))
    desk.put(mail(2, letter("Thư hỏi"), UNIT))
    await work(registrar)
    assert [(line.book, line.n, line.state) for line in desk.lines()] == [
        ("den-lanhsu", 1, "registered"),
        ("den-lanhsu", 2, "registered"),
    ]
    folder = "Sổ văn bản đến Phòng Lãnh sự/2026/09"
    assert files(tmp_path) == [
        f"{folder}/0001_V v cấp hộ chiếu hỏi đáp.pdf",
        f"{folder}/0002_Thư hỏi.eml",
    ]
    assert (tmp_path / "files" / folder / "0001_V v cấp hộ chiếu hỏi đáp.pdf").read_bytes() == PDF


async def test_a_corrected_line_renames_its_file(
    desk: Desk, registrar: Registrar, tmp_path: Path
) -> None:
    desk.put(mail(1, letter("cũ", cv_pdf=PDF), UNIT))
    await work(registrar)
    line = desk.lines()[0]
    changes = (("abstract", "mới"), ("number", "05/UBND-VX"))
    desk.say(Amend(line.id, NOON, "minh", changes, "đọc nhầm"))
    await work(registrar)
    assert [Path(name).name for name in files(tmp_path)] == ["0001_05-UBND-VX_mới.pdf"]


async def test_what_is_begun_again_counts_once(
    desk: Desk, registrar: Registrar, tmp_path: Path
) -> None:
    for n in (1, 2, 3):
        desk.put(mail(n, letter(f"thư {n}", cv_pdf=PDF + b"%d" % n), UNIT))
    await work(registrar)
    before = desk.rows("books_entries")
    registrar.texts.close()
    texts_path(tmp_path).unlink()
    again = desk.registrar(tmp_path)
    await work(again)
    assert desk.rows("books_entries") == before
    assert len(files(tmp_path)) == 3
    again.texts.close()


async def test_quarantined_mail_has_no_number_until_it_is_released(
    desk: Desk, registrar: Registrar
) -> None:
    desk.put(mail(1, letter("QC", cv_pdf=PDF), UNIT, state="held", desks=("quarantine",)))
    desk.put(mail(2, letter("thư", b_pdf=PDF + b"2"), UNIT))
    await work(registrar)
    assert [(line.mail, line.n) for line in desk.lines()] == [(mail_id(2), 1)]
    desk.put(decide(1, "quarantine"))
    await work(registrar)
    assert [(line.mail, line.n) for line in desk.lines()] == [(mail_id(2), 1), (mail_id(1), 2)]


async def test_labelled_advertising_has_no_number(desk: Desk, registrar: Registrar) -> None:
    said = Told("message", "spam", "pass", points=(("advertising", 0.0, "its label"),))
    desk.put(mail(1, letter("[QC] Khuyến mại", a_pdf=PDF), UNIT, findings=(said,)))
    await work(registrar)
    assert desk.lines() == []


async def test_what_is_discarded_or_declined_never_has_one(
    desk: Desk, registrar: Registrar
) -> None:
    desk.put(mail(1, letter("[QC] Khuyến mại", a_pdf=PDF), UNIT, state="discarded"))
    desk.put(mail(2, letter("x", a_pdf=PDF), UNIT, state="held", desks=("quarantine",)))
    desk.put(decide(2, "quarantine", "refuse"))
    await work(registrar)
    assert desk.lines() == []


async def test_numbers_follow_the_order_of_receipt(desk: Desk, registrar: Registrar) -> None:
    for n in range(1, 8):
        desk.put(mail(n, letter(f"thư {n}", cv_pdf=PDF + b"%d" % n), UNIT))
    await work(registrar)
    came = [(line.n, line.mail) for line in desk.lines()]
    assert came == [(n, mail_id(n)) for n in range(1, 8)]


async def test_one_letter_to_two_books_stands_in_both(desk: Desk, registrar: Registrar) -> None:
    desk.put(mail(1, letter("x", a_pdf=PDF), "vanthu@songoaivu.example", UNIT))
    await work(registrar)
    assert {line.book for line in desk.lines()} == {"den", "den-lanhsu"}


async def test_an_outgoing_document_uses_its_reserved_number(
    desk: Desk, registrar: Registrar
) -> None:
    number = desk.reserve(at_ms=AT)
    raw = letter("V/v ban hành quy chế, số 01/QĐ-SNgV", qd_pdf=PDF)
    desk.put(mail(1, raw, "x@tinh.example", direction="out", state="held", desks=("approval",)))
    await work(registrar)
    assert desk.line(number).state == "reserved"
    desk.put(decide(1, "approval"))
    assert (desk.line(number).state, desk.line(number).mail) == ("used", mail_id(1))


async def test_text_inside_documents_is_found(desk: Desk, tmp_path: Path) -> None:
    page = PageFacts(number=1, text="Về việc phối hợp tuần tra biên giới")
    facts = DocumentFacts(name="cv.pdf", size=4, sha256="0" * 64, kind=FileKind.PDF, pages=(page,))
    registrar = desk.registrar(tmp_path, KnownDocuments({"cv.pdf": facts}))
    desk.put(mail(1, letter("x", cv_pdf=PDF)))
    await work(registrar)
    assert registrar.texts.papers("tuan tra bien gioi", 2**62, 10) == [1]
    assert registrar.texts.papers("khong co", 2**62, 10) == []
    registrar.texts.close()


HEADING = """ỦY BAN NHÂN DÂN TỈNH
SỞ NỘI VỤ
Số: {number}/SNV-VP
CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
Huế, ngày 10 tháng 8 năm 2026
V/v mời họp giao ban
Kính gửi: Sở Ngoại vụ
"""


def dispatch(number: str) -> DocumentFacts:
    page = PageFacts(
        number=1, kind=PageKind.DIGITAL, belief=Belief.VISIBLE, text=HEADING.format(number=number)
    )
    return DocumentFacts(
        name="cv.pdf", size=4, sha256="0" * 64, kind=FileKind.PDF, page_count=1, pages=(page,)
    )


async def test_what_a_document_says_fills_the_line(desk: Desk, tmp_path: Path) -> None:
    registrar = desk.registrar(tmp_path, KnownDocuments({"cv.pdf": dispatch("12")}))
    desk.put(mail(1, letter("Mời họp", cv_pdf=PDF)))
    await work(registrar)
    (line,) = desk.lines()
    assert (line.number, line.issued, line.key) == ("12/SNV-VP", "2026-08-10", "12/SNVVP")
    assert "SỞ NỘI VỤ" in line.issuer.upper()
    registrar.texts.close()


async def test_document_and_subject_that_disagree_are_both_shown_and_none_is_chosen(
    desk: Desk, tmp_path: Path
) -> None:
    registrar = desk.registrar(tmp_path, KnownDocuments({"cv.pdf": dispatch("4033")}))
    desk.put(mail(1, letter("V/v số 1039/SNV-VP", cv_pdf=PDF)))
    await work(registrar)
    (line,) = desk.lines()
    numbers = {row.value for row in desk.rows("books_said") if row.field == "number"}
    assert (line.number, numbers) == ("", {"4033/SNV-VP", "1039/SNV-VP"})
    assert {row.series for row in desk.rows("books_keys")} == {"maybe"}
    registrar.texts.close()


async def test_nothing_of_a_document_with_a_secrecy_stamp_is_written_down(
    desk: Desk, tmp_path: Path
) -> None:
    page = PageFacts(number=1, kind=PageKind.DIGITAL, belief=Belief.VISIBLE, text="MẬT\n" + HEADING)
    facts = DocumentFacts(
        name="cv.pdf", size=4, sha256="0" * 64, kind=FileKind.PDF, page_count=1, pages=(page,)
    )
    registrar = desk.registrar(tmp_path, KnownDocuments({"cv.pdf": facts}))
    desk.put(mail(1, letter("V/v tuần tra", cv_pdf=PDF)))
    await work(registrar)
    (line,) = desk.lines()
    assert (line.abstract, line.issuer, line.number) == ("", "", "")
    assert desk.rows("books_said") == []
    assert registrar.texts.papers("moi hop", 2**62, 10) == []
    registrar.texts.close()

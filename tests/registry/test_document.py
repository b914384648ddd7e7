"""What a document says of itself, from each source alone and from several together."""

import unicodedata
from datetime import date

import pytest

from gateway.mail.legacy import READERS
from gateway.mail.papers import FormField
from gateway.registry.document import read_document
from gateway.registry.marks import Secrecy, Urgency
from gateway.registry.said import Source
from tests.registry.papers import DECISION, DISPATCH, digital, placed, scanned, word


def test_a_dispatch_with_columns_drawn_by_blanks() -> None:
    said = read_document(digital(DISPATCH))
    assert str(said.number.best) == "150/SNgV-LS"
    assert said.number.is_certain
    assert said.day.best == date(2026, 8, 5)
    assert said.place.best == "Hà Thanh"
    assert said.kind.best is not None
    assert said.kind.best.key == "CV"
    assert said.issuer.best == "SỞ NGOẠI VỤ"
    assert said.parent.best == "UBND TỈNH HÀ THANH"
    assert said.abstract.best == (
        "phối hợp tổ chức đoàn công tác của tỉnh theo Quyết định số 12/QĐ-UBND"
    )
    assert said.addressees.best == ("Sở Tài chính", "Ủy ban nhân dân huyện Sơn Bình")
    assert said.recipients.best == ("Như trên", "UBND tỉnh (b/c)", "Các sở, ban, ngành tỉnh")
    assert said.archive.best == "VT, LS (02b)"
    assert said.authority.best == ("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC")
    assert said.signer.best == ("Nguyễn Thị Bích Hà",)
    assert said.signing_mark == "KT"
    assert not said.secrecy
    assert not said.urgency


def test_a_word_file_with_cells_and_an_annex() -> None:
    said = read_document(word(DECISION))
    assert str(said.number.best) == "07/2026/TT-BTL"
    assert said.kind.best is not None
    assert said.kind.best.key == "TT"
    assert said.abstract.best == "QUY ĐỊNH VỀ BẢO VỆ HỒ CHỨA NƯỚC VÀ CÔNG TRÌNH ĐẦU MỐI"
    assert said.recipients.best == ("Văn phòng Chính phủ", "Các Bộ, cơ quan ngang Bộ")
    assert said.authority.best == ("KT. BỘ TRƯỞNG", "THỨ TRƯỞNG")
    assert said.signer.best == ("Lê Văn Sơn",)
    assert said.addressees.best is None


def test_text_that_is_not_composed_reads_the_same() -> None:
    assert read_document(digital(unicodedata.normalize("NFD", DISPATCH))) == read_document(
        digital(DISPATCH)
    )


def test_the_number_is_the_documents_own_and_no_cited_one() -> None:
    blank = DISPATCH.replace("Số: 150 /SNgV-LS", "Số:     /SNgV-LS")
    said = read_document(digital(blank))
    assert said.number.best is None
    assert said.symbol.best == "SNgV-LS"


def test_a_blank_date_stays_blank() -> None:
    blank = DISPATCH.replace("ngày 05 tháng 8 năm 2026", "ngày     tháng     năm 2026")
    said = read_document(digital(blank))
    assert said.day.best is None
    assert said.place.best == "Hà Thanh"


def test_number_and_day_in_signature_fields() -> None:
    def at(left: float, top: float, text: str) -> FormField:
        return FormField(name="s", page=1, box=(left, top, left + 8, top + 8), text=text)

    said = read_document(
        placed(
            (30, 20, "ỦY BAN NHÂN DÂN"),
            (105, 20, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
            (30, 26, "TỈNH HÀ THANH"),
            (30, 38, "Số:"),
            (50, 38, "/TB-UBND"),
            (105, 38, "Hà Thanh, ngày"),
            (145, 38, "tháng 01 năm 2026"),
            (95, 52, "THÔNG BÁO"),
            (60, 58, "Kết luận cuộc họp về cửa khẩu"),
            (30, 75, "Căn cứ Quyết định số 99/QĐ-UBND ngày 01/01/2026;"),
            fields=[
                at(38, 36, "11"),
                at(135, 36, "08"),
                FormField(name="who", page=1, box=(5, 5, 60, 12), text="Ký bởi: UBND tỉnh"),
            ],
        )
    )
    assert str(said.number.best) == "11/TB-UBND"
    assert said.number.source is Source.SIGNATURE_FIELD
    assert said.day.best == date(2026, 1, 8)
    assert said.issuer.best == "ỦY BAN NHÂN DÂN TỈNH HÀ THANH"
    assert said.abstract.best == "Kết luận cuộc họp về cửa khẩu"


SCAN = (
    ("left", "lạ Ă"),
    ("left", "SỞ Y TÉ HÀ THANH"),
    ("left", "Số: 4033/QÐ-SYT"),
    ("right", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
    ("right", "Hà Thanh, ngày (2 tháng 0I năm 2026"),
    ("body", "_ QUYÉTĐỊNH"),
    ("body", "Về việc kiện toàn Ban Chỉ đạo"),
    ("body", "Căn cứ Luật số 77/2015/QH13;"),
    ("foot", "Nơi nhận: `"),
    ("foot", "- Như Điều 3;"),
    ("foot", "- Lưu: VT."),
)


def test_what_was_read_off_a_picture_is_a_proposal() -> None:
    said = read_document(scanned(*SCAN))
    assert str(said.number.best) == "4033/QĐ-SYT"
    assert not said.number.is_certain
    assert said.symbol.best == "QĐ-SYT"
    assert said.month.best == (2026, 1)
    assert said.day.best is None
    assert said.abstract.best == "Về việc kiện toàn Ban Chỉ đạo"
    assert said.recipients.best == ("Như Điều 3",)


def test_two_sources_that_disagree_are_both_shown_and_none_is_chosen() -> None:
    said = read_document(scanned(*SCAN), subject="QĐ 1039/QĐ-SYT ngày 02/01/2026")
    assert {str(v.value) for v in said.number.values} == {"4033/QĐ-SYT", "1039/QĐ-SYT"}
    assert said.number.is_conflict
    assert not said.number.is_certain


@pytest.mark.parametrize("name", ["4033.pdf", "4033-syt.signed.pdf", "4033_QĐ-SYT (1).pdf"])
def test_a_file_name_that_agrees_makes_it_certain(name: str) -> None:
    said = read_document(scanned(*SCAN), name=name)
    assert said.number.is_certain
    assert str(said.number.best) == "4033/QĐ-SYT"


def test_a_file_name_gives_digits_where_a_pen_wrote_them() -> None:
    lines = [(zone, text.replace("4033", "Ô%Z")) for zone, text in SCAN]
    said = read_document(scanned(*lines), name="2005 syt.pdf")
    assert str(said.number.best) == "2005/QĐ-SYT"
    assert not said.number.is_certain
    assert said.number.source is Source.FILE_NAME


def test_a_subject_that_names_several_numbers_is_about_others() -> None:
    said = read_document(scanned(*SCAN), subject="Trả lời 12/QĐ-SYT và 13/QĐ-SYT")
    assert not said.number.is_conflict


@pytest.mark.parametrize(
    ("mark", "degree"),
    [("MẬT", Secrecy.SECRET), ("TỐI MẬT", Secrecy.TOP_SECRET), ("TUYỆT MẬT", Secrecy.MOST_SECRET)],
)
def test_a_stamp_of_secrecy(mark: str, degree: Secrecy) -> None:
    assert read_document(digital(f"   {mark}\n{DISPATCH}")).secrecy.best is degree
    assert read_document(scanned(*SCAN, ("red", mark))).secrecy.best is degree


@pytest.mark.parametrize(
    "word_of_it", ["V/v bảo vệ bí mật nhà nước", "MẬT ONG RỪNG", "mật", "QUY CHẾ BẢO MẬT"]
)
def test_a_word_about_secrets_is_no_stamp(word_of_it: str) -> None:
    assert not read_document(digital(f"{word_of_it}\n{DISPATCH}")).secrecy


def test_stamps_of_haste_and_drafts() -> None:
    assert read_document(digital(f"  HOẢ TỐC\n{DISPATCH}")).urgency.best is Urgency.EXPRESS
    assert read_document(digital(f"  THƯỢNG KHẨN\n{DISPATCH}")).urgency.best is Urgency.VERY_URGENT
    assert read_document(digital(f"   DỰ THẢO LẦN 2\n{DISPATCH}")).is_draft
    assert read_document(digital(DISPATCH), name="Du thao CV 150.doc").is_draft
    assert read_document(digital(DISPATCH), subject="Dự thảo công văn").is_draft
    assert not read_document(digital(DISPATCH)).is_draft


def test_two_signers_and_no_list() -> None:
    text = """BỘ Y TẾ - BỘ CÔNG AN
Số: 03/2026/TTLT-BYT-BCA
\tCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Hà Nội, ngày 20 tháng 01 năm 2026

THÔNG TƯ LIÊN TỊCH
Quy định phối hợp

Căn cứ Luật số 64/2006/QH11;
Điều 1. Thực hiện./.

KT. BỘ TRƯỞNG BỘ CÔNG AN
THỨ TRƯỞNG
(đã ký)

Thượng tướng Lê Văn Minh\tKT. BỘ TRƯỞNG BỘ Y TẾ
THỨ TRƯỞNG
(đã ký)

PGS.TS. Trần Thị Hoa
"""
    said = read_document(word(text))
    assert said.signer.best == ("Lê Văn Minh", "Trần Thị Hoa")
    assert said.recipients.best is None
    assert said.kind.best is not None
    assert said.kind.best.key == "TTLT"


def test_a_garbage_layer_behind_a_scan_is_not_believed() -> None:
    from dataclasses import replace

    from gateway.mail.papers import Belief, PageFacts, PageKind

    scan = scanned(*SCAN)
    dirt = PageFacts(
        number=1, kind=PageKind.SCAN, cover=1, belief=Belief.HIDDEN, text="So: 99/QD-XX\nQUYET DINH"
    )
    said = read_document(replace(scan, pages=(dirt,)))
    assert [str(v.value) for v in said.number.values] == ["4033/QĐ-SYT"]


def test_nothing_is_made_of_nothing() -> None:
    said = read_document(digital("Xin chào, mai họp lúc 9 giờ."))
    assert not said.speaks
    assert not said.number


@pytest.mark.parametrize("charset", ["tcvn", "vps", "viscii"])
def test_a_document_in_an_old_charset_says_the_same(charset: str) -> None:
    letters = {READERS[charset](bytes((code,))): chr(code) for code in range(255, 0x7F, -1)}
    old = "".join(letters.get(c, letters.get(c.lower(), c)) for c in DISPATCH)
    said, wanted = read_document(digital(old)), read_document(digital(DISPATCH))
    assert said.number == wanted.number
    assert said.day == wanted.day
    assert said.abstract == wanted.abstract
    assert said.signer == wanted.signer
    assert said.recipients == wanted.recipients

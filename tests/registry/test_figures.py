"""Number and date of a scan, voted from several readings of the same line."""

from dataclasses import replace

import pytest

from gateway.mail.papers import OcrLine
from gateway.registry.document import read_document
from gateway.registry.figures import number_in, number_of, when_in, when_of
from gateway.registry.said import Source
from tests.registry.papers import scanned

BOX = (20.0, 32.0, 70.0, 37.0)


def line(text: str, *, engine: str = "tesseract", sure: float = 90.0, zone: str = "x") -> OcrLine:
    return OcrLine(text=text, confidence=sure, zone=zone, box=BOX, engine=engine)


def aster(text: str, sure: float = 90.0, zone: str = "x") -> OcrLine:
    return line(text, engine="aster", sure=sure, zone=zone)


@pytest.mark.parametrize(
    ("text", "digits", "symbol"),
    [
        ("Số: 50 /QĐ-SNgV", "50", "QĐ-SNgV"),
        ("Số: 02 /SYT-GA VI", "02", "SYT-GAVI"),
        ("Số:2005 /syt-nvy", "2005", "SYT-NVY"),
        ("Số: /972 /TB-SYT", "1972", "TB-SYT"),
        ("Số:O9/KH-TTra", "09", "KH-TTra"),
        ("Số: 4†‡ /QÐ-UBND", "", "QĐ-UBND"),
    ],
)
def test_one_line(text: str, digits: str, symbol: str) -> None:
    found = number_of(line(text), ())
    assert found is not None
    assert (found.digits, found.symbol) == (digits, symbol)


def test_a_cited_number_is_none() -> None:
    assert number_in("Căn cứ Quyết định số 12/QĐ-UBND") is None
    assert when_in("Hà Nội, ngày 3 tháng 13 năm 2024") is None


def test_the_vote_takes_the_symbol_that_most_have() -> None:
    found = number_of(
        line("Số: 20/GM-GAVỊI"), (aster("Số: 20/GM-GAVI"), line("Số: 20/GM-GAVI", sure=40))
    )
    assert found is not None
    assert found.symbol == "GM-GAVI"


def test_digits_are_sure_only_where_all_readings_have_them() -> None:
    agreed = number_of(line("Số: 63/QĐ-TTg"), (aster("Số: 63/QĐ-TTg"), line("Số: 63/QĐ-TTg")))
    assert agreed is not None
    assert agreed.is_sure
    for other in (
        (aster("Số: 68/QĐ-TTg"), line("Số: 63/QĐ-TTg")),
        (aster("Số: 63/QĐ-TTg"), line("Số: 4†/QĐ-TTg")),
        (aster("Số: 63/QĐ-TTg", 20), line("Số: 63/QĐ-TTg")),
        (line("Số: 63/QĐ-TTg"), line("Số: 63/QĐ-TTg")),
        (aster("Số: 63/QĐ-TTg"),),
    ):
        found = number_of(line("Số: 63/QĐ-TTg"), other)
        assert found is not None
        assert not found.is_sure


def test_what_a_pen_wrote_is_proposed_by_the_engine_that_knows_pens() -> None:
    found = number_of(line("Số:-2p€2_/SYT-NVY"), (aster("Số:2082/SYT-NVY"),))
    assert found is not None
    assert (found.digits, found.is_sure) == ("2082", False)


def test_an_engine_that_contradicts_itself_proposes_nothing() -> None:
    found = number_of(line("Số: 4033/QĐ-TTg"), (line("Số: 1039/QĐ-TTg"),))
    assert found is not None
    assert found.digits == ""


def test_the_year_goes_by_the_better_reading() -> None:
    found = when_of(
        line("Kiên Giang, ngày Ð tháng 01 năm 2016"),
        (
            aster("Kiên Giang, ngày 04 tháng 01 năm 2018"),
            line("Kiên Giang, ngày Ð tháng 0I năm 2016"),
        ),
    )
    assert found is not None
    assert (found.day, found.month, found.year) == ("04", "01", "2018")
    assert not found.is_sure


@pytest.mark.parametrize(
    ("shown", "kind"),
    [(": K HOẠCH", "KH"), ("_ QUYÉT ĐỊNH .", "QĐ"), ("THÔNG BÁ", "TB"), ("THÔNG CÁO", "TC")],
)
def test_the_name_of_the_kind_may_lack_a_letter(shown: str, kind: str) -> None:
    facts = scanned(
        ("left", "SỞ Y TẾ KIÊN GIANG"),
        ("left", "Số: 09/ABC-TTra"),
        ("right", "Kiên Giang, ngày 28 tháng 8 năm 2017"),
        ("body", shown),
        ("body", "Về việc thanh tra hoạt động"),
        ("body", "Căn cứ Nghị định số 109/2016/NĐ-CP"),
    )
    said = read_document(facts)
    assert said.kind.best is not None
    assert said.kind.best.key == kind
    assert said.abstract.best == "Về việc thanh tra hoạt động"


def test_in_a_document_agreement_makes_a_number_certain() -> None:
    facts = scanned(
        ("left", "UBND TỈNH KIÊN GIANG"),
        ("left", "SỞ Y TẾ"),
        ("left", "Số: 20/GM-SYT"),
        ("right", "Kiên Giang, ngày 20 tháng 10 năm 2017"),
        ("body", "GIẤY MỜI"),
    )
    own = next(one for one in facts.ocr if "GM-SYT" in one.text)
    alone = read_document(facts)
    assert str(alone.number.best) == "20/GM-SYT"
    assert not alone.number.is_certain
    again = (
        OcrLine(text=own.text, confidence=90, zone="number", box=own.box, engine="aster"),
        OcrLine(text=own.text, confidence=90, zone="number", box=own.box),
    )
    said = read_document(replace(facts, ocr=(*facts.ocr, *again)))
    assert str(said.number.best) == "20/GM-SYT"
    assert said.number.source is Source.OCR
    assert said.number.is_certain

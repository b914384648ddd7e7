"""A document's number in any spelling."""

import random
import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.day import find_days
from gateway.mail.number import DocumentNumber, clean_symbol, find, latin, parse
from gateway.mail.wanted import Series, Wanted, readings
from tests.shared import shared


@pytest.mark.parametrize(
    ("text", "shown", "key"),
    [
        ("50/QĐ-SNgV", "50/QĐ-SNgV", "50/QDSNGV"),
        ("Số: 50 /QĐ-SNgV", "50/QĐ-SNgV", "50/QDSNGV"),
        ("50 qd sngv", "50/qd sngv", "50/QDSNGV"),
        ("0050/QD-SNGV", "0050/QD-SNGV", "50/QDSNGV"),
        ("24 /TTr -UBND", "24/TTr-UBND", "24/TTRUBND"),
        ("1830 QĐ-UBND", "1830/QĐ-UBND", "1830/QDUBND"),
        ("157/TB_UBND", "157/TB-UBND", "157/TBUBND"),
        ("109/UBND - VX", "109/UBND-VX", "109/UBNDVX"),
        ("54/QĐ/BNN-KHCN", "54/QĐ/BNN-KHCN", "54/QDBNNKHCN"),
        ("27/2016/TTBLĐTBXH", "27/2016/TTBLĐTBXH", "27/TTBLDTBXH"),
        ("37/2000/QĐ-BGD&ĐT", "37/2000/QĐ-BGD&ĐT", "37/QDBGDDT"),
        ("26/KH-BCĐ (138)", "26/KH-BCĐ (138)", "26/KHBCD138"),
        ("90/TB-BCH PCTT-TKCN", "90/TB-BCH PCTT-TKCN", "90/TBBCHPCTTTKCN"),
        ("27-NQ/TW", "27-NQ/TW", "27/NQTW"),
        ("10-LCT/HĐNN7", "10-LCT/HĐNN7", "10/LCTHDNN7"),
        ("66.19/2026/NQ-CP", "66.19/2026/NQ-CP", "66.19/NQCP"),
        ("30a/2008/NQ-CP", "30a/2008/NQ-CP", "30A/NQCP"),
        ("3176B/QĐ-SYT", "3176b/QĐ-SYT", "3176B/QDSYT"),
        ("40/2026/NĐ-\u0421\u0420", "40/2026/NĐ-CP", "40/NDCP"),
        ("2927/Q\u00d0-UBND", "2927/QĐ-UBND", "2927/QDUBND"),
        ("86/2024//TT-BTC", "86/2024/TT-BTC", "86/TTBTC"),
        ("28-2024/CT-TTg", "28/2024/CT-TTg", "28/CTTTG"),
    ],
)
def test_spellings_that_were_seen(text: str, shown: str, key: str) -> None:
    number = parse(text)
    assert number is not None
    assert (str(number), number.key) == (shown, key)


@pytest.mark.parametrize(
    "text", ["", "50", "50/2017", "21/8/2017", "QĐ-UBND", "Số:   /TB-UBND", "9-1/X"]
)
def test_what_is_no_number_and_symbol(text: str) -> None:
    assert parse(text) is None


def test_a_range_has_a_key_for_each_number() -> None:
    number = parse("801-803/TTr-SYT")
    assert number is not None
    assert number.keys == ("801/TTRSYT", "802/TTRSYT", "803/TTRSYT")


def test_no_number_is_made_of_nothing() -> None:
    with pytest.raises(ValueError, match="no document number"):
        DocumentNumber("", "QĐ-UBND")
    with pytest.raises(ValueError, match="no document number"):
        DocumentNumber("5", "-")


def test_numbers_in_running_text() -> None:
    text = latin(
        "Căn cứ Nghị định số 140/2018/NĐ-\nCP ngày 08 tháng 10; Thông tư 57/2013/TT-BGTVTngày 27; "
        "thuốc 120/kg, đường 3/5, ngày 21/8/2017, 24/7; Quyết định 50/QĐ-UBND - Về việc giao đất; "
        "27-NQ/TW, 801-802/TTr-SYT; theo công văn 12/qđ-sngv. Kèm 30/QĐ-BNV."
    )
    assert [str(number) for number, _, _ in find(text)] == [
        "140/2018/NĐ-CP",
        "57/2013/TT-BGTVT",
        "50/QĐ-UBND",
        "27-NQ/TW",
        "801-802/TTr-SYT",
        "12/qđ-sngv",
        "30/QĐ-BNV",
    ]


_LETTERS = "ABCDEGHIKLMNOPQRSTUVXYĐ"
_CYRILLIC = dict(zip("ABEKMHOPCTX", "АВЕКМНОРСТХ", strict=True))
_GROUP = st.text(_LETTERS, min_size=2, max_size=6)


@st.composite
def _numbers(draw: st.DrawFn) -> DocumentNumber:
    whole = str(draw(st.integers(1, 99_999)))
    is_party = draw(st.booleans())
    suffix = draw(st.sampled_from(["", "", "a", "b"]))
    first = draw(st.sampled_from(["QĐ", "TTr", "TB", "CT", "KH", "NQ", "UBND", "SNgV"]))
    if is_party:
        return DocumentNumber(whole, f"{first}/{draw(_GROUP)}", suffix, is_party=True)
    year = draw(st.none() | st.integers(1990, 2040))
    decimals = draw(st.sampled_from(["", "", ".7", ".19"]))
    groups = [first, *draw(st.lists(_GROUP, min_size=1, max_size=3))]
    return DocumentNumber(whole + decimals, "-".join(groups), suffix, year)


def _spelt(number: DocumentNumber, chance: random.Random) -> str:
    """One of the many ways in which people and programs write it."""
    text = "0" * chance.choice([0, 0, 1, 2]) + str(number)
    text = "".join(
        f"{' ' * chance.randrange(2)}{c}{' ' * chance.randrange(2)}"
        if c in "-/" and chance.random() < 0.3
        else c
        for c in text
    )
    text = text.replace("-", chance.choice("-‐‑–—−"))
    text = text.replace("Đ", chance.choice(["Đ", "\u00d0", "D", "đ"]))
    if chance.random() < 0.5:
        text = "".join(_CYRILLIC.get(c, c) if chance.random() < 0.5 else c for c in text)
    text = chance.choice([text, text.lower(), text.upper()])
    text = unicodedata.normalize(chance.choice(["NFC", "NFD"]), text)
    return chance.choice(["", "Số: ", "số ", "so "]) + text + chance.choice(["", " ", ".", ";"])


@given(_numbers(), st.randoms(use_true_random=False))
def test_any_spelling_comes_to_one_key(number: DocumentNumber, chance: random.Random) -> None:
    read = parse(_spelt(number, chance))
    assert read is not None
    assert read.key == number.key
    assert read.year == number.year


@given(_numbers())
def test_a_number_is_read_back_as_it_is_shown(number: DocumentNumber) -> None:
    assert parse(str(number)) == number
    assert [found for found, _, _ in find(f"theo văn bản số {number} ngày 1")] == [number]


@given(_numbers(), st.randoms(use_true_random=False))
def test_who_types_any_spelling_finds_it(number: DocumentNumber, chance: random.Random) -> None:
    assert [wanted.key for wanted in readings(_spelt(number, chance))] == [number.key]


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    parse(text)
    readings(text)
    list(find(latin(text)))
    list(find_days(text))
    clean_symbol(text)


def test_bare_digits_are_both_numbers() -> None:
    assert readings("50") == (
        Wanted(Series.DOCUMENT, "50", is_whole_symbol=False),
        Wanted(Series.ARRIVAL, "50", is_whole_symbol=False),
    )
    assert {w.series for w in readings("0050/2017")} == {Series.DOCUMENT, Series.ARRIVAL}
    assert {w.year for w in readings("0050/2017")} == {2017}


def test_a_date_narrows_it_down() -> None:
    found = readings("số 50 ngày 21/ 8 /2017")
    assert {w.day for w in found} == {date(2017, 8, 21)}
    assert {w.number for w in found} == {"50"}


@pytest.mark.parametrize(
    ("typed", "series", "key"),
    [
        ("số đến 50/2017", Series.ARRIVAL, "50/"),
        ("den 50", Series.ARRIVAL, "50/"),
        ("quyết định 50", Series.DOCUMENT, "50/QD"),
        ("qd 50", Series.DOCUMENT, "50/QD"),
        ("50/QĐ", Series.DOCUMENT, "50/QD"),
        ("3176b", Series.DOCUMENT, "3176B/"),
        ("công văn số 50/UBND-VX ngày 1/2/2020", Series.DOCUMENT, "50/UBNDVX"),
        ("50 qđ sngv 2017", Series.DOCUMENT, "50/QDSNGV"),
        ("50/QĐ-SNgV năm 2017", Series.DOCUMENT, "50/QDSNGV"),
        ("66.19", Series.DOCUMENT, "66.19/"),
    ],
)
def test_how_people_ask(typed: str, series: Series, key: str) -> None:
    (wanted,) = readings(typed)
    assert (wanted.series, wanted.key) == (series, key)


@pytest.mark.parametrize(
    "typed",
    ["bệnh viện huyện", "24/7", "kế hoạch năm", "7 bệnh viện tuyến huyện tỉnh ta đã nhận", ""],
)
def test_words_are_no_number(typed: str) -> None:
    assert readings(typed) == ()


def test_dates_as_they_are_written() -> None:
    text = "ngày 21 tháng 8 năm 2017, 21/ 8 /2017; 05.10.2023; 2024-01-31; 32/1/2024; 1/2/2024/QĐ"
    assert [day.isoformat() for day, _, _ in find_days(text)] == [
        "2017-08-21",
        "2017-08-21",
        "2023-10-05",
        "2024-01-31",
    ]


@pytest.mark.shared
def test_numbers_cited_in_real_documents(tmp_path: Path) -> None:
    lines = shared("data/vn/samples/number_symbols/citations.tsv").read_text().splitlines()
    cited = [line.split("\t")[1] for line in lines]
    unread = [text for text in cited if parse(text) is None]
    assert len(unread) <= len(cited) // 100, unread

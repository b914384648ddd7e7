"""What OCR does to the lines of a heading, and what is made of them."""

import time

import pytest

from gateway.documents import ocr
from gateway.registry.document import read_document
from tests.registry.papers import scanned

COLUMNS = (
    ("left", "UBND TỈNH HÀ THANH"),
    ("left", "SỞ Y TẾ"),
    ("left", "Số: 4033/QĐ-SYT"),
    ("right", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
    ("right", "Hà Thanh, ngày 02 tháng 01 năm 2026"),
)
CITED = ("body", "Căn cứ Luật số 77/2015/QH13;")


@pytest.mark.parametrize(
    "below",
    [
        ("CỔNG THÔNG TIN ĐIỆN TỬ HÀ THANH", "ĐẾN : l 2"),
        ("————————", "ĐẾN 41212024... GIÁM ĐỐC SỞ Y TẾ"),
        ("- ------ -", "ngày:..2.5"),
        ("ĐẾN 41212024... GIÁM ĐỐC SỞ Y TẾ",),
    ],
)
def test_stamps_and_rules_end_an_abstract(below: tuple[str, ...]) -> None:
    body = ("QUYẾT ĐỊNH", "Về việc kiện toàn Ban Chỉ đạo", "phòng, chống dịch", *below)
    said = read_document(scanned(*COLUMNS, *(("body", text) for text in body), CITED))
    assert said.abstract.best == "Về việc kiện toàn Ban Chỉ đạo phòng, chống dịch"


def test_an_abstract_in_capitals_goes_on_in_capitals() -> None:
    body = ("QUYẾT ĐỊNH", "VỀ VIỆC KIỆN TOÀN BAN CHỈ ĐẠO", "PHÒNG, CHỐNG DỊCH BỆNH")
    said = read_document(scanned(*COLUMNS, *(("body", text) for text in body), CITED))
    assert said.abstract.best == "VỀ VIỆC KIỆN TOÀN BAN CHỈ ĐẠO PHÒNG, CHỐNG DỊCH BỆNH"


def test_an_abbreviation_is_no_stamp() -> None:
    body = ("QUYẾT ĐỊNH", "Về việc ủng hộ công tác của", "BHXH, VKSND")
    said = read_document(scanned(*COLUMNS, *(("body", text) for text in body), CITED))
    assert said.abstract.best == "Về việc ủng hộ công tác của BHXH, VKSND"


@pytest.mark.parametrize("name", ["mm QUYÉT ĐỊNH", ". _ QUYẾT ĐỊNH :"])
def test_dirt_before_the_name_of_the_kind(name: str) -> None:
    said = read_document(scanned(*COLUMNS, ("body", name), ("body", "Về việc thanh tra"), CITED))
    assert said.kind.best is not None
    assert said.kind.best.key == "QĐ"
    assert said.abstract.best == "Về việc thanh tra"


@pytest.mark.parametrize("short", ["V/w", "-V/v.", "V / y"])
@pytest.mark.parametrize("zone", ["left", "body"])
def test_about_in_short_with_a_letter_read_wrong(short: str, zone: str) -> None:
    about = f"{short} góp ý dự thảo"
    columns = [(z, text.replace("QĐ-SYT", "SYT-NVY")) for z, text in COLUMNS]
    said = read_document(scanned(*columns, (zone, about), ("body", "Kính gửi: Sở Tài chính;")))
    assert said.abstract.best == "góp ý dự thảo"


def test_dust_between_words() -> None:
    body = ("QUYẾT ĐỊNH", "Về việc nghiệm thu đề tài . -_ năm 2025 - 2026")
    said = read_document(scanned(*COLUMNS, *(("body", text) for text in body), CITED))
    assert said.abstract.best == "Về việc nghiệm thu đề tài năm 2025 - 2026"


def test_on_a_busy_machine_a_zone_has_as_much_work_as_on_an_idle_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ocr._Engine, "began", (100.0, 1.0))
    monkeypatch.setattr(time, "process_time", lambda: 2.0)
    for clock, patience in ((101.0, 1.0), (103.0, 3.0), (190.0, ocr.LOAD_MAX), (100.0, 1.0)):
        monkeypatch.setattr(time, "monotonic", lambda now=clock: now)
        assert ocr.patience_ms() == ocr.ZONE_MS * patience

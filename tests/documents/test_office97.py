"""Old Excel and PowerPoint files: their words, fonts and macros."""

import io
import struct

import pytest
import xlwt

from gateway.documents import office97
from gateway.documents.office import READERS, stage
from gateway.documents.orders import Order
from gateway.documents.raw import look
from gateway.documents.reader import Desk
from gateway.mail.papers import FileKind


def book(font: str = "Times New Roman") -> bytes:
    made = xlwt.Workbook(encoding="utf-8")
    sheet = made.add_sheet("Danh sách")
    style = xlwt.easyxf(f"font: name {font}")
    sheet.write(0, 0, "Số: 50/QĐ-SNgV", style)
    sheet.write(0, 1, "Quyết định", style)
    sheet.write(1, 0, 2026)
    sheet.write(1, 1, 1.5)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def told(data: bytes) -> dict[str, object]:
    desk = Desk(data, Order(1, "a", "2026-01-01T00:00:00+07:00"))
    desk.facts |= look(data)
    return dict(stage(desk))


def test_an_excel_file_says_its_cells() -> None:
    data = book()
    assert look(data)["kind"] is FileKind.XLS
    found = told(data)
    assert found["is_open"]
    assert "Times New Roman" in found["fonts"]  # type: ignore[operator]
    page = found["pages"][0]  # type: ignore[index]
    assert page.text.split("\n")[:2] == ["Số: 50/QĐ-SNgV\tQuyết định\t", "2026\t1.5\t"]


def test_a_cell_has_the_font_it_is_written_in() -> None:
    found = office97.read_sheets(book(".VnTime"))
    assert next(iter(found.spans)).font == ".VnTime"


def test_a_broken_excel_file_is_said_to_be_broken() -> None:
    data = book()
    found = told_as(FileKind.XLS, data[:2048] + b"\xff" * (len(data) - 2048))
    assert not found["is_open"]
    assert found["damage"]


def test_a_sheet_of_macros_is_seen() -> None:
    data = bytearray(book())
    assert office97.read_sheets(bytes(data)).macros == ()
    at = data.index(struct.pack("<H", 0x85), 512)
    while data[at + 8 : at + 10] != b"\0\0" or data[at + 10] != len("Danh sách"):
        at = data.index(struct.pack("<H", 0x85), at + 1)
    data[at + 9] = 1
    assert office97.read_sheets(bytes(data)).macros == ("Excel 4 macro sheet",)


def record(kind: int, body: bytes, version: int = 0) -> bytes:
    return struct.pack("<HHI", version, kind, len(body)) + body


def test_slides_say_their_words() -> None:
    font = record(0x0FB7, "VNI-Times".encode("utf-16-le").ljust(68, b"\0"))
    inner = record(0x0FA0, "Kính gửi:\rCác Sở".encode("utf-16-le")) + record(0x0FA8, b"Plain")
    macros = record(0x0400, struct.pack("<III", 1, 1, 2))
    stream = record(0x03E8, font + record(0x0FF0, inner, 0x0F) + macros, 0x0F)
    found = office97.slides_in(stream)
    assert found.text == "Kính gửi:\nCác Sở\nPlain\n"
    assert found.fonts == ("VNI-Times",)
    assert found.macros == ("VBA project",)


@pytest.mark.parametrize("cut", [0, 3, 7, 8, 20, 41])
def test_a_cut_stream_of_slides_ends(cut: int) -> None:
    stream = record(0x0FA0, "Kính gửi".encode("utf-16-le")) * 2
    assert office97.slides_in(stream[:cut]).text.count("Kính gửi") <= 2


def test_what_is_no_container_is_said_to_be_none() -> None:
    assert not told_as(FileKind.PPT, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100)["is_open"]


def told_as(kind: FileKind, data: bytes) -> dict[str, object]:
    assert kind in READERS
    desk = Desk(data, Order(1, "a", "2026-01-01T00:00:00+07:00"), {"kind": kind})
    return dict(stage(desk))

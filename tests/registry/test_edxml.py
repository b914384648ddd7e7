"""edXML is read as others write it, and what we write is read back the same."""

from datetime import datetime

import pytest

from gateway.archive.registering import Particulars
from gateway.registry.edxml import (
    STATUS,
    NotEdxml,
    Organ,
    is_edxml,
    read_edxml,
    write_document,
    write_status,
)
from tests.shared import shared

NOW = datetime(2026, 8, 10, 9, 30)  # noqa: DTZ001 - local, as the standard has it
US = Organ("H57.12", "Sở Ngoại vụ", "so@songoaivu.example")
SAID = Particulars(
    number="50/QĐ-SNgV",
    issued="2026-08-10",
    kind="Quyết định",
    abstract="Ban hành Quy chế <sử dụng> thư điện tử & văn thư",
    signer="Trần Văn Bình",
    signer_title="Giám đốc",
    recipients="Như Điều 3; Lưu: VT",
    urgency="khẩn",
    copies="10",
    pages="2",
)


def test_a_document_comes_back_as_it_was_written() -> None:
    to = [Organ("000.00.00.H57", "UBND tỉnh")]
    data = write_document(US, to, SAID, NOW, [("50-QĐ.pdf", b"%PDF-1.7 ..."), ("b.docx", b"x")])
    assert is_edxml(data)
    found = read_edxml(data)
    assert found.files == (("50-QĐ.pdf", b"%PDF-1.7 ..."), ("b.docx", b"x"))
    assert (found.sender, found.to) == (US, tuple(to))
    for name in ("number", "issued", "kind", "abstract", "signer", "recipients", "urgency"):
        assert getattr(found.document, name) == getattr(SAID, name), name
    assert found.document.edxml == "H57.12,2026/08/10,50/QĐ-SNgV"


@pytest.mark.parametrize("number", ["27-NQ/TW", "66.19/2026/NQ-CP", "05/SNgV-VP"])
def test_a_number_of_any_form_survives(number: str) -> None:
    data = write_document(US, [], Particulars(number=number), NOW, [])
    said = read_edxml(data).document.number
    assert said.replace("27/", "27-") == number


def test_a_status_says_what_it_is_about() -> None:
    about = Particulars(number="12/SNV", edxml="X,2026/08/01,12/SNV", organ="X")
    found = read_edxml(write_status(US, about, "03", "Nguyễn Thị Lan", NOW))
    assert (found.status, found.about) == ("03", "X,2026/08/01,12/SNV")
    assert STATUS[found.status] == "đã tiếp nhận"


@pytest.mark.parametrize(
    "data",
    [
        b"no xml",
        b"<edXMLEnvelope/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    ],
)
def test_what_cannot_be_read_is_told(data: bytes) -> None:
    with pytest.raises(NotEdxml):
        read_edxml(data)


def test_a_damaged_attachment_leaves_the_rest_readable() -> None:
    data = write_document(US, [], SAID, NOW, [("a.pdf", b"%PDF")])
    start = data.index(b"ContentTransferEncoded>") + len(b"ContentTransferEncoded>")
    found = read_edxml(data[:start] + b"!" + data[start:])
    assert (found.files, found.document.number) == ((), "50/QĐ-SNgV")
    assert "a.pdf" in found.damaged[0]


@pytest.mark.shared
def test_what_others_write_is_read() -> None:
    paths = sorted(shared("data/vn/samples/edxml").glob("*.edxml"))
    assert len(paths) >= 15
    for path in paths:
        found = read_edxml(path.read_bytes())
        assert found.sender.code, path
        if path.name.startswith("status"):
            assert found.status in STATUS, path
        else:
            assert found.document.number, path
            assert found.files or found.damaged, path

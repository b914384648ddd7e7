"""Office files: text with its fonts, macros, what is fetched, and files that are broken."""

import io
import re
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gateway.documents import office, raw, word6
from gateway.documents.orders import Order
from gateway.documents.reader import Desk
from gateway.documents.rtf import plain_rtf
from gateway.mail.papers import FileKind, PageFacts
from tests.shared import shared

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def read(data: bytes) -> dict[str, Any]:
    desk = Desk(data, Order(1, "file", "2026-11-24T00:00:00+07:00"))
    desk.facts |= raw.look(data)
    return {**desk.facts, **office.stage(desk)}


def page(facts: dict[str, Any]) -> PageFacts:
    first = facts["pages"][0]
    assert isinstance(first, PageFacts)
    return first


def packed(**files: str | bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return out.getvalue()


def docx(body: str, **more: str | bytes) -> bytes:
    xml = f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    return packed(**{"word/document.xml": xml, **more})


def run(text: str, font: str = "") -> str:
    fonts = f'<w:rPr><w:rFonts w:ascii="{font}"/></w:rPr>' if font else ""
    return f"<w:r>{fonts}<w:t>{text}</w:t></w:r>"


def test_docx_tells_runs_with_their_fonts_and_cells_in_order() -> None:
    styles = f'<w:styles xmlns:w="{W}"><w:docDefaults><w:rPrDefault><w:rPr>'
    styles += '<w:rFonts w:ascii="Times New Roman"/></w:rPr></w:rPrDefault></w:docDefaults>'
    styles += '<w:style w:type="paragraph" w:styleId="Old"><w:rPr><w:rFonts w:ascii=".VnTime"/>'
    styles += "</w:rPr></w:style></w:styles>"
    body = f"<w:tbl><w:tr><w:tc><w:p>{run('SỞ NGOẠI VỤ')}</w:p></w:tc>"
    body += f"<w:tc><w:p>{run('CỘNG HÒA')}</w:p></w:tc></w:tr></w:tbl>"
    body += f'<w:p><w:pPr><w:pStyle w:val="Old"/></w:pPr>{run("C«ng")}{run("v", "Arial")}</w:p>'
    facts = read(docx(body, **{"word/styles.xml": styles}))
    assert facts["kind"] is FileKind.DOCX
    assert page(facts).text == "SỞ NGOẠI VỤ\nCỘNG HÒA\nC«ngv"
    last = [(span.text, span.font) for span in page(facts).spans[2:]]
    assert last == [("C«ng", ".VnTime"), ("v", "Arial")]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"word/vbaProject.bin": b"x"}, "macros"),
        ({"word/embeddings/oleObject1.bin": b"x"}, "embedded-file"),
        (
            {
                "word/_rels/settings.xml.rels": '<Relationship Type="http://x/attachedTemplate" '
                'Target="http://127.0.0.1/a.dotm" TargetMode="External"/>'
            },
            "external-template",
        ),
    ],
)
def test_what_acts_in_docx(more: dict[str, str | bytes], kind: str) -> None:
    facts = read(docx(f"<w:p>{run('x')}</w:p>", **more))
    assert [active.kind for active in facts["active"]] == [kind]


def test_a_field_that_starts_programs() -> None:
    code = "<w:r><w:instrText>DDEAUTO c:\\\\x.exe</w:instrText></w:r>"
    assert [a.kind for a in read(docx(f"<w:p>{code}</w:p>"))["active"]] == ["macros"]


def test_entities_do_not_explode() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    facts = read(packed(**{"word/document.xml": bomb}))
    assert (facts["is_open"], "document type" in facts["damage"]) == (False, True)


def test_a_member_larger_than_it_says_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office, "MEMBER_MAX", 1000)
    facts = read(docx("<w:p/>" * 1000))
    assert facts["is_open"] is False


def test_xlsx_tells_cells_row_by_row() -> None:
    sheet = f'<worksheet xmlns="{S}"><sheetData><row><c t="s"><v>0</v></c><c><v>12</v></c></row>'
    sheet += '<row><c t="inlineStr"><is><t>ba</t></is></c></row></sheetData></worksheet>'
    strings = f'<sst xmlns="{S}"><si><t>một</t></si></sst>'
    facts = read(packed(**{"xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": strings}))
    assert page(facts).text == "một\t12\nba"


def test_rtf_tells_fonts_and_leaves_out_what_nobody_sees() -> None:
    data = rb"{\rtf1\deff0{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset0 .VnTime;}}"
    data += rb"{\info{\title hidden}}{\*\generator x}S\u7889?: 1\par{\f1 C\'abng}}"
    spans, objects = plain_rtf(data)
    assert "".join(span.text for span in spans) == "Số: 1\nC«ng"
    assert spans[-1].font == ".VnTime"
    assert objects == []
    assert plain_rtf(rb"{\rtf1{\object\objemb{\*\objclass Package}{\*\objdata 00}}}")[1]


def test_word_6_tells_text_and_fonts() -> None:
    text = b"C\xabng \x13HIDDEN\x14v\xe3n\x15\r"
    main = bytearray(0x600)
    struct.pack_into("<H", main, 0, 0xA5DC)
    struct.pack_into("<I", main, 0x18, 0x400)
    struct.pack_into("<I", main, 0x34, len(text))
    main[0x400 : 0x400 + len(text)] = text
    names = b"".join(bytes((6 + len(n), 0, 0, 0, 0, 0)) + n + b"\0" for n in (b"Arial", b".VnTime"))
    struct.pack_into("<II", main, 0xD0, 0x300, 2 + len(names))
    main[0x300 : 0x302 + len(names)] = struct.pack("<H", 2 + len(names)) + names
    chpx = bytearray(512)
    struct.pack_into("<II", chpx, 0, 0x400, 0x400 + len(text))
    chpx[8] = 250
    chpx[500:504] = bytes((3, 93, 1, 0))
    chpx[511] = 1
    struct.pack_into("<II", main, 0xB8, 0x380, 4 + 4 + 2)
    struct.pack_into("<IIH", main, 0x380, 0x400, 0x400 + len(text), 3)
    words = word6.read(bytes(main) + bytes(chpx))
    assert words.text == "C«ng vãn\n"
    assert [span.font for span in words.spans] == [".VnTime"]


@pytest.mark.parametrize("cut", range(0, 400, 40))
def test_a_word_file_that_is_cut_is_broken_and_no_more(cut: int) -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(cut) + "WordDocument\0".encode("utf-16-le")
    assert read(data)["is_open"] is False


@pytest.mark.shared
def test_old_word_files_have_the_words_that_others_read_in_them() -> None:
    folder = shared("data/vn/files")
    least = {}
    for path in sorted(folder.glob("*.doc")):
        seen = _words(page(read(path.read_bytes())).text)
        wanted = _words(_text(path.with_suffix(".txt")))
        least[path.name] = len(seen & wanted) / max(1, len(wanted))
    assert least
    assert {name: share for name, share in least.items() if share < 0.99} == {}


@pytest.mark.shared
def test_word_files_of_the_nineties_name_their_fonts() -> None:
    folder = shared("data/vn/samples/tcvn3_doc")
    read_ = [page(read(path.read_bytes())) for path in sorted(folder.iterdir())]
    assert read_
    assert all(one.text for one in read_)
    old = sum(any(s.font.startswith(".Vn") for s in one.spans) for one in read_)
    assert old == len(read_)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")

"""A book's year as data: CSV for spreadsheets, XLSX, and XML of annex VI (NĐ 30/2020/NĐ-CP)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from xlsxwriter import Workbook

from gateway.registry.columns import Beside, cells, day, headings
from gateway.registry.edxml import PRIORITY
from gateway.registry.lines import Line
from gateway.registry.printing import WIDTHS
from gateway.registry.tables import OfficeTable

BOM = "\ufeff"
"""So that Excel reads UTF-8."""
ORDINALS = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def to_csv(direction: str, lines: Sequence[Line], at: Beside) -> bytes:
    """UTF-8 with BOM, semicolons: what Excel opens with a Vietnamese locale."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(headings(direction))
    writer.writerows([harmless(cell) for cell in cells(line, at)] for line in lines)
    return (BOM + out.getvalue()).encode()


def to_xlsx(title: str, direction: str, lines: Sequence[Line], at: Beside) -> bytes:
    """One sheet; every cell is text, so that 05 stays 05."""
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(title[:31])
        bold = book.add_format({"bold": True, "text_wrap": True, "border": 1, "align": "center"})
        plain = book.add_format(
            {"text_wrap": True, "border": 1, "valign": "top", "num_format": "@"}
        )
        for i, (name, width) in enumerate(zip(headings(direction), WIDTHS[direction], strict=True)):
            sheet.set_column(i, i, width / 1.9)
            sheet.write_string(0, i, name, bold)
        for n, line in enumerate(lines, start=1):
            for i, cell in enumerate(cells(line, at)):
                sheet.write_string(n, i, cell, plain)
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.repeat_rows(0)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Cut:
    """A value that annex VI has no room for; the book keeps it whole."""

    number: str
    field: str
    length: int
    most: int


def to_xml(office: OfficeTable, direction: str, lines: Sequence[Line]) -> tuple[bytes, list[Cut]]:
    """The field table of annex VI, and what had to be cut to its lengths."""
    root, cuts = Element("Documents"), list[Cut]()
    for i, line in enumerate(lines, start=1):
        document = SubElement(root, "Document")

        def put(
            parent: Element, name: str, text: str, most: int, number: str = line.number
        ) -> None:
            SubElement(parent, name).text = text[:most]
            if len(text) > most:
                cuts.append(Cut(number, name, len(text), most))

        said = line.said
        code = SubElement(document, "FileCode")
        put(code, "OrganId", office.code, 13)
        put(code, "FileCatalog", str(line.year), 4)
        put(code, "FileNotation", line.book, 20)
        put(document, "DocOrdinal", str(i) if i < ORDINALS else "", 3)
        put(document, "TypeName", said.kind, 100)
        number, _, notation = said.number.partition("/")
        put(document, "CodeNumber", number, 11)
        put(document, "CodeNotation", notation, 30)
        put(document, "IssuedDate", day(said.issued), 10)
        put(document, "OrganName", said.issuer or office.name, 200)
        put(document, "Subject", said.abstract, 500)
        put(document, "Language", said.language or "Tiếng Việt", 30)
        put(document, "PageAmount", said.pages, 3)
        put(document, "Description", said.note, 500)
        signer = SubElement(document, "SignerInfo")
        put(signer, "Position", said.signer_title, 100)
        put(signer, "FullName", said.signer, 50)
        level = PRIORITY.index(said.urgency) if said.urgency in PRIORITY else 0
        put(document, "Priority", str(level), 1)
        put(document, "DueDate", day(line.due), 10)
        if direction == "in":
            put(document, "ArrivalDate", day(line.date), 10)
            put(document, "ArrivalNumber", line.number, 10)
            put(document, "ToPlaces", said.recipients, 1000)
        else:
            put(document, "IssuedAmount", said.copies, 3)
            for name in filter(None, said.recipients.split("; ")):
                put(SubElement(document, "To"), "OrganName", name, 200)
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text, cuts

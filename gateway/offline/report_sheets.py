"""The compliance report on paper and in spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple

from fpdf.fonts import FontFace
from xlsxwriter import Workbook

from gateway.offline.report import Line, Month
from gateway.registry.printing import Head, Paper, letterhead, signatures
from gateway.registry.sheets import BOM, harmless
from gateway.runtime.words import tr

_NAME_MM, _COUNT_MM = 63, 13.1


def headings() -> list[str]:
    """The columns in the reader's language, in the order of ``Counts``, whose they are first."""
    return [
        tr("Unit or mailbox"),
        tr("Mail received"),
        tr("Mail sent"),
        tr("Refused on leaving"),
        tr("Approval asked"),
        tr("Approved"),
        tr("Declined"),
        tr("Expired"),
        tr("Waiting"),
        tr("Median hours to decide"),
        tr("Held as spam"),
        tr("Let go of these"),
        tr("Not in Unicode"),
        tr("Documents registered"),
        tr("Not handled yet"),
        tr("Overdue"),
        tr("Documents issued"),
    ]


def name(line: Line) -> str:
    """Whose line it is; a mailbox stands in from its unit."""
    if line.kind == "office":
        return tr("The whole office")
    return line.name if line.kind == "unit" else f"   {line.name}"


def cells(line: Line) -> list[str]:
    """What stands in the columns."""
    return [name(line), *("–" if count is None else f"{count:g}" for count in astuple(line.counts))]


def title(month: Month) -> str:
    return tr("Use of official mail in {month}", month=f"{month.month:02d}/{month.year}")


def to_csv(lines: Sequence[Line]) -> bytes:
    """UTF-8 with BOM, semicolons: what Excel opens with a Vietnamese locale."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(headings())
    writer.writerows([harmless(cell.strip()) for cell in cells(line)] for line in lines)
    return (BOM + out.getvalue()).encode()


def to_xlsx(lines: Sequence[Line], month: Month) -> bytes:
    """One sheet; counts are numbers, so that they can be added."""
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(str(month))
        head = book.add_format({"bold": True, "text_wrap": True, "border": 1, "align": "center"})
        plain = book.add_format({"border": 1, "text_wrap": True})
        bold = book.add_format({"border": 1, "bold": True})
        sheet.set_column(0, 0, 38)
        for i, text in enumerate(headings()):
            sheet.write_string(0, i, text, head)
        for n, line in enumerate(lines, start=1):
            style = plain if line.kind == "mailbox" else bold
            sheet.write_string(n, 0, name(line), style)
            for i, count in enumerate(astuple(line.counts), start=1):
                if count is None:
                    sheet.write_blank(n, i, None, style)
                else:
                    sheet.write_number(n, i, count, style)
        sheet.freeze_panes(1, 1)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
    return out.getvalue()


def to_pdf(head: Head, lines: Sequence[Line], month: Month) -> bytes:
    """A4 landscape under the office's letterhead, to be signed."""
    paper = Paper(head.office, "landscape")
    paper.set_title(title(month))
    letterhead(paper, head)
    paper.line_of_text(title(month).upper(), 14, "B")
    paper.ln(4)
    paper.set_font("serif", size=8)
    bold = FontFace(emphasis="BOLD", fill_color=(235, 235, 235))
    with paper.table(
        col_widths=(_NAME_MM, *[_COUNT_MM] * (len(headings()) - 1)),
        headings_style=bold,
        line_height=4.2,
        padding=0.8,
        v_align="TOP",
    ) as table:
        at_head = table.row()
        for text in headings():
            at_head.cell(text, align="C", v_align="M")
        for line in lines:
            row = table.row()
            style = None if line.kind == "mailbox" else FontFace(emphasis="BOLD")
            for i, text in enumerate(cells(line)):
                row.cell(text.strip(), align="R" if i else "L", style=style)
    signatures(paper, tr("PREPARED BY"), tr("CHIEF OF THE OFFICE"))
    return paper.bytes()

"""Print-outs: registers with their covers, the arrival slip and the routing slip, as PDF.

Set in Source Serif, which has every Vietnamese letter and may be given away (SIL OFL), or in the
office's own Times New Roman. A signed document is never written on: slips are pages of their
own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace
from sqlalchemy import Row

from gateway.registry import told
from gateway.registry.columns import FOLLOW_UP, Beside, cells, day, follow_up, headings
from gateway.registry.lines import Line
from gateway.registry.tables import OfficeTable
from gateway.runtime.words import speaking

WIDTHS = {
    "in": (20, 15, 32, 27, 20, 76, 28, 20, 18, 25),
    "out": (28, 20, 74, 26, 42, 25, 14, 20, 14, 22),
    "follow-up": (15, 80, 45, 25, 32, 35, 40),
}
"""Millimetres, of A4 landscape."""
TITLES = {
    "in": "SỔ ĐĂNG KÝ VĂN BẢN ĐẾN",
    "out": "SỔ ĐĂNG KÝ VĂN BẢN ĐI",
    "follow-up": "SỔ THEO DÕI GIẢI QUYẾT VĂN BẢN ĐẾN",
}
STATE = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
DOTS = "." * 60
FACES = files("font_source_serif_pro") / "files"


@dataclass(frozen=True, slots=True)
class Head:
    """Whose print-out it is."""

    office: OfficeTable
    name: str
    """Of the office or the unit whose book it is."""


class Paper(FPDF):
    """A4 with our font, page numbers at the foot."""

    def __init__(self, office: OfficeTable, orientation: str) -> None:
        super().__init__(orientation=orientation, format="A4")
        self.set_margins(12, 12)
        self.set_auto_page_break(auto=True, margin=14)
        self.numbered_from = 10_000
        self._fonts(office)
        self.set_font("serif", size=11)
        self.set_lang("vi")

    def _fonts(self, office: OfficeTable) -> None:
        if office.font is not None:
            self.add_font("serif", "", office.font)
            self.add_font("serif", "B", office.bold_font or office.font)
            return
        for style, name in (("", "Regular"), ("B", "Bold")):
            with as_file(FACES / f"SourceSerifPro-{name}.ttf") as path:
                self.add_font("serif", style, path)

    def footer(self) -> None:
        if self.page_no() >= self.numbered_from:
            self.set_y(-11)
            self.set_font("serif", size=9)
            number = self.page_no() - self.numbered_from + 1
            self.cell(0, 5, f"Trang {number}", align="C")

    def line_of_text(self, text: str, size: float = 11, style: str = "", align: str = "C") -> None:
        self.set_font("serif", style, size)
        self.multi_cell(0, size * 0.55, text, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def bytes(self) -> bytes:
        return bytes(self.output())


def register(
    head: Head, kind: str, lines: Sequence[Line], at: Beside, year: int, volume: int
) -> bytes:
    """A volume with its cover; ``kind`` is ``in``, ``out`` or ``follow-up``."""
    paper = Paper(head.office, "landscape")
    paper.set_title(f"{TITLES[kind]} {year}")
    _cover(paper, head, kind, lines, year, volume)
    paper.numbered_from = 2
    paper.add_page()
    paper.set_font("serif", size=8.5)
    titles = FOLLOW_UP if kind == "follow-up" else headings(kind)
    bold = FontFace(emphasis="BOLD", fill_color=(235, 235, 235))
    with paper.table(
        col_widths=WIDTHS[kind],
        headings_style=bold,
        line_height=4.2,
        padding=0.8,
        text_align="LEFT",
        v_align="TOP",
        num_heading_rows=2,
    ) as table:
        for row in (titles, [f"({n})" for n in range(1, len(titles) + 1)]):
            at_row = table.row()
            for title in row:
                at_row.cell(title, align="C", v_align="M")
        for line in lines:
            table.row(follow_up(line, at) if kind == "follow-up" else cells(line, at))
    if not lines:
        paper.line_of_text("(Không có văn bản)", 10)
    signatures(paper)
    return paper.bytes()


def _cover(
    paper: Paper, head: Head, kind: str, lines: Sequence[Line], year: int, volume: int
) -> None:
    paper.add_page()
    paper.set_y(28)
    if head.office.parent:
        paper.line_of_text(head.office.parent.upper(), 13)
    paper.line_of_text(head.name.upper(), 14, "B")
    paper.set_y(78)
    paper.line_of_text(TITLES[kind], 26, "B")
    paper.ln(6)
    paper.line_of_text(f"Năm: {year}", 15)
    paper.ln(10)
    days = sorted(line.date for line in lines)
    span = (day(days[0]), day(days[-1])) if days else ("........", "........")
    paper.line_of_text(f"Từ ngày {span[0]} đến ngày {span[1]}", 13)
    first, last = (lines[0], lines[-1]) if lines else (None, None)
    begin = _bare_number(first) if first else "........"
    end = _bare_number(last) if last else "........"
    paper.line_of_text(f"Từ số {begin} đến số {end}", 13)
    paper.ln(10)
    paper.line_of_text(f"Quyển số: {volume:02d}", 14, "B")


def _bare_number(line: Line) -> str:
    return f"{line.n:02d}{line.suffix}"


def signatures(
    paper: Paper, left: str = "NGƯỜI LẬP SỔ", right: str = "XÁC NHẬN CỦA CƠ QUAN"
) -> None:
    paper.ln(8)
    if paper.get_y() > paper.h - 45:
        paper.add_page()
    paper.set_font("serif", "B", 10)
    width = paper.epw / 2
    paper.cell(width, 5, left, align="C")
    paper.cell(width, 5, right, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.set_font("serif", size=9)
    paper.cell(width, 5, "(Ký, ghi rõ họ tên)", align="C")
    paper.cell(width, 5, "(Ký, đóng dấu)", align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def letterhead(paper: Paper, head: Head) -> None:
    paper.add_page()
    left, right = paper.epw * 0.42, paper.epw * 0.58
    rows = [
        (head.office.parent.upper(), "", STATE, "B"),
        (head.name.upper(), "B", MOTTO, "B"),
    ]
    for one, one_style, two, two_style in rows:
        paper.set_font("serif", one_style, 10.5)
        paper.cell(left, 6, one, align="C")
        paper.set_font("serif", two_style, 10.5)
        paper.cell(right, 6, two, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    y, center = paper.get_y() + 1, paper.l_margin + left + right / 2
    paper.line(center - 32, y, center + 32, y)
    center = paper.l_margin + left / 2
    paper.line(center - 15, y, center + 15, y)
    paper.ln(8)


def facts(paper: Paper, pairs: Sequence[tuple[str, str]]) -> None:
    paper.set_font("serif", size=11)
    with paper.table(
        col_widths=(45, 141),
        first_row_as_headings=False,
        text_align="LEFT",
        line_height=5.6,
        padding=1.2,
        v_align="TOP",
    ) as table:
        for name, text in pairs:
            row = table.row()
            row.cell(name, style=FontFace(emphasis="BOLD"))
            row.cell(text or "")


def arrival_slip(head: Head, line: Line, files_: Sequence[Row[Any]], at: Beside) -> bytes:
    """The ĐẾN stamp on a page of its own, 35 by 50 mm, with what it is about below."""
    paper = Paper(head.office, "portrait")
    paper.set_title(f"Phiếu đến {line.number}/{line.year}")
    letterhead(paper, head)
    x, y = paper.w - paper.r_margin - 50, paper.get_y() + 2
    paper.set_draw_color(190, 0, 0)
    paper.set_text_color(190, 0, 0)
    paper.set_line_width(0.5)
    paper.rect(x, y, 50, 35)
    rows = [(head.name.upper(), "B", 8.0), ("ĐẾN", "B", 13.0)]
    rows += [(f"Số: {line.number}", "", 9.5), (f"Ngày: {day(line.date)}", "", 9.5)]
    rows += [(f"Chuyển: {line.said.receiver or '................'}", "", 9.0)]
    rows += [("Số và ký hiệu HS: ................", "", 8.5)]
    paper.set_y(y + 1)
    for text, style, size in rows:
        paper.set_x(x)
        paper.set_font("serif", style, size)
        paper.cell(50, 5.4, text[:34], align="C" if style else "L", new_y=YPos.NEXT)
    paper.set_draw_color(0, 0, 0)
    paper.set_text_color(0, 0, 0)
    paper.set_line_width(0.2)
    paper.set_y(y + 44)
    paper.line_of_text("PHIẾU VĂN BẢN ĐẾN", 14, "B")
    paper.ln(3)
    facts(paper, [*_document_facts(line), *_came(line, files_, at)])
    return paper.bytes()


def _document_facts(line: Line) -> list[tuple[str, str]]:
    said = line.said
    text = ". ".join(filter(None, [said.kind, said.abstract]))
    return [
        ("Số, ký hiệu", said.number),
        ("Ngày văn bản", day(said.issued)),
        ("Tác giả", said.issuer),
        ("Trích yếu", text),
        ("Người ký", " - ".join(filter(None, [said.signer, said.signer_title]))),
        ("Độ khẩn", said.urgency),
    ]


def _came(line: Line, files_: Sequence[Row[Any]], at: Beside) -> list[tuple[str, str]]:
    with speaking("vi"):
        rows = at.arrivals.get(line.seq, ())
        came = [f"{told.route(row.route)} {row.mailbox}".strip() for row in rows]
    names = [f"{row.name}\nSHA-256 {row.sha256}" for row in files_]
    return [("Đến qua", "; ".join(came)), ("Tệp kèm theo", "\n".join(names))]


def routing_slip(head: Head, line: Line, at: Beside, now: datetime) -> bytes:
    """Phiếu giải quyết văn bản đến (annex IV), with the directions that were given so far."""
    paper = Paper(head.office, "portrait")
    paper.set_title(f"Phiếu giải quyết văn bản đến {line.number}/{line.year}")
    letterhead(paper, head)
    paper.set_font("serif", "", 10.5)
    place = f"{head.office.place}, " if head.office.place else ""
    paper.cell(
        0,
        6,
        f"{place}ngày {now.day:02d} tháng {now.month:02d} năm {now.year}",
        align="R",
        new_x=XPos.LMARGIN,
        new_y=YPos.NEXT,
    )
    paper.ln(3)
    paper.line_of_text("PHIẾU GIẢI QUYẾT VĂN BẢN ĐẾN", 15, "B")
    paper.ln(3)
    facts(paper, [("Số đến", f"{line.number}   ngày {day(line.date)}"), *_document_facts(line)])
    tasks = at.tasks.get(line.seq, ())
    lead = [at.names.of(t.who, line.date) for t in tasks if t.role == "lead"]
    support = [at.names.of(t.who, line.date) for t in tasks if t.role == "support"]
    leader = at.names.of(f"person:{line.directed_by}", line.date) if line.directed_by else ""
    section(paper, f"Ý kiến của người có thẩm quyền{': ' + leader if leader else ''}")
    paper.line_of_text(line.direction_text or f"{DOTS}\n{DOTS}", 11, align="L")
    paper.ln(2)
    facts(
        paper,
        [
            ("Chủ trì", "; ".join(lead)),
            ("Phối hợp", "; ".join(support)),
            ("Thời hạn giải quyết", day(line.due)),
        ],
    )
    for title in ("Ý kiến của lãnh đạo đơn vị", "Ý kiến đề xuất của người giải quyết"):
        section(paper, title)
        notes = [t.note for t in tasks if t.note] if title.endswith("giải quyết") else []
        paper.line_of_text("\n".join(notes) or f"{DOTS}\n{DOTS}\n{DOTS}", 11, align="L")
    return paper.bytes()


def section(paper: Paper, title: str) -> None:
    paper.ln(5)
    paper.line_of_text(title, 11.5, "B", align="L")
    paper.ln(1)

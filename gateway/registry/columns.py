"""The columns of the decree's registers (NĐ 30/2020/NĐ-CP, annex IV), for every kind of print-out.

The headings are the decree's own words and stay Vietnamese in every language of the screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.registry import schema
from gateway.registry.lines import Line
from gateway.registry.names import Names

INCOMING = (
    "Ngày đến",
    "Số đến",
    "Tác giả",
    "Số, ký hiệu",
    "Ngày tháng",
    "Tên loại và trích yếu nội dung",
    "Đơn vị hoặc người nhận",
    "Ngày chuyển",
    "Ký nhận",
    "Ghi chú",
)
OUTGOING = (
    "Số, ký hiệu văn bản",
    "Ngày tháng văn bản",
    "Tên loại và trích yếu nội dung văn bản",
    "Người ký",
    "Nơi nhận văn bản",
    "Đơn vị, người nhận bản lưu",
    "Số lượng bản",
    "Ngày chuyển",
    "Ký nhận",
    "Ghi chú",
)
FOLLOW_UP = (
    "Số đến",
    "Tên loại, số, ký hiệu, ngày tháng và tác giả văn bản",
    "Đơn vị hoặc người nhận",
    "Thời hạn giải quyết",
    "Tiến độ giải quyết",
    "Số, ký hiệu văn bản trả lời",
    "Ghi chú",
)
PROGRESS = {
    "received": "đã đến",
    "registered": "đã tiếp nhận",
    "submitted": "đã trình",
    "directed": "đã có ý kiến chỉ đạo",
    "assigned": "đã chuyển xử lý",
    "in-progress": "đang xử lý",
    "done": "đã hoàn thành",
    "refused": "từ chối",
}
"""The states of QĐ 28/2018/QĐ-TTg, article 10."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the lines of a book: corrections, further arrivals, who has the task."""

    amends: Mapping[int, Sequence[Row[Any]]]
    arrivals: Mapping[int, Sequence[Row[Any]]]
    tasks: Mapping[int, Sequence[Row[Any]]]
    names: Names


def beside(connection: Connection, names: Names, book: str, year: int) -> Beside:
    """Read for all lines of a book's year at once."""
    entry = schema.entries.c
    mine = select(entry.seq).where(entry.book == book, entry.year == year)
    told: list[dict[int, list[Row[Any]]]] = []
    for table in (schema.amends, schema.arrivals, schema.tasks):
        rows: dict[int, list[Row[Any]]] = {}
        order = next(iter(table.primary_key.columns))
        for row in connection.execute(select(table).where(table.c.entry.in_(mine)).order_by(order)):
            rows.setdefault(row.entry, []).append(row)
        told.append(rows)
    amends, arrivals, tasks = told
    return Beside(amends, arrivals, tasks, names)


def day(text: str) -> str:
    """``2026-08-10`` as the decree writes it: ``10/08/2026``."""
    return f"{text[8:10]}/{text[5:7]}/{text[:4]}" if text[4:5] == "-" else text


def headings(direction: str) -> tuple[str, ...]:
    return INCOMING if direction == "in" else OUTGOING


def cells(line: Line, at: Beside) -> list[str]:
    """A line in the columns of its register, in order."""
    said = line.said
    text = ". ".join(filter(None, [said.kind, said.abstract]))
    ends = [day(said.transferred), said.acknowledged, note(line, at)]
    if line.direction == "in":
        receiver = said.receiver or _assigned(line, at)
        begin = [day(line.date), line.number, said.issuer, said.number, day(said.issued)]
        return [*begin, text, receiver, *ends]
    begin = [said.number, day(said.issued), text, said.signer, said.recipients, said.receiver]
    return [*begin, said.copies, *ends]


def follow_up(line: Line, at: Beside) -> list[str]:
    """A line of the sổ theo dõi giải quyết văn bản đến."""
    said = line.said
    document = "; ".join(filter(None, [said.kind, said.number, day(said.issued), said.issuer]))
    receiver = said.receiver or _assigned(line, at)
    progress = PROGRESS.get(line.progress, line.progress)
    return [line.number, document, receiver, day(line.due), progress, said.reply_to, note(line, at)]


def _assigned(line: Line, at: Beside) -> str:
    return "; ".join(at.names.of(task.who, line.date) for task in at.tasks.get(line.seq, ()))


def note(line: Line, at: Beside) -> str:
    """Ghi chú: what must be seen on paper: voided, inserted, corrected with both values, again."""
    told = [line.said.note]
    if line.state == "voided":
        told.append(f"Bỏ số: {line.reason}")
    elif line.state == "reserved":
        told.append("Giữ số, chưa phát hành")
    if line.suffix:
        told.append(f"Số chèn: {line.reason}; {at.names.of(f'person:{line.approver}', line.date)}")
    if line.direction == "out" and line.said.transferred[:4] > str(line.year):
        told.append("Phát hành sang năm")
    told += [f"Sửa: “{row.before}” thành “{row.after}”" for row in at.amends.get(line.seq, ())]
    again = at.arrivals.get(line.seq, ())[1:]
    told += [f"Cũng đến qua {row.mailbox or row.route}" for row in again]
    if line.said.urgency:
        told.insert(0, line.said.urgency.upper())
    return "; ".join(filter(None, told))

"""Biên bản bàn giao: what was handed over when a unit's leader changed, as PDF (article 4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from gateway.registry import schema
from gateway.registry.printing import Head, Paper, facts, letterhead, section, signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """All that the minutes say."""

    unit: str
    at: datetime
    """In the office's zone."""
    before: str
    """Name and login of who hands over."""
    after: str
    witness: str
    """Who has done it."""
    basis: str
    mailboxes: Sequence[tuple[str, str]]
    """(address and name, how many messages in and out)."""
    messages: Sequence[tuple[str, str]]
    """(what, value): counts, first and last number, digests."""
    books: Sequence[tuple[str, str]]
    waiting: Sequence[str]
    """Messages that wait for approval."""
    delegations: Sequence[str]
    accounts: Sequence[str]
    """What became of logins and passwords; never a password."""


def books_of(engine: Engine, unit: str) -> list[tuple[str, str]]:
    """(book and year, how many lines and the last number) of a unit's books, oldest first."""
    entry = schema.entries.c
    counted = (
        select(
            entry.book, entry.series, entry.year, func.count().label("lines"),
            func.max(entry.n).label("last"),
        )
        .where(entry.unit == unit, entry.year.is_not(None))
        .group_by(entry.book, entry.series, entry.year)
        .order_by(entry.year, entry.book, entry.series)
    )  # fmt: skip
    with engine.connect() as connection:
        return [
            (
                f"{row.book} {row.series} {row.year}".replace("  ", " "),
                f"{row.lines} văn bản, số cuối {row.last or 0:02d}",
            )
            for row in connection.execute(counted)
        ]


def open_tasks(engine: Engine, unit: str) -> int:
    """Documents that the unit has been given and has not done."""
    task = schema.tasks.c
    mine = select(func.count()).where(task.who == f"unit:{unit}", task.status != "done")
    with engine.connect() as connection:
        return int(connection.execute(mine).scalar() or 0)


def minutes(head: Head, said: HandedOver) -> bytes:
    """The record as PDF, to be signed by both."""
    paper = Paper(head.office, "portrait")
    paper.set_title(f"Biên bản bàn giao {said.unit}")
    letterhead(paper, head)
    paper.line_of_text("BIÊN BẢN BÀN GIAO HỘP THƯ CÔNG VỤ", 15, "B")
    paper.line_of_text(said.unit, 12, "B")
    paper.ln(3)
    facts(
        paper,
        [
            ("Thời điểm", f"{said.at:%H:%M:%S ngày %d/%m/%Y}"),
            ("Căn cứ", said.basis),
            ("Bên giao", said.before),
            ("Bên nhận", said.after),
            ("Người thực hiện", said.witness),
        ],
    )
    for title, pairs in (
        ("1. Hộp thư", said.mailboxes),
        ("2. Dữ liệu lưu trữ", said.messages),
        ("3. Sổ văn bản", said.books or [("", "Không có sổ riêng")]),
    ):
        section(paper, title)
        facts(paper, pairs)
    for title, lines in (
        ("4. Thư đang chờ duyệt", said.waiting),
        ("5. Ủy quyền", said.delegations),
        ("6. Tài khoản và mật khẩu", said.accounts),
    ):
        section(paper, title)
        paper.line_of_text("\n".join(lines) or "Không có", 11, align="L")
    signatures(paper, "BÊN GIAO", "BÊN NHẬN")
    return paper.bytes()

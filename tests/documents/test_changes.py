"""What was changed behind a signature is seen on every page, also far back in a long document."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pikepdf import Dictionary, Name, Pdf
from pyhanko.pdf_utils import generic, incremental_writer

from gateway.documents import changes
from gateway.documents.likeness import unlike
from gateway.documents.orders import Order
from gateway.documents.reader import Desk

PAGES = 30
Revise = Callable[[Any], None]
OBJECTS: Any = generic
WRITER: Any = incremental_writer.IncrementalPdfFileWriter
"""pyHanko's are not typed throughout."""


def long_document() -> bytes:
    """Every page says which one it is."""
    with Pdf.new() as pdf:
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name("/Times-Roman"))
        shared = pdf.make_indirect(Dictionary(Font=Dictionary(F=font)))
        for n in range(PAGES):
            page = pdf.add_blank_page()
            page.obj.Resources = shared
            page.obj.Contents = pdf.make_stream(
                f"BT /F 40 Tf 90 600 Td (Page {n + 1}) Tj ET".encode()
            )
        out = io.BytesIO()
        pdf.save(out)
        return out.getvalue()


def page_of(writer: Any, number: int) -> Any:
    found, _ = writer.find_page_for_modification(number - 1)
    return found.get_object()


def draw(writer: Any, number: int, text: str) -> None:
    """Put another text in the place of a page's own."""
    stream = OBJECTS.StreamObject(stream_data=f"BT /F 40 Tf 90 300 Td ({text}) Tj ET".encode())
    page_of(writer, number)["/Contents"] = writer.add_object(stream)
    writer.update_container(page_of(writer, number))


def swap_annex(writer: Any) -> None:
    draw(writer, 25, "Another amount")


def swap_all(writer: Any) -> None:
    for number in range(1, PAGES + 1):
        draw(writer, number, "All new")


def say_nothing_new(writer: Any) -> None:
    page = page_of(writer, 25)
    page["/StructParents"] = OBJECTS.NumberObject(1)
    writer.update_container(page)


@pytest.mark.parametrize(
    ("revise", "pages"),
    [(swap_annex, {25}), (say_nothing_new, set()), (swap_all, set(range(1, PAGES + 1)))],
)
def test_pages_behind_the_twentieth(
    monkeypatch: pytest.MonkeyPatch, revise: Revise, pages: set[int]
) -> None:
    first = long_document()
    writer = WRITER(io.BytesIO(first))
    revise(writer)
    out = io.BytesIO()
    writer.write(out)
    data = out.getvalue()
    assert data.startswith(first)
    assert unlike(first, data, 20) == [n - 1 for n in sorted(pages) if n > 20]
    monkeypatch.setattr(changes, "signed_ends", lambda _: [len(first)])
    desk = Desk(data, Order(0, "x.pdf", datetime.now(UTC).isoformat()))
    assert {change.page for change in changes.stage(desk)["changes"]} == pages

"""The text layer of a PDF: page by page, and piece by piece with font and place."""

from __future__ import annotations

import ctypes
import time
import unicodedata
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pypdfium2 as pdfium
import pypdfium2.raw as fpdf

from gateway.documents.pages import POINT_MM, ends, opened
from gateway.mail.papers import Span

if TYPE_CHECKING:
    from gateway.documents.reader import Desk

PAGES_MAX, CPU_S = 60, 3.0
CHARACTERS_MAX, PAGE_MAX = 60_000, 20_000
SPANNED_PAGES, SPANS_MAX = 3, 1500
"""Pages from each end whose pieces are told one by one; pieces of one page."""
ODD_SHARE = 0.2
"""Characters that are no letters anybody reads, from which a text is doubtful."""


def stage(desk: Desk) -> Mapping[str, Any]:
    """The pages again, with ``text`` and ``spans``."""
    pdf = opened(desk.data)
    began = time.process_time()
    pages: list[dict[str, Any]] = [dict(page) for page in desk.facts.get("pages", ())]
    spanned = set(ends(len(pdf), SPANNED_PAGES))
    for index, known in enumerate(pages[:PAGES_MAX]):
        if time.process_time() - began > CPU_S:
            break
        belief = known.get("belief", "none")
        if belief != "none":
            known.update(_page(pdf[index], with_spans=index in spanned, belief=belief))
    return {"pages": pages}


def _page(page: pdfium.PdfPage, *, with_spans: bool, belief: str) -> dict[str, Any]:
    layer = page.get_textpage()
    count = min(layer.count_chars(), CHARACTERS_MAX)
    text = clean(layer.get_text_range(0, count))[:PAGE_MAX] if count else ""
    found: dict[str, Any] = {"text": text}
    if belief == "visible" and is_odd(text):
        found["belief"] = "doubtful"
    if with_spans and count:
        found["spans"] = list(spans(page, layer, count))
    return found


def clean(text: str) -> str:
    """NFC, line ends as LF, and no control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufffe", "\xad")
    text = "".join(c if c.isprintable() or c in "\n\t\xad" else " " for c in text)
    return unicodedata.normalize("NFC", text)


def is_odd(text: str) -> bool:
    """Whether much of it is private use, replacement signs or blanks for what was no sign."""
    signs = [c for c in text if not c.isspace()]
    odd = sum(unicodedata.category(c) in {"Co", "Cn", "Cc", "So"} for c in signs)
    return bool(signs) and odd > ODD_SHARE * len(signs)


def spans(page: pdfium.PdfPage, layer: pdfium.PdfTextPage, count: int) -> Iterator[Span]:
    """Pieces of one font on one line. PDFium cuts them so."""
    turn = Turned(page)
    name, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    for n in range(min(layer.count_rects(0, count), SPANS_MAX)):
        left, bottom, right, top = layer.get_rect(n)
        text = clean(layer.get_text_bounded(left, bottom, right, top)).strip("\n")
        if not text.strip():
            continue
        x, y = (left + right) / 2, (bottom + top) / 2
        at = fpdf.FPDFText_GetCharIndexAtPos(layer.raw, x, y, right - left, top - bottom)
        length = fpdf.FPDFText_GetFontInfo(layer.raw, at, name, 128, flags) if at >= 0 else 0
        font = name.raw[: max(length - 1, 0)].decode("utf-8", "replace")
        yield Span(
            text=text, font=font.partition("+")[2] or font, box=turn.box(left, bottom, right, top)
        )


class Turned:
    """From PDF's points (up from the lower left of the page as stored) to millimetres as shown."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        self._page = page
        self._size = page.get_size()

    def box(
        self, left: float, bottom: float, right: float, top: float
    ) -> tuple[float, float, float, float]:
        corners = [self._point(x, y) for x in (left, right) for y in (bottom, top)]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return min(xs), min(ys), max(xs), max(ys)

    def _point(self, x: float, y: float) -> tuple[float, float]:
        """PDFium knows rotation and crop; whole tenths of a millimetre are enough."""
        width, height = self._size
        wide, high = round(width * POINT_MM * 10), round(height * POINT_MM * 10)
        across, down = ctypes.c_int(), ctypes.c_int()
        fpdf.FPDF_PageToDevice(self._page.raw, 0, 0, wide, high, 0, x, y, across, down)
        return across.value / 10, down.value / 10

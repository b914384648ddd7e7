"""The text layer of a PDF: page by page, and piece by piece with font and place."""

from __future__ import annotations

import ctypes
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pypdfium2 as pdfium
import pypdfium2.raw as fpdf

from gateway.documents.pages import POINT_MM, ends, page_of, shown
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
    count = len(shown(desk))
    began = time.process_time()
    pages: list[dict[str, Any]] = [dict(page) for page in desk.facts.get("pages", ())]
    spanned = set(ends(count, SPANNED_PAGES))
    for index, known in enumerate(pages[:PAGES_MAX]):
        if time.process_time() - began > CPU_S:
            break
        belief = known.get("belief", "none")
        if belief != "none":
            known.update(_page(page_of(desk, index), with_spans=index in spanned, belief=belief))
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


_KEPT = str.maketrans("", "", "\n\t\xad")


def clean(text: str) -> str:
    """NFC, line ends as LF, and no control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufffe", "\xad")
    if not text.translate(_KEPT).isprintable():
        text = "".join(c if c.isprintable() or c in "\n\t\xad" else " " for c in text)
    return unicodedata.normalize("NFC", text)


def is_odd(text: str) -> bool:
    """Whether much of it is private use, replacement signs or blanks for what was no sign."""
    signs = Counter("".join(text.split()))
    odd = sum(n for c, n in signs.items() if unicodedata.category(c) in {"Co", "Cn", "Cc", "So"})
    return odd > ODD_SHARE * signs.total()


def spans(page: pdfium.PdfPage, layer: pdfium.PdfTextPage, count: int) -> Iterator[Span]:
    """Pieces of one font on one line, letter by letter.

    PDFium's own rectangles are cut at every accent, and the text "within" one takes in letters of
    its neighbours.
    """
    turn, told = Turned(page), 0
    for piece in _pieces(layer, count):
        if not (whole := clean(piece.text)).strip():
            continue
        yield Span(text=whole.strip(), font=piece.font, box=turn.box(*piece.box))
        told += 1
        if told >= SPANS_MAX:
            return


def _pieces(layer: pdfium.PdfTextPage, count: int) -> Iterator[_Piece]:
    """Letter by letter, 20,000 of them in a dispatch: nothing is asked twice, or made anew."""
    raw, fonts, edges = layer.raw, _Fonts(layer), fpdf.FS_RECTF()
    code_at, box_at, where = (
        fpdf.FPDFText_GetUnicode,
        fpdf.FPDFText_GetLooseCharBox,
        ctypes.byref(edges),
    )
    piece = _Piece()
    for index in range(count):
        code = code_at(raw, index)
        if not code or code in _LINE_ENDS or not box_at(raw, index, where):
            if piece.text:
                yield piece
                piece = _Piece()
            continue
        sign, box = chr(code), (edges.left, edges.bottom, edges.right, edges.top)
        within = piece.is_within_a_word  # A font changes between words; asking takes time.
        font = piece.font if within else fonts.at(index)
        if piece.text and piece.takes(box, font):
            piece.add(sign, box)
            continue
        if piece.text:
            yield piece
        piece = _Piece()
        if not sign.isspace():
            piece.begin(sign, box, fonts.at(index) if within else font)
    if piece.text:
        yield piece


_LINE_ENDS = frozenset({10, 13})
Edges = tuple[float, float, float, float]
"""Left, bottom, right, top in points."""


class _Fonts:
    """The font of a letter, asked once for each piece of text that the page draws."""

    def __init__(self, layer: pdfium.PdfTextPage) -> None:
        self._layer = layer
        self._name, self._flags = ctypes.create_string_buffer(128), ctypes.c_int()
        self._known: dict[int, str] = {}

    def at(self, index: int) -> str:
        drawn = fpdf.FPDFText_GetTextObject(self._layer.raw, index)
        key = ctypes.addressof(drawn.contents) if drawn else 0
        if key not in self._known or not key:
            self._known[key] = self._asked(index)
        return self._known[key]

    def _asked(self, index: int) -> str:
        length = fpdf.FPDFText_GetFontInfo(self._layer.raw, index, self._name, 128, self._flags)
        font = self._name.raw[: min(max(length - 1, 0), 127)].decode("utf-8", "replace")
        return font.partition("+")[2] or font


class _Piece:
    """Letters that follow one another on a line."""

    __slots__ = ("box", "font", "is_within_a_word", "text")

    def __init__(self) -> None:
        self.text, self.font, self.is_within_a_word = "", "", False
        self.box: Edges = (0.0, 0.0, 0.0, 0.0)

    def takes(self, box: Edges, font: str) -> bool:
        """Whether a letter goes on where this piece ends; a blank has no font of its own."""
        _, bottom, right, top = self.box
        height = max(top - bottom, 1.0)
        shift = abs((box[1] + box[3]) - (bottom + top)) / 2
        gap = box[0] - right
        return font == self.font and shift < 0.4 * height and -height < gap < 0.8 * height

    def begin(self, sign: str, box: Edges, font: str) -> None:
        self.text, self.font, self.box, self.is_within_a_word = sign, font, box, True

    def add(self, sign: str, box: Edges) -> None:
        self.text += sign
        self.is_within_a_word = not sign.isspace()
        left, bottom, right, top = self.box
        self.box = (min(left, box[0]), min(bottom, box[1]), max(right, box[2]), max(top, box[3]))


FINE, FAR = 1000, 500.0
"""Steps of a millimetre in which PDFium is asked for a place; points from one asked to the next."""


class Turned:
    """From PDF's points (up from the lower left of the page as stored) to millimetres as shown."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        """PDFium knows rotation and crop; it is asked for three points, the rest is linear."""
        self._page = page
        self._size = page.get_size()
        self._origin = self._asked(0, 0)
        self._x, self._y = (
            tuple((there - here) / FAR for there, here in zip(at, self._origin, strict=True))
            for at in (self._asked(FAR, 0), self._asked(0, FAR))
        )

    def box(
        self, left: float, bottom: float, right: float, top: float
    ) -> tuple[float, float, float, float]:
        corners = [self._point(x, y) for x in (left, right) for y in (bottom, top)]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return min(xs), min(ys), max(xs), max(ys)

    def _point(self, x: float, y: float) -> tuple[float, float]:
        """Whole tenths of a millimetre are enough."""
        left, top = (
            o + x * a + y * b for o, a, b in zip(self._origin, self._x, self._y, strict=True)
        )
        return round(left, 1), round(top, 1)

    def _asked(self, x: float, y: float) -> tuple[float, float]:
        width, height = self._size
        wide, high = round(width * POINT_MM * FINE), round(height * POINT_MM * FINE)
        across, down = ctypes.c_int(), ctypes.c_int()
        fpdf.FPDF_PageToDevice(self._page.raw, 0, 0, wide, high, 0, x, y, across, down)
        return across.value / FINE, down.value / FINE

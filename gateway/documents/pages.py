"""Pages as PDFium sees them: how each was made, how sharp and how coloured its picture is."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as fpdf

from gateway.documents.colour import PICTURE_MAX, coloured, small
from gateway.mail.papers import PageKind

if TYPE_CHECKING:
    from gateway.documents.reader import Desk

POINT_MM = 25.4 / 72
OBJECTS_MAX, PICTURES_MAX, FORMS_DEEP = 20_000, 400, 5
FULL = 0.85
"""Share of a page that pictures cover, from which it is taken for a scan."""
TEXTS_OF_A_SCAN = 60
"""Visible pieces of text that a scan may have: page numbers, stamps of programs."""
LAYER = 0.5
"""A picture over more than this is a layer of the page; of several, the sharpest counts."""
STRIP = 0.04
LIGHT, KEPT_MAX = 2_000_000, 60
"""Pixels of pictures in a page that stays open; PDFium keeps them unpacked with it."""
RULES_MAX = 300
"""Lines of a page's tables; more can draw a seal."""
COLOURED_PAGES = 3
"""From the beginning and from the end, whose colours are looked at."""
_GRID = (50, 70)
_INVISIBLE = 3
"""Text render mode (ISO 32000-1 9.3.6)."""
Matrix: TypeAlias = tuple[float, float, float, float, float, float]
_SAME: Matrix = (1, 0, 0, 1, 0, 0)


@dataclass
class _Picture:
    pixels: int
    dpi: float
    area: float


@dataclass
class _Drawn:
    """What stands on one page."""

    pictures: list[_Picture] = field(default_factory=list)
    grid: Any = None
    visible: int = 0
    invisible: int = 0
    paths: int = 0


def opened(data: bytes) -> pdfium.PdfDocument:
    return pdfium.PdfDocument(data)


def shown(desk: Desk) -> pdfium.PdfDocument:
    """The document whose pages are looked at, opened once."""
    if desk.pdf is None:
        desk.pdf = opened(desk.source)
    return desk.pdf


def page_of(desk: Desk, index: int) -> pdfium.PdfPage:
    return desk.kept.get(index) or shown(desk)[index]


def ends(count: int, each: int) -> list[int]:
    """Indexes of the first and the last pages."""
    return sorted({*range(min(each, count)), *range(max(0, count - each), count)})


def stage(desk: Desk) -> Mapping[str, Any]:
    pdf = shown(desk)
    count = len(pdf)
    looked = ends(count, COLOURED_PAGES)
    pages = []
    for index in range(min(count, desk.order.max_pages)):
        try:
            page = pdf[index]
        except pdfium.PdfiumError:
            pages.append({"number": index + 1})
            continue
        facts = _page(page, index)
        if facts["pixels"] < LIGHT and len(desk.kept) < KEPT_MAX:
            desk.kept[index] = page
        if index in looked and facts["pixels"] <= PICTURE_MAX and shows_more(page, facts):
            drawn = small(page)
            if drawn is not None:
                facts |= coloured(*drawn)
                desk.thumbs[index] = drawn
        pages.append({name: value for name, value in facts.items() if name != "paths"})
    return {"pages": pages, "page_count": max(count, desk.facts.get("page_count", 0))}


def shows_more(page: pdfium.PdfPage, facts: Mapping[str, Any]) -> bool:
    """Whether there can be a seal: not in letters and ruled lines alone, which take 5 ms to draw.

    The pictures of signatures stand in annotations.
    """
    is_bare = facts["kind"] in {PageKind.DIGITAL, PageKind.BLANK} and not facts["pixels"]
    return not is_bare or facts["paths"] > RULES_MAX or fpdf.FPDFPage_GetAnnotCount(page.raw) > 0


def _page(page: pdfium.PdfPage, index: int) -> dict[str, Any]:
    width, height = page.get_size()
    box = _crop(page)
    drawn = _Drawn(grid=np.zeros(_GRID, bool))
    _draw(page, None, _SAME, box, drawn, 0)
    cover = float(drawn.grid.mean())
    return {
        "number": index + 1,
        "kind": _kind(drawn, cover),
        "width_mm": round(width * POINT_MM, 1),
        "height_mm": round(height * POINT_MM, 1),
        "rotation": page.get_rotation(),
        "dpi": _dpi(drawn.pictures),
        "cover": round(cover, 3),
        "pixels": max((p.pixels for p in drawn.pictures), default=0),
        "belief": _belief(drawn),
        "paths": drawn.paths,
    }


def _crop(page: pdfium.PdfPage) -> tuple[float, float, float, float]:
    left, bottom, right, top = page.get_cropbox()
    return left, bottom, max(right, left + 1), max(top, bottom + 1)


def _kind(drawn: _Drawn, cover: float) -> PageKind:
    if cover >= FULL:
        return PageKind.SCAN if drawn.visible < TEXTS_OF_A_SCAN else PageKind.MIXED
    if drawn.visible or drawn.paths:
        return PageKind.DIGITAL
    return PageKind.IMAGES if drawn.pictures else PageKind.BLANK


def _belief(drawn: _Drawn) -> str:
    if drawn.invisible and drawn.visible:
        return "doubtful" if drawn.invisible > drawn.visible // 10 else "visible"
    return "hidden" if drawn.invisible else "visible" if drawn.visible else "none"


def _dpi(pictures: list[_Picture]) -> float:
    """Of layers over the whole page the sharpest counts (MRC scans), of strips the worst."""
    layers = [p.dpi for p in pictures if p.area >= LAYER and p.dpi]
    strips = [p.dpi for p in pictures if p.area >= STRIP and p.dpi]
    return round(max(layers) if layers else min(strips, default=0.0), 1)


def _draw(
    page: pdfium.PdfPage, form: Any, matrix: Matrix, box: Matrix | Any, drawn: _Drawn, depth: int
) -> None:
    """Go through a page's objects, into its forms; PDFium's own figures forget a form's matrix."""
    for thing in _objects(page, form):
        kind = fpdf.FPDFPageObj_GetType(thing)
        if kind == fpdf.FPDF_PAGEOBJ_TEXT:
            if fpdf.FPDFTextObj_GetTextRenderMode(thing) == _INVISIBLE:
                drawn.invisible += 1
            else:
                drawn.visible += 1
        elif kind == fpdf.FPDF_PAGEOBJ_PATH:
            drawn.paths += 1
        elif kind in {fpdf.FPDF_PAGEOBJ_IMAGE, fpdf.FPDF_PAGEOBJ_FORM}:
            placed = _times(_matrix(thing), matrix)
            if kind == fpdf.FPDF_PAGEOBJ_IMAGE:
                if _picture(thing, placed, box, drawn) >= FULL:  # What was drawn before is covered.
                    drawn.invisible, drawn.visible = drawn.invisible + drawn.visible, 0
            elif depth < FORMS_DEEP:
                _draw(page, thing, placed, box, drawn, depth + 1)


def _objects(page: pdfium.PdfPage, form: Any) -> Iterator[Any]:
    if form is None:
        for n in range(min(fpdf.FPDFPage_CountObjects(page.raw), OBJECTS_MAX)):
            yield fpdf.FPDFPage_GetObject(page.raw, n)
        return
    for n in range(min(fpdf.FPDFFormObj_CountObjects(form), OBJECTS_MAX)):
        yield fpdf.FPDFFormObj_GetObject(form, n)


def _matrix(thing: Any) -> Matrix:
    m = fpdf.FS_MATRIX()
    fpdf.FPDFPageObj_GetMatrix(thing, m)
    return m.a, m.b, m.c, m.d, m.e, m.f


def _times(a: Matrix, b: Matrix) -> Matrix:
    """First a, then b (ISO 32000-1 8.3.4)."""
    return (
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    )


def _picture(thing: Any, m: Matrix, box: Any, drawn: _Drawn) -> float:
    """Note a picture; the share of the page that it covers."""
    if len(drawn.pictures) >= PICTURES_MAX:
        return 0.0
    wide, high = ctypes.c_uint(), ctypes.c_uint()
    fpdf.FPDFImageObj_GetImagePixelSize(thing, wide, high)
    left, bottom, right, top = box
    width, height = math.hypot(m[0], m[1]), math.hypot(m[2], m[3])
    xs = (m[4], m[4] + m[0], m[4] + m[2], m[4] + m[0] + m[2])
    ys = (m[5], m[5] + m[1], m[5] + m[3], m[5] + m[1] + m[3])
    x0, x1 = max(min(xs), left), min(max(xs), right)
    y0, y1 = max(min(ys), bottom), min(max(ys), top)
    wide_dpi = wide.value / (width / 72) if width > 0.01 else 0.0  # noqa: PLR2004
    high_dpi = high.value / (height / 72) if height > 0.01 else 0.0  # noqa: PLR2004
    picture = _Picture(wide.value * high.value, min(wide_dpi, high_dpi), 0.0)
    drawn.pictures.append(picture)
    if x1 <= x0 or y1 <= y0:
        return 0.0
    page_w, page_h = right - left, top - bottom
    picture.area = (x1 - x0) * (y1 - y0) / (page_w * page_h)
    rows, columns = _GRID
    row0, row1 = int((y0 - bottom) / page_h * rows), math.ceil((y1 - bottom) / page_h * rows)
    col0, col1 = int((x0 - left) / page_w * columns), math.ceil((x1 - left) / page_w * columns)
    drawn.grid[row0:row1, col0:col1] = True
    return picture.area

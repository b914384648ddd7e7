"""A scan's heading and red ink, read by OCR; and small pictures for whoever decides.

The heading has two columns and, below them, text across the page. Where they part is seen before
anything is read, so that no line is cut in two. The lines with number and date are read twice
more: once each alone, and by the second engine where there is one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pypdfium2 as pdfium
from PIL import Image

from gateway.documents import ocr, second
from gateway.documents.colour import PICTURE_MAX, picture
from gateway.documents.ink import blue_mm2, without_red
from gateway.documents.pages import POINT_MM, page_of
from gateway.mail.papers import HALF, OcrLine, PageKind

if TYPE_CHECKING:
    from gateway.documents.reader import Desk

HEADING_MM, HEADING_FROM_MM = 105.0, 8.0
NUMBER_MM = (12, 75)
"""Between which heights number and date stand on page 1."""
PIXELS_MAX = 9_000_000
RED_ENOUGH_MM2 = 3.0
"""Red ink below which no stamp is looked for."""
PREVIEW_DPI, CROP_WIDTH = 60, 1000
LEFT_SHARE, RIGHT_SHARE, BODY_FROM = 0.72, 0.5, 0.3
"""How far down the heading block the columns may reach, and from where its body is read where
nothing crosses the gap between them."""
COLUMNS_MM, CROSSED_MM = 30.0, 1.2
"""Height of the shortest heading; ink over so much of it in the gap is a line of text."""
KIND_MM = 8.0
"""Above the first line across the gap may stand the name of the kind, beside the gap."""
LAP_MM = 6.0
SPECKS = 2
_NUMBER = re.compile(r"/\s*[A-ZĐ\d(]|^\W*[Ss§][ốóoô6]\W*[:.]")
_DATE = re.compile(
    r"\b(?:ng[^\s\d]{0,4}\b.*th|th[^\s\d]{1,4}\W.*n[ăaâãàáạ]m|n[ăaâãàáạ]m\W*20\d\d)", re.IGNORECASE
)


def stage(desk: Desk) -> Mapping[str, Any]:
    pages = desk.facts.get("pages", ())
    if not desk.order.ocr or not pages or not _is_scan(pages[0]):
        return {}
    if any(page.get("pixels", 0) > PICTURE_MAX for page in pages):
        return {}
    ocr.begin()
    page = page_of(desk, 0)
    heading, red, blue, dpi = _planes(page, HEADING_FROM_MM, HEADING_MM)
    found: dict[str, Any] = {"blue_mm2": blue, "sharpness": sharpness(page)}
    if desk.order.pictures:
        found["heading"] = _png(Image.fromarray(heading), CROP_WIDTH)
    desk.strips = (heading, red, dpi)
    return found


def ocr_stage(desk: Desk) -> Mapping[str, Any]:
    """Last but the foot, since it takes longest; each zone has its time."""
    if desk.strips is None:
        return {}
    if not ocr.is_there():
        return {"is_ocr_missing": True}
    return {"ocr": _read(*desk.strips)}


def _is_scan(page: Mapping[str, Any]) -> bool:
    return page.get("kind") in {PageKind.SCAN, PageKind.IMAGES} and page.get("cover", 0) >= HALF


def _planes(page: pdfium.PdfPage, top_mm: float, bottom_mm: float) -> tuple[Any, Any, float, float]:
    """A strip of a page: without red, red alone (both grey on white), blue ink in mm², dpi."""
    _, height = page.get_size()
    crop = (0, max(0.0, height - bottom_mm / POINT_MM), 0, top_mm / POINT_MM)
    pixels, dpi = picture(page, ocr.READ_DPI, PIXELS_MAX, crop=crop)
    plain, red = without_red(pixels)
    first, last = (int((mm - top_mm) * dpi / 25.4) for mm in NUMBER_MM)
    return plain, red, blue_mm2(pixels[first:last], dpi), dpi


def _read(heading: Any, red: Any, dpi: float) -> list[OcrLine]:
    grey = ocr.prepared(heading, dpi)
    split, per_mm = ocr.gutter(grey), ocr.READ_DPI / 25.4
    ends, body = _parts(grey, split)
    at = (round(split / per_mm, 1), HEADING_FROM_MM)
    found = ocr.lines(grey[: ends[0], :split], "left", at_mm=(0, HEADING_FROM_MM))
    found += ocr.lines(grey[: ends[1], split:], "right", at_mm=at)
    found += _again(grey, found)
    below = (0, round(HEADING_FROM_MM + body / per_mm, 1))
    found += ocr.lines(grey[body:], "body", at_mm=below)
    if int((red < ocr.DARK).sum()) > RED_ENOUGH_MM2 * (dpi / 25.4) ** 2:
        plain = ocr.sized(red, dpi)
        found += ocr.lines(plain, "red", at_mm=(0, HEADING_FROM_MM), mode=ocr.SPARSE)
    return found


def _parts(grey: Any, split: int) -> tuple[tuple[int, int], int]:
    """Rows where the left and the right column end, and where the body begins; between lines."""
    height, per_mm = grey.shape[0], ocr.READ_DPI / 25.4
    half, low = int(3 * per_mm), int(COLUMNS_MM * per_mm)
    in_gap = grey[low:, max(0, split - half) : split + half] < ocr.DARK
    inked = np.convolve(in_gap.sum(1) > SPECKS, np.ones(int(5 * per_mm)), "valid")
    rows = np.nonzero(inked > CROSSED_MM * per_mm)[0]
    if not len(rows):
        columns = int(height * LEFT_SHARE), int(height * RIGHT_SHARE)
        return columns, int(height * BODY_FROM)
    meet = low + int(rows[0]) + half
    ends = (_below(grey[:, :split], meet, per_mm), _below(grey[:, split:], meet, per_mm))
    return ends, _above(grey, meet - int(KIND_MM * per_mm), per_mm)


def _blank(part: Any) -> Any:
    """Which rows have no ink but specks."""
    return (part < ocr.DARK).sum(1) <= SPECKS


def _below(part: Any, row: int, per_mm: float) -> int:
    """The first blank row from here down; a line's height further down where there is none."""
    reach = int(LAP_MM * per_mm)
    rows = np.nonzero(_blank(part[row : row + reach]))[0]
    return row + (int(rows[0]) if len(rows) else reach)


def _above(part: Any, row: int, per_mm: float) -> int:
    """The first blank row from here up, or the emptiest near by."""
    first = max(0, row - int(LAP_MM * per_mm))
    ink = (part[first : row + 1] < ocr.DARK).sum(1)
    if not len(ink):
        return max(0, row)
    return first + int(len(ink) - 1 - ink[::-1].argmin())


def _again(grey: Any, read: list[OcrLine]) -> list[OcrLine]:
    """The lines of number and date, each alone, and by the second engine."""
    number = [x for x in read if x.zone == "left" and _NUMBER.search(x.text)][:1]
    day = [x for x in read if x.zone == "right" and _DATE.search(x.text)][:1]
    at = (0.0, HEADING_FROM_MM)
    found = second.lines(grey, number, "number", at) + second.lines(grey, day, "date", at)
    return found + ocr.alone(grey, number, "number", at) + ocr.alone(grey, day, "date", at)


def sharpness(page: pdfium.PdfPage) -> float:
    """Fine detail as a share of coarse, in the heading of a page's largest picture; -1: unknown.

    A picture that was blown up to twice its size has nothing in the upper half of its spectrum.
    """
    pictures = list(page.get_objects(filter=[pdfium.raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))
    sizes = [(w * h, n) for n, (w, h) in enumerate(p.get_px_size() for p in pictures)]
    most, which = max(sizes, default=(0, 0))
    if not 0 < most <= PIXELS_MAX * 3:
        return -1.0
    image = pictures[which].get_bitmap(render=False).to_pil()
    width, height = image.size
    middle = (int(width * 0.1), int(height * 0.05), int(width * 0.9), int(height * 0.35))
    strip = np.asarray(image.crop(middle).convert("L"), np.float32)
    side = 256
    if min(strip.shape) < side:
        return -1.0
    power = np.zeros((side, side // 2 + 1))
    window = np.outer(np.hanning(side), np.hanning(side))
    for y in range(0, strip.shape[0] - side + 1, side):
        for x in range(0, strip.shape[1] - side + 1, side):
            tile = strip[y : y + side, x : x + side]
            power += np.abs(np.fft.rfft2((tile - tile.mean()) * window)) ** 2
    along = power[0:8, :].sum(0)
    fine, coarse = (
        along[int(side * 0.28) : int(side * 0.42)],
        along[int(side * 0.08) : int(side * 0.2)],
    )
    return round(float(fine.sum() / (coarse.sum() + 1e-9)), 5)


def preview_stage(desk: Desk) -> Mapping[str, Any]:
    """Page 1 as a small PNG."""
    pages = desk.facts.get("pages", ())
    if not desk.order.pictures or not pages or pages[0].get("pixels", 0) > PICTURE_MAX:
        return {}
    pixels, _ = picture(page_of(desk, 0), PREVIEW_DPI)
    return {"preview": _png(Image.fromarray(np.ascontiguousarray(pixels)), CROP_WIDTH)}


def _png(image: Image.Image, width: int) -> bytes:
    if image.width > width:
        image = image.resize((width, max(1, image.height * width // image.width)))
    out = io.BytesIO()
    reduced = image if image.mode == "L" else image.quantize(64, method=Image.Quantize.FASTOCTREE)
    reduced.save(out, "PNG", compress_level=6)
    return out.getvalue()

"""A scan's heading, foot and red ink, read by OCR; and small pictures for whoever decides.

Red goes first: under an arrival stamp or a seal OCR reads nothing, with red taken out nearly all.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pypdfium2 as pdfium
from PIL import Image

from gateway.documents import ocr
from gateway.documents.colour import PICTURE_MAX, picture
from gateway.documents.pages import POINT_MM, opened
from gateway.mail.papers import HALF, OcrLine, PageKind
from gateway.mail.text import folded

if TYPE_CHECKING:
    from gateway.documents.reader import Desk

HEADING_MM, HEADING_FROM_MM = 105.0, 8.0
NUMBER_MM = (12, 75)
"""Between which heights number and date stand on page 1."""
PIXELS_MAX = 9_000_000
FOOT_DPI = 200
FOOTS_MAX = 2
"""Pages on which the list of recipients is looked for."""
_COPIES = re.compile(r"n[oơ]i nh[aâ]n\b")
RED_ENOUGH = 400
"""Pixels of red at 300 dpi, below which no stamp is looked for."""
PREVIEW_DPI, CROP_WIDTH = 60, 1000
LEFT_SHARE, RIGHT_SHARE, BODY_FROM = 0.72, 0.5, 0.3
"""How far down the heading block the columns reach, and from where its body is read."""


def stage(desk: Desk) -> Mapping[str, Any]:
    pages = desk.facts.get("pages", ())
    if not desk.order.ocr or not pages or not _is_scan(pages[0]):
        return {}
    if any(page.get("pixels", 0) > PICTURE_MAX for page in pages):
        return {}
    page = opened(desk.data)[0]
    heading, red, blue, dpi = _planes(page, HEADING_FROM_MM, HEADING_MM)
    found: dict[str, Any] = {"blue_mm2": blue, "sharpness": sharpness(page)}
    found["heading"] = _png(Image.fromarray(heading), CROP_WIDTH)
    desk.strips = (heading, red, dpi)
    return found


def ocr_stage(desk: Desk) -> Mapping[str, Any]:
    """Last of all, since it takes longest; each zone has its time."""
    if desk.strips is None:
        return {}
    if not ocr.is_there():
        return {"is_ocr_missing": True}
    return {"ocr": _read(*desk.strips)}


def foot_stage(desk: Desk) -> Mapping[str, Any]:
    """Nơi nhận and the signature, apart from the heading: what fails here leaves that one read."""
    if desk.strips is None or not ocr.is_there():
        return {}
    pdf, pages = opened(desk.data), desk.facts.get("pages", ())
    return {"ocr": [*desk.facts.get("ocr", ()), *_foot(pdf, pages)]}


def _is_scan(page: Mapping[str, Any]) -> bool:
    return page.get("kind") in {PageKind.SCAN, PageKind.IMAGES} and page.get("cover", 0) >= HALF


def _planes(page: pdfium.PdfPage, top_mm: float, bottom_mm: float) -> tuple[Any, Any, float, float]:
    """A strip of a page: without red, red alone (both grey on white), blue ink in mm², dpi."""
    _, height = page.get_size()
    crop = (0, max(0.0, height - bottom_mm / POINT_MM), 0, top_mm / POINT_MM)
    pixels, dpi = picture(page, ocr.READ_DPI, PIXELS_MAX, crop=crop)
    a = pixels.astype(np.int16)
    redness = a[..., 0] - np.maximum(a[..., 1], a[..., 2])
    plain = np.clip(a[..., 0] + 2 * np.clip(redness - 12, 0, 255), 0, 255).astype(np.uint8)
    red = (255 - np.clip(2 * redness, 0, 255)).astype(np.uint8)
    is_blue = (a[..., 2] - a[..., 0] > 35) & (a[..., 0] < 170)  # noqa: PLR2004 -- ink, measured
    per_mm = dpi / 25.4
    first, last = (int((mm - top_mm) * per_mm) for mm in NUMBER_MM)
    blue = round(float(is_blue[first:last].sum()) / per_mm**2, 2)
    return plain, red, blue, dpi


def _read(heading: Any, red: Any, dpi: float) -> list[OcrLine]:
    grey = ocr.prepared(heading, dpi)
    split, height = ocr.gutter(grey), grey.shape[0]
    mm = 25.4 / ocr.READ_DPI
    found = ocr.lines(grey[: int(height * LEFT_SHARE), :split], "left", at_mm=(0, HEADING_FROM_MM))
    right = grey[: int(height * RIGHT_SHARE), split:]
    found += ocr.lines(right, "right", at_mm=(round(split * mm, 1), HEADING_FROM_MM))
    body = int(height * BODY_FROM)
    found += ocr.lines(grey[body:], "body", at_mm=(0, round(HEADING_FROM_MM + body * mm, 1)))
    if int((red < ocr.DARK).sum()) > RED_ENOUGH:
        plain = ocr.sized(red, dpi)
        found += ocr.lines(plain, "red", at_mm=(0, HEADING_FROM_MM), mode=ocr.SPARSE)
    return found


def _foot(pdf: pdfium.PdfDocument, pages: Any) -> list[OcrLine]:
    """The lower half of the page with the seal, or of the first few that says "Nơi nhận"."""
    scans = [page for page in pages if _is_scan(page)]
    sealed = max(scans, key=lambda page: page.get("seal_mm2", 0.0))
    likely = [sealed] if sealed.get("seal_mm2", 0.0) > 0 else []
    numbers = dict.fromkeys(page["number"] for page in (*likely, *scans[:2], scans[-1]))
    found: list[OcrLine] = []
    for number in list(numbers)[:FOOTS_MAX]:
        found = _lower(pdf[number - 1], number, "foot", (0.0, 0.49))
        if any(_COPIES.match(folded(line.text).strip(" .-_'`")) for line in found):
            return found + _lower(pdf[number - 1], number, "sign", (0.4, 0.0))
    return found


def _lower(page: pdfium.PdfPage, number: int, zone: str, cut: tuple[float, float]) -> list[OcrLine]:
    """The lines of a page's lower half; ``cut`` is the share that is left out on each side."""
    width, height = page.get_size()
    crop = (width * cut[0], 0, width * cut[1], height / 2)
    pixels, dpi = picture(page, FOOT_DPI, PIXELS_MAX, crop=crop)
    a = pixels.astype(np.int16)
    redness = a[..., 0] - np.maximum(a[..., 1], a[..., 2])
    plain = np.clip(a[..., 0] + 2 * np.clip(redness - 12, 0, 255), 0, 255).astype(np.uint8)
    grey = ocr.prepared(plain, dpi, straighten=False)
    at = (round(width * cut[0] * POINT_MM, 1), round(height * POINT_MM / 2, 1))
    return ocr.lines(grey, zone, page=number, at_mm=at)


def sharpness(page: pdfium.PdfPage) -> float:
    """Fine detail as a share of coarse, in the heading of a page's largest picture; -1: unknown.

    A picture that was blown up to twice its size has nothing in the upper half of its spectrum.
    """
    pictures = list(page.get_objects(filter=[pdfium.raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))
    sizes = [(w * h, n) for n, (w, h) in enumerate(p.get_px_size() for p in pictures)]
    most, which = max(sizes, default=(0, 0))
    if not 0 < most <= PIXELS_MAX * 3:
        return -1.0
    grey = np.asarray(pictures[which].get_bitmap(render=False).to_pil().convert("L"), np.float32)
    height, width = grey.shape
    strip = grey[int(height * 0.05) : int(height * 0.35), int(width * 0.1) : int(width * 0.9)]
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
    if not pages or pages[0].get("pixels", 0) > PICTURE_MAX:
        return {}
    pixels, _ = picture(opened(desk.data)[0], PREVIEW_DPI)
    return {"preview": _png(Image.fromarray(np.ascontiguousarray(pixels)), CROP_WIDTH)}


def _png(image: Image.Image, width: int) -> bytes:
    if image.width > width:
        image = image.resize((width, max(1, image.height * width // image.width)))
    out = io.BytesIO()
    reduced = image if image.mode == "L" else image.quantize(64, method=Image.Quantize.FASTOCTREE)
    reduced.save(out, "PNG", compress_level=6)
    return out.getvalue()

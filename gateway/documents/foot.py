"""Where a scan's foot is, and what it says: "Nơi nhận" on the left, the signature on the right.

The foot may stand on any page and at any height, with annexes behind it. It is found without
reading: it is the first place where two columns of ink stand beside an empty strip that is wider
than the blanks between words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pypdfium2 as pdfium

from gateway.documents import ocr, second
from gateway.documents.colour import picture
from gateway.documents.ink import without_red
from gateway.documents.pages import POINT_MM, shown
from gateway.mail.papers import OcrLine
from gateway.mail.text import folded

if TYPE_CHECKING:
    from gateway.documents.reader import Desk

LOOK_DPI = 50
DARK = 170
PIXELS_MAX = 9_000_000
HEADING_MM, EDGE_MM = 95.0, 8.0
"""Height of the first page's heading, which has two columns, too; margins that are dirt."""
STRIP_MM = 4.4
"""Width of the empty strip; blanks between words are below two."""
HIGH_MM = 12.0
GAP_MM = 1.5
"""Ink across the strip that is taken for a pen's stroke."""
BOTH_MM = 9.5
"""Height of ink on each side, from which two columns are a foot."""
PAGES_FIRST, PAGES_LAST = 10, 2
TRIES = 2
ABOVE_MM = 7.0
NAMES = 2
_PERSON = re.compile(r"[A-ZĐÀ-Ỹ][a-zà-ỹđ]+\s+[A-ZĐÀ-Ỹ][a-zà-ỹđ]+")
_COPIES = re.compile(r"n[oơ]i\s?nh[aâ]n\b")


@dataclass(frozen=True, slots=True)
class Foot:
    """Two columns: how sure, where they begin, and where they part (millimetres)."""

    both: float
    top: float
    gap: float


def stage(desk: Desk) -> Mapping[str, Any]:
    """After the heading: what fails here leaves that one read."""
    if desk.strips is None or not ocr.is_there():
        return {}
    return {"ocr": [*desk.facts.get("ocr", ()), *_read(shown(desk), desk.thumbs)]}


def _read(pdf: pdfium.PdfDocument, thumbs: Mapping[int, Any]) -> list[OcrLine]:
    """The first foot that has a list of recipients; of none, the first that looks like one."""
    first: list[OcrLine] = []
    for tried, (index, foot) in enumerate(_feet(pdf, thumbs)):
        if tried == TRIES:
            break
        left, right, at = _columns(pdf[index], foot)
        found = ocr.lines(left, "foot", page=index + 1, at_mm=(0.0, at[1]))
        is_list = any(_COPIES.match(folded(x.text).strip(" .-_'`\"|")) for x in found)
        if is_list or not first:
            found += ocr.lines(right, "sign", page=index + 1, at_mm=at)
            found += _names(right, found, at)
            first = found
        if is_list:
            break
    return first


def _feet(pdf: pdfium.PdfDocument, thumbs: Mapping[int, Any]) -> Iterator[tuple[int, Foot]]:
    count = len(pdf)
    looked = sorted({*range(min(count, PAGES_FIRST)), *range(max(0, count - PAGES_LAST), count)})
    for index in looked:
        if index in thumbs:
            pixels, dpi = thumbs[index]
        else:
            pixels, dpi = picture(pdf[index], LOOK_DPI)
        foot = found_in(pixels[..., 0], dpi, HEADING_MM if index == 0 else EDGE_MM)
        if foot is not None and foot.both >= BOTH_MM:
            yield index, foot


def found_in(grey: Any, dpi: float, top_mm: float) -> Foot | None:
    """The place of a page that looks most like a foot. ``grey``: red ink is light in it."""
    per_mm = dpi / 25.4
    ink = grey < DARK
    height, width = ink.shape
    first, last = int(top_mm * per_mm), int(height - EDGE_MM * per_mm)
    if last - first < HIGH_MM * per_mm:
        return None
    part = ink[first:last, int(0.05 * width) : int(0.96 * width)].astype(np.int32)
    sums = np.pad(part.cumsum(1), ((0, 0), (1, 0)))
    half, best = max(1, round(STRIP_MM / 2 * per_mm)), None
    for middle in range(int(width * 0.33), int(width * 0.56), 4):
        is_crossed = sums[:, middle + half] > sums[:, middle - half]
        on_left, on_right = sums[:, middle] > 1, sums[:, -1] - sums[:, middle] > 1
        for begin, end in _runs(is_crossed, int(GAP_MM * per_mm)):
            if end - begin < HIGH_MM * per_mm:
                continue
            both = min(int(on_left[begin:end].sum()), int(on_right[begin:end].sum())) / per_mm
            if best is None or both > best.both:
                gap = (middle + int(0.05 * width)) / per_mm
                best = Foot(both, (begin + first) / per_mm, gap)
    return best


def _runs(is_crossed: Any, gap: int) -> Iterator[tuple[int, int]]:
    """Rows from … to in which the strip is empty, single strokes across it aside."""
    rows = np.nonzero(~is_crossed)[0]
    if not len(rows):
        return
    for run in np.split(rows, np.nonzero(np.diff(rows) > gap + 1)[0] + 1):
        yield int(run[0]), int(run[-1])


def _columns(page: pdfium.PdfPage, foot: Foot) -> tuple[Any, Any, tuple[float, float]]:
    """Both columns of a foot for OCR, and the corner of the right one in millimetres."""
    _, height = page.get_size()
    top = max(0.0, foot.top - ABOVE_MM)
    crop = (0, 0, 0, min(top / POINT_MM, height - 1))
    pixels, dpi = picture(page, ocr.READ_DPI, PIXELS_MAX, crop=crop)
    grey = ocr.prepared(without_red(pixels)[0], dpi, straighten=False)
    split = int(foot.gap * ocr.READ_DPI / 25.4)
    return grey[:, :split], grey[:, split:], (round(foot.gap, 1), round(top, 1))


def _names(right: Any, read: list[OcrLine], at: tuple[float, float]) -> list[OcrLine]:
    """What may be a person's name, read once more by both engines: strokes cross it."""
    likely = [line for line in read if line.zone == "sign" and _PERSON.search(line.text)]
    chosen = likely[-NAMES:]
    return second.lines(right, chosen, "name", at) + ocr.alone(right, chosen, "name", at)

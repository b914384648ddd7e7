"""How much colour a page has: whether a scan is grey, and where there is a red seal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pypdfium2 as pdfium

from gateway.mail.papers import PICTURE_MAX as PICTURE_MAX

LOOK_DPI = 50
PIXELS_MAX = 6_000_000
SEAL_WINDOW_MM = 40
DARK = 140
ROWS = 32
"""Looked at together: a new process has to be given each page of memory that it touches."""


def picture(
    page: pdfium.PdfPage, dpi: float, most: int = PIXELS_MAX, **how: Any
) -> tuple[Any, float]:
    """The page as an array of red, green, blue (uint8), and the resolution it came out at."""
    width, height = page.get_size()
    scale = min(dpi / 72, (most / max(width * height, 1.0)) ** 0.5)
    pixels = page.render(scale=scale, rev_byteorder=True, **how).to_numpy()
    if pixels.ndim == 2 or pixels.shape[2] == 1:  # noqa: PLR2004 -- grey comes without planes.
        pixels = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
    return pixels[:, :, :3], scale * 72


def small(page: pdfium.PdfPage) -> tuple[Any, float] | None:
    """The page at a few dots per inch; None where it cannot be drawn."""
    try:
        return picture(page, LOOK_DPI)
    except (pdfium.PdfiumError, ValueError, TypeError):
        return None


def coloured(pixels: Any, dpi: float) -> dict[str, Any]:
    """``chroma``, ``ink``, ``seal`` and ``seal_mm2`` of PageFacts."""
    height, width = pixels.shape[:2]
    is_red = np.empty((height, width), bool)
    chroma = ink = 0
    for top in range(0, height, ROWS):
        part = pixels[top : top + ROWS]
        red, green, blue = (np.ascontiguousarray(part[..., n]) for n in range(3))
        other = np.maximum(green, blue)
        most, least = np.maximum(red, other), np.minimum(red, np.minimum(green, blue))
        is_red[top : top + ROWS] = (most - other > 45) & (red > 110)  # noqa: PLR2004 -- seal ink, measured
        chroma += int((most - least).sum())
        ink += int((red.astype(np.uint16) + green + blue < 3 * DARK).sum())
    size, box = _seal(is_red, dpi / 25.4)
    return {
        "chroma": round(chroma / is_red.size, 2),
        "ink": round(ink / is_red.size, 5),
        "seal_mm2": size,
        "seal": box,
    }


def _seal(is_red: Any, per_mm: float) -> tuple[float, tuple[float, float, float, float]]:
    """The window of 40 by 40 mm that holds the most red: how much, and where."""
    nowhere = (0.0, 0.0, 0.0, 0.0)
    side = int(SEAL_WINDOW_MM * per_mm)
    if not is_red.any() or min(is_red.shape) <= side or side <= 0:
        return 0.0, nowhere
    sums = np.pad(is_red.astype(np.int32).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    windows = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    top, left = np.unravel_index(int(windows.argmax()), windows.shape)
    ys, xs = np.nonzero(is_red[top : top + side, left : left + side])
    x0, x1 = np.percentile(xs, (2, 98))
    y0, y1 = np.percentile(ys, (2, 98))
    corners = (left + x0, top + y0, left + x1, top + y1)
    box = tuple(round(float(c) / per_mm, 1) for c in corners)
    return round(float(windows.max()) / per_mm**2, 1), (box[0], box[1], box[2], box[3])

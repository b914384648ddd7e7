"""Ink by colour: a page's picture with red taken out, and the red alone.

Red goes first: under an arrival stamp or a seal OCR reads nothing, with red taken out nearly all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

PALE = 12
"""Redness of paper and of black ink that a scanner gave a tint."""
_LIFT = np.clip(2 * (np.arange(256) - PALE), 0, 255).astype(np.uint8)
_SHOWN = (255 - np.clip(2 * np.arange(256), 0, 255)).astype(np.uint8)


def without_red(pixels: Any) -> tuple[Any, Any]:
    """From red, green, blue: grey without red ink, and red ink alone on white (all uint8)."""
    red = np.ascontiguousarray(pixels[..., 0])
    other = np.maximum(pixels[..., 1], pixels[..., 2])
    redness = np.maximum(red, other) - other
    lift = _LIFT[redness]
    return red + np.minimum(lift, 255 - red), _SHOWN[redness]


def blue_mm2(pixels: Any, dpi: float) -> float:
    """Blue ink, mm²: most likely a pen's."""
    red, blue = pixels[..., 0], pixels[..., 2]
    is_blue = (np.maximum(blue, red) - red > 35) & (red < 170)  # noqa: PLR2004 -- ink, measured
    return round(float(is_blue.sum()) / (dpi / 25.4) ** 2, 2)

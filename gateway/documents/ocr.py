"""Reading letters off a picture, by tesseract through tesserocr; both are optional.

The engine is loaded once, before there is a jail, and each child inherits it. It is given grey
pixels and never a file, so that the image libraries in its wheel see nothing of a stranger.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from gateway.documents.texts import clean
from gateway.mail.papers import OcrLine, OcrWord

READ_DPI = 300
ZONE_MS = 2500
"""For one zone; a heading in print takes 200."""
BLOCK, SPARSE = 6, 11
"""Tesseract's page segmentation modes: one block of text; text wherever it finds some."""
DARK = 150
SKEW_MAX, SKEW_STEP = 3.0, 0.25
_FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
)


class _Engine:
    api: Any = None


def load(languages: str) -> dict[str, str]:
    """Start the engine; ``ocr`` says what there is, ``ocr_why`` why there is none."""
    try:
        import tesserocr
    except ImportError:
        return {"ocr_why": "tesserocr is not installed: pip install 'vanthu[ocr]'"}
    folders = (os.environ.get("TESSDATA_PREFIX", ""), *_FOLDERS)
    needed = [f"{language}.traineddata" for language in languages.split("+")]
    for folder in filter(None, folders):
        if all((Path(folder) / name).is_file() for name in needed):
            _Engine.api = tesserocr.PyTessBaseAPI(path=folder, lang=languages, psm=BLOCK)
            # Its grumbling goes to stderr, which a reader has closed off; left to itself it opens
            # /dev/null for writing, which the jail refuses, and falls over.
            _Engine.api.SetVariable("debug_file", "")
            version = tesserocr.tesseract_version().split("\n")[0]
            lines(np.full((60, 300), 255, np.uint8), zone="body")  # Loads what it loads lazily.
            return {"ocr": f"{version} ({languages})"}
    first = languages.split("+", maxsplit=1)[0]
    return {"ocr_why": f"no {first}.traineddata: apt install tesseract-ocr-{first}"}


def is_there() -> bool:
    return _Engine.api is not None


def lines(
    grey: Any,
    zone: str,
    *,
    page: int = 1,
    at_mm: tuple[float, float] = (0.0, 0.0),
    mode: int = BLOCK,
) -> list[OcrLine]:
    """The lines of a grey picture at 300 dpi (uint8), whose corner lies at ``at_mm``."""
    api = _Engine.api
    height, width = grey.shape
    api.SetPageSegMode(mode)
    pixels = np.ascontiguousarray(grey).tobytes()  # Must live until it is recognised.
    api.SetImageBytes(pixels, width, height, 1, width)
    api.SetSourceResolution(READ_DPI)
    if not api.Recognize(ZONE_MS):  # Noise and tables can take for ever.
        return []
    found: list[OcrLine] = []
    words: list[OcrWord] = []
    for word, is_first in _words(api, at_mm):
        if is_first and words:
            found.append(_line(words, zone, page))
            words = []
        words.append(word)
    if words:
        found.append(_line(words, zone, page))
    return found


def _words(api: Any, at_mm: tuple[float, float]) -> Iterator[tuple[OcrWord, bool]]:
    from tesserocr import RIL, iterate_level

    iterator = api.GetIterator()
    if iterator is None:
        return
    is_first = False
    for word in iterate_level(iterator, RIL.WORD):
        is_first = is_first or bool(word.IsAtBeginningOf(RIL.TEXTLINE))
        try:
            text = clean(word.GetUTF8Text(RIL.WORD)).strip()
        except RuntimeError:  # Nothing was read there.
            continue
        box = word.BoundingBox(RIL.WORD)
        if not text or box is None:
            continue
        x0, y0, x1, y1 = (round(side * 25.4 / READ_DPI, 1) for side in box)
        left, top = at_mm
        place = (x0 + left, y0 + top, x1 + left, y1 + top)
        confidence = round(float(word.Confidence(RIL.WORD)), 1)
        yield OcrWord(text=text, confidence=confidence, box=place), is_first
        is_first = False


def _line(words: list[OcrWord], zone: str, page: int) -> OcrLine:
    boxes = [word.box for word in words]
    return OcrLine(
        text=" ".join(word.text for word in words),
        confidence=min(word.confidence for word in words),
        zone=zone,
        page=page,
        box=(
            min(b[0] for b in boxes),
            min(b[1] for b in boxes),
            max(b[2] for b in boxes),
            max(b[3] for b in boxes),
        ),
        words=tuple(words),
    )


def prepared(grey: Any, dpi: float, *, straighten: bool = True) -> Any:
    """Straight, with contrast, at the resolution that the engine reads best."""
    image = Image.fromarray(grey)
    if straighten:
        skew = _skew(image)
        if abs(skew) >= SKEW_STEP:
            paper = int(np.percentile(grey[::7, ::7], 90))
            image = image.rotate(skew, resample=Image.Resampling.BICUBIC, fillcolor=paper)
    return sized(np.asarray(ImageOps.autocontrast(image, cutoff=(1, 40))), dpi)


def sized(grey: Any, dpi: float) -> Any:
    """At the resolution that the engine reads best."""
    if abs(dpi - READ_DPI) <= READ_DPI / 15:
        return grey
    image, scale = Image.fromarray(grey), READ_DPI / dpi
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


def _skew(image: Image.Image) -> float:
    """Degrees by which the lines of text lean: where their rows are most unlike the gaps."""
    small = image.resize((image.width // 4, image.height // 4), Image.Resampling.BILINEAR)
    ink = (np.asarray(small) < DARK).astype(np.uint8) * 255
    if ink.sum() < 200 * 255:
        return 0.0
    picture, best, found = Image.fromarray(ink), 0.0, 0.0
    for angle in np.arange(-SKEW_MAX, SKEW_MAX + 0.01, SKEW_STEP):
        rows = np.asarray(picture.rotate(float(angle))).astype(np.float32).sum(1)
        contrast = float(((rows[1:] - rows[:-1]) ** 2).sum())
        if contrast > best:
            best, found = contrast, float(angle)
    return found


def gutter(grey: Any) -> int:
    """Where the two columns of a heading part: the emptiest place near the middle, in pixels."""
    height, width = grey.shape
    columns = (grey[int(height * 0.05) : int(height * 0.38)] < 128).sum(0)  # noqa: PLR2004
    wide = max(8, width // 150)
    smooth = np.convolve(columns, np.ones(wide) / wide, "same")
    begin, end = int(width * 0.34), int(width * 0.56)
    part = smooth[begin:end]
    empty = np.nonzero(part <= part.min() + 0.5)[0]
    runs = np.split(empty, np.nonzero(np.diff(empty) > 1)[0] + 1)
    longest = max(runs, key=len)
    return begin + int(longest[len(longest) // 2])

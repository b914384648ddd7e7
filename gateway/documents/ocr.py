"""Reading letters off a picture, by tesseract through tesserocr; both are optional.

The engine is loaded once, before there is a jail, and each child inherits it. It is given grey
pixels and never a file, so that the image libraries in its wheel see nothing of a stranger.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from gateway.documents.texts import clean
from gateway.mail.papers import OcrLine, OcrWord
from gateway.runtime.words import later

NOT_INSTALLED = later("{name} is not installed: pip install 'vanthu[{extra}]'")
NO_LANGUAGE = later("no {language}.traineddata: apt install tesseract-ocr-{language}")

READ_DPI = 200
"""The engine brings lines to one height; on real scans 300 reads no more and costs a third more."""
ZONE_MS = 2500
"""Of work, for one zone; a heading in print takes 200."""
LOAD_MAX = 5.0
"""How much longer that may last on a busy machine; readers are killed by the clock, too."""
BLOCK, LINE, SPARSE = 6, 7, 11
"""Tesseract's page segmentation modes: one block of text; one line; wherever it finds some."""
LARGER, ROOM_MM = 1.5, 1.0
"""By how much a line that is read alone is blown up, and the paper around it."""
DARK = 150
SKEW_MAX, SKEW_COARSE, SKEW_STEP = 3.0, 1.0, 0.25
SKEW_DPI = 50
_FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
)


class _Engine:
    api: Any = None
    began: tuple[float, float] = (0.0, 0.0)
    """When the document was begun: seconds on the clock, and of work."""


def begin() -> None:
    """From here on it is measured how busy the machine is."""
    _Engine.began = (time.monotonic(), time.process_time())


def patience_ms() -> int:
    """How long one zone may take. The engine goes by the clock; what is read must not."""
    clock, work = _Engine.began
    lasted, worked = time.monotonic() - clock, time.process_time() - work
    is_known = clock > 0 and worked > 0
    return round(ZONE_MS * min(LOAD_MAX, max(1.0, lasted / worked if is_known else 1.0)))


def load(languages: str) -> dict[str, str]:
    """Start the engine; ``ocr`` says what there is, ``ocr_why`` why there is none."""
    try:
        import tesserocr
    except ImportError:
        return {"ocr_why": NOT_INSTALLED.format(name="tesserocr", extra="ocr")}
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
    return {"ocr_why": NO_LANGUAGE.format(language=first)}


def is_there() -> bool:
    return _Engine.api is not None


def lines(
    grey: Any,
    zone: str,
    *,
    page: int = 1,
    at_mm: tuple[float, float] = (0.0, 0.0),
    mode: int = BLOCK,
    larger: float = 1.0,
) -> list[OcrLine]:
    """The lines of a grey picture at READ_DPI (uint8), whose corner lies at ``at_mm``."""
    api = _Engine.api
    height, width = grey.shape
    api.SetPageSegMode(mode)
    pixels = np.ascontiguousarray(grey).tobytes()  # Must live until it is recognised.
    api.SetImageBytes(pixels, width, height, 1, width)
    api.SetSourceResolution(int(READ_DPI * larger))
    if not api.Recognize(patience_ms()):  # Noise and tables can take for ever.
        return []
    found: list[OcrLine] = []
    words: list[OcrWord] = []
    for word, is_first in _words(api, at_mm, READ_DPI * larger):
        if is_first and words:
            found.append(_line(words, zone, page))
            words = []
        words.append(word)
    if words:
        found.append(_line(words, zone, page))
    return found


def _words(api: Any, at_mm: tuple[float, float], dpi: float) -> Iterator[tuple[OcrWord, bool]]:
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
        x0, y0, x1, y1 = (round(side * 25.4 / dpi, 1) for side in box)
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


def alone(
    grey: Any, chosen: Iterable[OcrLine], zone: str, at_mm: tuple[float, float]
) -> list[OcrLine]:
    """Lines once more, each cut out and larger; ``at_mm`` is the picture's corner."""
    per_mm, found = READ_DPI / 25.4, []
    for line in chosen:
        left, top, right, bottom = line.box
        x0, y0 = max(0.0, left - at_mm[0] - ROOM_MM), max(0.0, top - at_mm[1] - ROOM_MM)
        part = grey[
            int(y0 * per_mm) : int((bottom - at_mm[1] + ROOM_MM) * per_mm),
            int(x0 * per_mm) : int((right - at_mm[0] + ROOM_MM) * per_mm),
        ]
        if min(part.shape) > per_mm:
            corner = (x0 + at_mm[0], y0 + at_mm[1])
            larger = sized(part, READ_DPI / LARGER)
            read = lines(larger, zone, page=line.page, at_mm=corner, mode=LINE, larger=LARGER)
            found += read[:1]
    return found


def prepared(grey: Any, dpi: float, *, straighten: bool = True) -> Any:
    """Straight, with contrast, at the resolution that the engine reads best."""
    image = Image.fromarray(grey)
    if straighten:
        skew = _skew(image, dpi)
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


def _skew(image: Image.Image, dpi: float) -> float:
    """Degrees by which the lines of text lean: where their rows are most unlike the gaps."""
    size = (round(image.width * SKEW_DPI / dpi), round(image.height * SKEW_DPI / dpi))
    small = image.resize(size, Image.Resampling.BILINEAR)
    ink = (np.asarray(small) < DARK).astype(np.uint8) * 255
    if ink.sum() < 200 * 255:
        return 0.0
    picture = Image.fromarray(ink)
    near = max(np.arange(-SKEW_MAX, SKEW_MAX + 0.01, SKEW_COARSE), key=lambda a: _rows(picture, a))
    around = np.arange(near - SKEW_COARSE + SKEW_STEP, near + SKEW_COARSE, SKEW_STEP)
    return float(max(around, key=lambda angle: _rows(picture, angle)))


def _rows(picture: Image.Image, angle: float) -> float:
    """How unlike neighbouring rows are when the picture is turned so far."""
    rows = np.asarray(picture.rotate(float(angle))).sum(1, dtype=np.float64)
    return float(((rows[1:] - rows[:-1]) ** 2).sum())


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

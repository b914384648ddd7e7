"""A second engine for single lines, where it is installed: the network of the AsterOCR package.

It was trained on Vietnamese print and handwriting, so it reads many a number that a clerk wrote.
Of that package only the weights are used (MIT, pinned by their hash), never its program. The
network is loaded before there is a jail and runs in the same thread; it is given grey pixels.
Two engines that read the same digits are right; one alone proposes.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from collections.abc import Iterable
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gateway.documents import ocr
from gateway.documents.ocr import NOT_INSTALLED
from gateway.mail.papers import Box, OcrLine

ENGINE = "aster"
WEIGHTS = Path("assets/asternet.onnx")
WEIGHTS_SHA256 = "10c96b533e1f64031d73edfddafd7d4b13595544f11891f0531bcd72cb29be80"
HEIGHT = 32
"""Pixels of a line as the network takes it."""
ROOM_MM = 1.0
WIDE_MAX = 1.25
"""Lines longer than three heights are drawn out a little, at most so far."""


def _alphabet() -> tuple[str, ...]:
    """The network's signs in its order; the first is CTC's blank."""
    bare = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
    tones = ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")
    small = "".join(
        "".join(unicodedata.normalize("NFC", letter + tone) for tone in tones)
        if letter in "aăâeêioôơuưy"
        else letter
        for letter in bare
    )
    return ("", *small, *small.upper(), *"0123456789", *" ,.-:;\"'?!()[]{}/%+$&=*#@_\\<>°")


class _Engine:
    session: Any = None
    signs: tuple[str, ...] = ()


def load() -> dict[str, str]:
    """Start it; ``second`` says what there is, ``second_why`` why there is none."""
    found = importlib.util.find_spec("asterocr")
    if found is None or not found.submodule_search_locations:
        return {"second_why": NOT_INSTALLED.format(name="asterocr", extra="ocr2")}
    try:
        import onnxruntime
    except ImportError:
        return {"second_why": NOT_INSTALLED.format(name="onnxruntime", extra="ocr2")}
    path = Path(found.submodule_search_locations[0]) / WEIGHTS
    if not path.is_file() or sha256(path.read_bytes()).hexdigest() != WEIGHTS_SHA256:
        return {"second_why": f"{path.name} is not the file that was measured"}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # A fork has one thread.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    providers = ["CPUExecutionProvider"]
    _Engine.session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    _Engine.signs = _alphabet()
    _read(np.full((40, 300), 255, np.uint8))
    return {"second": "AsterOCR's network"}


def is_there() -> bool:
    return _Engine.session is not None


def lines(
    grey: Any, chosen: Iterable[OcrLine], zone: str, at_mm: tuple[float, float]
) -> list[OcrLine]:
    """Lines that the first engine found, read once more; ``at_mm`` is the picture's corner."""
    if not is_there():
        return []
    per_mm = ocr.READ_DPI / 25.4
    found = []
    for line in chosen:
        left, top, right, bottom = _roomy(line.box, at_mm)
        part = grey[
            int(top * per_mm) : int(bottom * per_mm), int(left * per_mm) : int(right * per_mm)
        ]
        if min(part.shape) >= HEIGHT // 4:
            text, confidence = _read(part)
            found.append(
                OcrLine(
                    text=text,
                    confidence=confidence,
                    zone=zone,
                    page=line.page,
                    box=line.box,
                    engine=ENGINE,
                )
            )
    return found


def _roomy(box: Box, at_mm: tuple[float, float]) -> Box:
    left, top, right, bottom = (
        side - at_mm[way] for side, way in zip(box, (0, 1, 0, 1), strict=True)
    )
    return (
        max(0.0, left - 1.5 * ROOM_MM),
        max(0.0, top - ROOM_MM),
        right + 1.5 * ROOM_MM,
        bottom + ROOM_MM,
    )


def _read(grey: Any) -> tuple[str, float]:
    """One line's text, and the least sure of its signs (0 to 100)."""
    height, width = grey.shape
    shape = width / height
    drawn = min(WIDE_MAX, 1 + max(0.0, shape - 3) * 0.02)
    wide = max(16, round(HEIGHT * shape * drawn / 4) * 4)
    image = Image.fromarray(np.ascontiguousarray(grey)).resize((wide, HEIGHT))
    plane = np.asarray(image, np.float32) / 255
    given = np.broadcast_to(plane, (1, 3, HEIGHT, wide))
    (logs,) = _Engine.session.run(None, {"images": np.ascontiguousarray(given)})
    signs = logs[:, 0, :].argmax(1)
    sure = np.exp(logs[:, 0, :].max(1))
    kept = [i for i, (before, sign) in enumerate(pairwise([0, *signs])) if sign and sign != before]
    text = "".join(_Engine.signs[signs[i]] for i in kept)
    least = float(min((sure[i] for i in kept), default=0.0))
    return " ".join(text.split()), round(100 * min(1.0, least), 1)

"""A paper that comes as a picture (JPEG, PNG, TIFF): a scan without its PDF.

The picture is laid on pages of a PDF, in memory, and read as any scan is. Logos and photographs
of something else are told by their size and their light, and not read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pikepdf
from pikepdf import Dictionary, Name
from PIL import Image, ImageOps, ImageSequence

from gateway.mail.papers import FileKind

if TYPE_CHECKING:
    from gateway.documents.reader import Desk

FORMATS = {FileKind.JPG: "JPEG", FileKind.PNG: "PNG", FileKind.TIFF: "TIFF"}
PIXELS_MAX = 60_000_000
"""Of all pages together; later ones are not looked at."""
SIDE_MIN = 700
"""Pixels of the shorter side; A5 at 100 dpi has less, and no OCR reads it."""
LONG_MAX = 2.2
"""How many times longer the longer side may be; papers have 1.41."""
LIGHT, LIGHT_MIN = 130, 0.6
"""How light paper is, and how much of the picture it has to be."""
DARKER, DARK_MIN = 30, 0.002
"""How much darker than its paper a line of text is when it is looked at small, and its share."""
A4_SHORT_INCH = 210 / 25.4
DPI_MIN, DPI_MAX = 90, 1300
PAPER_INCH = (4.0, 18.0)
"""Shorter sides of papers, from which what a file says of its resolution is believed."""


@dataclass(frozen=True, slots=True)
class _Page:
    pixels: bytes
    size: tuple[int, int]
    is_grey: bool
    dpi: float


def stage(desk: Desk) -> Mapping[str, Any]:
    """Makes the PDF; the other stages find it as ``desk.source``."""
    kind, notes = FileKind(desk.facts["kind"]), list(desk.facts.get("notes", ()))
    Image.MAX_IMAGE_PIXELS = PIXELS_MAX
    try:
        with Image.open(io.BytesIO(desk.data), formats=[FORMATS[kind]]) as image:
            pages = list(_pages(image))
            frames = getattr(image, "n_frames", 1)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return {"is_open": False, "damage": f"{type(error).__name__}: {error}"[:200]}
    if pages and frames > len(pages):
        notes.append(f"{frames} pictures; the first {len(pages)} were looked at")
    if not pages:
        notes.append("a picture, but of no paper: not read")
    else:
        desk.made = _bound(pages)
    return {"is_open": True, "notes": notes, "page_count": len(pages)}


def warm() -> None:
    """Load what Pillow loads lazily."""
    for name in FORMATS.values():
        out = io.BytesIO()
        Image.new("L", (8, 8)).save(out, name)
        Image.open(io.BytesIO(out.getvalue()), formats=[name]).load()


def _pages(image: Image.Image) -> Iterator[_Page]:
    left = PIXELS_MAX
    for frame in ImageSequence.Iterator(image):
        left -= frame.width * frame.height
        if left < 0 or not _is_paper(frame):
            return
        dpi = _dpi(frame)
        shown = ImageOps.exif_transpose(frame)
        is_grey = shown.mode in {"1", "L", "I;16", "I", "F", "LA"}
        drawn = shown.convert("L" if is_grey else "RGB")
        yield _Page(drawn.tobytes(), drawn.size, is_grey, dpi)


def _is_paper(image: Image.Image) -> bool:
    """Large enough, as tall as papers are, and mostly light with something dark on it."""
    short, long = sorted(image.size)
    if short < SIDE_MIN or long > LONG_MAX * short:
        return False
    small = np.asarray(image.convert("L").resize((200, 280), Image.Resampling.BOX))
    is_light = float((small > LIGHT).mean()) >= LIGHT_MIN
    return is_light and float((small < np.median(small) - DARKER).mean()) >= DARK_MIN


def _dpi(image: Image.Image) -> float:
    """What the file says, if that makes a paper of it; as if it were A4 otherwise."""
    short = min(image.size)
    said = image.info.get("dpi", (0, 0))
    dpi = float(said[0]) if isinstance(said, tuple) and len(said) > 1 else 0.0
    least, most = PAPER_INCH
    if DPI_MIN <= dpi <= DPI_MAX and least <= short / dpi <= most:
        return dpi
    return short / A4_SHORT_INCH


def _bound(pages: list[_Page]) -> bytes:
    """The pictures as they are, one on each page of a new PDF."""
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        for page in pages:
            width, height = page.size
            picture = pdf.make_stream(page.pixels)
            picture.Type, picture.Subtype = Name.XObject, Name.Image
            picture.Width, picture.Height, picture.BitsPerComponent = width, height, 8
            picture.ColorSpace = Name.DeviceGray if page.is_grey else Name.DeviceRGB
            wide, high = width * 72 / page.dpi, height * 72 / page.dpi
            made = Dictionary(
                Type=Name.Page,
                MediaBox=[0, 0, wide, high],
                Resources=Dictionary(XObject=Dictionary(P=picture)),
                Contents=pdf.make_stream(b"%.3f 0 0 %.3f 0 0 cm /P Do" % (wide, high)),
            )
            pdf.pages.append(pikepdf.Page(pdf.make_indirect(made)))
        pdf.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return out.getvalue()

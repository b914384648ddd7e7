"""What looks different between the first signed revision of a file and the file as it is.

Between the leader's and the office's signature the clerk's tool adds number, day and seal, which
to a validator is a change like any other. So the pictures of both are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pikepdf
import pypdfium2 as pdfium

from gateway.documents.colour import LOOK_DPI, PICTURE_MAX, picture
from gateway.documents.likeness import unlike
from gateway.documents.pages import opened, shown
from gateway.documents.raw import signed_ends
from gateway.mail.papers import Change

if TYPE_CHECKING:
    from gateway.documents.reader import Desk

CELL = 8
CHANGED = 40
"""Difference of a pixel, of 255, that an eye notices."""
PAGES_MAX, CHANGES_MAX = 20, 60


def stage(desk: Desk) -> Mapping[str, Any]:
    ends = signed_ends(desk.data)
    pages = desk.facts.get("pages", ())
    if not ends or ends[0] == len(desk.data):
        return {}
    if any(page.get("pixels", 0) > PICTURE_MAX for page in pages):
        return {}
    after = shown(desk)
    try:
        before = opened(desk.data[: ends[0]])
    except pdfium.PdfiumError:  # A ByteRange that claims something that is no file.
        return {"changes": [Change(page=0)]}
    if len(before) != len(after):
        return {"changes": [Change(page=0)]}
    try:
        drawn, rest = _worth_drawing(desk, ends[0], len(before))
    except pikepdf.PdfError:
        return {"changes": [Change(page=0)]}
    found = [Change(page=index + 1) for index in rest]
    for index in drawn:
        one, dpi = picture(before[index], LOOK_DPI)
        other, _ = desk.thumbs.get(index) or picture(after[index], LOOK_DPI)
        if one.shape != other.shape:
            found.append(Change(page=index + 1))
            continue
        differs = np.abs(one.astype(np.int16) - other.astype(np.int16)).max(2) > CHANGED
        found += [Change(page=index + 1, box=box) for box in _places(differs, 25.4 / dpi)]
    return {"changes": found[:CHANGES_MAX]}


def _worth_drawing(desk: Desk, end: int, pages: int) -> tuple[list[int], list[int]]:
    """Indices of the pages to be looked at, and of those that are too many and surely differ.

    Of a long document the later pages are drawn only where they are not built of the same things.
    """
    first = list(range(min(pages, PAGES_MAX)))
    if pages <= PAGES_MAX:
        return first, []
    later = unlike(desk.data[:end], desk.data, PAGES_MAX)
    return first + later[:PAGES_MAX], later[PAGES_MAX:]


def _places(differs: Any, mm: float) -> list[tuple[float, float, float, float]]:
    """Boxes around cells that touch one another, in millimetres."""
    rows, columns = (size // CELL * CELL for size in differs.shape)
    cells = differs[:rows, :columns].reshape(rows // CELL, CELL, columns // CELL, CELL).any((1, 3))
    left = {(int(row), int(column)) for row, column in zip(*np.nonzero(cells), strict=True)}
    found = []
    while left:
        group = _grown(left.pop(), left)
        ys, xs = [row for row, _ in group], [column for _, column in group]
        corners = (min(xs), min(ys), max(xs) + 1, max(ys) + 1)
        found.append(tuple(round(corner * CELL * mm, 1) for corner in corners))
    return [(box[0], box[1], box[2], box[3]) for box in found]


def _grown(start: tuple[int, int], left: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """All cells that hang together with this one; they are taken out of ``left``."""
    group, waiting = [], [start]
    while waiting:
        row, column = waiting.pop()
        group.append((row, column))
        near = {(row + dy, column + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
        left -= near
        waiting += near
    return group

"""A page as lines, each with the side of the page it stands on.

The heading of a Vietnamese official document has two columns: the issuer, its number and "V/v" on
the left, the State's name, place and date on the right; so has the foot: "Nơi nhận" on the left,
the signature on the right (decree 30/2020/NĐ-CP, annex I). Text comes to us as pieces with their
places, as text whose blanks draw columns, or as a word processor's, whose cells stand behind tabs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise
from statistics import median, quantiles

from gateway.mail.legacy import from_font
from gateway.mail.number import latin
from gateway.mail.papers import NOWHERE, PageFacts, Span
from gateway.mail.vietnamese import readable


class Side(StrEnum):
    """Where on the page a line stands."""

    LEFT = "left"
    RIGHT = "right"
    WIDE = "wide"
    """Across the middle, or nobody knows."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of one column, read by ``latin``, single blanks, never empty."""

    text: str
    side: Side = Side.WIDE
    after_gap: bool = False
    """An empty line, or the room of one, is above it."""
    page: int = 1


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    left: float
    right: float


_STATE = re.compile(r"\s*C[ỘO]NG\s*H(?:ÒA|OÀ|OA)\s*XÃ\s*H[ỘO]I")
_RIGHT_COLUMN = re.compile(rf"{_STATE.pattern}|[A-ZĐ][^\d,]{{2,40}},?\s*ngày\b")
"""What begins the right column, however near it comes to the left one."""
_WIDE_BLANK = re.compile(r"[ \t]{3,}")
_KEPT_BLANK = re.compile(
    r"(?i)(?:ng[aà]y[ .…]*\d*[ .…]*th[aá]ng[ .…]*\d*[ .…]*n[aă]m[ .…]*\d*"
    r"|S[ốô]\s*[:.]?\s*\d*\s*/\s*\S*)"
)
"""Blanks within a date or a number are room for a pen, not between columns."""
MIDDLE = 0.5
COLUMN_EDGE = 0.06
"""How far beyond the middle of the page a line of one column may reach, as a share of its width."""
HEAD_LINES = 60
COLUMNS_MIN = 3
"""Of the first lines, those with a wide blank in them, from which blanks draw columns."""
CELL_LINES = 40
"""Lines of one cell of a word processor's table: the longest lists of recipients have thirty."""
CENTRED = 0.06
"""How far the middle of a centred line may be from the middle of the page."""
COLUMN_GAP = 0.9
"""Heights of a line between two pieces, from which they are in two columns."""
GAP = 1.6
"""Line steps above a line from which there is an empty line between."""


def lines_of(page: PageFacts) -> tuple[Line, ...]:
    """The lines of one page: by the places of its pieces where they are known."""
    if any(span.box != NOWHERE for span in page.spans):
        return tuple(_placed(page.spans, page.width_mm, page.number))
    return lines_of_text(page.text, page.number)


def lines_of_text(text: str, page: int = 1) -> tuple[Line, ...]:
    """The lines of a text: columns drawn by blanks, or cells behind tabs."""
    text = latin(readable(text)).replace("\r\n", "\n").replace("\x07", "\t").replace("\x0b", "\n")
    raw = text.replace("\f", "\n").split("\n")
    first = [line.rstrip() for line in raw[:HEAD_LINES]]
    drawn = sum(bool(_WIDE_BLANK.search(line.strip())) for line in first)
    if "\t" in "".join(first) or drawn < COLUMNS_MIN:
        return tuple(_tabbed(raw, page))
    width = quantiles([len(line) for line in first if line], n=20)[-1]
    return tuple(_sided([(_cells(line), False) for line in raw], width, page))


def _tabbed(raw: list[str], page: int) -> Iterator[Line]:
    is_after_gap = False
    for at, line in enumerate(raw):
        cells = line.split("\t")
        side = Side.LEFT if cells[0].strip() and _is_in_cell(raw, at) else Side.WIDE
        if len(cells) == 1 and (state := _STATE.search(line)) and state.start() > 0:
            cells = [line[: state.start()], line[state.start() :]]
        for column, cell in enumerate(cells):
            if text := _clean(cell):
                yield Line(text, Side.RIGHT if column else side, is_after_gap, page)
                is_after_gap = False
        if not line.strip():
            is_after_gap = True


def _is_in_cell(raw: list[str], at: int) -> bool:
    """Whether a line is of the left one of two cells: the next tab comes before a blank line."""
    for line in raw[at : at + CELL_LINES]:
        if "\t" in line:
            return True
        if not line.strip():
            return False
    return False


def _cells(line: str) -> list[_Cell]:
    kept = _KEPT_BLANK.sub(lambda m: re.sub(r"[ \t]", "\0", m[0]), line)
    cells: list[_Cell] = []
    at = 0
    for piece in _WIDE_BLANK.split(kept):
        start = kept.find(piece, at)
        at = start + len(piece)
        if piece.strip():
            text = piece.replace("\0", " ")
            lead = len(text) - len(text.lstrip())
            cells.append(_Cell(text, start + lead, at))
    return cells


def _placed(spans: Sequence[Span], width: float, page: int) -> Iterator[Line]:
    """Pieces of one height are a row; a wide room between two of them parts the columns."""
    shown = [span for span in spans if span.text.strip() and span.box != NOWHERE]
    height = median([span.box[3] - span.box[1] for span in shown]) if shown else 1.0
    height = max(height, 1.0)
    rows: list[list[Span]] = []
    for span in sorted(shown, key=lambda s: (s.box[1] + s.box[3]) / 2):
        middle = (span.box[1] + span.box[3]) / 2
        last = rows[-1] if rows else []
        if last and middle - _middle(last) < 0.6 * height:
            last.append(span)
        else:
            rows.append([span])
    steps = [_middle(b) - _middle(a) for a, b in pairwise(rows)]
    step = median(steps) if steps else height
    celled: list[tuple[list[_Cell], bool]] = []
    for at, row in enumerate(rows):
        gap = at > 0 and steps[at - 1] > GAP * step
        celled.append((_joined(sorted(row, key=lambda s: s.box[0]), height), gap))
    yield from _sided(celled, width or 210.0, page)


def _middle(row: list[Span]) -> float:
    return sum((s.box[1] + s.box[3]) / 2 for s in row) / len(row)


def _joined(row: list[Span], height: float) -> list[_Cell]:
    """Pieces that follow closely are one cell, with a blank where there is room for one."""
    cells: list[_Cell] = []
    for font, group in groupby(row, key=lambda s: s.font):
        for span in group:
            text = from_font(span.text, font)
            left, right = span.box[0], span.box[2]
            before = cells[-1] if cells else None
            is_apart = before is None or left - before.right > COLUMN_GAP * height
            if before is None or is_apart or _RIGHT_COLUMN.match(text):
                cells.append(_Cell(text, left, right))
                continue
            blank = " " if left - before.right > 0.15 * height else ""
            cells[-1] = _Cell(before.text + blank + text, before.left, max(before.right, right))
    return cells


def _sided(rows: list[tuple[list[_Cell], bool]], width: float, page: int) -> Iterator[Line]:
    middle, edge = MIDDLE * width, COLUMN_EDGE * width
    is_after_gap = False
    for cells, gap in rows:
        is_after_gap = is_after_gap or gap
        if not cells:
            is_after_gap = True
            continue
        if len(cells) == 1:
            cell = cells[0]
            side = Side.WIDE
            if abs((cell.left + cell.right) / 2 - middle) < CENTRED * width:
                side = Side.WIDE
            elif cell.right <= middle + edge:
                side = Side.LEFT
            elif cell.left >= middle - edge:
                side = Side.RIGHT
            halves = [(side, [cell])]
        else:
            left = [c for c in cells if (c.left + c.right) / 2 < middle]
            halves = [(Side.LEFT, left), (Side.RIGHT, [c for c in cells if c not in left])]
        for side, half in halves:
            if text := _clean(" ".join(cell.text for cell in half)):
                yield Line(text, side, is_after_gap, page)
        is_after_gap = False


def _clean(text: str) -> str:
    return " ".join(latin(text).split())

"""What old Word formats have in common: text in pieces, cut where the font changes."""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from gateway.mail.papers import Span

TEXT_MAX = 200_000
CP1252 = {n: bytes([n]).decode("cp1252", "replace") for n in range(256)}
Run: TypeAlias = tuple[int, int, int]
"""First byte, end, number of the font; -1 where the style says it."""
_SHOWN = {
    "\r": "\n", "\x07": "\n", "\x0b": "\n", "\x0c": "\n", "\t": "\t", "\x1e": "-", "\x1f": "",
    "\xa0": " ",
}  # fmt: skip
_FIELD_BEGIN, _FIELD_MIDDLE, _FIELD_END = "\x13", "\x14", "\x15"


@dataclass(frozen=True, slots=True)
class Fonts:
    """By number; ``usual`` is that of text which names none."""

    names: tuple[str, ...] = ()
    usual: int = -1

    def name(self, number: int) -> str:
        for one in (number, self.usual, 0):
            if 0 <= one < len(self.names):
                return self.names[one]
        return ""


@dataclass(frozen=True, slots=True)
class Words:
    """What a .doc says."""

    spans: tuple[Span, ...] = ()
    macros: tuple[str, ...] = ()
    is_encrypted: bool = False

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


def usual_font(sheet: bytes, font_of: Callable[[bytes], int], *, wide: bool) -> int:
    """The font of the style Normal, in which most text stands; -1 where the sheet is cut off.

    ``sheet`` is the STSH ([MS-DOC] 2.9.271); ``wide`` says that names in it are UTF-16.
    """
    try:
        size, _, base = struct.unpack_from("<HHH", sheet)
        default: int = struct.unpack_from("<H", sheet, 14)[0]
        at = 2 + size
        length = struct.unpack_from("<H", sheet, at)[0]
        style = sheet[at + 2 : at + 2 + length]
        if wide:
            at = base + 4 + 2 * int(struct.unpack_from("<H", style, base)[0])
        else:
            at = base + 2 + style[base]
        at += at & 1
        at += 2 + struct.unpack_from("<H", style, at)[0]  # Its paragraph's properties.
        at += at & 1
        length = struct.unpack_from("<H", style, at)[0]
    except (struct.error, IndexError):
        return -1
    own = font_of(style[at + 2 : at + 2 + length])
    return own if own >= 0 else default


def gathered(
    pieces: Iterable[tuple[int, int]],
    runs: list[Run],
    fonts: Fonts,
    letters: Callable[[int, int], str],
    width: int,
) -> list[Span]:
    """Spans of one font. ``pieces`` are bytes from and to; ``letters`` reads some of them."""
    found: list[Span] = []
    gather(found, pieces, runs, fonts, letters, width, hidden=[])
    return found


def gather(
    found: list[Span],
    pieces: Iterable[tuple[int, int]],
    runs: list[Run],
    fonts: Fonts,
    letters: Callable[[int, int], str],
    width: int,
    hidden: list[bool],
) -> None:
    """Go on with ``found``; ``hidden`` says which fields are open, across pieces."""
    signs = sum(len(span.text) for span in found)
    for at, end in pieces:
        here = next((n for n, run in enumerate(runs) if run[1] > at), len(runs))
        while at < end and signs < TEXT_MAX:
            while here < len(runs) and runs[here][1] <= at:
                here += 1
            inside = here < len(runs) and runs[here][0] <= at
            limit = runs[here][1] if inside else runs[here][0] if here < len(runs) else end
            stop = max(min(end, limit), at + width)
            number = runs[here][2] if inside else -1
            font = fonts.name(number)
            text = shown(letters(at, stop), hidden)
            signs += len(text)
            if text and found and found[-1].font == font:
                text = found.pop().text + text
            if text:
                found.append(Span(text=unicodedata.normalize("NFC", text), font=font))
            at = stop  # noqa: PLW2901 -- it walks through the piece.


def shown(text: str, hidden: list[bool]) -> str:
    """Without the instructions of fields."""
    out: list[str] = []
    for sign in text:
        if sign == _FIELD_BEGIN:
            hidden.append(True)
        elif sign == _FIELD_MIDDLE and hidden:
            hidden[-1] = False
        elif sign == _FIELD_END and hidden:
            hidden.pop()
        elif not any(hidden):
            out.append(_SHOWN.get(sign, sign if sign >= " " else ""))
    return "".join(out)

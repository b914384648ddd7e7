"""What was read off a picture, cleaned so that it can be taken for lines of a document.

OCR reads words well and pens badly: symbols come right in nine of ten headings, numbers written by
hand in one of four, and wrong ones look as good as right ones. So a number that is not all
digits is left out rather than guessed, and whatever stays is a proposal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from gateway.mail.kinds import DISPATCH, Kind, kind_of, kinds_by_name
from gateway.mail.number import latin
from gateway.mail.papers import OcrLine
from gateway.mail.text import folded
from gateway.registry.figures import (
    FIRST,
    Number,
    When,
    number_in,
    number_of,
    when_in,
    when_of,
)
from gateway.registry.foot import person_named
from gateway.registry.layout import Line, Side

T = TypeVar("T")
GARBAGE = 12.0
"""Confidence below which a line with few letters is dirt on the glass."""
LETTERS_MIN = 0.6
"""Share of a line's signs that are letters, digits or common stops."""
GAP = 1.9
"""Heights of a line from one top to the next, from which there is an empty line between."""
NEAR_MM = 2.0

_ABOUT = re.compile(r"^\W*V\s?/\s?[vVwWyYu](?![\w-])[.:]?")
"""Về việc, in short; the small letter is often read as another."""
_DIRT = re.compile(r"^(?:[^A-ZĐÀ-Ỹ\s]{1,2}\s+)+")
_DUST = re.compile(r"(?<!\S)(?:[^\w\s]{2,}|[-.,:;'`]_|[.,:;'`¬_])(?!\S)")
"""Signs between words that belong to none of them."""
_BEFORE_ABOUT = re.compile(r"^(?:\W*\S{1,2}\s+){1,3}(?=(?:Về việc|V/v)\b)")
_TAIL = re.compile(r"(?<=;)[^;]{0,6}$|[\s|`'~_\\{}^]+$")
_SPECKS = re.compile(r"^[_|'\"~`^\\]+\s*")
_STROKE = re.compile(r"[\W_]*[-—–_]{4,}[\W_]*")
"""The rule below an abstract."""
LOUD_LETTERS, LOUD = 10, 0.8
_ADDRESSED = re.compile(r"^\W*k[íiìỉ]nh\s+g[ửưuứừi]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heading:
    """The two columns and what stands below them, and the two lines that were read again."""

    lines: tuple[Line, ...]
    number: Number | None
    when: When | None


def heading_of(read: Sequence[OcrLine]) -> Heading:
    """The two columns, then what stands below them across the page."""
    zones: dict[str, list[OcrLine]] = {"left": [], "right": [], "body": []}
    for line in read:
        if line.zone in zones and not is_garbage(line):
            zones[line.zone].append(line)
    has_about = any(_ABOUT.match(line.text) for line in zones["left"])
    body_from = _body_from(zones["body"], is_about_missing=not has_about)
    number, left = _read_again(read, "number", "left", number_of)
    when, right = _read_again(read, "date", "right", when_of)
    told = {id(left): str(number), id(right): str(when)}
    columns: list[Line] = []
    for zone, side in (("left", Side.LEFT), ("right", Side.RIGHT)):
        above = [
            line for line in zones[zone] if line.box[1] < body_from - NEAR_MM or id(line) in told
        ]
        columns += _lines(above, side, told)
    body = [
        line
        for line in read
        if line.zone == "body"
        and line.box[1] >= body_from - NEAR_MM
        and (not is_garbage(line) or _STROKE.fullmatch(line.text))
    ]
    return Heading((*columns, *_lines(body, Side.WIDE)), number, when)


def _read_again(
    read: Sequence[OcrLine],
    zone: str,
    column: str,
    told: Callable[[OcrLine | None, Sequence[OcrLine]], T | None],
) -> tuple[T | None, OcrLine | None]:
    """What all readings of a line say together, and the line of the column that it is."""
    again = [line for line in read if line.zone == zone]
    if not again:
        return None, None
    middle = (again[0].box[1] + again[0].box[3]) / 2
    own = next((x for x in read if x.zone == column and x.box[1] <= middle <= x.box[3]), None)
    said = told(own, again)
    return said, own if said is not None else None


def foot_lines(read: Iterable[OcrLine]) -> tuple[Line, ...]:
    """The list of recipients, then the lines of the signature beside it."""
    zones = {"foot": Side.LEFT, "sign": Side.RIGHT}
    lines = [line for line in read if line.zone in zones and not is_garbage(line)]
    return tuple(
        line
        for zone, side in zones.items()
        for line in _lines([one for one in lines if one.zone == zone], side)
    )


_SURNAMES = frozenset(
    """nguyen tran le pham hoang huynh phan vu vo dang bui do ho ngo duong ly dinh doan lam mai
    trinh truong luong dao ha cao chau ta phung to quach thai tang luu la kieu vuong trieu
    ton giap nghiem dam lo ma nong be hua an quan khuat thach""".split()  # noqa: SIM905 -- a list of names.
)


def signer_name(read: Iterable[OcrLine]) -> tuple[str, ...]:
    """The last line of the signature that is a person's name, by its family name; a proposal.

    The second engine's reading goes before the first one's, a line read alone before the block.
    """
    found: dict[int, str] = {}
    for line in read:
        rank = 0 if line.zone == "sign" else 1 if line.engine == FIRST else 2
        if line.zone in {"sign", "name"} and (name := _name_in(line.text)):
            found[rank] = name
    return (found[max(found)],) if found else ()


def _name_in(text: str) -> str:
    words = [w for w in text.split() if len(w.strip(".,'`|\"_-")) > 1]
    for first in range(min(len(words), 3)):
        name = person_named(" ".join(words[first:]))
        if name and folded(name.split()[0]) in _SURNAMES:
            return name
    return ""


def body_lines(read: Iterable[OcrLine]) -> tuple[Line, ...]:
    return tuple(_lines([x for x in read if x.zone == "body" and not is_garbage(x)], Side.WIDE))


def stamp_lines(read: Iterable[OcrLine]) -> tuple[Line, ...]:
    """What stands in red ink."""
    return tuple(_lines([line for line in read if line.zone == "red"], Side.WIDE))


def is_garbage(line: OcrLine) -> bool:
    """Specks, borders and the pattern of a stamp, read as letters."""
    text = line.text.strip()
    words = re.findall(r"[^\W\d_]{2,}", text)
    if not words and not re.search(r"\d", text):
        return True
    fine = sum(c.isalnum() or c in " .,;:/-()&" for c in text)
    return line.confidence < GARBAGE and fine < LETTERS_MIN * len(text) + len(text) * 0.2


def _body_from(body: Sequence[OcrLine], *, is_about_missing: bool) -> float:
    """Height at which the two columns end: the kind's name, "Kính gửi", or the first citation.

    Or "V/v …", where it was found across the page only.
    """
    for line in body:
        text = line.text.strip()
        is_citing = folded(text).lstrip(" .:*-_|").startswith("can cu")
        is_about = is_about_missing and _ABOUT.match(text) is not None
        if _kind_name(text) or _ADDRESSED.match(text) or is_citing or is_about:
            return line.box[1]
    return float("inf")


KIND_LETTERS = 6
"""Of a kind's name, from which one letter read wrong does not make another of it."""
_SQUASHED = {name.replace(" ", ""): kind for name, kind in kinds_by_name().items()}


def _kind_name(text: str) -> str:
    """The kind that a line names in capitals: specks, lost blanks and one lost letter aside."""
    for least in (2, 1):
        words = [w for w in _DIRT.sub("", text).split() if sum(c.isalnum() for c in w) >= least]
        bare = "".join(words).strip(" .:;*-_|'`")
        if not bare.isupper():
            continue
        name = folded(bare)
        kinds = {kind.key: kind for one, kind in _SQUASHED.items() if one == name} or {
            kind.key: kind
            for one, kind in _SQUASHED.items()
            if len(one) >= KIND_LETTERS and _is_one_off(name, one)
        }
        if len(kinds) == 1:
            return next(iter(kinds.values())).vi.upper()
    return ""


def _is_loud(text: str) -> bool:
    """A name of an authority or a stamp, in capitals, and no abbreviation."""
    letters = [c for c in text if c.isalpha()]
    return len(letters) >= LOUD_LETTERS and sum(map(str.isupper, letters)) >= LOUD * len(letters)


def _lines(
    read: Sequence[OcrLine], side: Side, told: Mapping[int, str] = MappingProxyType({})
) -> Iterator[Line]:
    """``told``: what some of the lines (by their id) are known to say.

    Where a rule is drawn, or capitals follow small letters across the page, something ends.
    """
    last: OcrLine | None = None
    for line in read:
        height = max(line.box[3] - line.box[1], 1.0)
        is_after_gap = last is not None and (
            line.box[1] - last.box[1] > GAP * height
            or _STROKE.fullmatch(last.text) is not None
            or (side is Side.WIDE and _is_loud(line.text) and not _is_loud(last.text))
        )
        last = line
        if _STROKE.fullmatch(line.text):
            continue
        text = told.get(id(line)) or _mended(" ".join(latin(line.text).split()), side)
        if text:
            yield Line(text, side, is_after_gap, line.page)


def _mended(text: str, side: Side) -> str:
    """One line with what OCR is known to do to it undone; nothing is guessed."""
    text = _TAIL.sub("", text).strip()
    text = text if side is Side.RIGHT else _ABOUT.sub("V/v", text)
    if side is Side.WIDE:
        text = " ".join(_DUST.sub("", text).split()) if any(map(str.isalnum, text)) else text
        return _kind_name(text) or _BEFORE_ABOUT.sub("", _SPECKS.sub("", text))
    told = when_in(text) if side is Side.RIGHT else number_in(text) if side is Side.LEFT else None
    return str(told) if told else text


def with_kind(symbol: str, kind: Kind | None) -> str:
    """A symbol whose first letters are nearly those of the kind that the page names in capitals."""
    first, dash, rest = symbol.partition("-")
    if kind is None or kind is DISPATCH or not dash or kind_of(first) not in {None, kind}:
        return symbol
    if folded(first) == folded(kind.key) or _is_one_off(folded(first), folded(kind.key)):
        return f"{kind.key}-{rest}"
    return symbol


def _is_one_off(one: str, other: str) -> bool:
    """Whether one letter other, more or less makes one of the other."""
    if len(one) > len(other):
        one, other = other, one
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) == 1
    return any(other[:at] + other[at + 1 :] == one for at in range(len(other)))

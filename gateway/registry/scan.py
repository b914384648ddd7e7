"""What was read off a picture, cleaned so that it can be taken for lines of a document.

OCR reads words well and pens badly: symbols come right in nine of ten headings, numbers written by
hand in one of four, and wrong ones look as good as right ones. So a number that is not all
digits is left out rather than guessed, and whatever stays is a proposal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from gateway.mail.kinds import DISPATCH, Kind, kind_of, kinds_by_name
from gateway.mail.number import latin
from gateway.mail.papers import OcrLine
from gateway.mail.text import folded
from gateway.registry.foot import person_named
from gateway.registry.layout import Line, Side

GARBAGE = 12.0
"""Confidence below which a line with few letters is dirt on the glass."""
LETTERS_MIN = 0.6
"""Share of a line's signs that are letters, digits or common stops."""
GAP = 1.9
"""Heights of a line from one top to the next, from which there is an empty line between."""
NEAR_MM = 2.0

_SYMBOL_LINE = re.compile(
    r"^(?P<before>.*?)(?:/\s*(?P<year>(?:19|20)\d\d)\s*)?/\s*"
    r"(?P<symbol>[A-ZĐ][\w&]*(?:\s?[-_]\s?[A-ZĐ][\w&.]*(?:\s?\(\d+\))?)+|[A-ZĐ]{2,}\d*)(?P<after>.*)$"
)
_NUMBER_WORD = re.compile(r"^\W*[S§]\W?[^\W\d]?[\s:.;,]*")
_CITED = re.compile(r"(?:căn cứ|theo|ngày|quyết định số|công văn số)", re.IGNORECASE)
_DATE_WORDS = re.compile(
    r"(?P<place>.*?)[,.;:]?\s*\bng[^\s\d]{0,4}(?P<day>.{0,10}?)\s*th[áaàảãạâ]n[gq]\W*"
    r"(?P<month>[\dIl\]|]{1,2})\W*n[ăaâãàáạ]m\W*(?P<year>(?:19|20)\d\d)",
    re.IGNORECASE,
)
_ONES = str.maketrans("Il]|O", "11110")
"""Signs that are taken for a 1 or a 0 in dates, where nothing else can stand."""
_BEFORE_ABOUT = re.compile(r"^(?:\W*\S{1,2}\s+){1,3}(?=(?:Về việc|V/v)\b)")
_TAIL = re.compile(r"(?<=;)[^;]{0,6}$|[\s|`'~_\\{}^]+$")
_SPECKS = re.compile(r"^[_|'\"~`^\\]+\s*")
_ADDRESSED = re.compile(r"^\W*k[íiìỉ]nh\s+g[ửưuứừi]", re.IGNORECASE)


def heading_lines(read: Iterable[OcrLine]) -> tuple[Line, ...]:
    """The two columns, then what stands below them across the page."""
    zones: dict[str, list[OcrLine]] = {"left": [], "right": [], "body": []}
    for line in read:
        if line.zone in zones and not is_garbage(line):
            zones[line.zone].append(line)
    body_from = _body_from(zones["body"])
    left = [line for line in zones["left"] if line.box[1] < body_from - NEAR_MM]
    right = [line for line in zones["right"] if line.box[1] < body_from - NEAR_MM]
    body = [line for line in zones["body"] if line.box[1] >= body_from - NEAR_MM]
    return (
        *_lines(left, Side.LEFT),
        *_lines(right, Side.RIGHT),
        *_lines(body, Side.WIDE),
    )


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
    """The last line of the signature that is a person's name, by its family name; a proposal."""
    found = ""
    for line in read:
        if line.zone != "sign":
            continue
        words = [w for w in line.text.split() if len(w.strip(".,'`|\"_-")) > 1]
        name = person_named(" ".join(words))
        if name and folded(name.split()[0]) in _SURNAMES:
            found = name
    return (found,) if found else ()


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


def _body_from(body: Sequence[OcrLine]) -> float:
    """Height at which the two columns end: the kind's name, "Kính gửi", or the first citation."""
    for line in body:
        text = line.text.strip()
        is_citing = folded(text).lstrip(" .:*-_|").startswith("can cu")
        if _kind_name(text) or _ADDRESSED.match(text) or is_citing:
            return line.box[1]
    return float("inf")


_SQUASHED = {name.replace(" ", ""): kind for name, kind in kinds_by_name().items()}


def _kind_name(text: str) -> str:
    """The kind that a line names in capitals, specks at its ends and lost blanks aside."""
    words = [w for w in text.split() if sum(c.isalnum() for c in w) > 1]
    bare = "".join(words).strip(" .:*-_|'`")
    kind = _SQUASHED.get(folded(bare)) if bare.isupper() else None
    return kind.vi.upper() if kind else ""


def _lines(read: Sequence[OcrLine], side: Side) -> Iterator[Line]:
    last: OcrLine | None = None
    for line in read:
        height = max(line.box[3] - line.box[1], 1.0)
        is_after_gap = last is not None and line.box[1] - last.box[1] > GAP * height
        last = line
        text = _mended(" ".join(latin(line.text).split()), side)
        if text:
            yield Line(text, side, is_after_gap, line.page)


def _mended(text: str, side: Side) -> str:
    """One line with what OCR is known to do to it undone; nothing is guessed."""
    text = _TAIL.sub("", text).strip()
    if side is Side.WIDE:
        return _kind_name(text) or _BEFORE_ABOUT.sub("", _SPECKS.sub("", text))
    if side is Side.RIGHT and (said := _DATE_WORDS.search(text)):
        return _date_line(said)
    found = _SYMBOL_LINE.match(text) if side is Side.LEFT and not _CITED.search(text) else None
    return _number_line(found) if found else text


def _number_line(found: re.Match[str]) -> str:
    """ "Số:" with digits that are digits throughout, or none."""
    digits = _NUMBER_WORD.sub("", found["before"]).strip()
    is_number = re.fullmatch(r"\d{1,5}[a-z]?", digits) is not None
    year = f"/{found['year']}" if found["year"] else ""
    return f"Số: {digits if is_number else ''} {year}/{_symbol(found['symbol'])}"


def _symbol(text: str) -> str:
    """The symbol with its kind spelt as the decree spells it: OCR drops the bar of Đ."""
    first, dash, rest = text.strip(" .").partition("-")
    kind = kind_of(first.strip())
    return f"{kind.key if kind and dash else first.strip()}{dash}{rest.strip()}"


def _date_line(said: re.Match[str]) -> str:
    place = said["place"].strip(" .,:;'`\"|-_~*")
    day = said["day"].strip(" .,:").translate(_ONES)
    shown = day if re.fullmatch(r"\d{1,2}", day) else "  "
    month = said["month"].translate(_ONES)
    return f"{place}, ngày {shown} tháng {month} năm {said['year']}"


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

"""What the heading of a document says: annex I of decree 30/2020/NĐ-CP, boxes 1 to 5, 10."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from gateway.mail.day import made
from gateway.mail.kinds import DISPATCH, Kind, kind_named, kind_of, kinds_by_name
from gateway.mail.number import DocumentNumber, clean_symbol, parse, symbol_key
from gateway.mail.text import folded
from gateway.registry.layout import Line, Side
from gateway.registry.marks import is_noise, is_rule, is_state_title

LINES_MAX = 90
"""Lines of a page within which its heading must be; stamps and gazette lines stand before it."""
DATE_LINE_MAX = 90
"""Characters of a line with place and date, its number beside it; a longer one is of the body."""
PLACE_WORDS_MAX = 7
ABSTRACT_MAX = 24
"""Lines of an abstract; the longest that were seen have twelve."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The values as printed. Empty or None: it is not there, or could not be read."""

    number: DocumentNumber | None = None
    symbol: str = ""
    """Also where the number is blank: ``Số:      /TB-UBND``."""
    year: int | None = None
    month: int | None = None
    day: int | None = None
    place: str = ""
    kind: Kind | None = None
    kind_text: str = ""
    """The name of the kind as printed; empty for a công văn, which has none."""
    issuer: str = ""
    parent: str = ""
    abstract: str = ""
    end: int = 0
    """Index of the first line behind the heading."""

    @property
    def date(self) -> date | None:
        """The whole date; None where a part of it is blank, as it is before the clerk's pen."""
        if self.year is None or self.month is None or self.day is None:
            return None
        return made(self.year, self.month, self.day)


_NUMBER = re.compile(
    r"^(?:\W*(?:[^\W\d_]+\s){0,2}?)S[ỐốÔôOo]\s*(?P<colon>[:.;])?\s*(?P<rest>\S.*)$", re.DOTALL
)
_BARE_NUMBER = re.compile(r"^\d{1,6}[a-zA-Z]?\s*(?:/\s*\d{4}\s*)?[-/]\s*[A-ZĐ][\wĐ&.\-/ ]*$")
_REST = re.compile(
    r"^(?P<number>\d{1,7}(?:\.\d{1,3})?[A-Za-zđĐ]?)?[\s.…_]*"
    r"(?:/\s*(?P<year>(?:19|20)\d\d)\s*)?/\s*(?P<symbol>[^\W\d_][\w&.]*(?:\s?[-/_]\s?[\w&.(]+\)?)*)"
)
_DATE = re.compile(
    r"(?:^|[,.;]\s*|\s)ng[àaáảạ]y\s*(?P<day>\d{1,2})?[\s.…_]*th[áaàảạ]ng\s*(?P<month>\d{1,2})?"
    r"[\s.…_]*n[ăaâ]m\s*(?P<year>(?:19|20)\d\d)?",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"^\W*(?:V\s?/\s?v|Về\s+việc)\b\s*[:.]?\s*", re.IGNORECASE)
_BODY = re.compile(
    r"^\W*(?:C(?i:ăn\s+cứ)|K(?i:ính\s+(?:gửi|trình))|Đ(?i:ồng\s+kính\s+gửi)|Thực\s+hiện"
    r"|Theo\s+(?:đề|Quyết|Công)|Xét\s+(?:đề|Tờ)|Điều\s+1\b|Chương\s+I\b|Phần\s+(?:I|thứ)\b"
    r"|I\s*[.\-]\s|1\s*\.\s)"
)
_ADDRESSED = re.compile(r"^\W*k[íi]nh\s*(?:g[ửưuứừ]i|trình)", re.IGNORECASE)
_HEADS = re.compile(
    r"^(?:(?:KT|TM|TL|TUQ|Q)\.\s*)?(?:BỘ TRƯỞNG|THỦ TƯỚNG|CHÍNH PHỦ|CHỦ TỊCH|GIÁM ĐỐC|TỔNG GIÁM ĐỐC"
    r"|(?:ỦY|UỶ) BAN|HỘI ĐỒNG NHÂN DÂN|QUỐC HỘI|THỐNG ĐỐC|TỔNG CỤC TRƯỞNG|CỤC TRƯỞNG|CHÁNH"
    r"|TỔNG KIỂM TOÁN|TRƯỞNG BAN|HIỆU TRƯỞNG|VIỆN TRƯỞNG|TỔNG THANH TRA|CHI CỤC TRƯỞNG|VỤ TRƯỞNG"
    r"|TRƯỞNG PHÒNG|BAN CHỈ ĐẠO|LIÊN BỘ|THƯỜNG TRỰC|TỔNG BIÊN TẬP|CHỦ NHIỆM)\b"
)
_OPEN_END = re.compile(r"(?:[,\-–]|\b(?:VÀ|CỦA|VỀ|THUỘC|THEO|CHO|TẠI|DO|VỚI|TỪ|ĐẾN))$")
_ORGANISATION = re.compile(
    r"(?:van phong|uy ban|ubnd|hdnd|hoi|bo|so|cuc|tong|chi|ban|vien|truong|dai|hoc|phong|trung tam"
    r"|toa|ngan|thanh|cong|tap|lien|dang|chinh|thu|quoc|benh|kho|bao|doan|kiem|thong|tinh uy"
    r"|huyen uy"
    r"|thanh uy|quan uy|mat|to|chu|nha|quy|hat|tram|khu|khoi|xi|vu|bch|bcd|tieu|nhom)\b"
)
"""How the name of an organisation begins, folded."""
_NAME_GOES_ON = re.compile(
    r"^(?:\(|&|VÀ\b|CỦA\b|-|TỈNH\b(?!\s+(?:ỦY|UỶ))|THÀNH PHỐ\b|TP\b|HUYỆN\b(?!\s+(?:ỦY|UỶ))|QUẬN\b"
    r"|THỊ XÃ\b|PHƯỜNG\b|XÃ\b|VIỆT NAM\b|TRUNG ƯƠNG\b|KHU VỰC\b|NHÂN DÂN\b)"
)


def read_heading(lines: Sequence[Line]) -> Heading:
    """The heading of one page, or of a whole document; ``lines`` as ``layout`` gives them."""
    lines = lines[:LINES_MAX]
    at = _number_line(lines)
    kind_at, kind, kind_text, rest = _kind_line(lines, at)
    stop = _end_of_columns(lines, at, kind_at)
    found = _numbered(lines, at)
    found = _dated(found, lines[: max(stop, at + 12)])
    issuer, parent = _issuer(lines, at if at >= 0 else stop)
    abstract, end = _about(lines, at, stop), stop
    if not abstract and kind_at >= 0:
        abstract, end = _below_kind(lines, kind_at, rest)
    if kind is None and (found.number or found.symbol):
        kind = DISPATCH if _is_dispatch(lines, stop, abstract, found.symbol) else None
    return replace(
        found,
        kind=kind,
        kind_text=kind_text,
        issuer=issuer,
        parent=parent,
        abstract=abstract,
        end=max(end, at + 1),
    )


def _number_line(lines: Sequence[Line]) -> int:
    """The line with the document's own number: before anything is cited, and not on the right."""
    for at, line in enumerate(lines):
        if _BODY.match(line.text):
            break
        if line.side is Side.RIGHT or is_noise(line.text):
            continue
        if (m := _NUMBER.match(line.text)) and (_REST.match(m["rest"]) or parse(m["rest"])):
            return at
        if _BARE_NUMBER.match(line.text):
            return at
    return -1


def _numbered(lines: Sequence[Line], at: int) -> Heading:
    if at < 0:
        return Heading()
    text = lines[at].text
    if text.endswith("-") and at + 1 < len(lines):  # "Số: 12/TTr-" and the rest below it.
        text += lines[at + 1].text.split()[0]
    found = _NUMBER.match(text)
    rest = _DATE.split(found["rest"] if found else text)[0].strip()
    printed = _REST.match(rest)
    if printed is not None and printed["symbol"]:
        symbol = clean_symbol(printed["symbol"])
        number = parse(rest[: printed.end()]) if printed["number"] else None
        return Heading(number=number, symbol=symbol) if symbol_key(symbol) else Heading()
    number = parse(rest)
    return Heading(number=number, symbol=number.symbol) if number else Heading()


def _dated(found: Heading, lines: Sequence[Line]) -> Heading:
    """The first date line beside or below the State's name: its parts, and the place before."""
    for line in lines:
        if _BODY.match(line.text) or is_noise(line.text):
            continue
        said = _DATE.search(line.text)
        if (
            said is None
            or len(line.text) > DATE_LINE_MAX
            or line.text.lstrip().startswith(("(", "V/v"))
        ):
            continue
        before = line.text[: said.start()].strip(" ,.;:")
        place = before if len(before.split()) <= PLACE_WORDS_MAX else ""
        if re.search(r"\d", place) or not _is_place(place):
            if place and not _NUMBER.match(place):
                continue
            place = ""
        return replace(
            found,
            place=place,
            day=_figure(said["day"]),
            month=_figure(said["month"]),
            year=_figure(said["year"]),
        )
    return found


def _is_place(text: str) -> bool:
    return bool(text) and text[0].isupper() and not folded(text).startswith(_NO_PLACES)


_NO_PLACES = ("so ", "can cu", "theo ", "tu ")


def _figure(text: str | None) -> int | None:
    return int(text) if text else None


_KIND_NAMES = kinds_by_name()
_KIND_LINE = re.compile(
    r"^(" + "|".join(sorted(map(re.escape, _KIND_NAMES), key=len, reverse=True)) + r")\b[\s:]*(.*)$"
)
_LEGAL = {"luat": "L", "phap lenh": "PL", "bo luat": "L"}


def _kind_line(lines: Sequence[Line], at: int) -> tuple[int, Kind | None, str, str]:
    """The line that names the kind in capitals, and what stands behind the name on it."""
    for i, line in enumerate(lines[at + 1 if at >= 0 else 0 :], max(at + 1, 0)):
        if _BODY.match(line.text):
            break
        named = _KIND_LINE.match(folded(line.text))
        if named is None:
            continue
        size = len(named[1])
        name, rest = line.text[:size], line.text[size:].lstrip(" :")
        if not name.isupper() or (rest and not (rest.isupper() or _ABOUT.match(rest))):
            continue
        return i, kind_named(name), name, rest
    return -1, None, "", ""


def _end_of_columns(lines: Sequence[Line], at: int, kind_at: int) -> int:
    if kind_at >= 0:
        return kind_at
    for i, line in enumerate(lines):
        if i > at and _BODY.match(line.text):
            return i
    return min(len(lines), max(at, 0) + 25)


def _issuer(lines: Sequence[Line], stop: int) -> tuple[str, str]:
    """The organisations above the number: the last is the issuer, the one above it its parent."""
    block = [line for line in lines[:stop] if line.text]
    with_sides = any(line.side is Side.RIGHT and is_state_title(line.text) for line in lines[:40])
    if with_sides:
        sided = [line for line in block if line.side is Side.LEFT]
        block = sided or block
    names: list[str] = []
    for line in block:
        text = line.text.strip(" *-–_.:|'\"“”")
        if not text or is_noise(text) or is_rule(line.text) or is_state_title(text):
            continue
        if _DATE.search(text) or not _is_capital(text) or not re.search(r"[^\W\d_]{2}", text):
            continue
        goes_on = bool(names) and (
            bool(_NAME_GOES_ON.match(text))
            or bool(_OPEN_END.search(names[-1]))
            or not _ORGANISATION.match(folded(text))
        )
        if goes_on:
            names[-1] = f"{names[-1]} {text}"
        elif _ORGANISATION.match(folded(text)) or not names:
            names.append(text)
    names = list(dict.fromkeys(names))
    if not names:
        return "", ""
    return names[-1], names[-2] if len(names) > 1 else ""


def _is_capital(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return bool(letters) and sum(c.isupper() for c in letters) >= 0.8 * len(letters)


def _about(lines: Sequence[Line], at: int, stop: int) -> str:
    """The abstract of a công văn, below its number: "V/v …"."""
    kept: list[str] = []
    for line in lines[max(at, 0) : stop]:
        text = line.text
        if not kept:
            if (m := _ABOUT.match(text)) and line.side is not Side.RIGHT:
                kept.append(text[m.end() :].strip())
            continue
        if line.side is Side.RIGHT:
            continue
        is_over = is_state_title(text) or _DATE.search(text) or _ADDRESSED.match(text)
        if is_over or is_rule(text) or is_noise(text) or len(kept) > ABSTRACT_MAX:
            break
        kept.append(text)
    return " ".join(part for part in kept if part).strip(" .;")


def _below_kind(lines: Sequence[Line], at: int, rest: str) -> tuple[str, int]:
    """The abstract under the name of the kind, up to a rule, a gap, the authority or the body."""
    kept = [rest] if rest else []
    i = at + 1
    for i in range(at + 1, min(len(lines), at + 1 + ABSTRACT_MAX)):
        line = lines[i]
        if is_rule(line.text) or _BODY.match(line.text) or is_noise(line.text):
            break
        if kept and line.after_gap:
            break
        if _HEADS.match(line.text) and line.text.isupper() and not _goes_on(kept):
            break
        kept.append(line.text)
    else:
        i += 1
    return " ".join(kept).strip(" .;_"), i


def _goes_on(kept: list[str]) -> bool:
    return not kept or bool(_OPEN_END.search(kept[-1].upper()))


def _is_dispatch(lines: Sequence[Line], stop: int, abstract: str, symbol: str) -> bool:
    """A công văn names no kind: it is one if it is addressed, or says "V/v"."""
    is_addressed = any(_ADDRESSED.match(line.text) for line in lines[max(stop - 2, 0) : stop + 6])
    return kind_of(symbol) is None and (bool(abstract) or is_addressed)

"""Number and date of a scan, from several readings of the same two lines.

The first engine reads the heading as a block and the two lines once more, each alone; the second
engine, where it is installed, reads them too. Symbol, month and year go by the vote. Of digits a
pen may have written, a proposal is what the engine that knows handwriting read; only digits that
every reading has, and both engines, may be believed without asking.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gateway.mail.kinds import kind_of
from gateway.mail.number import latin, symbol_key
from gateway.mail.papers import OcrLine

T = TypeVar("T")
FIRST = "tesseract"
CLEAR, CLEAR_SECOND = 60.0, 50.0
"""Confidence (0 to 100) that one reading of each engine must have, for digits to be believed."""
READINGS = 3
"""Readings that must agree for that."""

_SYMBOL_LINE = re.compile(
    r"^(?P<before>.*?)(?:/\s*(?P<year>(?:19|20)\d\d)\s*)?/\s*"
    r"(?P<symbol>[A-ZĐ][\w&]*(?:\s?[-_]\s?[A-ZĐ][\w&.]*(?:\s?\(\d+\))?)+|[A-ZĐ]{2,}\d*)(?P<after>.*)$"
)
_NUMBER_WORD = re.compile(r"^\W*[Ss§]\W?[^\W\d]?[\s:.;,]*")
_CITED = re.compile(r"(?:căn cứ|theo|ngày|quyết định số|công văn số)", re.IGNORECASE)
_DATE_WORDS = re.compile(
    r"(?P<place>.*?)[,.;:]?\s*\bng[^\s\d]{0,4}(?P<day>.{0,10}?)\s*th[áaàảãạâ]n[gq]\W*"
    r"(?P<month>[\dIl\]|]{1,2})\W*n[ăaâãàáạ]m\W*(?P<year>(?:19|20)\d\d)",
    re.IGNORECASE,
)
_DAY = re.compile(r"\bng[àaáảãạ]?y(?P<day>\W*\w{1,3}\W?)\s*th", re.IGNORECASE)
_ONES = str.maketrans("Il]|O", "11110")
"""Signs that are taken for a 1 or a 0 in dates, where nothing else can stand."""
_BROKEN = re.compile(r"(?<=-)([A-ZĐ]{1,3}) (?=[A-ZĐ]{1,3}\b)")
"""A blank within the last part of a symbol: ``SYT-GA VI``."""
DAYS, MONTHS = 31, 12


@dataclass(frozen=True, slots=True)
class Number:
    """A number line: digits only where all of them are digits."""

    digits: str
    year: str
    symbol: str
    is_sure: bool = False

    def __str__(self) -> str:
        return f"Số: {self.digits} {f'/{self.year}' if self.year else ''}/{self.symbol}"


@dataclass(frozen=True, slots=True)
class When:
    """A line of place and date; ``day`` is empty where it cannot be read."""

    place: str
    day: str
    month: str
    year: str
    is_sure: bool = False

    def __str__(self) -> str:
        return f"{self.place}, ngày {self.day or '  '} tháng {self.month} năm {self.year}"


def number_in(text: str) -> Number | None:
    """A line as OCR read it, if it is one with a symbol; nothing is guessed."""
    if _CITED.search(text):
        return None
    text = _BROKEN.sub(r"\1", text)
    found = _SYMBOL_LINE.match(text) or _SYMBOL_LINE.match(_raised(text))
    if found is None:
        return None
    digits = _NUMBER_WORD.sub("", found["before"]).strip()
    if re.fullmatch(r"[/|IlO\d]\d{0,3}[IlO\d]", digits):  # A pen's 1 is a stroke.
        digits = digits.replace("/", "1").translate(_ONES)
    is_number = re.fullmatch(r"\d{1,5}[a-z]?", digits) is not None
    return Number(digits if is_number else "", found["year"] or "", _symbol(found["symbol"]))


def _raised(text: str) -> str:
    """The symbol in capitals: the second engine is careless with them."""
    before, slash, after = text.rpartition("/")
    return f"{before}{slash}{after.upper()}"


def _symbol(text: str) -> str:
    """The symbol with its kind spelt as the decree spells it: OCR drops the bar of Đ."""
    first, dash, rest = text.strip(" .").partition("-")
    kind = kind_of(first.strip())
    return f"{kind.key if kind and dash else first.strip()}{dash}{rest.strip()}"


def when_in(text: str) -> When | None:
    """A line as OCR read it, if it is one with month and year."""
    said = _DATE_WORDS.search(text)
    if said is None:
        return None
    day = said["day"].strip(" .,:-_").translate(_ONES)
    month = said["month"].translate(_ONES)
    if not 1 <= int(month) <= MONTHS:
        return None
    return When(
        said["place"].strip(" .,:;'`\"|-_~*"),
        day if re.fullmatch(r"\d{1,2}", day) and 1 <= int(day) <= DAYS else "",
        month,
        said["year"],
    )


def number_of(block: OcrLine | None, again: Sequence[OcrLine]) -> Number | None:
    """One number line of all its readings; ``block``: as it was read with its neighbours."""
    read = _readings(number_in, block, again)
    if not read:
        return None
    symbol = _voted(read, lambda n: n.symbol, symbol_key, capitals=True)
    year = _voted(read, lambda n: n.year, str)
    same = [(line, n) for line, n in read if symbol_key(n.symbol) == symbol_key(symbol)]
    digits = _proposed([(line, n.digits) for line, n in read])
    is_sure = bool(digits) and _agree([(line, n.digits.lstrip("0")) for line, n in same])
    return Number(digits, year, symbol, is_sure)


def when_of(block: OcrLine | None, again: Sequence[OcrLine]) -> When | None:
    """One line of place and date of all its readings."""
    read = _readings(when_in, block, again)
    if not read:
        return None
    day = _proposed([(line, w.day) for line, w in read])
    month = _voted(read, lambda w: w.month, lambda m: m.lstrip("0"))
    year = _voted(read, lambda w: w.year, str)
    place = _voted(read, lambda w: w.place, str)
    whole = [(line, f"{w.day}.{w.month}.{w.year}" if w.day else "") for line, w in read]
    return When(place, day, month, year, _agree(whole))


def _readings(
    reads: Callable[[str], T | None], block: OcrLine | None, again: Iterable[OcrLine]
) -> list[tuple[OcrLine, T]]:
    lines = [*([block] if block else []), *again]
    told = [(line, reads(" ".join(latin(line.text).split()))) for line in lines]
    return [(line, one) for line, one in told if one is not None]


def _voted(
    read: Sequence[tuple[OcrLine, T]],
    part: Callable[[T], str],
    key: Callable[[str], str],
    *,
    capitals: bool = False,
) -> str:
    """What most readings have. The second engine, where it sees clearly, outvotes the first, but
    for symbols: it is careless with capitals.
    """
    votes: Counter[str] = Counter()
    for line, one in read:
        is_better = not capitals and line.engine != FIRST and line.confidence >= CLEAR_SECOND
        votes[key(part(one))] += 5 if is_better else 3 if line.engine != FIRST else 2
    best = votes.most_common(1)[0][0]
    return next(part(one) for _, one in read if key(part(one)) == best)


def _proposed(read: Sequence[tuple[OcrLine, str]]) -> str:
    """The second engine's digits, or those that the first engine does not contradict itself on."""
    for line, digits in read:
        if line.engine != FIRST and digits:
            return digits
    own = {digits for line, digits in read if line.engine == FIRST}
    return own.pop() if len(own) == 1 else ""


def _agree(read: Sequence[tuple[OcrLine, str]]) -> bool:
    """Whether all readings are one, of both engines, and each engine saw it clearly."""
    if len(read) < READINGS or len({told for _, told in read}) != 1 or not read[0][1]:
        return False
    first = [line.confidence for line, _ in read if line.engine == FIRST]
    other = [line.confidence for line, _ in read if line.engine != FIRST]
    return max(first, default=0) >= CLEAR and max(other, default=0) >= CLEAR_SECOND

"""The number and symbol of a document (số, ký hiệu), in any spelling: ``50/QĐ-SNgV``.

Decree 30/2020/NĐ-CP, article 15: a number that begins anew each year, and a symbol of the kind of
document and its issuer. Legal acts hold their year (``01/2014/TT-BTC``), Party bodies turn the
order round (``27-NQ/TW``), the Government knows decimals (``66.19/2026/NQ-CP``), inserted
documents bear a letter (``30a/2008/NQ-CP``), and one paper may bear several numbers
(``801-802/TTr-SYT``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.mail.kinds import DISPATCH, Kind, kind_of
from gateway.mail.text import folded

RANGE_MAX = 50
"""Numbers that one paper may bear; a longer range is taken for something else."""

_LATIN = str.maketrans(
    "АВЕКМНОРСТХУІЈЅҮаеорсхуіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧοÐƉðɖ‐‑‒–—―−﹘﹣－⁄∕／\u00a0\u2007\u202f",
    "ABEKMHOPCTXYIJSYaeopcxyijsABEZHIKMNOPTYXoĐĐđđ" + "----------" + "///" + "   ",
)
"""Letters of other alphabets that print like a Latin one, dashes and slashes of all kinds."""
_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufeff]")


def latin(text: str) -> str:
    """A text whose numbers can be read: NFC, look-alikes as Latin letters, one dash, one slash."""
    text = unicodedata.normalize("NFC", text)
    return text if text.isascii() else _UNSEEN.sub("", text.translate(_LATIN))


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    """One number and symbol. Two spellings of the same have the same ``key``.

    >>> str(parse("số 0050 / qđ - sngv")), parse("50/QĐ-SNgV").key
    ('0050/qđ-sngv', '50/QDSNGV')
    """

    number: str
    """Digits as printed, leading zeros kept; ``66.19`` has its dot."""
    symbol: str
    """As printed, blanks around its dashes left out: ``QĐ-SNgV``; ``NQ/TW`` of a Party body."""
    suffix: str = ""
    """The letter of an inserted number, in lower case."""
    year: int | None = None
    """The year within the number: of legal acts alone. The year of its date is another thing."""
    last: str = ""
    """The last number of a range."""
    is_party: bool = False
    """Written ``27-NQ/TW``."""

    def __post_init__(self) -> None:
        if not _DIGITS.fullmatch(self.number) or not symbol_key(self.symbol):
            raise ValueError(f"no document number: {self.number!r} / {self.symbol!r}")

    def __str__(self) -> str:
        number = f"{self.number}{self.suffix}" + (f"-{self.last}" if self.last else "")
        if self.is_party:
            return f"{number}-{self.symbol}"
        year = f"/{self.year}" if self.year else ""
        return f"{number}{year}/{self.symbol}"

    @property
    def value(self) -> int:
        """The number to sort by, its suffix and decimals left out."""
        return int(self.number.partition(".")[0])

    @property
    def key(self) -> str:
        """What all spellings of it have in common, year aside: ``50A/QDSNGV``."""
        return f"{number_key(self.number)}{self.suffix.upper()}/{symbol_key(self.symbol)}"

    @property
    def keys(self) -> tuple[str, ...]:
        """One key for each number in a range; ``key`` alone where it is none."""
        if not self.last or not self.number.isdigit():
            return (self.key,)
        symbol = symbol_key(self.symbol)
        return tuple(f"{n}/{symbol}" for n in range(self.value, int(self.last) + 1))

    @property
    def kind(self) -> Kind:
        """The kind of document that the symbol says; a công văn where it names none."""
        return kind_of(self.symbol) or DISPATCH


def number_key(digits: str) -> str:
    """Digits without leading zeros: ``0050`` is ``50``; ``66.19`` keeps its dot."""
    whole, dot, rest = digits.partition(".")
    return f"{int(whole)}{dot}{rest}"


def symbol_key(symbol: str) -> str:
    """A symbol's letters and digits alone, accents off, in capitals: ``QDSNGV``.

    Practice writes ``TTBLĐTBXH`` for ``TT-BLĐTBXH``, ``QĐ/BNN`` for ``QĐ-BNN`` and ``BGDĐT`` for
    ``BGD&ĐT``; all of them are found by this.
    """
    return "".join(c for c in folded(symbol) if c.isalnum() and c.isascii()).upper()


_DIGITS = re.compile(r"\d{1,7}(?:\.\d{1,3})?", re.ASCII)
_YEAR = r"(?:19[4-9]\d|20\d\d)"
_HEAD = re.compile(r"(?:\s*(?:s[ốôo]|no|nr)\b)?[\s:.,;]*", re.IGNORECASE)
_BEFORE = (
    r"(?P<number>\d{1,7}(?:\.\d{1,3})?)(?P<suffix>[A-Za-zĐđ](?![^\W\d_]))?"
    r"(?:\s?-\s?(?P<last>\d{1,7})(?=\s?/))?"
)
_SYMBOL = r"(?P<symbol>[^\W\d_][\w&.]*(?:\s{0,3}[-/_]\s{0,3}[^\W\d_][\w&.]*){0,6}(?:\s?\(\d+\))?)"
_RUNNING = re.compile(
    r"(?<![\w/.\-])"
    + _BEFORE
    + r"\s{0,3}(?:/{1,2}\s{0,3}(?P<year>"
    + _YEAR
    + r")\s{0,3}/{1,2}|/{1,2}|(?P<party>-)(?=\s?[^\W\d_]{2,6}\s?/))\s{0,3}"
    + _SYMBOL
)
_WHOLE = re.compile(
    _BEFORE
    + r"\s*(?:[/-]+\s*(?P<year>"
    + _YEAR
    + r")\s*[/-]+|/+|(?P<party>-)(?=\s*[^\W\d_]{1,6}\s*/)|[-_]|(?<=[\s\dA-Za-zĐđ]))\s*"
    + r"(?P<symbol>[^\W\d_][\w&.\s/()\-]{0,60})$"
)
_AROUND = re.compile(r"\s*([-/])\s*")
_GLUED = re.compile(r"(?<=[A-ZĐ])(?:ngày|của|và|về|thì|do|có).*$", re.DOTALL)
"""What a missing blank has put behind a symbol: ``TT-BGTVTngày``."""


def parse(text: str) -> DocumentNumber | None:
    """A text that is a number and nothing else, "Số:" before it aside; None if it is none.

    Reads any spelling, also without its slash (``50 qd sngv``).
    """
    text = latin(text).strip().rstrip("],;:")
    start = _HEAD.match(text)
    assert start is not None
    found = _WHOLE.match(text, start.end())
    return _made(found, found["symbol"]) if found else None


def find(text: str) -> Iterator[tuple[DocumentNumber, int, int]]:
    """Every number in running text, with where it begins and ends.

    ``text`` must have gone through ``latin``. What only looks like one (``120/kg``, dates) is
    left out, so a symbol in small letters is only found where it begins with a kind.
    """
    for found in _RUNNING.finditer(text):
        symbol = _trimmed(found["symbol"])
        number = _made(found, symbol) if symbol else None
        if number is not None:
            yield number, found.start(), found.start("symbol") + len(symbol)


def clean_symbol(symbol: str) -> str:
    """A symbol as printed, without the blanks and other marks that slip in."""
    symbol = _AROUND.sub(r"\1", latin(symbol).replace("_", "-"))
    return " ".join(symbol.split()).strip("-/. ")


def _made(found: re.Match[str], symbol: str) -> DocumentNumber | None:
    symbol, last, year = clean_symbol(symbol), found["last"] or "", found["year"] or ""
    if not symbol_key(symbol):
        return None
    if last and not 0 < int(last) - int(found["number"].partition(".")[0]) <= RANGE_MAX:
        if year or not re.fullmatch(_YEAR, last):
            return None
        last, year = "", last  # "28-2024/CT-TTg": no range, but a year behind a dash.
    return DocumentNumber(
        number=found["number"],
        symbol=symbol,
        suffix=(found["suffix"] or "").lower(),
        year=int(year) if year else None,
        last=last,
        is_party=bool(found["party"]),
    )


_GROUPS = re.compile(r"(\s*[-/_]\s*)")


def _trimmed(symbol: str) -> str:
    """The groups of a symbol that are some, in running text: words behind a dash are none."""
    symbol = _GLUED.sub("", symbol)
    parts = _GROUPS.split(symbol)
    first = parts[0].rstrip(".")
    if not (_is_group(first) or kind_of(first)):
        return ""
    kept = first
    for joint, group in zip(parts[1::2], parts[2::2], strict=True):
        is_small = first.islower() and len(joint) == 1 and group.rstrip(".").isalnum()
        if not is_small and not _is_group(group) and not group.isupper():
            break
        kept += joint + group.rstrip(".")
    return kept


def _is_group(group: str) -> bool:
    return sum(c.isupper() for c in group) >= 2  # noqa: PLR2004 -- "SNgV", not "Về".

"""What somebody looks for who types a number: every reading of it, the likeliest first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gateway.mail.day import find_days
from gateway.mail.kinds import kind_of, kinds_by_name
from gateway.mail.number import latin, number_key, parse, symbol_key
from gateway.mail.text import folded


class Series(StrEnum):
    """Which of the two numbers of a document is meant (article 15 and article 22)."""

    DOCUMENT = "document"
    """Số, ký hiệu: the issuer's own number."""
    ARRIVAL = "arrival"
    """Số đến: the number in our book of incoming documents."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One reading of what was typed. What is None or empty was not said."""

    series: Series
    number: str
    """Without leading zeros, as in ``DocumentNumber.key``: ``50``, ``66.19``."""
    last: str = ""
    suffix: str = ""
    """In capitals, as in the key; empty means "any": who asks for 50 sees 50a, too."""
    symbol: str = ""
    """As ``symbol_key`` gives it."""
    is_whole_symbol: bool = True
    """False: ``symbol`` is only how it begins, such as ``QD`` where "quyết định 50" was typed."""
    year: int | None = None
    day: date | None = None

    @property
    def key(self) -> str:
        """The key of a document with this number and symbol; a prefix of it, if not whole."""
        return f"{self.number}{self.suffix}/{self.symbol}"


_KINDS = "|".join(re.escape(name) for name in sorted(kinds_by_name(), key=len, reverse=True))
_KIND_NAME = re.compile(rf"\b(?:{_KINDS})\b")
_ASIDE = re.compile(rf"\b(?:so|ky hieu|vb|van ban|{_KINDS})\b[\s:.]*")
_ARRIVAL = re.compile(r"^(?:cong van den|van ban den|so den|den)\b[\s:.]*(?:so\b[\s:.]*)?")
_DAY_WORD = re.compile(r"\bng[aà]y\s*$", re.IGNORECASE)
_BARE = re.compile(
    r"(\d{1,6}(?:\.\d{1,3})?)([a-z])?(?:\s*-\s*(\d{1,6}))?(?:\s*(?:/|nam|\s)\s*((?:19|20)\d\d))?"
)
_YEAR_AFTER = re.compile(r"^(.*?[^\W\d_][^/]*?)[\s,]+(?:n[aă]m\s+)?((?:19|20)\d\d)$", re.IGNORECASE)
_KIND_FIRST = re.compile(r"([^\W\d_]{1,5})[\s.:]+(\d.*)")
WORDS_MAX = 4
"""Words of a symbol without dashes; more are a sentence that begins with a number."""
KIND_MAX = 4
"""Letters of the longest kind, ``TTLT``: ``50/QĐ`` is only how a symbol begins."""


def readings(text: str) -> tuple[Wanted, ...]:
    """All that a text may mean as a number; nothing where it is no number but words.

    Bare digits are both a document's number and an arrival number. A year said with it, or a
    date, narrows it down.
    """
    typed = " ".join(latin(text[:200]).split())
    day, rest = None, typed
    if said := next(find_days(typed), None):
        day, start, end = said
        rest = f"{_DAY_WORD.sub('', typed[:start])} {typed[end:]}".strip(" ,;")
    if (plain := _ARRIVAL.sub("", low := folded(rest))) != low:
        return _bare(plain, day, (Series.ARRIVAL,))
    kind = _kind_in(low)
    if bare := _bare(_ASIDE.sub("", low).strip(), day, tuple(Series), kind):
        return bare
    return _with_symbol(rest, day)


def _with_symbol(text: str, day: date | None) -> tuple[Wanted, ...]:
    year = None
    if after := _YEAR_AFTER.match(text):
        text, year = after[1], int(after[2])
    number = parse(_ASIDE_WORDS.sub("", text))
    if number is None:
        turned = _KIND_FIRST.fullmatch(text)
        if turned is None or kind_of(turned[1]) is None:
            return ()
        return _bare(folded(turned[2]), day, (Series.DOCUMENT,), symbol_key(turned[1]))
    if len(number.symbol.split()) > WORDS_MAX:
        return ()
    wanted = Wanted(
        series=Series.DOCUMENT,
        number=number_key(number.number),
        last=number.last,
        suffix=number.suffix.upper(),
        symbol=symbol_key(number.symbol),
        is_whole_symbol=kind_of(number.symbol) is None or len(number.symbol) > KIND_MAX,
        year=number.year or year,
        day=day,
    )
    return (wanted,)


_ASIDE_WORDS = re.compile(
    r"^(?:(?:công văn|quyết định|thông báo|kế hoạch|tờ trình|báo cáo|văn bản|số|so|cv|vb)[\s:.]+)+",
    re.IGNORECASE,
)


def _kind_in(low: str) -> str:
    """How the symbol of the kind that is named begins, where one is: ``QD``."""
    named = _KIND_NAME.search(low)
    if named is None:
        return ""
    key = kinds_by_name()[named[0]].key
    return "" if key == "CV" else symbol_key(key)


def _bare(
    plain: str, day: date | None, series: tuple[Series, ...], kind: str = ""
) -> tuple[Wanted, ...]:
    """Digits with nothing but a year or a letter."""
    found = _BARE.fullmatch(plain.strip(" .,:;"))
    if found is None:
        return ()
    number, suffix, last, year = found.groups()
    meant = (Series.DOCUMENT,) if kind or suffix or "." in number else series
    return tuple(
        Wanted(
            series=one,
            number=number_key(number),
            last=last or "",
            suffix=(suffix or "").upper(),
            symbol=kind,
            is_whole_symbol=False,
            year=int(year) if year else None,
            day=day,
        )
        for one in meant
    )

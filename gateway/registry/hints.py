"""What a mail says about the document it brings: its subject, its files' names, its text.

All of it is the sender's word and none of it is on the paper: three places, one witness.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.mail.number import DocumentNumber, find, latin, parse, symbol_key
from gateway.registry.said import Source


@dataclass(frozen=True, slots=True)
class Hint:
    """A number that somebody outside the document names; ``symbol`` may be missing."""

    digits: str
    """Without leading zeros, suffix behind it in lower case: ``3176b``."""
    symbol: str
    """``symbol_key`` of what was named; empty where only digits were."""
    number: DocumentNumber | None
    source: Source


_ENDING = re.compile(
    r"(?:\.(?:signed|sign|pdf|docx?|xlsx?|rtf|zip|edxml|xml|odt|scan))+$", re.IGNORECASE
)
_STEM = re.compile(
    r"^(?:[\W_]*(?:cv|vb|so|số|qd|qđ|công văn|cong van)[\W_]*)?0*(\d{1,5})([a-c])?(?=[\W_]|$)"
    r"[\W_]*([^\W\d_][\w&.\- ]*)?$",
    re.IGNORECASE,
)
BODY_MAX = 2_000
"""Characters of a mail's text that are looked at: what it brings is said at its beginning."""
_COPY = re.compile(r"\s*\(\d+\)$|[\s_-]+(?:final|ban chinh|signed|ky so|scan)$", re.IGNORECASE)


def in_subject(text: str, source: Source = Source.SUBJECT) -> tuple[Hint, ...]:
    """The number in a subject or a text, where it names exactly one; several are about others."""
    found = {number.key: number for number, _, _ in find(latin(text))}
    if len(found) != 1:
        return ()
    (number,) = found.values()
    return (_hint(number, source),)


def in_body(text: str) -> tuple[Hint, ...]:
    return in_subject(text[:BODY_MAX], Source.BODY)


def in_file_name(name: str) -> tuple[Hint, ...]:
    """The number at the beginning of a file's name: ``2005 syt ny.pdf``, ``50_QĐ-SNgV.pdf``."""
    stem = _ENDING.sub("", latin(name).strip())
    while (shorter := _COPY.sub("", stem)) != stem:
        stem = shorter
    spelt = re.sub(r"[_\s]+", " ", stem).strip()
    named = _STEM.match(spelt)
    if named is None:
        number = parse(spelt)
        return (_hint(number, Source.FILE_NAME),) if number else ()
    digits = f"{int(named[1])}{(named[2] or '').lower()}"
    return (Hint(digits, symbol_key(named[3] or ""), None, Source.FILE_NAME),)


def _hint(number: DocumentNumber, source: Source) -> Hint:
    digits = number.key.partition("/")[0].lower()
    return Hint(digits, symbol_key(number.symbol), number, source)


def is_same(hint: Hint, number: DocumentNumber) -> bool:
    """Whether a hint names this number, as far as it says anything."""
    digits = number.key.partition("/")[0].lower()
    if hint.digits != digits:
        return False
    return is_short_for(hint.symbol, symbol_key(number.symbol))


def is_short_for(named: str, symbol: str) -> bool:
    """``SYTNY`` names ``SYTNVY``: the same letters in the same order, a few left out, or all."""
    if named in {"", symbol}:
        return True
    at = 0
    for letter in symbol:
        if at < len(named) and named[at] == letter:
            at += 1
    return at == len(named) and len(named) * 2 >= len(symbol)

"""The addresses in a header field, read as mail programs read them (RFC 5322 3.4), in one pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from gateway.mail.address import NOBODY, Address
from gateway.mail.text import decode_words

ADDRESSES_MAX = 1000
"""Addresses read from one field."""

USUAL = 160
"""Longest text of which it is remembered who is in it."""

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PAREN = re.compile(r"\\.|[()]", re.DOTALL)
_TOKEN = re.compile(r"<[^<>]*>|[,;:]|[^\s\"<,;:()]+|\S")


@dataclass(slots=True)
class _Entry:
    words: list[str] = field(default_factory=list[str])
    angles: list[str] = field(default_factory=list[str])
    comments: list[str] = field(default_factory=list[str])

    def __bool__(self) -> bool:
        return bool(self.words or self.angles)


def read_mailboxes(text: str) -> tuple[tuple[str, Address], ...]:
    """Every mailbox in an unfolded, still encoded field value: (display name, address).

    Groups are opened, comments serve as a name where there is no other. What names nobody gives
    an address that is ``NOBODY``. Two addresses in brackets in one entry give two entries. Never
    an exception.
    """
    return _usual(text) if len(text) <= USUAL else _mailboxes(text)


def _mailboxes(text: str) -> tuple[tuple[str, Address], ...]:
    found: list[tuple[str, Address]] = []
    for entry in _entries(text):
        found += _read(entry)
        if len(found) >= ADDRESSES_MAX:
            break
    return tuple(found)


_usual = lru_cache(2048)(_mailboxes)
"""The same few people write and are written to all day."""


def _entries(text: str) -> Iterator[_Entry]:
    entry = _Entry()
    for kind, part in _tokens(text):
        if kind == "comment":
            entry.comments.append(part)
        elif kind == "quoted":
            entry.words.append(re.sub(r"\\(.)", r"\1", part[1:-1], flags=re.DOTALL))
        elif part in {",", ";"}:
            if entry:
                yield entry
            entry = _Entry()
        elif part == ":" and not entry.angles and not any("@" in w for w in entry.words):
            entry = _Entry()  # The name of a group; its members follow.
        elif len(part) > 1 and part[0] == "<":
            entry.angles.append(part)
        else:
            entry.words.append(part)
    if entry:
        yield entry


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """(kind, text); a quote or a bracket that never closes is a sign like any other."""
    at, size = 0, len(text)
    quotes_close = brackets_close = True
    while at < size:
        sign = text[at]
        if sign.isspace():
            at += 1
            continue
        if sign == '"' and quotes_close:
            quoted = _QUOTED.match(text, at)
            if quoted:
                at = quoted.end()
                yield "quoted", quoted[0]
                continue
            quotes_close = False
        if sign == "(" and brackets_close:
            end = _comment_end(text, at)
            if end:
                yield "comment", text[at + 1 : end - 1].strip()
                at = end
                continue
            brackets_close = False
        token = _TOKEN.match(text, at)
        assert token is not None, "\\S takes whatever is no blank"
        at = token.end()
        yield "", token[0]


def _comment_end(text: str, at: int) -> int:
    """Behind the bracket that closes the comment at ``at``; 0 if none does."""
    depth = 0
    for sign in _PAREN.finditer(text, at):
        if sign[0] == "(":
            depth += 1
        elif sign[0] == ")":
            depth -= 1
            if not depth:
                return sign.end()
    return 0


def _read(entry: _Entry) -> Iterator[tuple[str, Address]]:
    if entry.angles:
        name = decode_words(" ".join(entry.words)).strip()
        for angle in entry.angles:
            yield name or _comment(entry), _address(angle.strip("<>"))
        return
    bare = "".join(entry.words)
    address = _address(bare) if "@" in bare else NOBODY
    if not address and "@" in bare:  # Words before an address that has no brackets.
        at = next(i for i, word in enumerate(entry.words) if "@" in word)
        address = _address(entry.words[at])
    name = _comment(entry) if address else decode_words(" ".join(entry.words)).strip()
    yield name, address


def _comment(entry: _Entry) -> str:
    return decode_words(entry.comments[-1]).strip() if entry.comments else ""


def _address(text: str) -> Address:
    bare = text.rpartition(":")[2] if text.startswith("@") else text
    try:
        return Address.parse("".join(bare.split()))
    except ValueError:
        return NOBODY

"""What an admin writes to say "such as this": plain words, globs and regular expressions."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import re2  # type: ignore[import-untyped]

from gateway.mail.text import folded

Matcher: TypeAlias = Callable[[str], bool]

REGEX = "re:"
"""What follows is a regular expression for RE2, which takes linear time on any text."""


def check_pattern(text: str) -> str:
    """The pattern as it is; ValueError where it is none."""
    matcher(text)
    return text


@lru_cache(4096)
def matcher(pattern: str) -> Matcher:
    """How a pattern is asked.

    ``re:…`` searches with RE2, case aside, in the text as it stands. Anything else is a glob
    (``*``, ``?``) over the whole text, with accents, case and look-alikes aside, so that
    ``*khan*`` finds ``KHẨN``.
    """
    if pattern.startswith(REGEX):
        options = re2.Options()
        options.log_errors = False
        options.case_sensitive = False
        try:
            found = re2.compile(pattern.removeprefix(REGEX), options)
        except re2.error as error:
            what = error.args[0] if error.args else ""
            told = what.decode() if isinstance(what, bytes) else str(what)
            raise ValueError(f"not a regular expression: {told}") from None
        return lambda text: found.search(text) is not None
    plain = folded(pattern)
    if not plain:
        raise ValueError("an empty pattern matches nothing; leave the key out")
    if not set(plain) & set("*?["):
        return lambda text: folded(text) == plain
    if plain.startswith("*") and plain.endswith("*") and not set(plain[1:-1]) & set("*?["):
        return lambda text: plain[1:-1] in folded(text)
    glob = re.compile(fnmatch.translate(plain))  # No quantifier within another: linear enough.
    return lambda text: glob.match(folded(text)) is not None


def any_match(patterns: tuple[str, ...], texts: tuple[str, ...]) -> str | None:
    """The first text that one of the patterns finds; None if none does."""
    for pattern in patterns:
        asks = matcher(pattern)
        for text in texts:
            if asks(text):
                return text
    return None

"""What people read, in their language: gettext catalogues, chosen for the task at hand.

The words in the code are English; ``gateway/locale/<language>/LC_MESSAGES/vanthu.po`` has the
others. ``make words`` gathers what is new and makes the ``.mo`` files, which are kept beside them
so that an installation needs no tool.
"""

from __future__ import annotations

import gettext
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

LANGUAGES = ("vi", "en")
LOCALE = Path(__file__).parents[1] / "locale"

_language: ContextVar[str] = ContextVar("language", default="en")


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("vanthu", LOCALE, [language], fallback=True)


def tr(text: str, /, **values: object) -> str:
    """The text in the present language, with ``{name}`` filled in from ``values``."""
    said = _catalogue(_language.get()).gettext(text)
    return said.format(**values) if values else said


def trn(one: str, many: str, n: int, /, **values: object) -> str:
    """As ``tr``, for a number of things; ``{n}`` is the number."""
    return _catalogue(_language.get()).ngettext(one, many, n).format(n=n, **values)


def later(text: str) -> str:
    """Marks a text for the catalogue that ``tr`` will be asked for when somebody reads it.

    One with ``{name}`` in it is filled in and written down in English, such as what a filter says
    of a message; ``retold`` knows it again.
    """
    if "{" in text:
        _templates[text] = None
    return text


_templates: dict[str, re.Pattern[str] | None] = {}
_FIELD = re.compile(r"{(\w+)}")
_LITERAL_MIN = 8
"""A template of fewer letters of its own could be anything's."""


def retold(text: str) -> str:
    """What was written down in English from ``later`` texts, in the present language.

    Several of them with ``; `` between are told one by one; what is known of none stays as it is.
    """
    if language() == "en" or not text:
        return text
    for template in sorted(_templates, key=len, reverse=True):
        found = _pattern(template).fullmatch(text)
        if found is not None:
            return tr(template, **found.groupdict())
    pieces = text.split("; ")
    return "; ".join(map(retold, pieces)) if len(pieces) > 1 else tr(text)


def _pattern(template: str) -> re.Pattern[str]:
    known = _templates[template]
    if known is None:
        literal, seen, source = 0, set[str](), ""
        for n, part in enumerate(_FIELD.split(template)):
            if n % 2 == 0:
                literal, source = literal + len(part.strip()), source + re.escape(part)
            else:
                source += f"(?P={part})" if part in seen else f"(?P<{part}>.*?)"
                seen.add(part)
        known = re.compile(source if literal >= _LITERAL_MIN else r"(?!)", re.DOTALL)
        _templates[template] = known
    return known


def language() -> str:
    """The present language: ``vi`` or ``en``."""
    return _language.get()


def speak(language: str) -> None:
    """Use this language from now on, in this thread or task. An unknown one is English."""
    _language.set(language if language in LANGUAGES else "en")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Use this language within a ``with``: a notice to one person in his own."""
    before = _language.set(language if language in LANGUAGES else "en")
    try:
        yield
    finally:
        _language.reset(before)


def of_environment(otherwise: str = "en") -> str:
    """The language a terminal asks for (``VANTHU_LANG``, then LC_ALL, LC_MESSAGES, LANG)."""
    for name in ("VANTHU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")[:2].lower()
        if value in LANGUAGES:
            return value
    return otherwise

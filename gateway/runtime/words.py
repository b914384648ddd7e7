"""What people read, in their language: gettext catalogues, chosen for the task at hand.

The words in the code are English; ``gateway/locale/<language>/LC_MESSAGES/vanthu.po`` has the
others. ``make words`` gathers what is new and makes the ``.mo`` files, which are kept beside them
so that an installation needs no tool.
"""

from __future__ import annotations

import gettext
import os
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
    """Marks a text for the catalogue that ``tr`` will be asked for when somebody reads it."""
    return text


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

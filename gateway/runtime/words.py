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
    return text


_FIELD = re.compile(r"{(\w+)}")
_FILLED = "(?:(?!; ).)*?"
"""What stands in a field: several texts with ``; `` between are never one."""
_LITERAL_MIN = 8
"""A template of fewer letters of its own could be anything's."""


def retold(text: str) -> str:
    """What was written down in English from ``later`` texts, in the present language.

    Several of them with ``; `` between are told one by one; what is known of none stays as it is.
    """
    if language() == "en" or not text:
        return text
    for template, pieces in _templates(language()):
        if all(piece in text for piece in pieces):
            found = _pattern(template).fullmatch(text)
            if found is not None:
                return tr(template, **{k: _inner(v) for k, v in found.groupdict().items()})
    parts = text.split("; ")
    return "; ".join(map(retold, parts)) if len(parts) > 1 else tr(text)


def _inner(value: str) -> str:
    """What fills a field may be such a text, too; a word by itself is somebody's name."""
    return retold(value) if " " in value else value


@cache
def _templates(language: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The texts of a catalogue with fields in them, the longest first, and what stands between.

    Of the catalogue, not of the code: who tells it has not loaded the filter that said it.
    """
    known = getattr(_catalogue(language), "_catalog", {})  # gettext has no public way to list it.
    texts = [text for text in known if isinstance(text, str) and _FIELD.search(text)]
    split = [(text, tuple(_FIELD.split(text)[::2])) for text in texts]
    told = [(t, bits) for t, bits in split if sum(len(b.strip()) for b in bits) >= _LITERAL_MIN]
    return tuple(sorted(told, key=lambda one: len(one[0]), reverse=True))


@cache
def _pattern(template: str) -> re.Pattern[str]:
    source, seen = "", set[str]()
    for n, part in enumerate(_FIELD.split(template)):
        if n % 2 == 0:
            source += re.escape(part)
        else:
            source += f"(?P={part})" if part in seen else f"(?P<{part}>{_FILLED})"
            seen.add(part)
    return re.compile(source, re.DOTALL)


def language() -> str:
    """The present language: ``vi`` or ``en``."""
    return _language.get()


def speak(language: str) -> None:
    """Use this language from now on, in this thread or task. An unknown one is English."""
    _language.set(language if language in LANGUAGES else "en")


def speak_everywhere(language: str) -> None:
    """As ``speak``, and so that the standard library's own texts (argparse) come from here, too."""
    speak(language)
    os.environ["LANGUAGE"] = _language.get()
    gettext.bindtextdomain("vanthu", str(LOCALE))
    gettext.textdomain("vanthu")


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

"""Content-Type and its like, value and parameters, read as strictly as can be and said how."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from gateway.mail.text import decode_words, to_text
from gateway.runtime.words import later

VALUE_MAX = 16 * 1024
"""Longest value that is read; a longer one is called ambiguous."""
PARAMETERS_MAX = 200

_VALUE = re.compile(r"\s*([^\s;()\"]+(?:\s*/\s*[^\s;()\",]+)?)")
_TYPE = re.compile(r"[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+/[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+")
_PARAMETER = re.compile(
    r"[;\s]*(?P<name>[^\s=;\"]+)\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<token>[^;]*))",
    re.DOTALL,
)
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_CONTINUED = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")


@dataclass(slots=True)
class Valued:
    """One field: its value in lower case, its parameters, and what was odd about them."""

    value: str = ""
    parameters: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Name to all its readings, the most likely first."""
    doubts: tuple[str, ...] = ()

    def get(self, name: str) -> str:
        readings = self.parameters.get(name)
        return readings[0] if readings else ""


NONE = Valued()


def read_valued(raw: bytes) -> Valued:
    """``multipart/mixed; boundary="x"`` and its like. Never an exception, linear time."""
    if len(raw) > VALUE_MAX:
        return Valued(doubts=("a Content- field too long to read",))
    return _read(bytes(raw))


@lru_cache(512)
def _read(raw: bytes) -> Valued:
    text = " ".join(to_text(raw).split())
    doubts: list[str] = []
    bare = _without_comments(text) if "(" in text else text
    first = _VALUE.match(bare)
    value = first[1].lower() if first else ""
    rest = bare[first.end() :] if first else bare
    if "/" in text and not _TYPE.fullmatch(value) and "boundary" in text.lower():
        doubts.append(later("a Content-Type that cannot be read"))
        value = value.replace(" ", "")
    if rest.strip() and not rest.lstrip().startswith(";") and "boundary" in rest.lower():
        doubts.append(later("text between a type and its parameters"))
    if bare != text and "boundary" in text.lower():
        doubts.append(later("a comment in a field with a boundary"))
    return Valued(value, _parameters(rest), tuple(doubts))


def _without_comments(text: str) -> str:
    """Comments outside of quotes taken out; what is nested is left to be odd."""
    pieces = re.split(r'("(?:[^"\\]|\\.)*")', text)
    return "".join(p if p.startswith('"') else _COMMENT.sub(" ", p) for p in pieces)


def _parameters(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    runs: dict[str, dict[int, tuple[str, bool]]] = {}
    for count, parameter in enumerate(_PARAMETER.finditer(text)):
        if count >= PARAMETERS_MAX:
            break
        name = parameter["name"].lower()
        plain = parameter["quoted"] is None
        value = parameter["token"].strip() if plain else _unescaped(parameter["quoted"])
        continued = _CONTINUED.fullmatch(name)
        if continued and (continued[2] or continued[3]):
            run = runs.setdefault(continued[1], {})
            run.setdefault(int(continued[2] or 0), (value, bool(continued[3])))
            continue
        readings = found.setdefault(name, [])
        readings.append(decode_words(value))
        if plain and " " in value:  # An unquoted value ends at the blank, says the RFC.
            readings.append(value.partition(" ")[0])
        if not plain and "\\" in parameter["quoted"]:
            readings.append(parameter["quoted"])
    for name, run in runs.items():
        found.setdefault(name, []).insert(0, _joined(run))
    return {name: tuple(dict.fromkeys(readings)) for name, readings in found.items()}


def _unescaped(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted) if "\\" in quoted else quoted


def _joined(run: dict[int, tuple[str, bool]]) -> str:
    """The pieces of one parameter in order (RFC 2231 3 and 4)."""
    charset, data = "", bytearray()
    for number in sorted(run):
        text, is_encoded = run[number]
        if is_encoded and not data and text.count("'") >= 2:  # noqa: PLR2004 -- charset'language'text
            charset, _, text = text.split("'", 2)
        data += unquote_to_bytes(text) if is_encoded else text.encode("utf-8", "surrogatepass")
    return to_text(bytes(data), charset)

"""HTML as the text that it shows."""

from __future__ import annotations

import re
from html import unescape

_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h\d)\b[^<>]*>", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(
    r"<(?:style|script)\b.*?</(?:style|script)\s*>|<[^<>]*>", re.DOTALL | re.IGNORECASE
)


def plain(html: str) -> str:
    """HTML as lines; cells are parted by tabs, what is not shown is left out."""
    html = _BREAK.sub("\n", _CELL.sub("\t", html.replace("\r", "").replace("\n", " ")))
    return unescape(_TAG.sub("", html)).replace("\u00a0", " ")

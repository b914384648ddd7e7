"""Text in the form in which disguised words are the same: for smelling, never for showing."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e007f"
)
_ACCENTS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
_DROPPED = re.compile(f"[{_UNSEEN}{_ACCENTS}]+")
_WITHIN = re.compile(f"[{_UNSEEN}]+(?=[^\\W\\d_])")
"""Invisible signs before a letter."""
_OTHERS = re.compile("[^\x00-\x7f]+")
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁԛԝһүѵӏьɡɩοανρτυικıℓð" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТУХІЈЅЬӀÐ" + "‘’“”‐‑‒–—−đĐ",
    "aeopcyxijsdqwhyvlbgioavptuikild" + "ABEZHIKMNOPTYXABEKMHOPCTYXIJSbID" + "''\"\"------dD",
)
_FOREIGN = re.compile("[Ѐ-ӿͰ-Ͽ]")
_MIXED = re.compile("[a-z][Ѐ-ӿͰ-Ͽ]|[Ѐ-ӿͰ-Ͽ][a-z]", re.IGNORECASE)


def fold(text: str) -> str:
    """Lower case, no accents, no invisible signs, look-alikes as Latin letters.

    ``mail.text.folded`` does the same for names, letter by letter; this one is for pages of text
    and five times as fast, and keeps line ends and blanks.
    """
    if text.isascii():
        return text.lower()
    text = _DROPPED.sub("", unicodedata.normalize("NFKD", text))
    if not text.isascii():  # Only there: translating is slow.
        text = _OTHERS.sub(lambda found: found[0].translate(_LOOKALIKES), text)
    return text.lower()


def disguises(text: str) -> tuple[str, ...]:
    """What was done to the text that honest writers do not do: words for the nose to learn."""
    if text.isascii():
        return ()
    found: list[str] = []
    befores = (sign.start() - 1 for sign in _WITHIN.finditer(text))
    inside = sum(at >= 0 and text[at].isalpha() for at in befores)
    if inside:
        found.append("invisible-in-word")
    if inside > 5:  # noqa: PLR2004  # Soft hyphens come singly; a disguise comes in every word.
        found.append("invisible-in-many-words")
    if _FOREIGN.search(text) and _MIXED.search(text):
        found.append("mixed-scripts-in-word")
    return tuple(found)

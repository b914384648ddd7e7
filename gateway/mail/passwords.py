"""Passwords that a text gives away: the word, what parts it from the rest, and what looks like one.

Most mail in which the word stands tells nothing: that one has run out, must be changed, is asked
for. So what follows the word must look like a password, or stand alone behind it next to a line
that names an account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.mail.text import folded

SECRET_MIN, SECRET_MAX = 4, 64
DIGITS_MIN = 6
"""Digits alone are taken for a password from so many on: fewer are a time, a count, a year."""
NEAR_LINES = 3
"""Lines around one with a password in which the account is named."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A place where a password stands."""

    word: str
    """What it was called there: ``mật khẩu``, ``password``."""
    shown: str
    """Its first letter and its length; never itself."""


_WORD = (
    r"(?P<word>m[aậ]t\s*kh[aẩ]u|m[aậ]t\s*m[aã](?=\s*[:=])|pass\s?words?|pass(?=\s*[:=])|passwd"
    r"|p/?w(?=\s*[:=])|pwd|mk(?=\s*[:=])|passphrase|passcode|pin(?=\s*[:=]))"
)
_GIVEN = re.compile(
    rf"(?<![\w/?&.=\-]){_WORD}(?P<about>(?:[ \t]+[^\s:=]{{1,14}}){{0,4}}?)[ \t]*"
    r"(?P<joint>[:=]|[ \t](?:là|la|is)(?=[ \t:]))[ \t:=]*(?P<rest>[^\n]{1,120})",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"\b(?:t[aà]i\s*kho[aả]n|t[eê]n\s*(?:đ[aă]ng\s*nh[aậ]p|truy\s*c[aậ]p|ng[uư][oờ]i\s*d[uù]ng)"
    r"|user\s?(?:name|id)?|login|account|e-?mail|đ[aă]ng\s*nh[aậ]p|tk)\b[^\n:=]{0,24}[:=]\s*\S",
    re.IGNORECASE,
)
_QUOTES = "\"'“”‘’`«»()[]<>*"
_PLACEHOLDER = re.compile(
    r"^(?:[*x•.…_\-#?]+|<.*>|\[.*\]|\{.*\}|%\w+%|\$\w+)$|^(?:your|my|new|old|the|n/?a|none|null)\b",
    re.IGNORECASE,
)
_DATE_OR_TIME = re.compile(
    r"^\d{1,4}[/.:\-]\d{1,2}(?:[/.:\-]\d{1,4})?$|^\d{1,2}h\d{0,2}$|^\w*/\d{4}\b", re.IGNORECASE
)
_LINK = re.compile(r"^(?:https?:|www\.|mailto:)|^[\w.+\-]+@[\w\-]+\.[\w.]+$", re.IGNORECASE)


def given_away(text: str) -> Iterator[Leak]:
    """Every password in a text; the same one once."""
    lines = text.split("\n")
    told: set[str] = set()
    for at, line in enumerate(lines):
        for found in _GIVEN.finditer(line):
            near = "\n".join(lines[max(0, at - NEAR_LINES) : at + NEAR_LINES + 1])
            secret = _secret(found["rest"], has_account=bool(_ACCOUNT.search(near)))
            if secret and secret not in told and not _is_about(found):
                told.add(secret)
                yield Leak(" ".join(found["word"].split()), f"{secret[0]}… ({len(secret)})")


def _secret(rest: str, *, has_account: bool) -> str:
    """What stands behind the word, if it is a password."""
    word, _, more = rest.strip().partition(" ")
    bare = word.strip(_QUOTES).rstrip(",;").removesuffix(".").strip(_QUOTES)
    if not SECRET_MIN <= len(bare) <= SECRET_MAX or _is_none(bare):
        return ""
    kinds = sum(
        (
            any(c.isdigit() for c in bare),
            any(c.islower() for c in bare),
            any(c.isupper() for c in bare[1:]),
            any(not c.isalnum() and c not in "-'’" for c in bare),
        )
    )
    if bare.isdigit():
        return bare if len(bare) >= DIGITS_MIN or (has_account and not more.strip()) else ""
    if kinds > 1 and bare.isascii() and not _is_plain(bare):
        return bare
    is_alone = not more.strip() or more.strip()[0] in "(;,./|-"
    return bare if has_account and is_alone and bare.isascii() and not _is_plain(bare) else ""


def _is_none(bare: str) -> bool:
    """A date, a link, a path, a row of asterisks, a word in brackets that stands for one."""
    if not bare.isprintable() or bare.startswith(("/", "%", "\\")) or "\\n" in bare:
        return True
    is_row = len(set(bare)) == 1 and not bare.isdigit()
    return is_row or any(p.match(bare) for p in (_PLACEHOLDER, _DATE_OR_TIME, _LINK))


_PLAIN = frozenset(
    """required optional expired incorrect invalid reset change changed protected forgotten hidden
    secret confidential none same below above here attached sent separately unknown trong theo khong
    nhu tren duoi rieng qua""".split()  # noqa: SIM905 -- a list of words.
)


def _is_plain(word: str) -> bool:
    """A word of a sentence, a number of a document, a unit of measure."""
    low = folded(word).strip(".,;:!?")
    return low in _PLAIN or bool(re.fullmatch(r"[a-z]+(?:[/\-][a-z]+)*", low) and "/" in low)


_ABOUT = re.compile(
    r"\b(?:khong|chua|can|phai|quen|doi|het han|dat lai|nhap|bao mat|yeu cau|moi nguoi|toi thieu"
    r"|it nhat|do dai|chinh sach|quy dinh|must|should|forgot|change|reset|policy|length|at least)\b"
)


def _is_about(found: re.Match[str]) -> bool:
    """Whether the words between say that something is to be done with one, not what it is."""
    return bool(_ABOUT.search(folded(found["about"])))

"""Decision codes and approval tags: how they are made, read in any spelling, and taken out again.

Crockford's base32 is used throughout: no letter is taken for another, case does not matter, and
blanks and hyphens may stand anywhere. What is stored is the hash of a code, never the code.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECKS = ALPHABET + "*~$=U"
"""Check symbols: the value modulo 37, by Crockford's page."""

FOR_THE_DESK = "for the approval desk"
"""Why a mail to the desk was kept and not delivered; by this its arrival is known."""

_LOOK_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}

Random: TypeAlias = Callable[[int], bytes]
"""Gives that many random bytes: ``secrets.token_bytes``."""

Verb: TypeAlias = Literal["approve", "refuse", "answer", "withdraw"]
"""``answer``: its owner says in words what he decides."""

Kind: TypeAlias = Literal["decision", "draft", "desk"]

DRAFTS = "trinhduyet"
"""Local part: drafts that shall be approved before they are sent."""
DESK = "pheduyet"
"""Local part: who the desk's own mails are from; mail to it is answered with help."""

DECISION_LENGTH = 26
"""Symbols in a decision code: 130 bits, of which 128 are random."""

TAG_LENGTH = 10
"""Symbols in an approval tag before its check symbol: 50 bits, worthless without a login."""

LOCAL_PARTS: dict[str, Verb] = {
    "duyet": "approve",
    "approve": "approve",
    "tuchoi": "refuse",
    "refuse": "refuse",
    "traloi": "answer",
    "answer": "answer",
    "rut": "withdraw",
    "withdraw": "withdraw",
}

_VERBS = "duyet|approve|tuchoi|refuse|traloi|answer|rut|withdraw"
_DECISION = re.compile(rf"({_VERBS})-([0-9a-z-]{{26,40}})", re.IGNORECASE)
_LEAKED = re.compile(rf"\b(?:{_VERBS})-[0-9a-z]{{26}}(?:@[0-9a-z.-]+)?", re.IGNORECASE)
_LEAKED_BYTES = re.compile(_LEAKED.pattern.encode(), re.IGNORECASE)
_TAG = re.compile(r"\[\s*PD[\s:]+([0-9A-Za-z][0-9A-Za-z\s\-‐-―*~$=]{8,30}?)\s*\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Decision:
    """A verb and a code, as they stood in a recipient's address."""

    verb: Verb
    code: str


def new_decision_code(random: Random) -> str:
    """A code that nobody guesses, in lower case so that it reads well in an address."""
    number = int.from_bytes(random(16), "big")
    return _encoded(number, DECISION_LENGTH).lower()


def new_tag(random: Random) -> str:
    """A tag such as ``7K3F-9QXM-2V4``: ten symbols and one that checks them."""
    number = int.from_bytes(random(7), "big") % 32**TAG_LENGTH
    return grouped(_encoded(number, TAG_LENGTH) + _check(number))


def grouped(symbols: str) -> str:
    """``7K3F9QXM2V4`` as ``7K3F-9QXM-2V4``."""
    return "-".join(symbols[at : at + 4] for at in range(0, len(symbols), 4))


def normal_tag(text: str) -> str | None:
    """The one spelling of a tag however it was typed; None if it is none or mistyped."""
    bare = re.sub(r"[\s\-‐-―]", "", text).upper()
    if len(bare) != TAG_LENGTH + 1:
        return None
    symbols, check = bare[:-1].translate(_LOOK_ALIKE), bare[-1]
    if check not in CHECKS:
        check = check.translate(_LOOK_ALIKE)
    if any(symbol not in _VALUE for symbol in symbols):
        return None
    number = 0
    for symbol in symbols:
        number = number * 32 + _VALUE[symbol]
    return grouped(symbols + check) if _check(number) == check else None


def hashed(code: str) -> str:
    """What is kept of a code: SHA-256 over its normal spelling, in hexadecimal."""
    bare = re.sub(r"[\s\-]", "", code).upper().translate(_LOOK_ALIKE)
    return hashlib.sha256(bare.encode()).hexdigest()


def decision_in(local_part: str) -> Decision | None:
    """Read ``duyet-7k3f…`` or ``tuchoi-7k3f…``; None if this is no address of a decision."""
    found = _DECISION.fullmatch(local_part)
    if not found:
        return None
    code = found[2].replace("-", "").upper().translate(_LOOK_ALIKE)
    if len(code) != DECISION_LENGTH or any(symbol not in _VALUE for symbol in code):
        return None
    return Decision(LOCAL_PARTS[found[1].lower()], code.lower())


def desk_kind(local_part: str) -> Kind | None:
    """What an address at the desk's domain is for; None if it is none of the desk's."""
    plain = local_part.lower()
    if plain in {DRAFTS, DESK}:
        return "draft" if plain == DRAFTS else "desk"
    return "decision" if _DECISION.fullmatch(plain) else None


def tags_in(subject: str) -> tuple[str, ...]:
    """Every well-formed tag in a decoded subject, in the normal spelling."""
    tags = (normal_tag(found[1]) for found in _TAG.finditer(subject))
    return tuple(tag for tag in tags if tag)


def without_tags(subject: str) -> str:
    """The decoded subject without anything that looks like a tag, mistyped ones too."""
    return " ".join(_TAG.sub(" ", subject).split())


def bears_tag(subject: str) -> bool:
    """Whether there is anything to take out."""
    return bool(_TAG.search(subject))


def bears_code(text: str | bytes) -> bool:
    """Whether a decision code stands in it, a good one or not."""
    return bool((_LEAKED_BYTES if isinstance(text, bytes) else _LEAKED).search(text))  # type: ignore[arg-type]


def without_codes(text: str) -> str:
    """A field's value without anything that looks like a decision code or its address."""
    return _LEAKED.sub("", text)


def _encoded(number: int, length: int) -> str:
    symbols = []
    for _ in range(length):
        number, value = divmod(number, 32)
        symbols.append(ALPHABET[value])
    return "".join(reversed(symbols))


def _check(number: int) -> str:
    return CHECKS[number % 37]

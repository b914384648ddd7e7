"""An SPF record, read into terms (RFC 7208 4.6.1, 5, 6, 7.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

from gateway.mail.origin import Word

QUALIFIERS = {"+": Word.PASS, "-": Word.FAIL, "~": Word.SOFTFAIL, "?": Word.NEUTRAL}
RECORD_MAX = 8192
"""Characters; real records have a few hundred."""

_TOKEN = re.compile(
    r"%\{(?P<letter>[slodiphcrtv])(?P<digits>\d*)(?P<reverse>r?)(?P<signs>[.\-+,/_=]*)\}"
    r"|(?P<escape>%[%_-])|(?P<text>[\x21-\x24\x26-\x7e]+)",
    re.IGNORECASE,
)
_ESCAPES = {"%%": "%", "%_": " ", "%-": "%20"}
_TOP = re.compile(r"\.(?:[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9])\.?\Z", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9\-_.]*)=(.*)\Z", re.IGNORECASE)
_MECHANISM = re.compile(r"([+\-?~]?)([a-z][a-z0-9\-_.]*)(.*)\Z", re.IGNORECASE)
_LENGTHS = re.compile(r"(?:/(0|[1-9]\d?))?(?://(0|[1-9]\d{0,2}))?\Z")
_NET4 = re.compile(r"[0-9]+(?:\.[0-9]+){3}(?:/(?:0|[1-9][0-9]?))?\Z")
_NET6 = re.compile(r"[0-9a-f:.]+(?:/(?:0|[1-9][0-9]{0,2}))?\Z", re.IGNORECASE)
_V4_BITS, _V6_BITS = 32, 128


class BadRecord(Exception):
    """The record cannot be understood: permerror."""


@dataclass(frozen=True, slots=True)
class Macro:
    """``%{ir.}`` and its like."""

    letter: str
    keep: int
    """How many parts from the right; 0 for all."""
    is_reversed: bool
    signs: str
    is_escaped: bool


Template: TypeAlias = tuple[str | Macro, ...]
"""Text with macros in it."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One directive: what it matches and what a match means."""

    kind: str
    result: Word
    written: str
    domain: Template = ()
    """Empty for the domain that is being checked."""
    bits4: int = _V4_BITS
    bits6: int = _V6_BITS
    network: IPv4Network | IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class Record:
    mechanisms: tuple[Mechanism, ...]
    redirect: Template = ()
    exp: Template = ()


@lru_cache(maxsize=4096)
def parse(text: str) -> Record:
    """Read a record that begins with ``v=spf1``. BadRecord, whatever is wrong and wherever."""
    if not text.isascii() or len(text) > RECORD_MAX:
        raise BadRecord("the record is too long or not ASCII")
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, Template] = {}
    for term in filter(None, text.split(" ")[1:]):
        if modifier := _MODIFIER.match(term):
            _read_modifier(modifier[1].lower(), modifier[2], modifiers)
        else:
            mechanisms.append(_mechanism(term))
    return Record(tuple(mechanisms), modifiers.get("redirect", ()), modifiers.get("exp", ()))


def _read_modifier(name: str, value: str, known: dict[str, Template]) -> None:
    if name not in {"redirect", "exp"}:
        template(value)  # RFC 7208 6: unknown ones are ignored, but must be well-formed.
        return
    if name in known:
        raise BadRecord(f"{name}= stands there twice")
    known[name] = _domain(value)


def _mechanism(term: str) -> Mechanism:
    read = _MECHANISM.match(term)
    if read is None:
        raise BadRecord(f"cannot read {term[:80]!r}")
    result, kind, rest = QUALIFIERS[read[1] or "+"], read[2].lower(), read[3]
    match kind:
        case "all" if not rest:
            return Mechanism(kind, result, term)
        case "ip4" | "ip6" if rest.startswith(":"):
            return Mechanism(kind, result, term, network=_network(kind, rest[1:]))
        case "include" | "exists" if rest.startswith(":"):
            return Mechanism(kind, result, term, _domain(rest[1:]))
        case "ptr" if not rest or rest.startswith(":"):
            return Mechanism(kind, result, term, _domain(rest[1:]) if rest else ())
        case "a" | "mx":
            return _addresses(kind, result, term, rest)
        case _:
            raise BadRecord(f"there is no mechanism {term[:80]!r}")


def _addresses(kind: str, result: Word, term: str, rest: str) -> Mechanism:
    lengths = _LENGTHS.search(rest)
    assert lengths is not None  # It matches the empty end.
    bits4 = int(lengths[1]) if lengths[1] else _V4_BITS
    bits6 = int(lengths[2]) if lengths[2] else _V6_BITS
    spec = rest[: lengths.start()]
    if bits4 > _V4_BITS or bits6 > _V6_BITS or (spec and not spec.startswith(":")):
        raise BadRecord(f"cannot read {term[:80]!r}")
    return Mechanism(kind, result, term, _domain(spec[1:]) if spec else (), bits4, bits6)


def _network(kind: str, text: str) -> IPv4Network | IPv6Network:
    try:
        if kind == "ip4" and _NET4.match(text):
            return IPv4Network(text, strict=False)
        if kind == "ip6" and _NET6.match(text):
            return IPv6Network(text, strict=False)
    except ValueError:
        pass
    raise BadRecord(f"not a network: {kind}:{text[:80]}")


def _domain(text: str) -> Template:
    """A domain-spec: a macro string that ends in a macro or in a top label (RFC 7208 7.1)."""
    read = template(text)
    if not read or (isinstance(read[-1], str) and not _ends_well(text, read)):
        raise BadRecord(f"not a domain: {text[:80]!r}")
    if any(isinstance(part, Macro) and part.letter in "crt" for part in read):
        raise BadRecord(f"%{{c}}, %{{r}} and %{{t}} are for explanations alone: {text[:80]!r}")
    return read


def _ends_well(text: str, read: Template) -> bool:
    last = read[-1]
    if text.endswith(tuple(_ESCAPES)):
        return True
    return isinstance(last, str) and _TOP.search(last) is not None


def template(text: str) -> Template:
    """Read a macro string; BadRecord where a per cent sign stands for nothing."""
    parts: list[str | Macro] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise BadRecord(f"cannot read {text[at : at + 20]!r} in {text[:80]!r}")
        at = found.end()
        if found["letter"]:
            parts.append(_macro(found))
        else:
            literal = found["text"] or _ESCAPES[found["escape"]]
            if parts and isinstance(parts[-1], str):
                literal = parts.pop() + literal  # type: ignore[operator] # Just seen to be text.
            parts.append(literal)
    return tuple(parts)


def _macro(found: re.Match[str]) -> Macro:
    digits = found["digits"]
    if digits and not digits.strip("0"):
        raise BadRecord(f"zero parts of a name: {found[0]}")
    letter = found["letter"]
    return Macro(
        letter.lower(),
        int(digits[-6:]) if digits else 0,
        bool(found["reverse"]),
        found["signs"] or ".",
        letter.isupper(),
    )

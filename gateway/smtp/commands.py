"""MAIL and RCPT lines, read strictly. Whatever two servers could read differently is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.mail.address import NOBODY, Address, BadAddress

_LINE = re.compile(rb" ?<([^<>]*)>(?: +(.*))?", re.DOTALL)
_PARAMETER = re.compile(rb"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\x80-\xff]+))?")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")


class BadCommand(Exception):
    """The line is not in order; the text is the whole reply."""


@dataclass(frozen=True, slots=True)
class Path:
    """An address as it stood in MAIL or RCPT, with its parameters (upper-case names)."""

    address: Address
    parameters: Mapping[str, str]


def read_path(rest: bytes, *, utf8: bool, null: bool) -> Path:
    """Read what stands behind ``MAIL FROM:`` or ``RCPT TO:``. BadCommand says what is wrong."""
    found = _LINE.fullmatch(rest)
    if not found:
        raise BadCommand("501 5.5.4 Syntax: an address in angle brackets, then parameters")
    try:
        text = found[1].decode("utf-8" if utf8 else "ascii")
    except UnicodeDecodeError:
        raise BadCommand(
            "553 5.6.7 An address with other than ASCII letters needs SMTPUTF8"
        ) from None
    parameters = _parameters(found[2] or b"")
    if not text and null:
        return Path(NOBODY, parameters)
    try:
        return Path(Address.parse_path(text, utf8=utf8), parameters)
    except BadAddress as error:
        raise BadCommand(
            f"553 {error.status} The address is not in order: {_ascii(error)}"
        ) from None


def _ascii(error: BadAddress) -> str:
    return str(error).encode("ascii", "replace").decode()[:200]


def is_routed(address: Address) -> bool:
    """Whether the local part hides another destination: percent hack, bang path, quoted @."""
    return any(mark in address.local for mark in "%!@")


def xtext(value: str) -> str:
    """Decode RFC 3461 4. ValueError on control characters."""
    text = _XTEXT.sub(lambda m: chr(int(m[1], 16)), value)
    if not text.isprintable():
        raise ValueError("control character in xtext")
    return text


def _parameters(data: bytes) -> dict[str, str]:
    known: dict[str, str] = {}
    for word in data.split():
        found = _PARAMETER.fullmatch(word)
        if not found or (name := found[1].decode().upper()) in known:
            raise BadCommand("501 5.5.4 A parameter is not in order")
        known[name] = (found[2] or b"").decode("utf-8", "replace")
    return known

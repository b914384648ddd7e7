"""MAIL and RCPT lines, read strictly. Whatever two servers could read differently is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.mail.address import NOBODY, Address, BadAddress
from gateway.mail.session import Transaction

_LINE = re.compile(rb" ?<([^<>]*)>(?: +(.*))?", re.DOTALL)
_PARAMETER = re.compile(rb"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\x80-\xff]+))?")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")


NOTIFY = frozenset({"NEVER", "SUCCESS", "FAILURE", "DELAY"})
SIZE_DIGITS = 20
"""RFC 1870 3."""


class BadCommand(Exception):
    """The line is not in order; the text is the whole reply."""


@dataclass(frozen=True, slots=True)
class Path:
    """An address as it stood in MAIL or RCPT, with its parameters (upper-case names)."""

    address: Address
    parameters: Mapping[str, str]


def read_sender(rest: bytes) -> Path:
    """What stands behind ``MAIL FROM:``. BadCommand says what is wrong."""
    path, parameters = _parted(rest)
    if not path:
        return Path(NOBODY, parameters)
    return Path(_address(path, utf8="SMTPUTF8" in parameters), parameters)


def read_recipient(rest: bytes, *, utf8: bool, domain: Callable[[], str]) -> Path:
    """What stands behind ``RCPT TO:``. BadCommand says what is wrong.

    ``domain`` gives ours: a bare ``<Postmaster>`` is the one there (RFC 5321 4.5.1).
    """
    path, parameters = _parted(rest)
    if path.lower() == b"postmaster" and (ours := domain()):
        return Path(Address("postmaster", ours), parameters)
    return Path(_address(path, utf8=utf8), parameters)


def _parted(rest: bytes) -> tuple[bytes, dict[str, str]]:
    found = _LINE.fullmatch(rest)
    if not found:
        raise BadCommand("501 5.5.4 Syntax: an address in angle brackets, then parameters")
    return found[1], _parameters(found[2] or b"")


def _address(path: bytes, *, utf8: bool) -> Address:
    try:
        text = path.decode("utf-8" if utf8 else "ascii")
    except UnicodeDecodeError:
        raise BadCommand(
            "553 5.6.7 An address with other than ASCII letters needs SMTPUTF8"
        ) from None
    try:
        return Address.parse_path(text, utf8=utf8)
    except BadAddress as error:
        raise BadCommand(
            f"553 {error.status} The address is not in order: {_ascii(error)}"
        ) from None


def _ascii(error: BadAddress) -> str:
    return str(error).encode("ascii", "replace").decode()[:200]


def mail_parameters(begun: Transaction, given: dict[str, str], most: int) -> None:
    """Put what MAIL's parameters say into the transaction. ``most``: bytes of a message."""
    if not given:
        return
    size = given.pop("SIZE", "0")
    if not (size.isascii() and size.isdigit() and len(size) <= SIZE_DIGITS):
        raise BadCommand("501 5.5.4 SIZE is a number of bytes")
    if int(size) > most:
        raise BadCommand("552 5.3.4 Message too big; send large files another way")
    begun.declared_size = int(size)
    body = given.pop("BODY", "7BIT").upper()
    if body not in {"7BIT", "8BITMIME"}:
        raise BadCommand("501 5.5.4 BODY is 7BIT or 8BITMIME")
    begun.is_8bit = body == "8BITMIME"
    begun.is_utf8 = given.pop("SMTPUTF8", None) is not None
    begun.ret = given.pop("RET", "").upper()
    if begun.ret not in {"", "FULL", "HDRS"}:
        raise BadCommand("501 5.5.4 RET is FULL or HDRS")
    try:
        begun.envid = xtext(given.pop("ENVID", ""))
    except ValueError:
        raise BadCommand("501 5.5.4 ENVID is not in order") from None
    given.pop("AUTH", None)  # RFC 4954 5: we believe our own login alone.
    _none_left(given)


def rcpt_parameters(given: dict[str, str]) -> tuple[frozenset[str], str]:
    """NOTIFY and ORCPT of RCPT (RFC 3461 4.1, 4.2)."""
    if not given:
        return frozenset(), ""
    notify = frozenset(n for n in given.pop("NOTIFY", "").upper().split(",") if n)
    if not notify <= NOTIFY or ("NEVER" in notify and len(notify) > 1):
        raise BadCommand("501 5.5.4 NOTIFY is NEVER, or of SUCCESS, FAILURE and DELAY")
    orcpt = given.pop("ORCPT", "")
    _none_left(given)
    return notify, orcpt


def _none_left(given: dict[str, str]) -> None:
    if given:
        name = next(iter(given))[:40]
        raise BadCommand(f"555 5.5.4 Parameter not known: {name}")


def is_routed(address: Address) -> bool:
    """Whether the local part hides another destination: percent hack, bang path, quoted @."""
    local = address.local
    return "%" in local or "!" in local or "@" in local


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

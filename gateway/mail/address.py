"""Mail addresses, parsed once at the door."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

LOCAL_MAX, DOMAIN_MAX, ADDRESS_MAX, LABEL_MAX = 64, 255, 254, 63
"""Octets (RFC 5321 4.5.3.1; 254 is the path of 256 without its brackets; RFC 1035 2.3.4)."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_PLAIN = re.compile(rf"<?({_ATOM}(?:\.{_ATOM})*)@((?:[A-Za-z0-9-]+\.)*[A-Za-z0-9-]+)>?")
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LDH = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_QUOTED = re.compile(r'"((?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*)"')
_IPV6_GROUPS = 8


class BadAddress(ValueError):
    """Not an address that may stand in an envelope; ``status`` is the enhanced code to answer."""

    def __init__(self, what: str, status: str = "5.1.3") -> None:
        super().__init__(what)
        self.status = status


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox. The domain is lower case, in A-labels; the local part as it was written.

    A quoted local part that needs no quotes has lost them (RFC 5321 4.1.2), so that both
    spellings are the same address.
    """

    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``user@example.org`` or ``<user@example.org>``; ``<>`` is the null sender.

        Lenient, for header fields and settings: what is odd is kept as it stands. ValueError
        without a local part, a domain, or with control characters.
        """
        bare = text.strip().removeprefix("<").removesuffix(">").strip()
        if not bare:
            return NOBODY
        local, at, domain = bare.rpartition("@")
        if not (local and at and domain and bare.isprintable()):
            raise ValueError(f"not a mail address: {text[:ADDRESS_MAX]!r}")
        return cls(_unquoted(local), normal_domain(domain[: DOMAIN_MAX + 1]))

    @classmethod
    def parse_path(cls, text: str, utf8: bool = False) -> Address:
        """Read a reverse-path or forward-path (RFC 5321 4.1.2), with or without its brackets.

        ``<>`` alone is the null sender. ``utf8`` allows what SMTPUTF8 allows (RFC 6531 3.3).
        BadAddress where it is anything that we would not relay, source routes among them.
        """
        if text == "<>":
            return NOBODY
        if text.startswith("<") != text.endswith(">"):
            raise BadAddress("a bracket is missing")
        return _plain(text) or cls._parse_odd(text.removeprefix("<").removesuffix(">"), utf8)

    @classmethod
    def _parse_odd(cls, bare: str, utf8: bool) -> Address:
        if not bare.isascii() and not utf8:
            raise BadAddress("a non-ASCII address needs SMTPUTF8", "5.6.7")
        if bare.startswith("@"):
            raise BadAddress("source routes are not taken" if ":" in bare else "no local part")
        local, at, domain = _split(bare)
        if not (at and domain):
            raise BadAddress("there is no domain")
        local = _checked_local(local)
        domain = _checked_domain(domain)
        _check_lengths(local, domain)
        return cls(local, domain)

    @property
    def key(self) -> str:
        """The form under which the directory knows it: all in lower case, NFC."""
        if not self:
            return ""
        local = self.local.lower()
        if not local.isascii():
            local = unicodedata.normalize("NFC", local)
        return f"{local}@{self.domain}"

    @property
    def shown(self) -> str:
        """For people: the domain in the letters that its owner writes it with."""
        if "xn--" not in self.domain:
            return str(self)
        labels = (_u_label(label) or label for label in self.domain.split("."))
        return f"{self.local}@{'.'.join(labels)}"

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}" if self else ""

    def __bool__(self) -> bool:
        return bool(self.local)


@lru_cache(4096)
def _plain(text: str) -> Address | None:
    """An address as nearly all are; None if it has to be looked at more closely. BadAddress.

    Remembered, since the same few write and are written to all day.
    """
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        return None
    local, domain = plain[1], plain[2].lower()
    _check_lengths(local, domain)
    _check_ascii_domain(domain)
    return Address(local, normal_domain(domain) if "xn--" in domain else domain)


NOBODY = Address("", "")
"""The null reverse-path ``<>``, which bounces use so that they are never bounced."""


def take_path(text: str) -> tuple[str, str]:
    """Cut ``<path> PARAM=..`` behind its path: (path with brackets, rest without its blank).

    Quoted strings may hold any sign. BadAddress where there is no ``<``, or no ``>``.
    """
    if not text.startswith("<"):
        raise BadAddress("an address stands in <angle brackets>", "5.5.4")
    quoted = skip = False
    for at, sign in enumerate(text):
        if skip:
            skip = False
        elif quoted:
            skip, quoted = sign == "\\", sign != '"'
        elif sign == '"':
            quoted = True
        elif sign == ">":
            rest = text[at + 1 :]
            if rest and rest[0] != " ":
                raise BadAddress("a blank must follow the address", "5.5.4")
            return text[: at + 1], rest.strip(" ")
    raise BadAddress("the closing bracket is missing", "5.5.4")


def _split(bare: str) -> tuple[str, str, str]:
    """Local part and domain, parted at the first ``@`` that no quotes hold."""
    if bare.startswith('"'):
        quoted = _QUOTED.match(bare)
        if quoted is None:
            raise BadAddress("the quoted local part does not end, or holds a control character")
        if bare[quoted.end() : quoted.end() + 1] != "@":
            raise BadAddress("text follows the quoted local part")
        return quoted[0], "@", bare[quoted.end() + 1 :]
    return bare.partition("@")


def _checked_local(local: str) -> str:
    if local.startswith('"'):
        _check_text(local)
        return _unquoted(local)
    if not local:
        raise BadAddress("no local part")
    ascii_only = local if local.isascii() else "".join(c if c.isascii() else "x" for c in local)
    if not _DOT_ATOM.fullmatch(ascii_only):
        raise BadAddress("the local part holds what needs quotes, or a dot out of place")
    _check_text(local)
    return local


def _check_text(text: str) -> None:
    """No control, separator, format or lone surrogate sign, which nobody could see."""
    for sign in text:
        if not sign.isascii() and unicodedata.category(sign)[0] in "CZ":
            raise BadAddress(f"U+{ord(sign):04X} may not stand in an address")


def _unquoted(local: str) -> str:
    """Without quotes where they are not needed, and with the fewest backslashes where they are."""
    if not _QUOTED.fullmatch(local):
        return local
    text = re.sub(r"\\(.)", r"\1", local[1:-1])
    if _DOT_ATOM.fullmatch(text):
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _checked_domain(domain: str) -> str:
    if domain.startswith("["):
        return _checked_literal(domain)
    if domain.endswith("."):
        raise BadAddress("a domain in an envelope has no dot at its end")
    if not domain.isascii():
        domain = ".".join(_a_label(label) for label in domain[:DOMAIN_MAX].split("."))
    domain = domain.lower()
    _check_ascii_domain(domain)
    return normal_domain(domain) if "xn--" in domain else domain


def _check_ascii_domain(domain: str) -> None:
    if not _LDH.fullmatch(domain):
        raise BadAddress("the domain is not made of letters, digits and hyphens")
    if any(len(label) > LABEL_MAX for label in domain.split(".")):
        raise BadAddress("a label of the domain is longer than 63 octets")


def _check_lengths(local: str, domain: str) -> None:
    size = len(local) if local.isascii() else len(local.encode("utf-8", "surrogatepass"))
    if size > LOCAL_MAX:
        raise BadAddress("the local part is longer than 64 octets")
    if len(domain) > DOMAIN_MAX or size + 1 + len(domain) > ADDRESS_MAX:
        raise BadAddress("the address is longer than 254 octets")


def _checked_literal(domain: str) -> str:
    """An address literal (RFC 5321 4.1.3), in its shortest spelling."""
    inside = domain[1:-1] if domain.endswith("]") else ""
    is_v6 = inside[:5].lower() == "ipv6:"
    try:
        literal = f"[ipv6:{IPv6Address(inside[5:])}]" if is_v6 else f"[{IPv4Address(inside)}]"
    except AddressValueError:
        literal = ""
    if not literal or "%" in inside or (is_v6 and _is_one_group_cut(inside[5:])):
        raise BadAddress("not an address literal of RFC 5321 4.1.3")
    return literal


def _is_one_group_cut(text: str) -> bool:
    """Whether ``::`` stands for a single group, which RFC 5321 does not allow."""
    groups = sum(2 if "." in g else 1 for g in text.split(":") if g)
    return "::" in text and groups >= _IPV6_GROUPS - 1


@lru_cache(4096)
def normal_domain(domain: str) -> str:
    """One spelling for a domain; what is not a domain is only put in lower case."""
    labels = [_canonical(label) for label in domain.strip().split(".")]
    return ".".join(labels).lower()


def _canonical(label: str) -> str:
    try:
        if label.isascii():
            u_label = _u_label(label) if label[:4].lower() == "xn--" else None
            return _a_label(u_label) if u_label else label
        return _a_label(label)
    except BadAddress:
        return label


def _u_label(label: str) -> str | None:
    """The letters behind an A-label; None if it is none."""
    if not label.lower().startswith("xn--") or len(label) > LABEL_MAX:
        return None
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return None


def _a_label(label: str) -> str:
    """A label as DNS has it: NFKC, lower case, punycode (RFC 5890 2.3.2.1, UTS 46 4).

    BadAddress for signs that are no letters, digits or marks.
    """
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).lower())
    if text.isascii():
        return text
    if len(text) > LABEL_MAX or unicodedata.category(text[0])[0] == "M":
        raise BadAddress("not a domain label")
    if any(c != "-" and unicodedata.category(c)[0] not in "LMN" for c in text):
        raise BadAddress("the domain is not made of letters, digits and hyphens")
    return "xn--" + text.encode("punycode").decode("ascii")

"""Signs that a letter wants a password: where its links really lead, and what it asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from ipaddress import ip_address
from itertools import islice
from urllib.parse import unquote, urlsplit

from gateway.mail.address import normal_domain
from gateway.mail.looks import reads_like
from gateway.mail.message import Message
from gateway.mail.text import folded

TEXT_BYTES = 64 * 1024
LINKS = 60
_HREF = re.compile(r"\bhref\s*=\s*[\"']?([^\"'\s>]{1,500})", re.IGNORECASE)
_ANCHOR = re.compile(r"<a\s", re.IGNORECASE)
_TAG_MAX = 1000
_PLAIN = re.compile(r"https?://[^\s<>\"')\]]{3,400}", re.IGNORECASE)
_SHOWN = re.compile(r"(?:https?://|www\.)?((?:[\w-]+\.)+[a-z]{2,})(?=[/\s:?]|$)", re.IGNORECASE)
_TAG = re.compile(r"<[^>]{0,500}>")
_PASSWORD_FIELD = re.compile(r"<input\b[^>]{0,300}type\s*=\s*[\"']?password", re.IGNORECASE)
_ASKS = re.compile(
    r"""\b(?: (?:xac\ (?:minh|thuc|nhan)|cap\ nhat|nang\ cap|khoi\ phuc|kich\ hoat|mo\ khoa)
          \ (?:lai\ )?(?:tai\ khoan|hop\ thu|mail|email|mat\ khau|thong\ tin)
        | (?:mat\ khau|hop\ thu|tai\ khoan|email)\b.{0,40}\b
          (?:het\ han|bi\ khoa|bi\ dinh\ chi|day|vuot|se\ bi|ngung)
        | dung\ luong\b.{0,40}\b(?:day|vuot|het)
        | (?:verify|confirm|validate|update|upgrade|reactivate|unlock)
          \ (?:your\ )?(?:account|mailbox|e-?mail|password|identity)
        | (?:mailbox|account|password|e-?mail)\b.{0,40}\b
          (?:expire[sd]?|suspended|deactivated|almost\ full|exceeded|quota|locked)
        )""",
    re.VERBOSE,
)
_SPOKEN_OF = (
    *("tai khoan", "hop thu", "mail", "mat khau", "thong tin", "dung luong"),
    *("account", "password", "identity"),
)
"""One of these stands in whatever the expression finds; to look for them costs little."""


@dataclass(frozen=True, slots=True)
class Lure:
    """One sign, as a name for settings and a reason for people."""

    name: str
    """``link-text``, ``link-look-alike``, ``link-number``, ``password-form``, ``asks-password``."""
    reason: str


def lures(
    message: Message, guarded: Iterable[str], organisation: Callable[[str], str]
) -> Iterator[Lure]:
    """Each sign once. ``guarded`` are domains that others like to imitate, ours among them.

    ``organisation`` names whom a domain belongs to.
    """
    guarded = frozenset(guarded)
    texts = [p.text(TEXT_BYTES) for p in message.mime.leaves if p.type.startswith("text/")][:8]
    pages = [text for text in texts if "<" in text]
    links = list(islice(_links(texts), LINKS))
    hosts = {host for host, _ in links if host}
    yield from islice(_imitations(hosts, guarded), 1)
    yield from islice(_otherwise(links, organisation), 1)
    numbers = [host for host in hosts if _is_number(host)]
    if numbers:
        yield Lure("link-number", f"a link leads to a bare address, {numbers[0]}")
    if any(_PASSWORD_FIELD.search(page) for page in pages):
        yield Lure("password-form", "it holds a form that takes a password")
    outside = [h for h in hosts if not _is_within(h, guarded)]
    asked = _asks(texts) if outside else None
    if asked:
        reason = f"it speaks of {asked[0]!r} and leads to {min(outside)}"
        yield Lure("asks-password", reason)


def _asks(texts: list[str]) -> re.Match[str] | None:
    """Where it asks for a password, if it does."""
    text = folded(" ".join(_TAG.sub(" ", t) for t in texts))[:TEXT_BYTES]
    return _ASKS.search(text) if any(word in text for word in _SPOKEN_OF) else None


def _links(texts: list[str]) -> Iterator[tuple[str, str]]:
    """(host, what the reader sees in its place) of each link."""
    for text in texts:
        for found in _ANCHOR.finditer(text) if "<" in text else ():
            end = text.find(">", found.end(), found.end() + _TAG_MAX)
            href = _HREF.search(text, found.start(), end) if end > 0 else None
            if href:
                shown = text[end + 1 : end + 1 + _TAG_MAX].partition("</a")[0]
                yield _host(unescape(href[1])), unescape(_TAG.sub("", shown)).strip()
        for found in _PLAIN.finditer(text) if "://" in text else ():
            yield _host(unescape(found[0])), ""


def _host(url: str) -> str:
    try:
        host = urlsplit(unquote(url).strip()).hostname or ""
    except ValueError:
        return ""
    return normal_domain(host[:255]) if host else ""


def _otherwise(links: list[tuple[str, str]], organisation: Callable[[str], str]) -> Iterator[Lure]:
    """Links that show one domain and lead to another."""
    for host, shown in links:
        named = _SHOWN.match(shown)
        if not named or not host or "@" in shown:
            continue
        domain = normal_domain(named[1].lower())
        if organisation(domain) != organisation(host):
            yield Lure("link-text", f"a link shows {domain} and leads to {host}")


def _imitations(hosts: Iterable[str], guarded: frozenset[str]) -> Iterator[Lure]:
    for host in sorted(hosts):
        if _is_within(host, guarded):
            continue
        for domain in sorted(guarded):
            if reads_like(host, domain):
                yield Lure("link-look-alike", f"a link leads to {host}, which looks like {domain}")


def _is_within(host: str, domains: frozenset[str]) -> bool:
    return any(host == domain or host.endswith("." + domain) for domain in domains)


@lru_cache(4096)
def _is_number(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return host.isdigit()
    return True

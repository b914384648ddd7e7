"""Where the links in a message's text lead: the hosts, as the DNS names them."""

from __future__ import annotations

import html
import re
from urllib.parse import unquote

from gateway.mail.address import normal_domain
from gateway.mail.message import Message

READ_BYTES = 64 * 1024
"""Of one part; spam puts its link where people see it."""
HOSTS_MAX = 30
_LINK = re.compile(
    r"(?:(?:https?|ftp):[/\\]{1,4}(?P<full>[^\s\"'<>()\[\]]{1,2000})"
    r"|(?<![\w@./-])(?P<bare>www\.[^\s\"'<>()\[\]/?#\\]{1,255}))",
    re.IGNORECASE,
)
_END = re.compile(r"[/\\?#]")
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\Z")


def hosts(message: Message) -> tuple[str, ...]:
    """Host names and IPv4 addresses in links of the text parts, each once, ``HOSTS_MAX`` at most.

    Browsers' leniency is followed: backslashes, user names before ``@``, per cent signs, character
    references of HTML, letters with accents.
    """
    found: dict[str, None] = {}
    for part in message.mime.leaves:
        if part.is_attachment or not part.type.startswith("text/"):
            continue
        text = part.text(READ_BYTES)
        if part.type == "text/html" and "&" in text:
            text = html.unescape(text)
        for link in _LINK.finditer(text):
            host = _host(link["full"] or link["bare"])
            if host:
                found[host] = None
            if len(found) >= HOSTS_MAX:
                return tuple(found)
    return tuple(found)


def _host(rest: str) -> str:
    authority = _END.split(rest, maxsplit=1)[0]
    if "%" in authority:
        authority = _END.split(unquote(authority), maxsplit=1)[0]
    name = authority.rpartition("@")[2].partition(":")[0].strip(".,;!*…")
    if not name or len(name) > 255:  # noqa: PLR2004 -- no name is longer.
        return ""
    host = normal_domain(name)
    return host if _HOST.match(host) else ""

"""XCLIENT: telling a server behind us whose message it is, in the words of Postfix and Dovecot."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.delivery.outcome import Origin

UNKNOWN = "[UNAVAILABLE]"


def xtext(text: str) -> bytes:
    """RFC 3461 4; what is not ASCII as the octets of UTF-8."""
    return b"".join(
        b"%c" % octet if 33 <= octet <= 126 and octet not in b"+=" else b"+%02X" % octet  # noqa: PLR2004 - "!" to "~"
        for octet in text.encode()
    )


def introduction(origin: Origin, offered: Sequence[str]) -> list[bytes]:
    """``NAME=value`` for each attribute that is both known and asked for; empty for none.

    The name of the client is not known to us: said so, the server must not look for its own.
    """
    if not origin.address:
        return []
    told = {
        "ADDR": f"IPV6:{origin.address}" if ":" in origin.address else origin.address,
        "NAME": UNKNOWN,
        "PORT": str(origin.port) if origin.port else "",
        "HELO": origin.helo,
        "LOGIN": origin.user,
        "PROTO": "ESMTP",
    }
    wanted = {name.upper() for name in offered}
    return [
        b"%b=%b" % (name.encode(), value.encode() if value == UNKNOWN else xtext(value))
        for name, value in told.items()
        if value and name in wanted
    ]

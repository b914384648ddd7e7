"""Between the text of names and what goes over the wire."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import dns.name
import dns.rdatatype
from dns.rdata import Rdata

from gateway.mail.dns import Mx, Tlsa


def wire_name(text: str) -> dns.name.Name | None:
    """A name as the DNS has it; None for what cannot be one (empty or too long labels)."""
    try:
        labels = [_label(label) for label in text.removesuffix(".").split(".")]
        if not all(labels):
            return None
        return dns.name.Name([*labels, b""])
    except (UnicodeError, dns.name.LabelTooLong, dns.name.NameTooLong):
        return None


def _label(text: str) -> bytes:
    return text.encode() if text.isascii() else text.encode("idna")


def plain_name(name: dns.name.Name) -> str:
    """A name in lower case without its final dot; the root is ``.``."""
    return name.to_text(omit_final_dot=True).lower() or "."


def _txt(rdata: Any) -> bytes:
    return b"".join(rdata.strings)


def _a(rdata: Any) -> IPv4Address:
    return IPv4Address(rdata.address)


def _aaaa(rdata: Any) -> IPv6Address:
    return IPv6Address(rdata.address)


def _mx(rdata: Any) -> Mx:
    return Mx(rdata.preference, plain_name(rdata.exchange))


def _ptr(rdata: Any) -> str:
    return plain_name(rdata.target)


def _tlsa(rdata: Any) -> Tlsa:
    return Tlsa(rdata.usage, rdata.selector, rdata.mtype, rdata.cert)


READERS: dict[dns.rdatatype.RdataType, Callable[[Rdata], object]] = {
    dns.rdatatype.TXT: _txt,
    dns.rdatatype.A: _a,
    dns.rdatatype.AAAA: _aaaa,
    dns.rdatatype.MX: _mx,
    dns.rdatatype.PTR: _ptr,
    dns.rdatatype.TLSA: _tlsa,
}
"""How a record of each type becomes one of our values."""

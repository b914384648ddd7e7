"""``[dns]`` in vanthu.toml: whom we ask, and for how long."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _server(text: str) -> str:
    server(text)
    return text


def server(text: str) -> tuple[str, int]:
    """Address and port of ``192.0.2.1``, ``192.0.2.1:5353``, ``2001:db8::1`` or ``[…]:5353``."""
    host, port = text, "53"
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":") or "53"
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    try:
        return str(ip_address(host)), int(port)
    except ValueError:
        raise ValueError(
            f"{text!r} is not a resolver; write an IP address, with a port if it is not 53: "
            "127.0.0.1, 127.0.0.1:5353 or [::1]:5353"
        ) from None


class DnsSettings(BaseModel):
    """Which resolvers are asked. A resolver of your own on this machine is best."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    servers: tuple[Annotated[str, AfterValidator(_server)], ...] = ()
    """Asked in this order; empty: those of /etc/resolv.conf. Blocklists often refuse answers to
    public resolvers such as 8.8.8.8."""
    timeout_s: float = Field(default=5.0, gt=0, le=30)
    """For one question, with all its attempts."""
    attempt_s: float = Field(default=2.0, gt=0, le=30)
    """For one server, before the next is asked."""
    validating: bool | None = None
    """Whether to believe its word that DNSSEC has validated an answer: only for a resolver of
    your own over a wire of your own. Without it, yes if all are on this machine."""
    cache_entries: int = Field(default=50_000, ge=100)
    at_once: int = Field(default=500, ge=1)
    """Questions that are open at the same time; more wait for their turn."""
    zone: Path | None = None
    """A file of answers (``dns/zone.py``). With it nobody is asked at all: for a demonstration on
    a machine without network, and for tests."""

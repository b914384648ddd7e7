"""All that a conversation needs from the rest of the house, in one record."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Literal, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, IPvAnyNetwork

from gateway.chain.chain import Chain
from gateway.chain.inspection import Inspection, Outcome
from gateway.mail.limits import Limits
from gateway.mail.services import Services
from gateway.mail.session import Purpose
from gateway.smtp.budget import Budget

Client: TypeAlias = IPv4Address | IPv6Address | None


class ListenerTable(BaseModel):
    """``[listeners.<name>]`` in vanthu.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Purpose
    host: str = "127.0.0.1"
    port: int
    tls: Literal["none", "offered", "required", "implicit"] = "offered"
    """``required``: nothing but STARTTLS before it; ``implicit``: TLS from the first byte."""
    chain: str
    relay_from: tuple[IPvAnyNetwork, ...] = ()
    """Clients that may send to anybody without signing in, such as the mail server behind us."""
    proxy_from: tuple[IPvAnyNetwork, ...] = ()
    """Load balancers that begin each connection with a PROXY header, version 1 or 2."""
    xclient_from: tuple[IPvAnyNetwork, ...] = ()
    """Mail servers before us that may say by XCLIENT whom they got a message from."""


class Keep(Protocol):
    """Puts an outcome into the journal."""

    def __call__(self, outcome: Outcome, told: Callable[[str], None]) -> None:
        """Call ``told`` later, once, with the reply: a 250 when it is on disk, not before."""


class SignIn(Protocol):
    """Checks a login."""

    async def __call__(self, client: Client, login: str, password: str) -> str:
        """The login in its one spelling. SignInError if it is wrong."""


class SignInError(Exception):
    """Not signed in; the text is the whole reply."""


@dataclass(slots=True)
class Crowd:
    """Who is connected: in all, and from one address or IPv6 /64."""

    all: int = 0
    by_client: Counter[str] = field(default_factory=Counter)

    @staticmethod
    def key(client: Client) -> str:
        if isinstance(client, IPv6Address):
            return str(ip_network((client, 64), strict=False))
        return str(client)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One listener, ready for clients."""

    table: ListenerTable
    chain: Chain
    services: Services
    limits: Limits
    keep: Keep
    refused: Callable[[Inspection, str], None]
    """Told of a transaction that was refused, with the last reply."""
    sign_in: SignIn | None
    tls: ssl.SSLContext | None
    budget: Budget
    crowd: Crowd
    loop: asyncio.AbstractEventLoop

    @property
    def needs_login(self) -> bool:
        return self.table.purpose is not Purpose.INBOUND


def among(client: Client, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Whether a client is in one of these networks."""
    return client is not None and any(client in network for network in networks)

"""All that a conversation needs from the rest of the house, in one record."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Literal, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict, IPvAnyNetwork

from gateway.chain.chain import Chain
from gateway.chain.inspection import Inspection, Outcome
from gateway.mail.limits import Limits
from gateway.mail.services import Services
from gateway.mail.session import Purpose

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
class Budget:
    """Message bytes in memory in this process; whoever comes when it is spent waits at DATA."""

    limit: int
    used: int = 0
    waiting: deque[Callable[[], None]] = field(default_factory=deque)

    def take(self, size: int) -> None:
        self.used += size

    def free(self, size: int) -> None:
        self.used -= size
        while self.waiting and self.used < self.limit:
            self.waiting.popleft()()


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

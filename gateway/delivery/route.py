"""routes.toml: where mail for an address goes. The first route that fits is taken."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from gateway.mail.address import Address


class _Route(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    to: tuple[str, ...] = ("*",)
    """Patterns over whole addresses: ``*@example.vn``, ``lan@*``, ``*``."""

    def fits(self, address: Address) -> bool:
        """Whether this route is for the address."""
        return any(fnmatchcase(address.key, pattern.lower()) for pattern in self.to)


class MaildirRoute(_Route):
    """Mailboxes of our own: one Maildir for each address."""

    kind: Literal["maildir"]
    folder: Path
    """``<folder>/<domain>/<local part>/{new,cur,tmp}``."""


class ServerRoute(_Route):
    """Another server, by SMTP or LMTP (RFC 2033)."""

    kind: Literal["smtp", "lmtp"]
    host: str
    port: int
    tls: Literal["none", "required", "verify"] = "none"
    """``required``: STARTTLS or no delivery; ``verify``: and a certificate that fits."""
    connections: int = Field(default=10, ge=1, le=200)
    """At once."""
    timeout_s: float = Field(default=120.0, gt=0)


class DiscardRoute(_Route):
    """Nowhere: the archive has it."""

    kind: Literal["discard"]


Route: TypeAlias = Annotated[MaildirRoute | ServerRoute | DiscardRoute, Field(discriminator="kind")]


class RoutesTable(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    routes: tuple[Route, ...] = Field(min_length=1)

    def choose(self, address: Address) -> Route | None:
        """The route of an address; None if the file has none for it."""
        return next((route for route in self.routes if route.fits(address)), None)

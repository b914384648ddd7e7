"""routes.toml: where mail for an address goes. The first route that fits is taken."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.mail.address import Address, normal_domain
from gateway.runtime.private import exposed

Network: TypeAlias = IPv4Network | IPv6Network
_PORTS = {"smtp": 25, "lmtp": 24, "smarthost": 587}


class _Route(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    to: tuple[str, ...] = ("*",)
    """Patterns over whole addresses: ``*@example.vn``, ``lan@*``, ``*``."""

    def fits(self, address: Address) -> bool:
        """Whether this route is for the address."""
        return any(fnmatchcase(address.key, pattern.lower()) for pattern in self.to)

    def placed(self, folder: Path) -> _Route:
        """With every path taken from the folder of the settings."""
        paths = {name: folder / value for name, value in self if isinstance(value, Path)}
        return self.model_copy(update=paths)


class MaildirRoute(_Route):
    """Mailboxes of our own: one Maildir for each address."""

    kind: Literal["maildir"]
    folder: Path
    """``<folder>/<domain>/<local part>/{new,cur,tmp}``."""


class _Connecting(_Route):
    connections: int = Field(default=10, ge=1, le=200)
    """At once, to one server or to the servers of one domain."""
    timeout_s: float = Field(default=120.0, gt=0)
    """For the answer to a command; the one to the whole message may take ten minutes."""
    connect_s: float = Field(default=30.0, gt=0)
    ca: Path | None = None
    """Certificates of authorities that are trusted besides the system's."""


class ServerRoute(_Connecting):
    """One server: behind us by SMTP or LMTP (RFC 2033), or a smarthost that takes all."""

    kind: Literal["smtp", "lmtp", "smarthost"]
    host: str
    port: int = Field(ge=1, le=65535)
    """25 for smtp, 24 for lmtp, 587 for smarthost."""
    tls: Literal["none", "may", "required", "verify"]
    """``may``: if it is offered; ``required``: STARTTLS or no delivery; ``verify``: and a
    certificate that fits ``host``. What asks for TLS never falls back to clear text."""
    implicit_tls: bool = False
    """TLS from the first byte, as on port 465."""
    credentials: Path | None = None
    """A file with ``login`` and ``password``, for its owner's eyes only."""
    xclient: bool = False
    """Tell it who the client was, where it offers XCLIENT."""

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        kind = str(given.get("kind"))
        tls = "verify" if kind == "smarthost" else "none"
        return {"port": _PORTS.get(kind, 25), "tls": tls} | given

    @model_validator(mode="after")
    def _agree(self) -> ServerRoute:
        if self.credentials and self.tls not in ("required", "verify"):
            raise ValueError("credentials go over TLS alone: set tls to verify, or to required")
        if self.implicit_tls and self.tls not in ("required", "verify"):
            raise ValueError("implicit_tls needs tls = required or verify")
        return self


class MxRoute(_Connecting):
    """Wherever the DNS says that the domain's mail servers are."""

    kind: Literal["mx"]
    tls: Literal["none", "may", "required", "verify"] = "may"
    """At least this; MTA-STS, DANE and ``[[tls]]`` may ask for more."""
    port: int = Field(default=25, ge=1, le=65535)
    ipv6: bool = True
    mta_sts: bool = True
    """Follow what domains publish by MTA-STS (RFC 8461)."""
    dane: bool = True
    """Follow TLSA records (RFC 7672); only with a resolver that validates, see [dns]."""
    networks: tuple[Network, ...] = ()
    """Networks that are not the Internet's and may be sent to all the same; never otherwise."""
    own: tuple[str, ...] = ()
    """Our other names and addresses: a domain whose best server is one of them comes to us."""


class DiscardRoute(_Route):
    """Nowhere: the archive has it."""

    kind: Literal["discard"]


Route: TypeAlias = Annotated[
    MaildirRoute | ServerRoute | MxRoute | DiscardRoute, Field(discriminator="kind")
]


class TlsRule(BaseModel):
    """What connections to the servers of these domains have to be like, at least."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    domains: tuple[str, ...] = Field(min_length=1)
    """``example.vn``; ``*.gov.vn`` for every domain below."""
    policy: Literal["none", "may", "required", "verify"]
    mx: tuple[str, ...] = ()
    """Names that its servers may have (``*.example.vn``): the DNS can be lied about."""

    def fits(self, domain: str) -> bool:
        return any(fnmatchcase(domain, normal_domain(pattern)) for pattern in self.domains)


class Retry(BaseModel):
    """When to tell a sender that his message is late, and how a dead server is left alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    delay_notice_h: float = Field(default=4.0, ge=0)
    """Hours after which the sender is told that it is still under way; 0: never."""
    rest_s: float = Field(default=15.0, gt=0)
    """A server that cannot be reached is left alone so long, then twice as long …"""
    rest_longest_s: float = Field(default=1800.0, gt=0)
    """… and at most so long."""


class RoutesTable(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    routes: tuple[Route, ...] = Field(min_length=1)
    tls: tuple[TlsRule, ...] = ()
    retry: Retry = Retry()

    def choose(self, address: Address) -> Route | None:
        """The route of an address; None if the file has none for it."""
        return next((route for route in self.routes if route.fits(address)), None)

    def tls_of(self, domain: str) -> TlsRule | None:
        """The first rule for a domain."""
        return next((rule for rule in self.tls if rule.fits(domain)), None)

    def placed(self, folder: Path) -> RoutesTable:
        """With every path taken from the folder that the file is in."""
        return self.model_copy(update={"routes": tuple(r.placed(folder) for r in self.routes)})

    def unreadable(self) -> list[tuple[int, str]]:
        """(index of the route, what is wrong) for every file that a route needs."""
        wrong: list[tuple[int, str]] = []
        for at, route in enumerate(self.routes):
            try:
                if isinstance(route, ServerRoute) and route.credentials:
                    read_credentials(route.credentials)
                if isinstance(route, ServerRoute | MxRoute) and route.ca:
                    route.ca.read_bytes()
            except (OSError, ValueError) as error:
                wrong.append((at, str(error)))
        return wrong


def read_credentials(path: Path) -> tuple[str, str]:
    """(login, password). OSError, or ValueError that says what to do, never what is inside."""
    if flaw := exposed(path):
        raise ValueError(flaw)
    try:
        words = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        words = {}
    login, password = words.get("login"), words.get("password")
    if not (isinstance(login, str) and isinstance(password, str)) or set(words) - {
        "login",
        "password",
    }:
        raise ValueError(f'{path} must have two lines: login = "…" and password = "…"')
    return login, password

"""How a connection to another server is protected, and what happens when it cannot be."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from aiosmtplib import SMTPResponse
from aiosmtplib.errors import SMTPException, SMTPResponseException

from gateway.delivery.dane import chain_of, fits
from gateway.delivery.replies import text_of
from gateway.delivery.talker import Place, Talker
from gateway.mail.dns import Tlsa

Level: TypeAlias = Literal["none", "may", "required", "verify", "dane"]
Result: TypeAlias = Literal[
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-expired",
    "certificate-not-trusted",
    "validation-failure",
    "tlsa-invalid",
    "dnssec-invalid",
    "dane-required",
    "sts-policy-fetch-error",
    "sts-policy-invalid",
    "sts-webpki-invalid",
]
"""The result types of RFC 8460 4.3."""


class TlsFailed(Exception):
    """The connection cannot be protected as the policy wants; ``result`` in RFC 8460's words."""

    def __init__(self, result: Result, text: str) -> None:
        super().__init__(text)
        self.result = result


@dataclass(frozen=True, slots=True)
class Security:
    """What one connection has to be like.

    none: clear text. may: encrypted if the server offers it. required: encrypted, with whatever
    certificate. verify: with one that an authority we trust gave to the server's name. dane: with
    one that ``tlsa`` names (RFC 7672).
    """

    level: Level
    tlsa: tuple[Tlsa, ...] = ()
    names: tuple[str, ...] = ()
    """Names that a certificate under a TLSA trust anchor may bear (RFC 7672 3.2.2)."""
    ca: Path | None = None
    """Authorities besides the system's."""


@dataclass(frozen=True, slots=True)
class Dial:
    """What every connection of a route has in common."""

    hostname: str
    timeout_s: float = 120.0
    connect_s: float = 30.0
    is_told_origins: bool = False
    login: tuple[str, str] | None = field(default=None, repr=False)


async def connect(place: Place, security: Security, dial: Dial) -> Talker:
    """Connected, greeted and protected as wanted; or TlsFailed, SMTPException, OSError.

    Nothing of a message has been sent by then, and no login before the protection stands.
    """
    context = _context(security.level == "verify", security.ca)
    talker = Talker(
        place, dial.hostname, context, timeout_s=dial.timeout_s, connect_s=dial.connect_s
    )
    talker.is_told_origins = dial.is_told_origins
    is_ready = False
    try:
        try:
            await talker.connect()
        except ssl.SSLError as error:  # Only where TLS begins with the first byte.
            raise _failed(error) from None
        await talker.greet()
        if not place.is_implicit and security.level != "none":
            await _encrypt(talker, security)
        _check_pins(talker, security)
        if dial.login is not None:
            await talker.login(*dial.login)
        is_ready = True
    finally:
        if not is_ready:
            talker.close()
    talker.label = f"{place} {_told(talker, security)}".rstrip()
    return talker


async def _encrypt(talker: Talker, security: Security) -> None:
    if not talker.supports_extension("starttls"):
        if security.level == "may":
            return
        raise TlsFailed("starttls-not-supported", "the server does not offer STARTTLS")
    try:
        await talker.starttls(server_hostname=talker.place.name)
    except SMTPResponseException as error:
        text = text_of(SMTPResponse(error.code, error.message))
        raise TlsFailed("starttls-not-supported", f"STARTTLS was answered {text}") from None
    except (SMTPException, OSError) as error:
        raise _failed(error) from None
    await talker.greet()


def _check_pins(talker: Talker, security: Security) -> None:
    """Compare the certificate with the TLSA records, where there are any to compare with."""
    if security.level != "dane" or not security.tlsa:
        return
    tls = talker.get_transport_info("ssl_object")
    if tls is None:
        raise TlsFailed("starttls-not-supported", "the connection is not encrypted")
    if not fits(security.tlsa, chain_of(tls), (talker.place.name, *security.names)):
        raise TlsFailed("validation-failure", "the certificate is none that the TLSA records name")


def _failed(error: Exception) -> TlsFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        text = f"the certificate does not fit: {error.verify_message}"
        match error.verify_code:
            case 62:
                return TlsFailed("certificate-host-mismatch", text)
            case 9 | 10:
                return TlsFailed("certificate-expired", text)
            case _:
                return TlsFailed("certificate-not-trusted", text)
    text = " ".join(str(error).split()) or type(error).__name__
    return TlsFailed("validation-failure", f"the TLS handshake failed: {text}")


@lru_cache(64)
def _context(is_verified: bool, ca: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if is_verified:
        if ca is not None:
            context.load_verify_locations(ca)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _told(talker: Talker, security: Security) -> str:
    tls: Any = talker.get_transport_info("ssl_object")
    if tls is None:
        return ""
    how = {"verify": " verified", "dane": " dane" if security.tlsa else ""}
    return f"[{tls.version()}{how.get(security.level, '')}]"

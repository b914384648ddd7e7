"""Our signatures: DKIM by every key of a domain, and ARC seals, made by dkimpy over OpenSSL."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from dkim.canonicalization import CanonicalizationPolicy

from gateway.identity import seam
from gateway.identity.canonical import Letter, Malformed
from gateway.identity.keyring import Keyring, OwnKey
from gateway.mail.edit import AddHeader
from gateway.mail.message import Message

SIGNED = (
    b"from sender reply-to subject date message-id to cc mime-version content-type "
    b"content-transfer-encoding content-language in-reply-to references list-id list-unsubscribe "
    b"list-unsubscribe-post list-help list-post resent-from resent-to resent-cc resent-date "
    b"resent-message-id autocrypt"
).split()
"""Fields that are signed where they are present (RFC 6376 5.4.1)."""
FROZEN = frozenset((b"from", b"subject", b"reply-to"))
"""Signed once more than they are there, so that none can be added (RFC 6376 8.15)."""
_SINGLE = frozenset(b"to cc date message-id mime-version content-type sender".split())
"""Frozen where they are present: a server on the way may add a missing one."""
_RELAXED = CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
_PLACEHOLDER = b"0" * 60
"""dkimpy folds ``b=`` onto a line of its own if it is long, and the others must not move."""


@dataclass(frozen=True, slots=True)
class KeyringSigner:
    """The ``Signer`` service."""

    keyring: Keyring

    def sign(self, message: Message, domain: str, now: datetime) -> tuple[AddHeader, ...]:
        keys = self.keyring.for_domain(domain, now)
        if not keys:
            return ()
        try:
            letter = Letter.of(message)
        except Malformed:
            return ()
        return tuple(sign(letter, key, int(now.timestamp())) for key in keys)

    def seal(self, message: Message, domain: str, now: datetime) -> tuple[AddHeader, ...]:
        keys = [k for k in self.keyring.for_domain(domain, now) if k.algorithm == "rsa-sha256"]
        if not keys:
            return ()
        try:
            letter = Letter.of(message)
            results = message.all("Authentication-Results")
            name = results[0].partition(b";")[0].strip().decode("ascii") if results else ""
            return seal(letter, keys[0], name, int(now.timestamp())) if name else ()
        except (Malformed, *seam.TROUBLE):
            return ()


def sign(
    letter: Letter, key: OwnKey, now_s: int, *, agent: str = "", more: tuple[bytes, ...] = ()
) -> AddHeader:
    """One DKIM-Signature over the letter as it stands, folded.

    ``agent`` is the address of whom it is signed for (``i=``), in the key's domain; ``more`` are
    names of further fields that are signed, each once more than it is there.
    """
    names = _names(letter)
    for name in more:
        names += [name] * (len(letter.places.get(name, ())) + 1)
    fields = [
        (b"v", b"1"),
        (b"a", key.algorithm.encode()),
        (b"c", b"relaxed/relaxed"),
        (b"d", key.entry.domain.encode()),
        *([(b"i", agent.encode())] if agent else []),
        (b"s", key.entry.selector.encode()),
        (b"t", str(now_s).encode()),
        (b"h", b" : ".join(names)),
        (b"bh", base64.b64encode(letter.body_digest("relaxed", "sha256"))),
        (b"b", _PLACEHOLDER),
    ]
    signer = seam.Fast(letter, seam.Keys({}), private=key.private)
    value = signer.gen_header(fields, names, _RELAXED, b"DKIM-Signature")
    return AddHeader("DKIM-Signature", value.removesuffix(b"\r\n").decode())


def _names(letter: Letter) -> list[bytes]:
    names: list[bytes] = []
    for name in SIGNED:
        present = len(letter.places.get(name, ()))
        frozen = name in FROZEN or (present and name in _SINGLE)
        names += [name] * (present + (1 if frozen else 0))
    return names


def seal(
    letter: Letter,
    key: OwnKey,
    server: str,
    now_s: int,
    names: list[bytes] | None = None,
    *,
    standardize: bool = False,
) -> tuple[AddHeader, ...]:
    """An ARC set over a letter that bears our results under the name ``server``.

    The chain's state is taken from its ``arc=``; nothing where there are no such results.
    """
    signer = seam.Arc(letter, seam.Keys({}), key.private)
    entry = key.entry
    made: list[bytes] = signer.sign(
        entry.selector.encode(),
        entry.domain.encode(),
        _pem(key),
        server.encode(),
        include_headers=names or [n for n in SIGNED if n in letter.places],
        timestamp=now_s,
        standardize=standardize,
    )
    fields = [header.partition(b":") for header in made]
    return tuple(
        AddHeader(name.decode(), value.strip().decode()) for name, _, value in reversed(fields)
    )


def _pem(key: OwnKey) -> bytes:
    """dkimpy reads the key again, although it is we who sign with it."""
    assert isinstance(key.private, RSAPrivateKey)
    kind = PrivateFormat.TraditionalOpenSSL
    return key.private.private_bytes(Encoding.PEM, kind, NoEncryption())

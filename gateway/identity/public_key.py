"""A public key as a domain publishes it (RFC 6376 3.6.1, RFC 8463 4), parsed once."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_der_public_key
from nacl.bindings import crypto_sign_BYTES, crypto_sign_open
from nacl.exceptions import BadSignatureError

from gateway.identity.tags import BadTags, bears_key, read_tags

RSA_BITS_MIN, RSA_BITS_MAX = 1024, 8192
"""RFC 8301 3.2; the upper bound is ours, against keys made to cost us time."""
_EXPONENT_MAX = 2**33
_RECORD_MAX = 8192
_PADDING = padding.PKCS1v15()
_PREHASHED = {"sha256": Prehashed(hashes.SHA256())}
"""RFC 8301 3.1 leaves nothing else."""


class BadKey(Exception):
    """The record is no key that we can use."""


@dataclass(frozen=True, slots=True)
class Key:
    public: RSAPublicKey | Ed25519PublicKey
    bits: int
    hashes: frozenset[bytes]
    """``h=``; empty if all are allowed."""
    is_strict: bool
    """``t=s``: the domain of ``i=`` must be that of ``d=``."""
    is_testing: bool

    @property
    def kind(self) -> str:
        return "rsa" if isinstance(self.public, RSAPublicKey) else "ed25519"

    def verifies(self, signature: bytes, digest: bytes, algorithm: str) -> bool:
        """Whether this is a signature of the digest (of ``sha256``) by the key's owner.

        libsodium verifies Ed25519 in half of OpenSSL's time, and refuses keys of small order.
        """
        try:
            if isinstance(self.public, RSAPublicKey):
                self.public.verify(signature, digest, _PADDING, _PREHASHED[algorithm])
            elif len(signature) != crypto_sign_BYTES:
                return False
            else:
                crypto_sign_open(signature + digest, self.public.public_bytes_raw())
        except (InvalidSignature, BadSignatureError):
            return False
        return True


def published(records: Sequence[bytes]) -> Key:
    """The key in the TXT records of a selector; BadKey with what is wrong."""
    keys = [r for r in records if bears_key(r)]
    if not keys:
        raise BadKey("there is no key")
    if len(keys) > 1:
        raise BadKey("there are several keys under one name")
    return parse(keys[0])


@lru_cache(maxsize=4096)
def parse(record: bytes) -> Key:
    """One record; BadKey with what is wrong."""
    if len(record) > _RECORD_MAX:
        raise BadKey("the record is too long")
    try:
        tags = read_tags(record)
    except BadTags as error:
        raise BadKey(f"the key record cannot be read: {error}") from None
    if tags.get(b"v", b"DKIM1") != b"DKIM1":
        raise BadKey("the key record is of another version")
    services = _listed(tags.get(b"s", b"*"))
    if not services & {b"*", b"email"}:
        raise BadKey("the key is not for mail")
    data = b"".join(tags.get(b"p", b"").split())
    if not data:
        raise BadKey("the key has been revoked")
    flags = _listed(tags.get(b"t", b""))
    public, bits = _public(tags.get(b"k", b"rsa"), data)
    return Key(public, bits, _listed(tags.get(b"h", b"")), b"s" in flags, b"y" in flags)


def _public(kind: bytes, data: bytes) -> tuple[RSAPublicKey | Ed25519PublicKey, int]:
    try:
        raw = base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
        if kind == b"ed25519":
            return Ed25519PublicKey.from_public_bytes(raw), 256
        public = load_der_public_key(raw) if kind == b"rsa" else None
    except (binascii.Error, UnsupportedAlgorithm, ValueError, TypeError):
        raise BadKey("the key cannot be read") from None
    if not isinstance(public, RSAPublicKey):
        raise BadKey("the key is of a kind that we do not know")
    if public.key_size > RSA_BITS_MAX or public.public_numbers().e > _EXPONENT_MAX:
        raise BadKey("the key is too large")
    return public, public.key_size


def _listed(value: bytes) -> frozenset[bytes]:
    return frozenset(word.strip() for word in value.split(b":") if word.strip())

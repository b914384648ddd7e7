"""dkimpy with our own arithmetic: its tags, its rules and its chain of seals, OpenSSL's speed.

dkimpy hashes with regular expressions and does RSA with Python's integers: 1 ms for a message of
2 KB and 70 ms for one of 1 MB. Both classes of it ask ``verify_sig`` and ``gen_header`` of their
base for the work, and that is where we put ours. The keys are fetched before, so that nothing
here waits.
"""

from __future__ import annotations

import base64
import binascii
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import dkim
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from dkim.canonicalization import CanonicalizationPolicy, InvalidCanonicalizationPolicyError

from gateway.identity.canonical import Form, Header, Letter, relaxed_value, without_signature
from gateway.identity.public_key import RSA_BITS_MIN, BadKey, Key
from gateway.identity.tags import read_tags

TROUBLE = (
    dkim.DKIMException,
    InvalidCanonicalizationPolicyError,
    UnsupportedAlgorithm,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""All that hostile input may make dkimpy raise; none of it is ever a result."""

ARC_FIELDS = (b"arc-authentication-results", b"arc-message-signature", b"arc-seal")
_UNHEARD = logging.getLogger("dkimpy")
_UNHEARD.disabled = True
"""What it says of a message is in its result: a stranger's bytes are no lines of our log."""
_NAME = re.compile(r"[a-z0-9_\-\u0080-\U0010ffff]+(?:\.[a-z0-9_\-\u0080-\U0010ffff]+)*\Z")
_NAME_MAX = 253


class Failed(dkim.DKIMException):  # type: ignore[misc] # dkimpy has no types.
    """It was signed otherwise: the body, the header or the signature has been changed."""


class Distrusted(dkim.DKIMException):  # type: ignore[misc]
    """It verifies, but in a way that proves nothing."""


class Away(dkim.DKIMException):  # type: ignore[misc]
    """The key could not be fetched now."""


class Unusable(dkim.DKIMException):  # type: ignore[misc]
    """There is no key that we can use."""


@dataclass
class Keys:
    """What the DNS said about each key's name; ``used`` is the key that was taken last."""

    known: Mapping[str, Key | BadKey | OSError]
    used: Key | None = field(default=None)

    def take(self, selector: bytes, domain: bytes) -> Key:
        found = self.known.get(key_name(selector, domain))
        match found:
            case Key():
                self.used = found
                return found
            case OSError():
                raise Away(str(found))
            case _:
                raise Unusable(str(found) if found else "its key was not asked for")


def key_name(selector: bytes, domain: bytes) -> str:
    """Where a key is published. Unusable if that can be no name."""
    try:
        name = f"{selector.decode()}._domainkey.{domain.decode()}".lower()
    except UnicodeDecodeError:
        name = ""
    if len(name) > _NAME_MAX or not _NAME.match(name):
        raise Unusable("its selector and domain are no name")
    return name


class Fast(dkim.DomainSigner):  # type: ignore[misc]
    """The base of dkimpy's classes, over a Letter and prefetched keys."""

    def __init__(
        self,
        letter: Letter,
        keys: Keys,
        headers: Iterable[Header] | None = None,
        private: RSAPrivateKey | Ed25519PrivateKey | None = None,
    ) -> None:
        self.letter, self.keys, self.private = letter, keys, private
        self.logger = _UNHEARD
        if private is not None:  # All that its base sets up is for signing.
            super().__init__(logger=_UNHEARD)
        self.headers = list(letter.headers if headers is None else headers)
        self.body = letter.body

    def verify_sig(
        self,
        sig: dict[bytes, bytes],
        include_headers: list[bytes],
        sig_header: Header,
        _dnsfunc: object = None,
    ) -> bool:
        """One signature of either kind. Raises Failed, Distrusted, Away or Unusable."""
        key = self.keys.take(sig[b"s"], sig[b"d"])
        kind, _, algorithm = sig[b"a"].decode().partition("-")
        header_form, body_form = forms(sig.get(b"c"))
        if key.kind != kind or (key.hashes and algorithm.encode() not in key.hashes):
            raise Unusable(f"the key is not for {sig[b'a'].decode()}")
        if b"bh" in sig:
            self._check_body(sig, body_form, algorithm)
        # One From more than is signed must break the signature (RFC 6376 8.15).
        chosen = [*include_headers, b"from"] if b"from" in include_headers else include_headers
        digest = self.letter.header_digest(
            header_form, algorithm, chosen, self.original(sig_header)
        )
        if not key.verifies(unbase64(sig[b"b"]), digest, algorithm):
            raise Failed("the signature is not of this header")
        if key.kind == "rsa" and key.bits < RSA_BITS_MIN:
            raise Distrusted(f"a key of {key.bits} bits proves nothing")
        return True

    def original(self, signature: Header) -> Header:
        """The signature's field as it stands in the message."""
        return signature

    def _check_body(self, sig: dict[bytes, bytes], form: Form, algorithm: str) -> None:
        if b"l" in sig and int(sig[b"l"]) < len(self.letter.canonical_body(form)):
            raise Distrusted(f"only the first {int(sig[b'l'])} bytes of the body are signed")
        if self.letter.body_digest(form, algorithm) != unbase64(sig[b"bh"]):
            raise Failed("the body has been changed")

    def gen_header(
        self,
        fields: list[tuple[bytes, bytes]],
        include_headers: Iterable[bytes],
        canon_policy: CanonicalizationPolicy,
        header_name: bytes,
        _pk: object = None,
        standardize: bool = False,
    ) -> bytes:
        """The value of a new signature field by ``private`` over ``self.headers``, with CR LF."""
        assert self.private is not None
        if standardize:
            fields = sorted(
                (
                    name,
                    value.replace(b" ", b"") if name == b"bh" else value.lower().replace(b" ", b""),
                )
                for name, value in fields
            )
        unsigned = without_signature(_written(fields, header_name, standardize))
        form = cast("Form", canon_policy.header_algorithm.name.decode())
        letter = Letter(tuple((name, value) for name, value in self.headers), b"")
        digest = letter.header_digest(
            form, "sha256", include_headers, (header_name, b" " + unsigned)
        )
        signature = base64.b64encode(signed(self.private, digest))
        fields = [(name, signature if name == b"b" else value) for name, value in fields]
        return _written(fields, header_name, standardize) + b"\r\n"


def _written(fields: list[tuple[bytes, bytes]], name: bytes, standardize: bool) -> bytes:
    text = b"; ".join(b"=".join(each) for each in fields)
    return text if standardize else cast("bytes", dkim.fold(text, namelen=len(name)))


def signed(key: RSAPrivateKey | Ed25519PrivateKey, digest: bytes) -> bytes:
    """The signature of a SHA-256 digest (RFC 6376 3.3.3, RFC 8463 3)."""
    if isinstance(key, RSAPrivateKey):
        return key.sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
    return key.sign(digest)


@lru_cache(maxsize=64)
def forms(written: bytes | None) -> tuple[Form, Form]:
    """The canonical forms of header and body that ``c=`` names."""
    policy = CanonicalizationPolicy.from_c_value(written)
    return (
        cast("Form", policy.header_algorithm.name.decode()),
        cast("Form", policy.body_algorithm.name.decode()),
    )


def unbase64(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()))
    except binascii.Error:
        raise Unusable("it is not base64") from None


class Arc(Fast, dkim.ARC):  # type: ignore[misc]
    """dkimpy's chain of seals.

    For checking it is shown the fields of the chain alone, each with its instance first and in the
    relaxed form, which is how it looks for them.
    """

    def __init__(
        self, letter: Letter, keys: Keys, private: RSAPrivateKey | Ed25519PrivateKey | None = None
    ) -> None:
        self._originals: dict[bytes, Header] = {}
        shown = letter.headers if private else self._shown(letter)
        super().__init__(letter, keys, shown, private)

    def _shown(self, letter: Letter) -> Iterator[Header]:
        for at in sorted(at for name in ARC_FIELDS for at in letter.places.get(name, ())):
            name, value = letter.headers[at]
            relaxed = b" " + relaxed_value(value)
            if name.lower() != ARC_FIELDS[0]:
                tags = {k: b" ".join(v.split()) for k, v in read_tags(value).items()}
                first = {b"i": tags.get(b"i", b"")}
                relaxed = b"".join(b" %s=%s;" % tag for tag in (first | tags).items()) + b"\r\n"
                self._originals[relaxed] = name, value
            yield name, relaxed

    def original(self, signature: Header) -> Header:
        return self._originals.get(signature[1], signature)

    def checked(self) -> tuple[Any, list[dict[str, Any]], str]:
        """dkimpy's verdict: (cv, what it found of each instance from the newest on, reason)."""
        return cast("tuple[Any, list[dict[str, Any]], str]", self.verify(dnsfunc=None))

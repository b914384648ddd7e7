"""DANE for SMTP (RFC 7672): whether a certificate is one that the DNS names."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from gateway.mail.dns import Tlsa

TRUST_ANCHOR, END_ENTITY = 2, 3
"""DANE-TA and DANE-EE; the other two usages are none for SMTP (RFC 7672 3.1.3)."""
_SIZES = {1: 32, 2: 64}
"""Octets of SHA2-256 and SHA2-512."""


def usable(records: Sequence[Tlsa]) -> tuple[Tlsa, ...]:
    """Those that can be compared with a certificate at all (RFC 7672 3.1)."""
    return tuple(
        r
        for r in records
        if r.usage in (TRUST_ANCHOR, END_ENTITY)
        and r.selector in (0, 1)
        and (len(r.data) == _SIZES[r.matching] if r.matching in _SIZES else r.matching == 0)
    )


def chain_of(tls: Any) -> list[bytes]:
    """The certificates that the server sent, its own first, in DER."""
    inner = getattr(tls, "_sslobj", None)
    if inner is not None and hasattr(inner, "get_unverified_chain"):
        # Public from Python 3.13 on, and there since 3.10.
        return [
            ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in inner.get_unverified_chain()
        ]
    leaf = tls.getpeercert(binary_form=True)
    return [leaf] if leaf else []


def fits(records: Sequence[Tlsa], chain: Sequence[bytes], names: Sequence[str]) -> bool:
    """Whether one record matches: the server's own certificate, whatever it says of names and
    dates (RFC 7672 3.1.1), or an authority of it that was sent along, and then all must be right.
    """
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in chain]
    except ValueError:
        return False
    if not certificates:
        return False
    leaf, *others = certificates
    if any(r.usage == END_ENTITY and _matches(r, leaf) for r in records):
        return True
    anchors = [
        one for one in others if any(r.usage == TRUST_ANCHOR and _matches(r, one) for r in records)
    ]
    anchors += _given(records)
    return any(_leads_to(anchor, leaf, others, name) for anchor in anchors for name in names)


def _matches(record: Tlsa, certificate: x509.Certificate) -> bool:
    if record.selector == 0:
        data = certificate.public_bytes(Encoding.DER)
    else:
        key = certificate.public_key()
        data = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    match record.matching:
        case 1:
            data = hashlib.sha256(data).digest()
        case 2:
            data = hashlib.sha512(data).digest()
    return data == record.data


def _given(records: Sequence[Tlsa]) -> list[x509.Certificate]:
    """Authorities that stand whole in the DNS: they need not be sent along."""
    whole = [r.data for r in records if (r.usage, r.selector, r.matching) == (TRUST_ANCHOR, 0, 0)]
    try:
        return [x509.load_der_x509_certificate(der) for der in whole]
    except ValueError:
        return []


def _leads_to(
    anchor: x509.Certificate, leaf: x509.Certificate, others: list[x509.Certificate], name: str
) -> bool:
    try:
        builder = PolicyBuilder().store(Store([anchor])).time(datetime.now(UTC))
        builder.build_server_verifier(x509.DNSName(name)).verify(leaf, others)
    except (VerificationError, ValueError):
        return False
    return True

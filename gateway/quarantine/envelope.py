"""What bears a secrecy stamp, enclosed for the security officer: S/MIME (RFC 8551), so that his
mail program and ``openssl cms -decrypt`` open it, too.

The gateway holds certificates alone: what it has enclosed it cannot read again.
"""

from __future__ import annotations

import os
from base64 import encodebytes
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7EnvelopeBuilder,
    PKCS7Options,
    pkcs7_decrypt_der,
)
from cryptography.x509.oid import NameOID

from gateway.mail.message import Message
from gateway.runtime.words import tr

KEY_BITS = 3072
"""A term of protection is ten years and more."""
YEARS = 10
PASSPHRASE_MIN = 12

_HEAD = (
    b"MIME-Version: 1.0\r\n"
    b"Content-Description: Bears a secrecy stamp; enclosed for the security officer\r\n"
    b'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\r\n'
    b'Content-Disposition: attachment; filename="smime.p7m"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n"
)


class BadEnvelope(ValueError):
    """A certificate, a key or an envelope is not what it should be; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The ``Enclosing`` service: whoever has the key of one of the certificates can open it."""

    certificates: tuple[x509.Certificate, ...]

    @classmethod
    def load(cls, files: Iterable[Path]) -> Envelope:
        """Read certificates, PEM or DER. BadEnvelope if one is none, or is no RSA key's."""
        return cls(tuple(map(_certificate, files)))

    @property
    def names(self) -> tuple[str, ...]:
        """The SHA-256 of each certificate, in hex."""
        return tuple(one.fingerprint(SHA256()).hex() for one in self.certificates)

    def ended(self, now: datetime) -> list[str]:
        """The subjects of those whose time is over; they are still enclosed for."""
        return [
            one.subject.rfc4514_string()
            for one in self.certificates
            if one.not_valid_after_utc <= now
        ]

    def enclose(self, raw: bytes | bytearray) -> bytes:
        """A message that holds this one, encrypted with AES-256, and nothing else of it."""
        builder = PKCS7EnvelopeBuilder().set_data(bytes(raw))
        builder = builder.set_content_encryption_algorithm(AES256)
        for certificate in self.certificates:
            builder = builder.add_recipient(certificate)
        sealed = builder.encrypt(Encoding.DER, [PKCS7Options.Binary])
        return _HEAD + encodebytes(sealed).replace(b"\n", b"\r\n")

    def disclose(self, enclosed: bytes, key: Path, passphrase: bytes) -> bytes:
        """The message in an envelope. BadEnvelope if this key does not open it."""
        private = _private(key, passphrase)
        public = private.public_key()
        fits = [one for one in self.certificates if one.public_key() == public]
        if not fits:
            raise BadEnvelope(tr("{key} belongs to none of the certificates", key=key))
        sealed = next((part.decoded() for part in Message(enclosed).mime.leaves), b"")
        for certificate in fits:
            try:
                return pkcs7_decrypt_der(sealed, certificate, private, [])
            except ValueError:
                continue  # Enclosed for another of them.
        raise BadEnvelope(tr("{key} does not open it: it is enclosed for another one", key=key))


def digest_of(raw: bytes | bytearray) -> str:
    """By which a message is known again when it comes out of its envelope: SHA-256 in hex."""
    return sha256(raw).hexdigest()


def new_key(certificate: Path, key: Path, officer: str, passphrase: str, now: datetime) -> None:
    """Make a key and its certificate; neither file may be there. BadEnvelope says why not."""
    if len(passphrase) < PASSPHRASE_MIN:
        raise BadEnvelope(tr("a passphrase has {n} signs at least", n=PASSPHRASE_MIN))
    for path in (certificate, key):
        if path.exists():
            raise BadEnvelope(tr("{path} is there already; move it away first", path=path))
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = private.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode())
    )
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    certificate.write_bytes(_signed(private, officer, now).public_bytes(Encoding.PEM))
    if os.geteuid() == 0:
        owner = certificate.parent.stat()
        os.chown(certificate, owner.st_uid, owner.st_gid)


def _signed(private: rsa.RSAPrivateKey, officer: str, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, officer)])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=True,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(usage, critical=True)
    )
    return builder.sign(private, SHA256())


def _certificate(path: Path) -> x509.Certificate:
    try:
        data = path.read_bytes()
        is_pem = b"-----BEGIN" in data
        found = (x509.load_pem_x509_certificate if is_pem else x509.load_der_x509_certificate)(data)
        public = found.public_key()
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise BadEnvelope(f"{path} is no certificate: {error}") from None
    if not isinstance(public, rsa.RSAPublicKey):
        raise BadEnvelope(f"{path} is not of an RSA key; nothing can be enclosed for it")
    return found


def _private(path: Path, passphrase: bytes) -> rsa.RSAPrivateKey:
    try:
        found = load_pem_private_key(path.read_bytes(), passphrase or None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadEnvelope(tr("{path} cannot be opened: {error}", path=path, error=error)) from None
    if not isinstance(found, rsa.RSAPrivateKey):
        raise BadEnvelope(tr("{path} is no RSA key", path=path))
    return found

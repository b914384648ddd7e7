"""Our own DKIM keys: files in a folder, with ``keys.toml`` that says from when each signs."""

from __future__ import annotations

import base64
import os
import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.runtime.private import exposed

Private: TypeAlias = RSAPrivateKey | Ed25519PrivateKey
INDEX = "keys.toml"
OFFICE = ZoneInfo("Asia/Ho_Chi_Minh")
RSA_BITS = 2048
"""4096 bits do not fit into one string of a TXT record, and sign five times as slowly."""
_LABEL = r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
_DOMAIN = rf"^{_LABEL}(?:\.{_LABEL})+$"


class BadKeyring(ValueError):
    """The keys cannot be used; the text says which, why, and what to do."""


class KeyEntry(BaseModel):
    """One ``[[key]]`` in keys.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    domain: str = Field(pattern=_DOMAIN)
    selector: str = Field(pattern=rf"^{_LABEL}(?:\.{_LABEL})*$")
    file: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    signs_from: date
    """The first day on which it signs: a day or more after it was published."""
    signs_until: date | None = None
    """The first day on which it no longer does. It stays published for a few weeks more."""


class _Index(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    key: list[KeyEntry] = []


@dataclass(frozen=True, slots=True)
class OwnKey:
    entry: KeyEntry
    private: Private

    @property
    def algorithm(self) -> str:
        return "rsa-sha256" if isinstance(self.private, RSAPrivateKey) else "ed25519-sha256"

    @property
    def record_name(self) -> str:
        return f"{self.entry.selector}._domainkey.{self.entry.domain}"

    @property
    def record(self) -> str:
        """The TXT record to publish (RFC 6376 3.6.1, RFC 8463 4.2)."""
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            data = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return f"v=DKIM1; k=rsa; p={base64.b64encode(data).decode()}"
        data = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k=ed25519; p={base64.b64encode(data).decode()}"


@dataclass(frozen=True)
class Keyring:
    """All keys there are."""

    keys: tuple[OwnKey, ...]

    @classmethod
    def load(cls, folder: Path) -> Keyring:
        """Read the folder; no index means no keys. BadKeyring if anything in it is wrong."""
        index = folder / INDEX
        if not index.exists():
            return cls(())
        try:
            entries = _Index.model_validate(tomllib.loads(index.read_text(encoding="utf-8"))).key
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            raise BadKeyring(f"{index}: {error}") from None
        return cls(tuple(OwnKey(entry, _private(folder / entry.file)) for entry in entries))

    def for_domain(self, domain: str, now: datetime) -> tuple[OwnKey, ...]:
        """The keys that sign for a domain today, one of each kind; its parents' if it has none."""
        today = now.astimezone(OFFICE).date()
        parts = domain.lower().split(".")
        for at in range(len(parts) - 1):
            parent = ".".join(parts[at:])
            current: dict[str, OwnKey] = {}
            for key in sorted(self.keys, key=lambda k: k.entry.signs_from):
                if key.entry.domain == parent and _signs(key.entry, today):
                    current[key.algorithm] = key
            if current:
                return tuple(current.values())
        return ()


def _signs(entry: KeyEntry, today: date) -> bool:
    return entry.signs_from <= today and (entry.signs_until is None or today < entry.signs_until)


def _private(path: Path) -> Private:
    try:
        if flaw := exposed(path):
            raise BadKeyring(flaw)
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKeyring(f"{path} is not a private key in PEM without password: {error}") from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise BadKeyring(f"{path} is neither an RSA nor an Ed25519 key")
    return key


def new_keys(folder: Path, domain: str, signs_from: date, prefix: str = "v") -> tuple[OwnKey, ...]:
    """Make an RSA and an Ed25519 key, file them and enter them in the index.

    The selectors bear the day, so that nobody has to think of one. BadKeyring if they exist.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made: list[OwnKey] = []
    for letter, private in (
        ("r", rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)),
        ("e", Ed25519PrivateKey.generate()),
    ):
        selector = f"{prefix}{signs_from:%Y%m%d}{letter}"
        entry = KeyEntry(
            domain=domain.lower(),
            selector=selector,
            file=f"{domain.lower()}.{selector}.pem",
            signs_from=signs_from,
        )
        made.append(OwnKey(entry, private))
    for key in made:
        if (folder / key.entry.file).exists():
            raise BadKeyring(
                f"{folder / key.entry.file} is there already; choose another day with --from"
            )
    for key in made:
        _file(folder / key.entry.file, key.private)
    with (folder / INDEX).open("a", encoding="utf-8") as index:
        index.writelines(_written(key.entry) for key in made)
    _hand_over(folder, [folder, folder / INDEX, *(folder / key.entry.file for key in made)])
    return tuple(made)


def _hand_over(folder: Path, made: list[Path]) -> None:
    """What root makes belongs to whom the settings belong to, or the gateway could not read it."""
    if os.geteuid() == 0:
        owner = folder.parent.stat()
        for path in made:
            os.chown(path, owner.st_uid, owner.st_gid)


def _file(path: Path, private: Private) -> None:
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(pem)


def _written(entry: KeyEntry) -> str:
    return (
        f'\n[[key]]\ndomain = "{entry.domain}"\nselector = "{entry.selector}"\n'
        f'file = "{entry.file}"\nsigns_from = {entry.signs_from.isoformat()}\n'
    )

"""Local passwords: argon2 hashes, checked in equal time whether or not the login exists."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import b64encode
from collections.abc import Mapping

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

REMEMBER_S = 300.0
"""So that a clerk who sends ten messages does not cost 50 ms of argon2 ten times."""

_HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _HASHER.hash(password)


def nobodys_hash() -> str:
    """A hash that no password has, and that takes as long to check as any other.

    It is drawn, not computed: to compute one would keep the doors shut for a quarter of a second.
    """
    salt, drawn = (
        b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (_HASHER.salt_len, _HASHER.hash_len)
    )
    cost = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${drawn}"


class Passwords:
    """Hashes by login. ``verify`` takes 50 ms of a processor: call it in a thread."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = dict(hashes)
        self._nobody = nobodys_hash()
        self._key = secrets.token_bytes(32)
        self._good: dict[str, tuple[bytes, float]] = {}

    def remembers(self, login: str, password: str) -> bool:
        """Whether this was found right in the last minutes. Answers at once."""
        known = self._good.get(login)
        if known is None or known[1] < time.monotonic():
            return False
        return hmac.compare_digest(known[0], self._print(login, password))

    def verify(self, login: str, password: str) -> bool:
        """Whether it is right."""
        stored = self._hashes.get(login)
        try:
            _HASHER.verify(stored or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        if stored is None:
            return False
        self._good[login] = (self._print(login, password), time.monotonic() + REMEMBER_S)
        return True

    def _print(self, login: str, password: str) -> bytes:
        data = f"{login}\0{password}\0{self._hashes.get(login)}".encode()
        return hmac.new(self._key, data, hashlib.sha256).digest()

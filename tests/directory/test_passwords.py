"""Passwords: right ones, wrong ones, and those of nobody."""

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from gateway.directory.passwords import Passwords, hash_password, nobodys_hash


def test_a_password_is_right_wrong_or_nobodys() -> None:
    known = Passwords({"lan": hash_password("đúng")})
    assert known.verify("lan", "đúng")
    assert known.remembers("lan", "đúng")
    assert not known.verify("lan", "sai")
    assert not known.verify("ai", "đúng")
    assert not known.remembers("ai", "đúng")


def test_nobodys_password_is_checked_in_full_and_never_right() -> None:
    """A hash that could not be read would be turned down at once, and tell who is unknown."""
    drawn = nobodys_hash()
    assert extract_parameters(drawn) == extract_parameters(hash_password("x"))
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(drawn, "x")
    assert nobodys_hash() != drawn

"""Whom documents are sent to: the address book as filters see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from gateway.mail.address import Address


class Sure(StrEnum):
    """How far a printed recipient is known."""

    NAMED = "named"
    """The book has this very name, accents, case and remarks in brackets aside."""
    CONFIRMED = "confirmed"
    """Somebody has said what it stands for."""
    GUESSED = "guessed"
    """Put together from parts, or found in an article of the document: a person confirms it."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Correspondent:
    """An organisation on a certain day."""

    key: str
    name: str
    addresses: tuple[Address, ...]
    """Valid on that day; any of them will do."""
    ended: tuple[Address, ...] = ()
    """Addresses of earlier days, at which nobody reads any more."""


@dataclass(frozen=True, slots=True)
class Meant:
    """What a printed recipient stands for."""

    printed: str
    sure: Sure
    keys: tuple[str, ...] = ()
    note: str = ""


class AddressBook(Protocol):
    """The correspondents, and what printed recipients were said to stand for."""

    def one(self, key: str, day: date) -> Correspondent | None:
        """The organisation of this key as it is on that day."""

    def meant(self, printed: str, document: str) -> Meant:
        """What a printed recipient of a document (its number's key) stands for."""

    def within(self, text: str) -> tuple[str, ...]:
        """Keys of all whose names stand somewhere in a text."""

    def holders(self, address: Address) -> tuple[str, ...]:
        """Keys of those whose address this is or was."""

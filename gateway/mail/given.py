"""The books of outgoing documents, as a filter may ask them: which number is whose."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gateway.mail.number import DocumentNumber
from gateway.mail.people import Mailbox


class NumberState(StrEnum):
    """What has become of a number that was given."""

    RESERVED = "reserved"
    USED = "used"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenNumber:
    """One number of an outgoing book."""

    number: str
    """As it was given: ``05/QĐ-SNgV``."""
    state: NumberState
    day: str
    """The day of its document, ISO 8601."""
    files: frozenset[str] = frozenset()
    """SHA-256, in hexadecimal, of what has left under it or waits to leave. Empty, too, where the
    clerk has said by hand that it is used."""


class BooksAway(Exception):
    """The books cannot be read now; says why."""


class OutgoingBooks(Protocol):
    """Every outgoing book of ours."""

    def is_kept_for(self, box: Mailbox) -> bool:
        """Whether what leaves from this mailbox takes its numbers from a book here."""

    def given(
        self, box: Mailbox, number: DocumentNumber, year: int
    ) -> Awaitable[tuple[GivenNumber | None, ...]]:
        """What the mailbox's books know of a number of a year; of a range, one for each number.

        None stands for a number that was not given. Raise ``BooksAway`` when nobody can say.
        """

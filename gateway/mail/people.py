"""Mailboxes, units and people: the directory as the other rooms see it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gateway.mail.address import Address


class MailboxKind(StrEnum):
    """The three kinds of mailbox that the regulation knows (article 4)."""

    AGENCY = "agency"
    UNIT = "unit"
    PERSONAL = "personal"


class ApprovalPolicy(StrEnum):
    """Which mail of a mailbox needs its leader's approval before it leaves."""

    REQUIRED = "required"
    DOCUMENTS = "documents"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One of our mailboxes. ``keepers`` are the logins that may send as it and act for it."""

    address: Address
    kind: MailboxKind
    name: str
    unit: str
    keepers: frozenset[str]
    approval: ApprovalPolicy
    aliases: frozenset[Address] = frozenset()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in. ``addresses`` are all that a mail of his may come from."""

    login: str
    name: str
    unit: str
    title: str
    addresses: frozenset[Address]
    language: str = "vi"
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """A department or a unit of it; ``parent`` is empty for the department itself."""

    key: str
    name: str
    leader: str
    deputies: tuple[str, ...] = ()
    parent: str = ""
    formerly: tuple[str, ...] = ()
    """Names of earlier days."""


class Directory(Protocol):
    """Who is who. Every look-up is in memory and answers at once."""

    def is_ours(self, domain: str) -> bool:
        """Whether mail to this domain is for our mailboxes."""

    def domains(self) -> frozenset[str]:
        """Our domains, in A-labels and lower case."""

    def mailbox(self, address: Address) -> Mailbox | None:
        """The mailbox of an address or an alias, plus-detail cut off; None if there is none."""

    def person(self, login: str) -> Person | None:
        """The person who signs in by this name, disabled ones too."""

    def owner(self, address: Address) -> Person | None:
        """The person one of whose addresses this is."""

    def named(self, display_name: str) -> tuple[Person, ...]:
        """People whose name reads the same, accents, case and blanks aside."""

    def official(self, display_name: str) -> Mailbox | None:
        """The agency or unit mailbox that bears this name, accents, case and blanks aside."""

    def unit(self, key: str) -> Unit | None:
        """A unit by its key."""

    def may_send_as(self, login: str, address: Address) -> bool:
        """Whether this login may use the address as a sender: its own, or one it keeps."""

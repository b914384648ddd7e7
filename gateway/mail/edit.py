"""Changes that a filter may ask for.

Header fields are only ever put on top or taken out whole; the bytes of every other field and of
the body stay as they came, so that signatures made by others keep verifying.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gateway.mail.address import Address


@dataclass(frozen=True, slots=True)
class AddHeader:
    """Put a field on top of the header.

    ``value`` is unfolded text, or text already folded with CR LF and a blank (RFC 5322 2.2.3).
    """

    name: str
    value: str

    def __post_init__(self) -> None:
        if not self.name.isascii() or not self.name.replace("-", "").isalnum():
            raise ValueError(f"not a header field name: {self.name!r}")
        bare = self.value.replace("\r\n ", "").replace("\r\n\t", "")
        if "\r" in bare or "\n" in bare or "\0" in bare:
            raise ValueError(f"{self.name}: a line break in a value must be a fold")


@dataclass(frozen=True, slots=True)
class DropHeader:
    """Take out the ``nth`` field of this name, counted from 0 at the top; every one if None."""

    name: str
    nth: int | None = None


@dataclass(frozen=True, slots=True)
class AddRecipient:
    address: Address


@dataclass(frozen=True, slots=True)
class DropRecipient:
    address: Address


Edit: TypeAlias = AddHeader | DropHeader | AddRecipient | DropRecipient

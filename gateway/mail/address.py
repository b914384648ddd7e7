"""Mail addresses, parsed once at the door."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox. The domain is lower case; the local part is kept as it was written."""

    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``user@example.org`` or ``<user@example.org>``; ``<>`` is the null sender."""
        bare = text.strip().removeprefix("<").removesuffix(">")
        if not bare:
            return NOBODY
        local, at, domain = bare.rpartition("@")
        if not (local and at and domain):
            raise ValueError(f"not a mail address: {text!r}")
        return cls(local, domain.lower())

    @property
    def key(self) -> str:
        """The form under which the directory knows it: all in lower case."""
        return f"{self.local.lower()}@{self.domain}" if self else ""

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}" if self else ""

    def __bool__(self) -> bool:
        return bool(self.local)


NOBODY = Address("", "")
"""The null reverse-path ``<>``, which bounces use so that they are never bounced."""

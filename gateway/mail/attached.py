"""What is known of the files attached to a mail: found out once, for every filter that asks."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.mail.facts import Fact


@dataclass(frozen=True, slots=True)
class Attached:
    """One attachment. ``part`` is its index in ``message.mime.parts``."""

    part: int
    name: str
    declared: str
    """The type that its header gives."""
    real: str
    """The type that its bytes have."""
    size: int
    """Bytes, decoded."""
    digest: str
    """SHA-256 of the decoded bytes, in hex."""
    inside: tuple[str, ...] = ()
    """Paths of the files in it, if it is an archive that can be looked into."""


ATTACHMENTS: Fact[tuple[Attached, ...]] = Fact("attachments")

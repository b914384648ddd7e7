"""``[spam]`` in vanthu.toml: the nose, its trainer, and the quarantine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.mail.day import is_clock


class SpamSettings(BaseModel):
    """What was learnt lies in a folder of its own; a version is 28 MiB, and five are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path = Path("spam")
    """Below ``data`` if it does not begin with ``/``."""
    publish_s: float = Field(default=30.0, ge=0.1, le=3600)
    """How long the trainer gathers lessons before the workers see what it has learnt."""
    user_weight: float = Field(default=0.5, gt=0, le=1)
    """What a person's word weighs against an admin's: people press the wrong button."""
    digest: tuple[Annotated[str, AfterValidator(is_clock)], ...] = (
        "07:30",
        "11:00",
        "13:30",
        "16:30",
    )
    """When the keepers of a mailbox are told what is held for it; empty: never."""
    keep_days: int = Field(default=30, ge=1, le=3650)
    """After so many days in quarantine a message is dropped; the archive keeps it."""

"""The rooms that keep rows of their own: whoever opens the archive to fold or look opens these."""

from __future__ import annotations

from gateway.archive.chapter import Chapter
from gateway.registry.chapter import Books


def chapters() -> tuple[Chapter, ...]:
    """A fresh set, for one opened archive."""
    return (Books(),)

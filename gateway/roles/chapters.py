"""The rooms that keep rows of their own: whoever opens the archive to fold or look opens these."""

from __future__ import annotations

from gateway.archive.chapter import Chapter


def chapters() -> tuple[Chapter, ...]:
    """A fresh set, for one opened archive."""
    return ()

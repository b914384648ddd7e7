"""Searching in bytes at the speed of memory: some eight times that of ``bytes.find``."""

from __future__ import annotations

from typing import TypeAlias, cast

import stringzilla as sz

Bytes: TypeAlias = bytes | bytearray

SHORT = 128
"""Longest needle that is looked for so: the time may grow with its length, where Python's own
search is linear whatever a stranger makes up."""


def find(data: Bytes, needle: bytes, start: int = 0, end: int | None = None) -> int:
    """As ``bytes.find``."""
    end = len(data) if end is None else end
    if len(needle) > SHORT:
        return data.find(needle, start, end)
    return cast("int", sz.find(data, needle, start, end))


def count(data: Bytes, needle: bytes) -> int:
    """As ``bytes.count``, for a short needle."""
    return cast("int", sz.count(data, needle))

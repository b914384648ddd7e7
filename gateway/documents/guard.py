"""The one place in a reader where everything is caught: a stranger's file is being read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def tried(work: Callable[[], T]) -> tuple[T | None, str]:
    """What the work gave, and an error in words if it gave nothing.

    pyHanko and others raise almost anything at a broken file. Nothing is hidden by it: the words
    go into the facts, and the process ends with the file.
    """
    try:
        return work(), ""
    except MemoryError:
        return None, "MemoryError"
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"[:300]

"""How this process shares the interpreter among its threads, and when it looks for garbage."""

from __future__ import annotations

import gc
import sys

SWITCH_S = 0.0005
"""How long a thread that has the interpreter may keep it from one that has just synced a batch.
Python's 5 ms are many times what a sync takes."""

GARBAGE = (20_000, 50, 50)
"""Objects that may be made before Python looks which of them nobody holds any more. What a message
needs is freed when it is answered; what is left to find is little."""


def tune() -> None:
    """Call once, when all that lives as long as the process is there."""
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)

"""Work that nobody waits for gives way to work that somebody waits for."""

from __future__ import annotations

import os
import threading
from contextlib import suppress


def give_way(nice: int) -> None:
    """Let this thread run when others need less of the processor.

    A hardened unit may not say so; then it is only less polite.
    """
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)

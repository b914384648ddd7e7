"""Whether a file with a secret is kept from others."""

from __future__ import annotations

import stat
from pathlib import Path

_OTHERS = 0o077
_OTHERS_OF_ROOT = 0o037
"""What root owns, the service's group may read: then the service cannot change it."""


def exposed(path: Path) -> str:
    """What is wrong with who may read or change it, and what to do; empty where all is well.

    OSError where it is not there.
    """
    found = path.stat()
    bad = _OTHERS if found.st_uid else _OTHERS_OF_ROOT
    if stat.S_IMODE(found.st_mode) & bad:
        return f"{path} can be read by others; run: chmod {'600' if found.st_uid else '640'} {path}"
    return ""

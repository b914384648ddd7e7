"""The gateway without its promise, to see what that costs: `python -m tests.load.unsynced …`.

The same program, but nothing waits for the disk. Never for mail.
"""

from __future__ import annotations

import sys

from gateway.cli import main
from gateway.runtime.disk import RealDisk


def _not(_disk: RealDisk, _fd: int) -> None:
    """No sync."""


if __name__ == "__main__":
    RealDisk.sync = _not  # type: ignore[method-assign, assignment]
    sys.exit(main())

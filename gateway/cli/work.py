"""Does the work of one command, and tells what went wrong in a line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from gateway.archive.journal import JournalError
from gateway.settings.errors import Mistakes


def done(chosen: argparse.Namespace) -> int:
    """The exit status: 0 done, 1 not found or wrong."""
    work: Callable[[argparse.Namespace], int] = chosen.work
    try:
        return work(chosen)
    except BrokenPipeError:
        return 0
    except Mistakes as mistakes:
        for mistake in mistakes.mistakes:
            sys.stderr.write(f"{mistake}\n")
        return 1
    except (JournalError, LookupError, OSError, ValueError) as error:
        sys.stderr.write(f"vanthu: {error}\n")
        return 1

"""Does the work of one command, and tells what went wrong in a line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from gateway.archive.journal import JournalError
from gateway.archive.record import BadRecord
from gateway.runtime.words import tr
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
    except BadRecord as error:
        told = tr("{error}; `vanthu archive verify` says what is damaged", error=error)
        sys.stderr.write(f"vanthu: {told}\n")
        return 1
    except (JournalError, LookupError, OSError, ValueError) as error:
        sys.stderr.write(f"vanthu: {error}\n")
        return 1

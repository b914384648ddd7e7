"""Reads the command line, and calls the page that does the work."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.archive.journal import JournalError
from gateway.cli import (
    approve,
    archive,
    correspondents,
    document,
    find,
    held,
    learn,
    look,
    origin,
    people,
    proof,
    quarantine,
    queue,
    register,
    sending,
    serve,
)
from gateway.runtime import words
from gateway.runtime.words import tr
from gateway.settings.errors import Mistakes

ADD: tuple[Callable[[argparse._SubParsersAction[argparse.ArgumentParser]], None], ...] = (
    serve.add,
    find.add,
    look.add,
    register.add,
    document.add,
    correspondents.add,
    queue.add,
    held.add,
    approve.add,
    people.add,
    proof.add,
    sending.add,
    archive.add,
    origin.add,
    learn.add,
    quarantine.add,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 not found or wrong, 2 bad words."""
    words.speak(words.of_environment())
    parser = argparse.ArgumentParser(
        prog="vanthu", description=tr("A mail gateway for offices whose mail is official.")
    )
    parser.add_argument(
        "--config", type=Path, default=Path("config"), help=tr("the folder of settings (config)")
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in ADD:
        add(commands)
    chosen = parser.parse_args(argv)
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

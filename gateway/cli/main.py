"""Reads the command line, and calls the page that does the work."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Sequence
from pathlib import Path

from gateway.cli.commands import add_commands
from gateway.roles.tuning import GARBAGE
from gateway.runtime import words
from gateway.runtime.words import tr


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 not found or wrong, 2 bad words."""
    gc.set_threshold(*GARBAGE)  # Of what is imported nothing is garbage: a sixth of a command.
    words.speak_everywhere(words.of_environment())
    parser = argparse.ArgumentParser(
        prog="vanthu", description=tr("A mail gateway for offices whose mail is official.")
    )
    parser.add_argument(
        "--config", type=Path, default=Path("config"), help=tr("the folder of settings (config)")
    )
    add_commands(parser)
    chosen = parser.parse_args(argv)
    from gateway.cli.work import done

    return done(chosen)

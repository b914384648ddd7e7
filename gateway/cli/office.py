"""What the commands share: settings, an archive opened beside the one that runs, and tables."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from gateway.archive.queries import Found
from gateway.archive.shelf import Shelf
from gateway.roles.chapters import chapters
from gateway.runtime.words import tr
from gateway.settings.read import Settings, read_settings

OFFICE = ZoneInfo("Asia/Ho_Chi_Minh")


def settings(chosen: argparse.Namespace) -> Settings:
    return read_settings(chosen.config)


@contextmanager
def shelf(chosen: argparse.Namespace) -> Iterator[Shelf]:
    """The archive, to look into and to put commands into; the rows are folded by the relay."""
    opened = Shelf(settings(chosen).server.data, applies=False, chapters=chapters())
    try:
        yield opened
    finally:
        opened.close()


def one(opened: Shelf, name: str) -> Found:
    """The message of an id or number. LookupError says how to find it."""
    found = opened.queries.one(name)
    if found is None:
        raise LookupError(tr("no message {name}; `vanthu find` lists what there is", name=name))
    return found


def when(at_ms: int) -> str:
    """A moment as the office's clock shows it."""
    return f"{datetime.fromtimestamp(at_ms / 1000, OFFICE):%d/%m/%Y %H:%M:%S}"


def printed(rows: Iterable[Any], *, as_json: bool) -> int:
    """Print values: as lines of JSON, or each as text."""
    for row in rows:
        text = json.dumps(msgspec.to_builtins(row), ensure_ascii=False) if as_json else str(row)
        sys.stdout.write(text + "\n")
    return 0

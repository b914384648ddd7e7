"""What the commands share: settings, an archive opened beside the one that runs, and tables."""

from __future__ import annotations

import argparse
import json
import os
import pwd
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from gateway.archive.commands import Receive
from gateway.archive.queries import Found
from gateway.archive.shelf import Shelf, index_of
from gateway.runtime.words import tr
from gateway.settings.server import read_server

if TYPE_CHECKING:
    from gateway.archive.chapter import Chapter
    from gateway.settings.read import Settings

OFFICE = ZoneInfo("Asia/Ho_Chi_Minh")


def settings(chosen: argparse.Namespace) -> Settings:
    """All of it, checked; imports every room. To look into the archive takes less: ``shelf``."""
    from gateway.settings.read import read_settings

    return read_settings(chosen.config)


def beside(data: Path) -> Shelf:
    """The archive of a folder, to look into and to put commands into; the relay folds the rows.

    Where there are none yet they are made, for which every room that keeps some is imported.
    """
    _not_as_root(data)
    chapters: Sequence[Chapter] = ()
    if not index_of(data).exists():
        from gateway.roles.chapters import chapters as all_of_them

        chapters = all_of_them()
    return Shelf(data, applies=False, chapters=chapters)


def _not_as_root(data: Path) -> None:
    """What root wrote into an archive of the service's user, the service could not go on with."""
    if os.geteuid() == 0 and data.is_dir() and (owner := data.stat().st_uid):
        user = pwd.getpwuid(owner).pw_name
        said = tr("{data} belongs to {user}; run: sudo -u {user} vanthu …", data=data, user=user)
        raise ValueError(said)


@contextmanager
def shelf(chosen: argparse.Namespace) -> Iterator[Shelf]:
    """``beside``, for a ``with``."""
    opened = beside(read_server(chosen.config).data)
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


def sealed() -> str:
    """What is said in place of a message with a secrecy stamp."""
    return tr(
        "It bears a secrecy stamp and is sealed: what it says is not shown. Tell the security "
        "officer, and its sender to use the proper channel."
    )


def must_be_open(command: Receive) -> None:
    """PermissionError for a message that is sealed."""
    if command.sealed:
        raise PermissionError(sealed())


def must_not_be_enclosed(found: Found) -> None:
    """PermissionError for a message that the security officer alone can let go."""
    if found.sealing == "enclosed":
        name = found.number or found.id
        raise PermissionError(
            tr("{name} is enclosed for the security officer: vanthu secrecy release", name=name)
        )


def when(at_ms: int) -> str:
    """A moment as the office's clock shows it."""
    return f"{datetime.fromtimestamp(at_ms / 1000, OFFICE):%d/%m/%Y %H:%M:%S}"


def printed(rows: Iterable[Any], *, as_json: bool) -> int:
    """Print values: as lines of JSON, or each as text."""
    for row in rows:
        text = json.dumps(msgspec.to_builtins(row), ensure_ascii=False) if as_json else str(row)
        sys.stdout.write(text + "\n")
    return 0

"""Which processes of a gateway run, and what each made of the last word it was given."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Running:
    """One process."""

    pid: int
    roles: tuple[str, ...]
    reloads: int
    """How often it has read its settings again, or tried to."""
    told: str
    """What came of the last time; empty if all was well."""


class Mark:
    """A file that says this process runs; its lock says whether that is still true."""

    def __init__(self, folder: Path, roles: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / str(os.getpid())
        self._file = self._path.open("w+", encoding="utf-8")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._roles, self._reloads = tuple(roles), 0
        self._write("")

    def reloaded(self, told: str) -> None:
        """The settings were read again; ``told`` is what was wrong with them."""
        self._reloads += 1
        self._write(told)

    def _write(self, told: str) -> None:
        """In one write over what was there, so that a reader finds the old state or the new."""
        state = {"roles": self._roles, "reloads": self._reloads, "told": told}
        fd = self._file.fileno()
        os.pwrite(fd, json.dumps(state).encode().ljust(os.fstat(fd).st_size), 0)

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()


def running(folder: Path) -> Iterator[Running]:
    """Those that run now. What one that was killed has left behind is passed over."""
    for path in sorted(folder.glob("[0-9]*")):
        try:
            with path.open("r+", encoding="utf-8") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    state = json.loads(file.read())
                    pid, roles = int(path.name), tuple(state["roles"])
                    yield Running(pid, roles, state["reloads"], state["told"])
        except (FileNotFoundError, json.JSONDecodeError):
            continue  # It is just being made, written or removed.

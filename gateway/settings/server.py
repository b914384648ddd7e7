"""A single file of a configuration folder, and ``[server]`` for whoever needs no more.

A command that looks something up reads what it needs; the whole folder is read (``read.py``)
before anything starts to work.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.settings.errors import Mistake, Mistakes, located

T = TypeVar("T")


class ServerTable(BaseModel):
    """``[server]`` in vanthu.toml. Paths are taken from the folder that the file is in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hostname: str
    """Our name: in the banner, in Received, in notices."""
    data: Path
    """Journal, index, notepad; on a disk that keeps what it was told to sync."""
    certificate: Path | None = None
    key: Path | None = None
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    log_format: Literal["text", "json"] = "text"
    """For a person, or a line of JSON each, with ``mail`` and ``session`` as fields."""
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 9125
    language: str = Field(default="vi", pattern="^(vi|en)$")

    def placed(self, folder: Path) -> ServerTable:
        """The same, with its paths taken from ``folder``."""
        places = {"data": folder / self.data}
        if self.certificate and self.key:
            places |= {"certificate": folder / self.certificate, "key": folder / self.key}
        return self.model_copy(update=places)


class _Server(BaseModel):
    """vanthu.toml, of which only ``[server]`` is looked at."""

    server: ServerTable


def checked(path: Path, wrong: list[Mistake], check: Callable[[dict[str, object]], T]) -> T | None:
    """What a file says; what is wrong with it is added to ``wrong``, and there is None."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        wrong.append(Mistake(path, 0, "", "this file is needed"))
        return None
    try:
        return check(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        wrong.append(Mistake(path, 0, "", str(error)))
    except ValidationError as error:
        wrong.extend(located(error, path, text))
    return None


def read_server(folder: Path) -> ServerTable:
    """``[server]`` alone. Mistakes tells what is wrong with it."""
    wrong: list[Mistake] = []
    main = checked(folder / "vanthu.toml", wrong, _Server.model_validate)
    if main is None:
        raise Mistakes(wrong)
    return main.server.placed(folder)

"""Another leader in directory.toml and passwords.toml: changed in place, comments and all kept."""

from __future__ import annotations

import os
import secrets
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from gateway.directory.passwords import hash_password
from gateway.directory.tables import Tables


@dataclass(frozen=True, slots=True)
class Succession:
    """Who hands a unit over to whom."""

    unit: str
    before: str
    after: str
    leaves: bool = False
    """Whether he who hands over leaves the office: his account ends."""


def directory_text(text: str, change: Succession) -> str:
    """directory.toml after it: leader, and keeper of the unit's mailboxes, in the place of him who
    goes. ValueError if what comes out is wrong (pydantic's ValidationError is one)."""
    parsed: Any = tomlkit.parse(text)
    unit = parsed["units"][change.unit]
    unit["leader"] = change.after
    deputies = [login for login in unit.get("deputies", ()) if login != change.after]
    if len(deputies) != len(unit.get("deputies", ())):
        unit["deputies"] = deputies
    for box in parsed.get("mailboxes", {}).values():
        keepers = list(box.get("keepers", ()))
        if box["unit"] == change.unit and change.before in keepers:
            named = (change.after if login == change.before else login for login in keepers)
            box["keepers"] = list(dict.fromkeys(named))
    if change.leaves:
        parsed["people"][change.before]["disabled"] = True
    made = tomlkit.dumps(parsed)
    Tables.read(tomllib.loads(made))
    return made


def new_passwords(text: str, change: Succession) -> tuple[str, dict[str, str]]:
    """passwords.toml after it, and the new passwords by login, in clear, to be told once.

    Both get one: devices that know an old one stay outside. Who leaves gets none.
    """
    parsed: Any = tomlkit.parse(text)
    words = parsed.setdefault("passwords", tomlkit.table())
    told: dict[str, str] = {}
    for login in (change.after, *(() if change.leaves else (change.before,))):
        told[login] = secrets.token_urlsafe(12)
        words[login] = hash_password(told[login])
    if change.leaves and change.before in words:
        del words[change.before]
    return tomlkit.dumps(parsed), told


def still_named(folder: Path, login: str) -> list[str]:
    """Where else in the settings a login stands: ``file: key``; for a person to decide."""
    found: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        if path.name != "passwords.toml":
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            found += [f"{path.name}: {key}" for key in _keys(table, "", login)]
    return found


def _keys(value: object, at: str, login: str) -> list[str]:
    if isinstance(value, Mapping):
        return [
            key
            for name, one in value.items()
            for key in _keys(one, f"{at}.{name}".lstrip("."), login)
        ]
    if isinstance(value, list):
        return [key for one in value for key in _keys(one, at, login)]
    return [at] if isinstance(value, str) and login in value.replace(" ", "").split(",") else []


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file's new text beside it, on disk; nothing has changed yet."""

    path: Path
    beside: Path

    def put(self) -> None:
        """From now on it is the file."""
        self.beside.replace(self.path)

    def drop(self) -> None:
        self.beside.unlink(missing_ok=True)


def prepare(path: Path, text: str) -> Prepared:
    """Write a new text beside a file, with its owner and mode. OSError says what is not allowed."""
    beside = path.with_name(f".{path.name}.new")
    was = path.stat()
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IMODE(was.st_mode))
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if os.geteuid() == 0:
        os.chown(beside, was.st_uid, was.st_gid)
    return Prepared(path, beside)

"""rules.toml read from disk: its rules and its lists, or every mistake with rule, key and line."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gateway.chain.rule import Rule

LIST_BYTES = 16 * 1024 * 1024


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    lists: dict[str, str] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = ()


_RULES: TypeAdapter[tuple[Rule, ...]] = TypeAdapter(tuple[Rule, ...])


def read_rules(path: Path) -> tuple[tuple[Rule, ...], dict[str, frozenset[str]]]:
    """The rules, and what the files of its lists hold. ValueError with all that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path}: {error}") from None
    try:
        checked = _File.model_validate_json(json.dumps(table, default=str))
    except ValidationError as error:
        raise ValueError("; ".join(_told(error, path, text, table))) from None
    lists = {name: _listed(path.parent / file) for name, file in checked.lists.items()}
    return checked.rules, lists


def rules_from(tables: object) -> tuple[Rule, ...]:
    """Rules that stand among a filter's own settings. ValidationError where they are wrong."""
    return _RULES.validate_json(json.dumps(tables, default=str))


def _listed(path: Path) -> frozenset[str]:
    """One address or ``@domain`` a line; ``#`` begins a comment."""
    try:
        if path.stat().st_size > LIST_BYTES:
            raise ValueError(f"{path}: a list of more than {LIST_BYTES} bytes")
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    bare = (line.partition("#")[0].strip().lower() for line in lines)
    return frozenset(line for line in bare if line)


def _told(error: ValidationError, path: Path, text: str, table: dict[str, Any]) -> Iterator[str]:
    starts = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == "[[rules]]"]
    for detail in error.errors():
        loc = [str(part) for part in detail["loc"]]
        message = detail["msg"].removeprefix("Value error, ")
        if len(loc) > 1 and loc[0] == "rules" and loc[1].isdigit():
            number = int(loc[1])
            name = table["rules"][number].get("name", f"number {number + 1}")
            start = starts[number] if number < len(starts) else 0
            line = _line_of(text, start, loc[2:])
            key = ".".join(k for k in loc[2:] if k.isidentifier() and not k.startswith("Literal"))
            yield f"{path}:{line}: rule {name!r}: {key or 'rule'}: {message}"
        else:
            yield f"{path}: {'.'.join(loc)}: {message}"


def _line_of(text: str, start: int, keys: list[str]) -> int:
    """The line of the last of these keys that stands behind ``start``."""
    best, lines = start, text.splitlines()
    for key in keys:
        setting = re.compile(
            rf"\s*(?:\[.*\b{re.escape(key)}\b.*\]|[\"']?{re.escape(key)}[\"']?\s*=)"
        )
        for number in range(start, len(lines)):
            if number > start and lines[number].strip() == "[[rules]]":
                break
            if setting.match(lines[number]):
                best = number + 1
                break
    return best

"""``vanthu register confirm``: what waits for a number, one key for each."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import Any

from gateway.cli.books import Opened, line_text, told
from gateway.registry import told as words
from gateway.registry.dossier import Dossier, dossier
from gateway.registry.lines import Line
from gateway.runtime.words import tr

ASKED = ("number", "issued", "kind", "issuer", "abstract", "signer", "recipients")
DIGITS = "123456789"


@dataclass(frozen=True, slots=True)
class Choice:
    """What one key stands for: a value that some source says."""

    field: str
    value: str
    source: str
    confidence: float


def confirm(at: Opened, chosen: argparse.Namespace) -> int:
    """Those named, or all that wait; with ``--set`` and ``--all`` without asking."""
    changes = {}
    for text in chosen.set:
        name, _, value = text.partition("=")
        changes[name.strip()] = value.strip()
    if chosen.lines:
        lines = [at.desk.named(at.asker, name, chosen.book) for name in chosen.lines]
    else:
        key, _ = at.desk.book(chosen.book, "in")
        lines = at.desk.waiting(at.asker, key)
    if not lines:
        sys.stdout.write(tr("Nothing waits.") + "\n")
        return 0
    asks = not (chosen.all or chosen.lines) and sys.stdin.isatty()
    status = 0
    for line in lines:
        if asks:
            word = _ask(at, line)
            if word == "q":
                break
            status |= 0 if word is None else int(word)
        else:
            status |= told(at.desk.confirm(at.asker, line, changes, chosen.date))
    return status


def choices(found: Dossier) -> list[Choice]:
    """Values that are not in the line: each source's, the surest first."""
    seen = {(name, getattr(found.line.said, name)) for name in ASKED}
    told_: list[Choice] = []
    rows: list[Any] = sorted(found.said, key=lambda row: -row.confidence)
    for row in rows:
        if row.field in {"number", "issued"} and (row.field, row.value) not in seen:
            seen.add((row.field, row.value))
            told_.append(Choice(row.field, row.value, row.source, row.confidence))
    return told_[: len(DIGITS)]


def shown(found: Dossier, offered: list[Choice], changes: dict[str, str]) -> str:
    """A proposal as the clerk sees it."""
    line = found.line
    rows = [line_text(line)]
    for name in ASKED:
        value = changes.get(name) or getattr(line.said, name)
        rows.append(f"  {words.field(name):17} {value or '—'}")
    rows += [
        f"  {key}) {words.field(one.field)} = {one.value}  "
        f"({words.source(one.source)}, {one.confidence:.0%})"
        for key, one in zip(DIGITS, offered, strict=False)
    ]
    rows += [f"  ! {words.link(kind)}: {line_text(other)}" for kind, other in found.links]
    return "\n".join(rows) + "\n"


def _ask(at: Opened, line: Line) -> str | int | None:
    found = dossier(at.lookup.engine, line)
    at.lookup.viewed(at.asker, "line", [line.id])
    offered, changes = choices(found), dict[str, str]()
    while True:
        sys.stdout.write(shown(found, offered, changes))
        sys.stdout.write(tr("[Enter] number it  [e] edit  [x] leave out  [n] next  [q] quit: "))
        sys.stdout.flush()
        key = _key()
        sys.stdout.write("\n")
        if key in {"\r", "\n", "y"}:
            return told(at.desk.confirm(at.asker, line, changes))
        if key == "x":
            reason = input(tr("Why: "))
            return told(at.desk.dismiss(at.asker, line, reason))
        if key == "e":
            name, _, value = input("FIELD=VALUE: ").partition("=")
            if name.strip() in ASKED:
                changes[name.strip()] = value.strip()
        if key in DIGITS[: len(offered)]:
            one = offered[DIGITS.index(key)]
            changes[one.field] = one.value
        if key in {"n", "q"}:
            return "q" if key == "q" else None


def _key() -> str:
    """One key, without Enter."""
    import termios
    import tty

    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd)
        return sys.stdin.read(1)
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)

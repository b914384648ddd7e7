"""The header edits of a kept message, to make the bytes that are delivered."""

from __future__ import annotations

from gateway.archive.commands import Change
from gateway.mail.edit import AddHeader, DropHeader, Edit


def edits(changes: tuple[Change, ...], added: tuple[tuple[str, str], ...] = ()) -> tuple[Edit, ...]:
    """``changes`` are those of its arrival; ``added`` is what a desk put on top when it released
    it: (name, value)."""
    made: list[Edit] = [
        AddHeader(change.name, change.value)
        if change.kind == "add"
        else DropHeader(change.name, None if change.nth < 0 else change.nth)
        for change in changes
    ]
    return (*made, *(AddHeader(name, value) for name, value in added))

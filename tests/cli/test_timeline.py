"""What happened to a message is told in the reader's language."""

from __future__ import annotations

import ast
from pathlib import Path

from gateway.approval import verdicts
from gateway.archive import fold
from gateway.cli.timeline import word
from gateway.runtime.words import speaking

NOTE_KIND = 4
"""Where ``archive.held.note`` takes what happened."""


def kinds(module: str | None) -> set[str]:
    """Every kind that a module notes, as far as it stands there as it is."""
    assert module
    found = set[str]()
    for node in ast.walk(ast.parse(Path(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            args = node.args
            if node.func.id == "note" and len(args) > NOTE_KIND:
                kind = args[NOTE_KIND]
                if isinstance(kind, ast.Constant) and isinstance(kind.value, str):
                    found.add(kind.value)
    return found


def test_every_kind_of_event_is_translated() -> None:
    noted = kinds(verdicts.__file__)
    assert {"tag spent", "break-glass"} <= noted
    assert '"opened"' in Path(fold.__file__).read_text(encoding="utf-8")
    with speaking("vi"):
        untold = {kind for kind in {*noted, "opened"} if word(kind) == kind}
    assert untold == set()

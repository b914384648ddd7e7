"""The commands that README and the Vietnamese guide tell people to type are ones that exist."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.runtime.words import LOCALE

ROOT = LOCALE.parents[1]
GUIDES = (ROOT / "README.md", LOCALE / "vi" / "HUONG-DAN.md")


class Understood(Exception):
    """The words were all right; nothing is to be done about them."""


def commands(guide: Path) -> list[str]:
    """The lines that are set off to be typed, without what the reader fills in."""
    lines = re.findall(r"(?m)^ {4}(?:\.venv/bin/)?vanthu (.+)$", guide.read_text(encoding="utf-8"))
    return [re.sub(r"<[^>]*>", "1", line.partition(" #")[0]) for line in lines]


TYPED = [(guide.name, line) for guide in GUIDES for line in commands(guide)]


def test_there_are_some() -> None:
    assert {name for name, _ in TYPED} == {guide.name for guide in GUIDES}


@pytest.mark.parametrize(("guide", "line"), TYPED)
def test_it_is_understood(guide: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parse = argparse.ArgumentParser.parse_args

    def understood(parser: argparse.ArgumentParser, argv: list[str]) -> None:
        parse(parser, argv)
        raise Understood

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", understood)
    with pytest.raises(Understood):
        main(shlex.split(line))

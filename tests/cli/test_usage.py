"""What argparse says of wrong words, in the reader's language."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def said(language: str, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "gateway.cli", *words]
    env = os.environ | {"VANTHU_LANG": language}
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, env=env, check=False)


@pytest.mark.parametrize(
    ("language", "title", "usage", "wrong"),
    [
        ("vi", "tùy chọn:", "cách dùng: vanthu why", "còn thiếu tham số: message"),
        ("en", "options:", "usage: vanthu why", "the following arguments are required: message"),
    ],
)
def test_help_and_mistakes(language: str, title: str, usage: str, wrong: str) -> None:
    shown = said(language, "why", "--help")
    assert shown.returncode == 0
    assert title in shown.stdout
    assert shown.stdout.startswith(usage)
    mistaken = said(language, "why")
    assert mistaken.returncode == 2
    assert wrong in mistaken.stderr


def test_a_command_that_does_not_exist() -> None:
    spoken = said("vi", "fnd")
    assert "vanthu: lỗi: tham số COMMAND: không có 'fnd'" in spoken.stderr

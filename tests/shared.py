"""Data that lies beside the project: used where it is, skipped with a reason where it is not."""

import os
from pathlib import Path

import pytest

HOME = Path(os.environ.get("VANTHU_SHARED", Path(__file__).parents[2] / "shared"))


def shared(path: str) -> Path:
    """A file or folder of the shared data; skips the test if the data is not there."""
    found = HOME / path
    if not found.exists():
        pytest.skip(f"no {path} in {HOME}; set VANTHU_SHARED to the folder that holds it")
    return found

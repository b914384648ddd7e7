"""Killed again and again while mail comes in: nothing lost, no number twice, no hole, none torn."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.relaying import relaying
from tests.shared import shared

ROOT = Path(__file__).parents[2]
ROUNDS = int(os.environ.get("ROUNDS", "5"))


@pytest.mark.shared
def test_kill_9(tmp_path: Path) -> None:
    harness = shared("tools/crash/crashtest.py")
    inbound, metrics, sink = free_port(), free_port(), free_port()
    config = relaying(tmp_path / "config", inbound=inbound, metrics=metrics, sink=sink)
    vanthu = shlex.join([sys.executable, "-m", "gateway.cli", "--config", str(config)])
    line = [
        sys.executable, str(harness), "--cmd", f"{vanthu} run", "--kill-tree",
        "--port", str(inbound), "--sink-port", str(sink), "--work", str(tmp_path / "work"),
        "--rounds", str(ROUNDS), "--max-up", "2.5", "--sink-fail", "0", "--drain-timeout", "120",
        "--archive-list-cmd", f"{vanthu} archive list --field crash-id",
        "--numbers-cmd", f"{vanthu} archive list --field n", "--numbers-base", "1",
        "--numbers-count", "--reply-number-re", r"as \d+-(\d+)",
        "--fsck-cmd", f"{vanthu} archive verify", "--queue-empty-cmd", f"{vanthu} queue empty",
        "--flush-cmd", f"{vanthu} queue flush",
    ]  # fmt: skip
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    report = tmp_path / "work" / "result.json"
    assert report.exists(), done.stdout[-2000:] + done.stderr[-2000:]
    result = json.loads(report.read_text())
    assert result["verdict"] == "PASS", result
    assert result["acked"] > 20 * ROUNDS
    assert result["dup_not_after_sink_drop"] <= max(2, 0.005 * result["acked"]), result

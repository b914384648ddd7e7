"""Probes of others' tricks against the running gateway, judged at a server behind it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.relaying import relaying
from tests.roles.test_relay import start
from tests.shared import shared

pytestmark = pytest.mark.shared


@dataclass
class Peers:
    """A gateway and the sink behind it."""

    inbound: int
    raw: Path


@pytest.fixture
def peers(tmp_path: Path) -> Iterator[Peers]:
    script = shared("tools/crash/sink.py")
    inbound, metrics, sink = free_port(), free_port(), free_port()
    raw = tmp_path / "raw"
    raw.mkdir()
    config = relaying(tmp_path / "config", inbound=inbound, metrics=metrics, sink=sink)
    line = [sys.executable, str(script), "--port", str(sink), "--log", str(tmp_path / "sink.log")]
    behind = subprocess.Popen([*line, "--raw", str(raw)])
    gateway = start(config, inbound, 0, metrics)
    yield Peers(inbound, raw)
    gateway.process.terminate()
    gateway.process.wait(40)
    behind.terminate()
    behind.wait(10)


def test_nothing_is_smuggled(peers: Peers) -> None:
    probe = shared("tools/probes/smuggle_probe.py")
    line = [sys.executable, str(probe), "127.0.0.1", str(peers.inbound), str(peers.raw)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    found = re.search(r"TOTAL \d+ FAIL (\d+) NULPASS (\d+) REJECT (\d+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert (found[1], found[2]) == ("0", "0"), done.stdout
    assert done.returncode == 0


def test_limits_hold(peers: Peers) -> None:
    probe = shared("tools/probes/limits_probe.py")
    line = [sys.executable, str(probe), "127.0.0.1", str(peers.inbound), "--conns", "300"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=300)
    assert "FAIL 0 " in done.stdout.splitlines()[-1], done.stdout + done.stderr

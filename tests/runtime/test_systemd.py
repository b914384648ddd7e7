"""systemd hears from us, and the unit gives away as little as it can."""

import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from gateway.runtime.systemd import notify, watchdog_s

UNITS = sorted((Path(__file__).parents[2] / "systemd").glob("*.service"))


def test_states_reach_the_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify("READY=1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "n"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "n"))
        assert notify("READY=1")
        assert listener.recv(100) == b"READY=1"
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    assert watchdog_s() == 30


@pytest.mark.interop
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_exposure_is_low(unit: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed; apt-get install systemd")
    line = [analyze, "security", "--offline=true", "--no-pager", str(unit)]
    said = subprocess.run(line, capture_output=True, text=True, check=False).stdout
    found = re.search(r"exposure level for .*: ([0-9.]+)", said)
    assert found, said
    assert float(found[1]) <= 2.0, said

"""Kill -9 and worse, on the real program: nothing told is lost, no number twice, no hole.

ROUNDS says how often it is killed: 5 by default, 20 in CI (with the other faults), 200 for
`make crash`.
"""

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared import shared

HOME = Path(__file__).parents[2]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
UP_S = "1.2" if ROUNDS <= 5 else "2.0"
"""At most between a start and the kill."""
ACKNOWLEDGED = 20 * ROUNDS
"""Fewer show nothing. A busy machine gets there when it is given longer."""
DUPLICATES_MAX = 0.005
"""The share that may reach the next hop twice; those its own dropped answers cause aside."""

pytestmark = pytest.mark.shared

DIRECTORY = """
domains = ["example.net"]
postmaster = "box"
[units.so]
name = "So"
leader = "box"
[people.box]
name = "Box"
unit = "so"
addresses = ["box@example.net"]
[mailboxes.box]
kind = "agency"
name = "Box"
address = "postbox@example.net"
unit = "so"
keepers = ["box"]
"""

SERVER = """
[server]
hostname = "gateway.example.net"
data = "data"
log_level = "warning"
metrics_port = 0
[listeners.inbound]
purpose = "inbound"
host = "127.0.0.1"
port = {port}
tls = "none"
chain = "inbound"
[limits]
connections_per_client = 500
"""

ROUTES = """
[[routes]]
to = ["*"]
kind = "smtp"
host = "127.0.0.1"
port = {sink}
tls = "none"
"""

CHAINS = """
[chains.inbound]
steps = ["impersonation"]
[filters.impersonation]
action = "mark"
trusted_domains = []
"""

STRACE = (
    "strace -f --seccomp-bpf -qq -o /dev/null -e trace={calls} "
    "-e inject={calls}:error={error}:when={when}"
)
"""Stops at these calls alone: at every one, each message takes a tenth of a second."""

TORN = """
import os, pathlib, random
newest = max(pathlib.Path({journal!r}).glob("*.seg"))
with newest.open("ab") as file:  # What a writer was about to acknowledge, half of it.
    tail = newest.read_bytes()[-4000:]
    file.write(tail[: random.randint(1, 4000)] + os.urandom(random.randint(0, 500)))
if random.random() < 0.5:
    os.unlink({control!r})
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def configured(folder: Path, port: int, sink: int) -> str:
    """A configuration for the harness; the command that uses it."""
    config = folder / "config"
    (config / "data").mkdir(parents=True)
    (config / "vanthu.toml").write_text(SERVER.format(port=port))
    (config / "routes.toml").write_text(ROUTES.format(sink=sink))
    (config / "directory.toml").write_text(DIRECTORY)
    (config / "chains.toml").write_text(CHAINS)
    return shlex.join([sys.executable, "-m", "gateway.cli", "--config", str(config)])


def harness(folder: Path, rounds: int, *more: str, up_s: str = UP_S) -> dict[str, object]:
    tool = shared("tools/crash/crashtest.py")
    port, sink = free_port(), free_port()
    vanthu = configured(folder, port, sink)
    journal = folder / "config/data/journal"
    torn = TORN.format(journal=str(journal), control=str(journal / "control"))
    (folder / "torn.py").write_text(torn)
    command = [
        sys.executable, str(tool), "--cmd", f"{vanthu} run", "--kill-tree", "--port", str(port),
        "--sink-port", str(sink), "--rounds", str(rounds), "--work", str(folder / "out"),
        "--archive-list-cmd", f"{vanthu} archive list --field X-Crash-Id",
        "--numbers-cmd", f"{vanthu} archive list --field n", "--numbers-base", "1",
        "--id-number-cmd", f"{vanthu} archive list --field X-Crash-Id,number",
        "--reply-number-re", r"as (\d+-\d+)", "--fsck-cmd", f"{vanthu} archive verify",
        "--queue-empty-cmd", f"{vanthu} queue empty", "--flush-cmd", f"{vanthu} queue flush",
        "--max-up", up_s, *more,
    ]  # fmt: skip
    env = os.environ | {"PYTHONPATH": str(HOME)}
    ran = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    sys.stdout.write(ran.stdout)
    log = (folder / "out/target.log").read_text(errors="replace")[-3000:]
    assert ran.returncode == 0, f"{ran.stdout[-4000:]}\n{ran.stderr[-2000:]}\n{log}"
    result: dict[str, object] = json.loads((folder / "out/result.json").read_text())
    return result


def number(result: dict[str, object], name: str) -> float:
    value = result[name]
    assert isinstance(value, int | float)
    return value


def test_killed_again_and_again(tmp_path: Path) -> None:
    for up_s in (UP_S, "4.0", "12.0"):
        result = harness(tmp_path / up_s, ROUNDS, up_s=up_s)
        if number(result, "acked") > ACKNOWLEDGED:
            break
    assert number(result, "acked") > ACKNOWLEDGED
    duplicates = number(result, "dup_not_after_sink_drop")
    assert duplicates <= max(2.0, DUPLICATES_MAX * number(result, "acked"))


@pytest.mark.skipif(ROUNDS < 20, reason="with ROUNDS=20 or more")
def test_killed_with_half_a_record_at_the_end(tmp_path: Path) -> None:
    torn = shlex.join([sys.executable, str(tmp_path / "torn.py")])
    harness(tmp_path, ROUNDS // 2, "--pre-restart-cmd", torn)


@pytest.mark.skipif(ROUNDS < 20, reason="with ROUNDS=20 or more")
@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace here")
@pytest.mark.parametrize(
    ("calls", "error", "when"),
    [("fdatasync", "EIO", "20+40"), ("pwritev", "ENOSPC", "30+50"), ("pwritev", "EIO", "25+60")],
)
def test_killed_on_a_disk_that_fails(tmp_path: Path, calls: str, error: str, when: str) -> None:
    wrap = STRACE.format(calls=calls, error=error, when=when)
    harness(tmp_path, max(5, ROUNDS // 4), "--wrap", wrap, "--max-tempfail", "1")

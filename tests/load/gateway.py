"""Our side of the comparison: the gateway in processes, each role in its own, for one case."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.cli.demo import certificate
from tests.load.measure import ROOT, answers
from tests.ports import free_port
from tests.relaying import relaying

DOORS = (("smtp",),)
"""What is needed to take mail, to keep it and to number it."""
ROLES = (("smtp",), ("store",))
"""And the index over it, which follows in a process of its own."""
TWO_DOORS = (("smtp",), ("smtp",))
"""Two processes that share the port and the journal."""
COMPILED = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""As it is installed: a start does not compile the house again."""
STORE_NICE = 5
"""As in ``systemd/vanthu-store.service``: the index may lag while the doors are busy."""


@dataclass
class Running:
    """A gateway that runs."""

    folder: Path
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self.processes.values()]

    def start(self, roles: Sequence[Sequence[str]], module: str = "gateway.cli") -> None:
        for nth, some in enumerate(roles):
            line = [sys.executable, "-m", module, "--config", str(self.folder), "serve"]
            line += [word for role in some for word in ("--role", role)]
            nice = STORE_NICE if some[0] == "store" else 0
            name = some[0] if some[0] not in self.processes else f"{some[0]}-{nth}"
            self.processes[name] = subprocess.Popen(
                ["nice", f"-n{nice}", *line], cwd=ROOT, stdout=subprocess.DEVNULL, env=COMPILED
            )
        answers(self.port)

    def owed(self) -> str:
        """What has not arrived, and why, as an operator reads it."""
        line = [sys.executable, "-m", "gateway.cli", "--config", str(self.folder), "queue", "list"]
        return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    def stop(self, number: int = signal.SIGTERM) -> None:
        for process in self.processes.values():
            process.send_signal(number)
        for process in self.processes.values():
            process.wait(60)
        self.processes.clear()


def plain(folder: Path, sink: int) -> int:
    """A gateway that looks at sizes and hops and at nothing else, as Postfix does; its port."""
    port = free_port()
    relaying(folder, inbound=port, metrics=free_port(), sink=sink or free_port())
    (folder / "chains.toml").write_text(
        '[chains.inbound]\nsteps = ["limits"]\n\n[filters.limits]\n'
    )
    text = (folder / "vanthu.toml").read_text(encoding="utf-8")
    limits = "[limits]\nconnections = 3000\nbytes_in_flight = 1073741824\n"
    text = text.replace("[limits]\n", limits).replace("_client = 2000", "_client = 3000")
    (folder / "vanthu.toml").write_text(text, encoding="utf-8")
    return port


def secret(folder: Path, sink: int) -> int:
    """The same behind STARTTLS, with a certificate of our own; its port."""
    port = plain(folder, sink)
    certificate(folder / "cert.pem", folder / "cert.key")
    text = (folder / "vanthu.toml").read_text(encoding="utf-8")
    text = text.replace('tls = "none"', 'tls = "offered"')
    known = '[server]\ncertificate = "cert.pem"\nkey = "cert.key"\n'
    (folder / "vanthu.toml").write_text(text.replace("[server]\n", known), encoding="utf-8")
    return port


def shipped(folder: Path, sink: int) -> int:
    """The configuration as it is shipped, with all that judges incoming mail; its port.

    Nobody is asked to come later: a generator would not.
    """
    del sink
    shutil.copytree(ROOT / "config", folder, ignore=shutil.ignore_patterns("*.pem", "*.key"))
    text = (folder / "vanthu.toml").read_text(encoding="utf-8")
    port = free_port()
    text = re.sub(r"(?m)^(certificate|key) =.*\n", "", text)
    for known in ("2525", "2587", "2465", "9125"):
        text = text.replace(known, str(port if known == "2525" else free_port()))
    text = re.sub(r'(?m)^tls = "\w+"', 'tls = "none"', text)
    text = text.replace('log_level = "info"', 'log_level = "warning"')
    text = text.replace("warm_s = 10.0", "warm_s = 0")  # Not while something is measured.
    text = text.replace("[limits]\n", "[limits]\nconnections_per_client = 2000\n")
    (folder / "vanthu.toml").write_text(text, encoding="utf-8")
    chains = (folder / "chains.toml").read_text(encoding="utf-8")
    (folder / "chains.toml").write_text(chains.replace('"greylist", ', ""), encoding="utf-8")
    return port


@contextmanager
def gateway(
    roles: Sequence[Sequence[str]] = DOORS,
    *,
    sink: int = 0,
    module: str = "gateway.cli",
    configure: object = plain,
) -> Iterator[Running]:
    """Runs until the block ends; what it kept goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="vanthu-load-", dir=os.environ.get("BENCH_DIR")))
    assert callable(configure)
    running = Running(folder / "config", configure(folder / "config", sink))
    try:
        running.start(roles, module)
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)

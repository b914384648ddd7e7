"""The anchor with judgement: an rspamd of our own that Postfix asks as a milter."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.load.measure import listens
from tests.ports import free_port

PROXY = """\
bind_socket = "127.0.0.1:{port}";
milter = yes;
count = {processes};
upstream "local" {{ default = yes; self_scan = yes; }}
"""
OPTIONS = """\
dns {{ nameserver = ["127.0.0.1:{nobody}"]; timeout = 0.2s; retransmits = 1; }}
control_socket = "{folder}/control.sock mode=0600";
"""
"""Nobody answers its questions, and it learns so at once: it does not wait for a network."""
PROCESSES = 2
FIRST_S = 5.0
"""Until its maps are read and its expressions compiled."""


class NoRspamd(RuntimeError):
    """rspamd is not installed, or does not start."""


@contextmanager
def rspamd() -> Iterator[tuple[int, int]]:
    """(port of the milter, pid of its main process), until the block ends."""
    program = shutil.which("rspamd", path="/usr/sbin:/usr/bin")
    if program is None:
        raise NoRspamd("the anchor needs rspamd; apt-get install rspamd")
    folder, port = Path(tempfile.mkdtemp(prefix="vanthu-rspamd-")), free_port()
    _configure(folder, port)
    line = [program, "-f", "-i", "-c", "/etc/rspamd/rspamd.conf"]
    line += [f"--var={name}={folder}" for name in ("LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR")]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        listens(port)
        time.sleep(FIRST_S)
        yield port, process.pid
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder: Path, port: int) -> None:
    local = folder / "local.d"
    local.mkdir()
    (local / "worker-proxy.inc").write_text(PROXY.format(port=port, processes=PROCESSES))
    for name in ("normal", "controller", "fuzzy"):
        off = f'bind_socket = "127.0.0.1:{free_port()}";\nenabled = false;\n'
        (local / f"worker-{name}.inc").write_text(off)
    (local / "options.inc").write_text(OPTIONS.format(nobody=free_port(), folder=folder))
    (local / "logging.inc").write_text('type = "console";\nlevel = "error";\n')

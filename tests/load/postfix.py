"""The anchor: a Postfix of our own on high ports, which needs nothing but root and its package."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
mynetworks = 127.0.0.0/8
mydestination =
myhostname = anchor.example.net
smtp_host_lookup = native
message_size_limit = 60000000
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_milters = {milters}
milter_default_action = tempfail
default_process_limit = 200
relay_domains = example.net
relayhost = {relayhost}
defer_transports = {defer}
{more}
"""


class NoPostfix(RuntimeError):
    """Postfix is not installed, or we are not root."""


@contextmanager
def postfix(sink: int = 0, milter: int = 0, more: str = "") -> Iterator[tuple[int, int]]:
    """(port, pid of its master). Mail goes to the server on port ``sink``, or stays in the queue.

    ``milter``: the port of one that is asked about each message. ``more``: lines of main.cf.
    """
    program = shutil.which("postfix", path="/usr/sbin:/usr/bin")
    if program is None or os.geteuid() != 0:
        raise NoPostfix("the anchor needs Postfix and root; apt-get install postfix")
    folder = Path(tempfile.mkdtemp(prefix="vanthu-postfix-"))
    port = free_port()
    try:
        _configure(folder, port, sink, milter, more)
        line = [program, "-c", str(folder / "config")]
        done = subprocess.run([*line, "start"], capture_output=True, text=True, check=False)
        if done.returncode:
            log = folder / "mail.log"
            raise NoPostfix(done.stderr + (log.read_text() if log.exists() else ""))
        try:
            yield port, int((folder / "queue/pid/master.pid").read_text())
        finally:
            subprocess.run([*line, "stop"], capture_output=True, check=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder: Path, port: int, sink: int, milter: int, more: str) -> None:
    folder.chmod(0o755)
    for name in ("config", "queue", "data"):
        (folder / name).mkdir(mode=0o755)
    shutil.chown(folder / "data", "postfix")
    config = folder / "config"
    (config / "main.cf").write_text(
        MAIN.format(
            folder=folder,
            relayhost=f"[127.0.0.1]:{sink}" if sink else "",
            defer="" if sink else "smtp relay",
            more=more,
            milters=f"inet:127.0.0.1:{milter}" if milter else "",
        )
    )
    shipped = Path("/etc/postfix/master.cf").read_text(encoding="utf-8").splitlines()
    rows = [f"127.0.0.1:{port} inet n - n - 200 smtpd", "postlog unix-dgram n - n - 1 postlogd"]
    rows += [
        row
        for row in shipped
        if row[:1] != "#" and "inet" not in row.split()[1:2] and not row.startswith("postlog")
    ]
    (config / "master.cf").write_text("\n".join(rows) + "\n")

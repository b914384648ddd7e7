"""A Dovecot of our own on loopback: LMTP and IMAP, its mail in a folder, ended by its pid."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.test_clients import program
from tests.ports import free_port

CONFIG = """\
protocols = imap lmtp
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = no
disable_plaintext_auth = no
listen = 127.0.0.1
login_trusted_networks = 127.0.0.1
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = passwd-file
  args = {folder}/users
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""
PASSWORD = "secret"
NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Dovecot:
    """A running server."""

    folder: Path
    lmtp: int
    imap: int

    def mail(self, user: str) -> list[bytes]:
        """The messages in the Maildir of a user, as they lie there (lines end in LF)."""
        box = self.folder / "mail" / user
        return [path.read_bytes() for sub in ("new", "cur") for path in (box / sub).glob("*")]

    @property
    def log(self) -> str:
        return (self.folder / "dovecot.log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def dovecot(folder: Path, users: Sequence[str]) -> Iterator[Dovecot]:
    """With these mailboxes; all have the same password. ``folder`` is open to other users."""
    binary = program("dovecot")
    lmtp, imap = free_port(), free_port()
    (folder / "mail").mkdir(mode=0o777)
    (folder / "mail").chmod(0o777)
    rows = [f"{u}:{{PLAIN}}{PASSWORD}:{NOBODY}:{NOBODY}::{folder}/mail/{u}::" for u in users]
    (folder / "users").write_text("\n".join(rows) + "\n")
    config = folder / "dovecot.conf"
    config.write_text(CONFIG.format(folder=folder, lmtp=lmtp, imap=imap))
    process = subprocess.Popen([binary, "-F", "-c", str(config)])
    running = Dovecot(folder, lmtp, imap)
    try:
        for port in (lmtp, imap):
            _wait_for(port, process, running)
        yield running
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int, process: subprocess.Popen[bytes], running: Dovecot) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"Dovecot did not start: {running.log}")

"""Reading the settings again leaves nothing open that nobody uses."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import time
from contextlib import suppress
from pathlib import Path

from gateway.runtime.running import running
from tests.roles.test_processes import all_ready, connected, serving
from tests.roles.test_relay import configure

ROLES = ("store", "register", "deliver", "desk", "smtp", "monitor", "quarantine")
WARM, TIMES = 5, 20
SPARE = 1
"""SQLite keeps a descriptor that it may not close yet for the next connection to the same file."""


def held(pid: int) -> tuple[int, int]:
    """Open files and threads of a process.

    Without the journal's: it lives as long as the process, and each of its writers opens its own
    when the first message falls to it.
    """
    process = Path(f"/proc/{pid}")
    files = 0
    for entry in (process / "fd").iterdir():
        with suppress(FileNotFoundError):  # It was closed while we looked.
            files += "/journal/" not in str(entry.readlink())
    return files, len(list((process / "task").iterdir()))


def reload(config: Path, pid: int, times: int) -> None:
    folder = config.parent / "data/running"

    def reloads() -> int:
        return next(one.reloads for one in running(folder) if one.pid == pid)

    for _ in range(times):
        before = reloads()
        os.kill(pid, signal.SIGHUP)
        for _ in range(1200):
            if reloads() > before:
                break
            time.sleep(0.05)
        else:
            raise AssertionError("it does not say that it has read the settings")


def falls_to(pid: int, most: int) -> bool:
    for _ in range(300):
        if held(pid)[0] <= most:
            return True
        time.sleep(0.1)
    return False


def test_files_and_threads_do_not_grow_with_reloads(tmp_path: Path) -> None:
    config, inbound, *_ = configure(tmp_path)
    with serving(config, *ROLES) as pid:
        all_ready(config, [pid])
        connected(inbound)
        reload(config, pid, WARM)  # Whatever is opened at first use is open now.
        files, threads = held(pid)
        reload(config, pid, TIMES)
        # Pools of connections and threads may still fill; one a reload would be twice as many.
        assert falls_to(pid, files + TIMES // 2), held(pid)
        assert held(pid)[1] < threads + TIMES // 2


def test_who_came_before_a_reload_keeps_what_was_open_then(tmp_path: Path) -> None:
    config, inbound, *_ = configure(tmp_path)
    letter = "From: a@example.net\r\nSubject: s\r\n\r\nx\r\n"
    told = ("a@example.net", ["lan@songoaivu.example"], letter)
    with serving(config, "store", "smtp") as pid:
        all_ready(config, [pid])
        connected(inbound)
        with smtplib.SMTP("127.0.0.1", inbound, timeout=60) as client:
            assert not client.sendmail(*told)  # The journal is open now.
        reload(config, pid, WARM)
        files, _ = held(pid)
        with smtplib.SMTP("127.0.0.1", inbound, timeout=60) as client:
            client.ehlo("client.example")
            reload(config, pid, 2)
            assert held(pid)[0] > files + SPARE, "the services of one who is here stay open"
            assert not client.sendmail(*told)
        assert falls_to(pid, files + SPARE), held(pid)


def test_a_port_that_is_taken_leaves_the_old_settings_in_force(tmp_path: Path) -> None:
    config, inbound, *_ = configure(tmp_path)
    with serving(config, "store", "smtp") as pid, socket.socket() as other:
        all_ready(config, [pid])
        connected(inbound)
        reload(config, pid, WARM)
        files, _ = held(pid)
        other.bind(("127.0.0.1", 0))
        other.listen()
        paper = config / "vanthu.toml"
        text = paper.read_text(encoding="utf-8")
        taken = text.replace(f"port = {inbound}", f"port = {other.getsockname()[1]}")
        assert taken != text
        paper.write_text(taken, encoding="utf-8")
        reload(config, pid, 1)
        told = next(one.told for one in running(config.parent / "data/running"))
        assert "in use" in told
        connected(inbound)
        assert falls_to(pid, files), held(pid)

"""A process for each role: they share journal and ports, and each hears of new settings."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.cli.serve import ROLE_NAMES
from gateway.roles.process import ROLES
from gateway.runtime.running import running
from tests.roles.test_relay import ROOT, Gateway, configure, send

INHERIT = """import os, sys
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[1], sys.argv[1:])
"""


@contextmanager
def serving(config: Path, *roles: str, sock: socket.socket | None = None) -> Iterator[int]:
    """One process with these roles, on its way to being ready; its pid."""
    vanthu = [sys.executable, "-m", "gateway.cli", "--config", str(config), "serve"]
    line = vanthu + [word for role in roles for word in ("--role", role)]
    env = dict(os.environ)
    if sock is not None:
        # As systemd does it: descriptor 3, named, for the process that it starts.
        env |= {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "inbound"}
        os.dup2(sock.fileno(), 3)
        line = [sys.executable, "-c", INHERIT, *line]
    fds = () if sock is None else (3,)
    process = subprocess.Popen(line, cwd=ROOT, env=env, pass_fds=fds, stdout=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0


def all_ready(config: Path, pids: list[int]) -> None:
    for _ in range(600):
        if {one.pid for one in running(config.parent / "data/running")} >= set(pids):
            return
        time.sleep(0.1)
    raise AssertionError("they did not all start")


def connected(port: int) -> None:
    for _ in range(1200):
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as peer:
                assert peer.recv(3) == b"220"
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("nobody listens")


def test_the_names_of_roles_are_known_without_importing_them() -> None:
    assert tuple(ROLES) == ROLE_NAMES


def test_two_processes_take_mail_for_one_archive(tmp_path: Path) -> None:
    config, inbound, submission, metrics = configure(tmp_path)
    with (
        serving(config, "store") as store,
        serving(config, "smtp") as first,
        serving(config, "smtp") as second,
        serving(config, "deliver") as postman,
        serving(config, "deliver") as waiting,
    ):
        all_ready(config, [store, first, second, postman, waiting])
        connected(inbound)
        gateway = Gateway(config, inbound, submission, metrics, None)  # type: ignore[arg-type]
        numbers = [send(gateway) for _ in range(12)]
        assert [int(number.partition("-")[2]) for number in numbers] == list(range(1, 13))
        gateway.settle()
        box = config.parent / "data/mail/songoaivu.example/lan/new"
        assert len(list(box.iterdir())) == 12
        told = gateway.command("reload")
        assert told.returncode == 0, told.stderr
        assert told.stdout.count("new settings") == 5
        (config / "routes.toml").write_text("nonsense")
        told = gateway.command("reload")
        assert told.returncode == 1
        assert "routes.toml" in told.stderr
        send(gateway)


def test_a_socket_that_systemd_opened_is_taken_over(tmp_path: Path) -> None:
    config, *_ = configure(tmp_path)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        with (
            serving(config, "smtp", sock=sock),
            smtplib.SMTP("127.0.0.1", sock.getsockname()[1], timeout=90) as client,
        ):
            assert client.noop()[0] == 250

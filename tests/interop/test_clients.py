"""Mail programs and servers that hand their mail to the gateway: swaks, curl, msmtp, Postfix."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.roles.test_relay import Gateway, configure, start

pytestmark = pytest.mark.interop

LETTER = b"From: lan@songoaivu.example\nTo: minh@songoaivu.example\nSubject: Interop\n\nhello\n"


def program(name: str) -> str:
    """Where a program is; skips naming it where it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed; apt-get install it, or run .ci/run")
    return found


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    running = start(*configure(tmp_path_factory.mktemp("gateway")))
    yield running
    running.process.terminate()
    assert running.process.wait(40) == 0


def arrived(gateway: Gateway, box: str) -> list[bytes]:
    gateway.settle()
    folder = gateway.config.parent / "data/mail/songoaivu.example" / box / "new"
    return [path.read_bytes() for path in folder.iterdir()] if folder.exists() else []


def run(*line: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(line, input=data, capture_output=True, timeout=60, check=False)


def test_swaks_pipelines_and_signs_in(gateway: Gateway) -> None:
    swaks = program("swaks")
    common = ["--server", "127.0.0.1", "--to", "hoa@songoaivu.example", "--hide-all"]
    outside = [*common, "--port", str(gateway.inbound), "--from", "x@example.net", "--pipeline"]
    assert run(swaks, *outside).returncode == 0
    signed = [*common, "--port", str(gateway.submission), "--from", "lan@songoaivu.example", "-tls"]
    login = ["--auth", "LOGIN", "--auth-user", "lan", "--auth-password"]
    assert run(swaks, *signed, *login, "secret").returncode == 0
    assert run(swaks, *signed, *login, "wrong").returncode == 28
    assert run(swaks, *signed).returncode == 23
    assert len(arrived(gateway, "hoa")) == 2


def test_curl_and_msmtp_submit(gateway: Gateway, tmp_path: Path) -> None:
    curl, msmtp = program("curl"), program("msmtp")
    letter = tmp_path / "letter.eml"
    letter.write_bytes(LETTER.replace(b"\n", b"\r\n"))
    url = f"smtp://localhost:{gateway.submission}"
    line = [curl, "-s", "--ssl-reqd", "--cacert", str(gateway.config / "demo.pem"), url]
    line += ["-u", "lan:secret", "--mail-from", "lan@songoaivu.example"]
    line += ["--mail-rcpt", "minh@songoaivu.example", "-T", str(letter)]
    assert run(*line).returncode == 0
    line = [msmtp, "--host=localhost", f"--port={gateway.submission}", "--tls=on", "--auth=plain"]
    line += [f"--tls-trust-file={gateway.config / 'demo.pem'}", "--user=lan"]
    line += ["--passwordeval=echo secret", "--from=lan@songoaivu.example"]
    done = run(*line, "minh@songoaivu.example", data=LETTER)
    assert done.returncode == 0, done.stderr
    bodies = arrived(gateway, "minh")
    assert len(bodies) == 2
    assert all(body.endswith(b"\r\n\r\nhello\r\n") for body in bodies)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that servers under another user may enter; pytest's own are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="vanthu-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_postfix_hands_its_mail_on(gateway: Gateway, open_folder: Path) -> None:
    """A Postfix of our own, with our gateway as its relayhost."""
    postfix, source = program("postfix"), program("smtp-source")
    if os.geteuid() != 0:
        pytest.skip("Postfix starts as root only")
    port = free_port()
    config, queue, data = (open_folder / name for name in ("config", "queue", "data"))
    for folder in (config, queue, data):
        folder.mkdir()
        folder.chmod(0o755)
    shutil.chown(data, "postfix")
    (config / "main.cf").write_text(
        f"compatibility_level = 3.6\nqueue_directory = {queue}\ndata_directory = {data}\n"
        f"inet_interfaces = 127.0.0.1\nmynetworks = 127.0.0.0/8\nmydestination =\n"
        f"relayhost = [127.0.0.1]:{gateway.inbound}\nmyhostname = client.example\n"
        f"smtp_tls_security_level = may\nmaillog_file = {open_folder}/mail.log\n"
        f"maillog_file_prefixes = {open_folder}\nsmtp_host_lookup = native\n"
    )
    shipped = Path("/etc/postfix/master.cf").read_text(encoding="utf-8")
    rows = [
        row for row in shipped.splitlines() if "inet" not in row.split()[1:2] and row[:1] != "#"
    ]
    listen = f"127.0.0.1:{port} inet n - n - - smtpd"
    log = "postlog unix-dgram n - n - 1 postlogd"
    rows = [row for row in rows if not row.startswith("postlog")]
    (config / "master.cf").write_text("\n".join([listen, log, *rows]) + "\n")
    started = run(postfix, "-c", str(config), "start")
    log_file = open_folder / "mail.log"
    assert started.returncode == 0, log_file.read_text() if log_file.exists() else started
    try:
        line = [source, "-m", "20", "-s", "4", "-l", "3000", "-f", "x@example.net"]
        done = run(*line, "-t", "lan@songoaivu.example", f"127.0.0.1:{port}")
        assert done.returncode == 0, done.stderr
        for _ in range(60):
            if len(arrived(gateway, "lan")) == 20:
                break
            run("sleep", "0.5")
        log_text = (
            (open_folder / "mail.log").read_text() if (open_folder / "mail.log").exists() else ""
        )
        assert len(arrived(gateway, "lan")) == 20, log_text[-3000:]
        assert "TLS connection" in log_text or "status=sent (250 2.0.0 Kept as" in log_text
    finally:
        run(postfix, "-c", str(config), "stop")

"""Engines of others, started privately from Debian: rspamd, spamd, clamd."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from filters.clamav import Clamav
from filters.rspamd import Rspamd
from filters.spamassassin import Spamassassin
from gateway.api import Action, Defer, Hold, Mail, Pass, Reject, Verdict
from tests.filters.conftest import OURS, Letter, begin, letter, people  # noqa: F401
from tests.interop.test_clients import program
from tests.ports import free_port
from tests.wrappings import EICAR, doubtful, wrapped

pytestmark = pytest.mark.interop

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
PLAIN = (
    "From: Nam <nam@client.example>\nTo: so@songoaivu.example\nSubject: Hop\n\nMai hop luc 8 gio.\n"
)


@contextmanager
def running(line: list[str], port: int, wait_s: float = 60.0) -> Iterator[int]:
    """A server in the foreground, until its port answers; ended by its own pid."""
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + wait_s
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    process.kill()
                    assert process.stderr is not None
                    pytest.fail(f"{line[0]} does not start: {process.stderr.read()[-2000:]!r}")
                time.sleep(0.2)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr is not None:
            process.stderr.close()


def asked(filter_: Clamav | Rspamd | Spamassassin, mail: Mail) -> Verdict | None:
    async def ask() -> Verdict | None:
        return await filter_.message(mail)

    return asyncio.run(ask())


def raw_mail(letter: Letter, raw: bytes) -> Mail:  # noqa: F811
    mail = letter(b"", "a@client.example", f"so@{OURS}")
    object.__setattr__(mail.message, "raw", raw)
    return mail


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("clamd")
    (folder / "eicar.ndb").write_text(f"Eicar-Test:0:*:{EICAR.hex()}\n")
    port = free_port()
    (folder / "clamd.conf").write_text(
        f"TCPSocket {port}\nTCPAddr 127.0.0.1\nDatabaseDirectory {folder}\nForeground yes\n"
        "OfficialDatabaseOnly no\nLogSyslog no\nMaxThreads 2\n"
    )
    with running([program("clamd"), "-c", str(folder / "clamd.conf")], port):
        yield f"127.0.0.1:{port}"


def test_clamav_finds_the_test_virus_in_every_wrapping(clamd: str, letter: Letter) -> None:  # noqa: F811
    filter_ = Clamav(server=clamd)
    missed = [
        told
        for told, raw in wrapped(EICAR)
        if not isinstance(asked(filter_, raw_mail(letter, raw)), Reject)
    ]
    assert missed == []
    assert asked(filter_, letter(PLAIN, "nam@client.example", f"so@{OURS}")) is None


def test_where_programs_disagree_it_is_found_or_held(clamd: str, letter: Letter) -> None:  # noqa: F811
    from filters.attachments import Attachments

    scanner, looker = Clamav(server=clamd), Attachments(programs=Action.PASS)
    through = []
    for told, raw in doubtful(EICAR):
        mail = raw_mail(letter, raw)
        said = asked(scanner, mail), looker.judge(mail)
        if not any(isinstance(verdict, Reject | Hold) for verdict in said):
            through.append(told)
    assert through == []


def test_a_stream_that_clamd_refuses_is_as_if_it_were_away(letter: Letter) -> None:  # noqa: F811
    mail = letter(PLAIN, "nam@client.example", f"so@{OURS}")
    nowhere = f"127.0.0.1:{free_port()}"
    assert isinstance(asked(Clamav(server=nowhere), mail), Defer)
    assert isinstance(asked(Clamav(server=nowhere, away=Action.PASS), mail), Pass)
    assert isinstance(asked(Rspamd(server=nowhere), mail), Pass)
    assert isinstance(asked(Rspamd(server=nowhere, away=Action.DEFER), mail), Defer)
    assert isinstance(asked(Spamassassin(server=nowhere), mail), Pass)


def test_a_server_that_never_answers_is_away(letter: Letter) -> None:  # noqa: F811
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        mail = letter(PLAIN, "nam@client.example", f"so@{OURS}")
        assert isinstance(asked(Clamav(server=where, patience_s=0.3), mail), Defer)
        assert isinstance(asked(Rspamd(server=where, patience_s=0.3), mail), Pass)


def test_spamassassin_gives_points(tmp_path: Path, letter: Letter) -> None:  # noqa: F811
    port = free_port()
    line = [program("spamd"), "--listen", f"127.0.0.1:{port}", "--local", "--nouser-config"]
    line += ["--max-children", "1", "--syslog", "stderr", "--pidfile", str(tmp_path / "pid")]
    line += ["--helper-home-dir", str(tmp_path), "--username", "nobody"]
    with running(line, port, 120.0):
        filter_ = Spamassassin(server=f"127.0.0.1:{port}", patience_s=60.0)
        good = asked(filter_, letter(PLAIN, "nam@client.example", f"so@{OURS}"))
        bad = asked(filter_, letter(PLAIN + GTUBE + "\n", "nam@client.example", f"so@{OURS}"))
    assert isinstance(good, Pass)
    assert isinstance(bad, Pass)
    assert bad.points[0].value == filter_.most
    assert "GTUBE" in bad.reason
    assert good.points[0].value < 4


def test_rspamd_gives_points(tmp_path: Path, letter: Letter) -> None:  # noqa: F811
    port, off = free_port(), free_port()
    local = tmp_path / "local.d"
    local.mkdir()
    (local / "worker-normal.inc").write_text(f'bind_socket = "127.0.0.1:{port}";\ncount = 1;\n')
    for name in ("controller", "proxy", "fuzzy"):
        (local / f"worker-{name}.inc").write_text(
            f'bind_socket = "127.0.0.1:{free_port()}";\nenabled = false;\n'
        )
    (local / "options.inc").write_text(
        f'dns {{ nameserver = ["127.0.0.1:{off}"]; timeout = 0.2s; retransmits = 1; }}\n'
        f'control_socket = "{tmp_path}/control.sock mode=0600";\n'
    )
    (local / "logging.inc").write_text('type = "console";\nlevel = "error";\n')
    line = [program("rspamd"), "-f", "-i", "-c", "/etc/rspamd/rspamd.conf"]
    for name, place in (
        ("LOCAL_CONFDIR", tmp_path), ("DBDIR", tmp_path), ("RUNDIR", tmp_path), ("LOGDIR", tmp_path)
    ):  # fmt: skip
        line += [f"--var={name}={place}"]
    with running(line, port, 120.0):
        filter_ = Rspamd(server=f"127.0.0.1:{port}", patience_s=60.0)
        good = asked(filter_, letter(PLAIN, "nam@client.example", f"so@{OURS}"))
        bad = asked(filter_, letter(PLAIN + GTUBE + "\n", "nam@client.example", f"so@{OURS}"))
    assert isinstance(good, Pass)
    assert isinstance(bad, Pass)
    assert bad.reason.startswith("reject, 15.0 of 15")
    assert bad.points[0].value == filter_.most
    assert good.points[0].value < filter_.most
    assert not good.reason.startswith("reject")

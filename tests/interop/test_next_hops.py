"""Servers behind us and before us: Dovecot over LMTP, Postfix as next hop, also under TLS."""

from __future__ import annotations

import imaplib
import os
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.delivery.certificates import Authority
from tests.interop.dovecot import PASSWORD, Dovecot, dovecot
from tests.interop.test_clients import open_folder, program
from tests.load.postfix import postfix
from tests.roles.test_relay import ROOT, Gateway, configure, start

__all__ = ["open_folder"]
pytestmark = pytest.mark.interop

OURS = "songoaivu.example"
LETTER = (
    "From: <citizen@example.net>\r\nTo: <lan@songoaivu.example>\r\nSubject: Đơn\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    ".\r\n..two\r\nFrom the start\r\nKính gửi Sở Ngoại vụ\r\n" + "x" * 3000 + "\r\n \t \r\n\r\n"
).encode()


@contextmanager
def running(folder: Path, routes: str, chains: tuple[str, str] = ("", "")) -> Iterator[Gateway]:
    """The shipped gateway with these routes before its own."""
    config, *ports = configure(folder)
    path = config / "routes.toml"
    path.write_text(f"{routes}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    path = config / "chains.toml"
    text = path.read_text(encoding="utf-8")
    assert chains[0] in text
    path.write_text(text.replace(*chains) if chains[0] else text, encoding="utf-8")
    gateway = start(config, *ports)
    try:
        yield gateway
    finally:
        gateway.process.terminate()
        assert gateway.process.wait(40) == 0


def send(gateway: Gateway, *to: str, letter: bytes = LETTER) -> str:
    """Hand a letter in from outside; its archive number."""
    with smtplib.SMTP("127.0.0.1", gateway.inbound) as client:
        client.ehlo("client.example")
        client.mail("citizen@example.net", ["BODY=8BITMIME"])
        for address in to:
            client.rcpt(address)
        code, text = client.data(letter)
    assert code == 250, text
    return text.decode().split(" as ")[1].split()[0]


def as_delivered(gateway: Gateway, number: str) -> bytes:
    line = [sys.executable, "-m", "gateway.cli", "--config", str(gateway.config)]
    shown = subprocess.run(
        [*line, "show", "--delivered", number, "--break-glass", "to compare what arrived with it"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return shown.stdout


def fetched(server: Dovecot, user: str) -> list[bytes]:
    """All messages in a mailbox, as an IMAP client gets them."""
    with imaplib.IMAP4("127.0.0.1", server.imap) as client:
        client.login(user, PASSWORD)
        client.select(readonly=True)
        _, (numbers,) = client.search(None, "ALL")
        return [
            part[1]
            for number in numbers.split()
            for part in client.fetch(number.decode(), "(BODY.PEEK[])")[1]
            if isinstance(part, tuple)
        ]


def lmtp_route(server: Dovecot) -> str:
    return (
        f'[[routes]]\nto = ["*@{OURS}"]\nkind = "lmtp"\nhost = "127.0.0.1"\n'
        f"port = {server.lmtp}\nxclient = true\n"
    )


def test_dovecot_gets_every_byte_over_lmtp(tmp_path: Path, open_folder: Path) -> None:
    users = [f"{name}@{OURS}" for name in ("lan", "so", "cu")]
    asking = ("ask_backend = false", "ask_backend = true")
    with (
        dovecot(open_folder, users) as server,
        running(tmp_path, lmtp_route(server), asking) as gateway,
    ):
        # minh is in our directory and not in Dovecot: his part fails, and the postmaster hears.
        number = send(gateway, f"lan@{OURS}", f"minh@{OURS}")
        gateway.settle()
        (mine,) = fetched(server, f"lan@{OURS}")
        delivered = as_delivered(gateway, number)
        assert delivered.endswith(LETTER)
        assert mine.endswith(delivered), server.log
        (file,) = server.mail(f"lan@{OURS}")
        assert file.endswith(delivered.replace(b"\r\n", b"\n"))
        (orphan,) = fetched(server, f"so@{OURS}")
        assert b"Final-Recipient: rfc822; minh@songoaivu.example\r\nAction: failed" in orphan
        # Who the client was has been told by XCLIENT: Dovecot's own Received field names it.
        assert b"Received: from client.example" in mine.split(b"Return-Path")[-1][:600]

        # A mailbox that Dovecot alone knows is found by asking; another is refused at the door.
        send(gateway, f"cu@{OURS}")
        with smtplib.SMTP("127.0.0.1", gateway.inbound) as client:
            client.ehlo("client.example")
            client.mail("citizen@example.net")
            assert client.rcpt(f"nobody@{OURS}")[0] == 550
        gateway.settle()
        assert len(fetched(server, f"cu@{OURS}")) == 1


@contextmanager
def next_hop(folder: Path, *, level: str, authority: Authority) -> Iterator[int]:
    """A Postfix that puts mail for there.example into a Maildir below ``folder``; its port."""
    program("postfix")
    if os.geteuid() != 0:
        pytest.skip("Postfix starts as root only")
    _, pem, key = authority.signed("localhost")
    (folder / "mail").mkdir()
    (folder / "mail").chmod(0o777)
    more = (
        f"virtual_mailbox_domains = there.example\nvirtual_mailbox_base = {folder}/mail\n"
        "virtual_mailbox_maps = inline:{ x@there.example=box/ }\n"
        "virtual_mailbox_limit = 0\n"
        "virtual_uid_maps = static:65534\nvirtual_gid_maps = static:65534\n"
        f"smtpd_tls_cert_file = {pem}\nsmtpd_tls_key_file = {key}\n"
        f"smtpd_tls_security_level = {level}\nsmtpd_tls_received_header = yes\n"
        "smtpd_authorized_xclient_hosts = 127.0.0.1\n"
    )
    with postfix(more=more) as (port, _):
        yield port


def arrived(folder: Path, count: int) -> list[bytes]:
    box = folder / "mail" / "box" / "new"
    for _ in range(200):
        if box.exists() and len(list(box.iterdir())) >= count:
            break
        time.sleep(0.1)
    return [path.read_bytes() for path in box.glob("*")]


ROUTE = """
[[routes]]
to = ["*@there.example"]
kind = "smtp"
host = "localhost"
port = {port}
tls = "{tls}"
ca = "{ca}"
xclient = true
"""


@pytest.mark.parametrize(
    ("level", "tls"),
    [("none", "none"), ("may", "may"), ("encrypt", "required"), ("encrypt", "verify")],
)
def test_postfix_as_next_hop(tmp_path: Path, open_folder: Path, level: str, tls: str) -> None:
    authority = Authority(tmp_path)
    with next_hop(open_folder, level=level, authority=authority) as port:
        routes = ROUTE.format(port=port, tls=tls, ca=authority.ca)
        with running(tmp_path / "gateway", routes) as gateway:
            number = submit(gateway, "x@there.example", "nobody@there.example")
            gateway.settle()
            (file,) = arrived(open_folder, 1)
            story = gateway.command("why", number).stdout
            delivered = as_delivered(gateway, number)
    assert file.endswith(delivered.replace(b"\r\n", b"\n")), story
    received = file[: -len(delivered.replace(b"\r\n", b"\n"))]
    assert (b"using TLSv1.3" in received) == (tls != "none"), received
    assert b"(unknown [127.0.0.1])" in received
    label = {
        "none": "",
        "may": "[TLSv1.3]",
        "required": "[TLSv1.3]",
        "verify": "[TLSv1.3 verified]",
    }
    assert f"localhost:{port} {label[tls]}".rstrip() in story
    assert "5.1.1" in story


def submit(gateway: Gateway, *to: str) -> str:
    """The clerk sends a letter; its archive number."""
    own = f"lan@{OURS}"
    with smtplib.SMTP("127.0.0.1", gateway.submission) as client:
        client.ehlo("mail.client.example")
        client.starttls()
        client.ehlo("mail.client.example")
        client.login("lan", "secret")
        client.mail(own)
        for address in to:
            client.rcpt(address)
        top = f"From: <{own}>\r\nTo: <x@there.example>\r\nMessage-ID: <1@{OURS}>\r\n"
        top += "Date: Tue, 24 Nov 2026 15:00:00 +0700\r\nSubject: out\r\n"
        code, text = client.data(f"{top}\r\n.dots\r\n".encode())
    assert code == 250, text
    return text.decode().split(" as ")[1].split()[0]


def test_a_next_hop_without_a_certificate_that_fits_gets_nothing(
    tmp_path: Path, open_folder: Path
) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other")
    with next_hop(open_folder, level="may", authority=authority) as port:
        routes = ROUTE.format(port=port, tls="verify", ca=stranger.ca)
        with running(tmp_path / "gateway", routes) as gateway:
            number = submit(gateway, "x@there.example")
            for _ in range(100):
                story = gateway.command("why", number).stdout
                if "deferred" in story:
                    break
    assert "the certificate does not fit" in story
    assert not (open_folder / "mail" / "box").exists()

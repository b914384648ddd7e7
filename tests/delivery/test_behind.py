"""Servers behind us, told by XCLIENT whose message it is: recipes of gateway/identity/README.md."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.delivery.outcome import To
from tests.delivery.conftest import ORIGIN, MakeExchange, letter, server
from tests.interop.test_clients import program
from tests.load.postfix import NoPostfix, postfix
from tests.ports import free_port

pytestmark = pytest.mark.interop

JUDGES_BY_CLIENT = """\
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_recipient_restrictions = reject_unauth_destination,
    check_client_access inline:{{192.0.2.7 = REJECT you are 192.0.2.7}}
"""
DOVECOT = """\
base_dir = {folder}/run
log_path = {folder}/log
protocols = lmtp
listen = 127.0.0.1
ssl = no
login_trusted_networks = 127.0.0.1
mail_location = maildir:{folder}/mail/%n
auth_mechanisms = plain
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%n allow_all_users=yes
}}
mail_privileged_group = mail
first_valid_uid = 1
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""


async def test_postfix_judges_the_client_that_we_name(exchange: MakeExchange) -> None:
    to = [To("x@example.net")]
    try:
        with postfix(more=JUDGES_BY_CLIENT) as (port, _):
            told = exchange(port=port, xclient=True)
            said = await told.deliver(server(told), "", letter(origin=ORIGIN), to)
            assert said["x@example.net"].result == "failed", said
            assert "you are 192.0.2.7" in said["x@example.net"].reply
            silent = exchange(port=port)
            said = await silent.deliver(server(silent), "", letter(origin=ORIGIN), to)
            assert said["x@example.net"].result == "delivered", said
            await asyncio.gather(told.close(), silent.close())
    except NoPostfix as why:
        pytest.skip(str(why))


@contextmanager
def dovecot(port: int) -> Iterator[Path]:
    """A Dovecot of our own that takes mail by LMTP; where its mailboxes are."""
    if os.geteuid() != 0:
        pytest.skip("Dovecot starts as root only")
    line = [program("dovecot"), "-F", "-c"]
    folder = Path(tempfile.mkdtemp(prefix="vanthu-dovecot-"))
    folder.chmod(0o755)
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", "mail", "mail")
    config = folder / "dovecot.conf"
    config.write_text(DOVECOT.format(folder=folder, port=port))
    process = subprocess.Popen([*line, str(config)])
    try:
        yield folder
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


async def test_dovecot_writes_down_the_client_that_we_name(exchange: MakeExchange) -> None:
    port = free_port()
    with dovecot(port) as folder:
        told = exchange(kind="lmtp", port=port, xclient=True)
        to = [To("lan@example.net")]
        for _ in range(100):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            break
        said = await told.deliver(server(told), "", letter(origin=ORIGIN), to)
        log = folder / "log"
        assert said["lan@example.net"].result == "delivered", (
            said,
            log.read_text() if log.exists() else "",
        )
        await told.close()
        (kept,) = (folder / "mail/lan/new").iterdir()
        head = kept.read_bytes().partition(b"Subject:")[0]
        assert b"[192.0.2.7]" in head

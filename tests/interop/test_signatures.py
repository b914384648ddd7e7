"""What we sign and seal, judged by others: OpenDKIM, rspamd, and dkimpy as it comes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import dkim
import pytest

from gateway.api import AddHeader, Message
from gateway.identity.keyring import Keyring, OwnKey, new_keys
from gateway.identity.signing import KeyringSigner
from tests.dns.nameserver import serving
from tests.interop.test_clients import program
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
LETTER = (
    "From: Nguyễn Thị Lan <lan@example.vn>\r\nTo: x@example.net\r\nSubject:  Mời   họp \r\n"
    "Date: Tue, 24 Nov 2026 10:00:00 +0700\r\nMessage-ID: <1@example.vn>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\nKính mời  \tanh. \r\n\r\n\r\n"
).encode()


@dataclass
class Office:
    """A domain with keys, and its letter as it leaves, under each key and sealed."""

    keys: tuple[OwnKey, ...]
    signer: KeyringSigner

    def signed(self) -> list[bytes]:
        """One letter for each key, since some judge only one signature."""
        message, now = Message(LETTER), datetime.now(UTC)
        fields = self.signer.sign(message, "example.vn", now)
        return [bytes(message.edited((field,))) for field in fields]

    def sealed(self) -> bytes:
        said = AddHeader("Authentication-Results", "mx.example.vn;\r\n\tdmarc=pass")
        message = Message(LETTER).edited((said,))
        fields = self.signer.seal(message, "example.vn", datetime.now(UTC))
        assert len(fields) == 3
        return bytes(message.edited(fields))

    @property
    def zone(self) -> dict[str, str]:
        return {key.record_name: quoted(key.record) for key in self.keys}


def quoted(text: str) -> str:
    return " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("keys")
    made = new_keys(folder, "example.vn", date(2026, 1, 1))
    return Office(made, KeyringSigner(Keyring.load(folder)))


@pytest.mark.interop
def test_opendkim_believes_what_we_sign_and_nothing_else(office: Office, tmp_path: Path) -> None:
    testmsg = program("opendkim-testmsg")
    if subprocess.run([program("unshare"), "-rnm", "true"], check=False).returncode:
        pytest.skip("unshare may not make a network of its own here")
    zone = tmp_path / "zone.json"
    zone.write_text(json.dumps(office.zone), encoding="utf-8")
    line = ["unshare", "-rnm", sys.executable, "-m", "tests.interop.jailed_dns", str(zone), testmsg]

    def says(raw: bytes) -> tuple[int, bytes]:
        text = raw.replace(b"\r\n", b"\n")
        done = subprocess.run(
            line, input=text, capture_output=True, cwd=ROOT, timeout=60, check=False
        )
        return done.returncode, done.stderr

    letters = office.signed()
    assert [b"a=rsa" in raw for raw in letters] == [True, False]
    for raw in letters:
        assert says(raw) == (0, b"")
        changed = raw.replace("mời".encode(), "mới".encode())
        assert says(changed) == (70, b"opendkim-testmsg: dkim_eom(): Bad signature\n")


def test_dkimpy_as_it_comes_believes_what_we_sign(office: Office) -> None:
    records = {key.record_name: key.record.encode() for key in office.keys}

    def fetch(name: bytes, timeout: int = 5) -> bytes | None:
        return records.get(name.decode().removesuffix("."))

    (rsa, _) = office.signed()  # For Ed25519 it wants a library that we do without.
    assert dkim.verify(rsa, dnsfunc=fetch)
    assert not dkim.verify(rsa.replace(b"\r\n\r\n", b"\r\n\r\n!"), dnsfunc=fetch)
    cv, found, reason = dkim.ARC(office.sealed()).verify(dnsfunc=fetch)
    assert (cv, reason) == (b"pass", "success"), found


RSPAMD = {
    "options.inc": 'dns {{ nameserver = ["{at}"]; timeout = 1s; }}\n'
    'url_tld = "{folder}/tld.dat"; disable_hyperscan = true;\n',  # Or it compiles for a minute.
    "worker-normal.inc": 'bind_socket = "127.0.0.1:{port}"; count = 1;\n',
    "worker-proxy.inc": "enabled = false;\n",
    "worker-controller.inc": "enabled = false;\n",
    "worker-fuzzy.inc": "enabled = false;\n",
    "rbl.conf": "enabled = false;\n",
    "fuzzy_check.conf": "enabled = false;\n",
    "phishing.conf": "enabled = false;\n",
    "logging.inc": 'type = "console"; level = "error";\n',
}


@asynccontextmanager
async def rspamd(folder: Path, at: str) -> AsyncIterator[int]:
    """One rspamd that asks our name server; the port of its scanner."""
    port = free_port()
    local = folder / "local.d"
    local.mkdir()
    for name, text in RSPAMD.items():
        (local / name).write_text(text.format(at=at, port=port, folder=folder))
    (folder / "tld.dat").write_text("com\nnet\nvn\nexample\n")
    places = [f"--var={name}={folder}" for name in ("LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR")]
    process = await asyncio.create_subprocess_exec(
        program("rspamd"), "-f", "-i", "-c", "/etc/rspamd/rspamd.conf", *places,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            break
        else:
            pytest.fail("rspamd did not start")
        yield port
    finally:
        process.terminate()
        await process.wait()


async def symbols(port: int, raw: bytes) -> set[str]:
    """What rspamd says about a message that came from outside."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        "POST /checkv2 HTTP/1.1\r\nHost: x\r\nIP: 192.0.2.7\r\nHelo: mx.example.vn\r\n"
        f"From: lan@example.vn\r\nRcpt: x@example.net\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    writer.write(head.encode() + raw)
    status = await reader.readuntil(b"\r\n\r\n")
    length = int(status.lower().partition(b"content-length:")[2].split()[0])
    answer = json.loads(await reader.readexactly(length))
    writer.close()
    return set(answer["symbols"])


@pytest.mark.interop
async def test_rspamd_believes_what_we_sign_and_seal(office: Office, tmp_path: Path) -> None:
    program("rspamd")
    zone: dict[tuple[str, str], list[str] | int | None] = {
        (f"{name}.", "TXT"): [text] for name, text in office.zone.items()
    }
    zone["example.vn.", "TXT"] = ['"v=spf1 ip4:192.0.2.0/24 -all"']
    zone["_dmarc.example.vn.", "TXT"] = ['"v=DMARC1; p=reject"']
    async with serving(zone) as (_, at), rspamd(tmp_path, at) as port:
        for raw in office.signed():
            assert {"R_DKIM_ALLOW", "DMARC_POLICY_ALLOW", "R_SPF_ALLOW"} <= await symbols(port, raw)
            changed = raw.replace("mời".encode(), "mới".encode())
            assert "R_DKIM_REJECT" in await symbols(port, changed)
        assert "ARC_ALLOW" in await symbols(port, office.sealed())
        broken = office.sealed().replace(b"dmarc=pass", b"dmarc=fail", 1)
        assert not {"ARC_ALLOW"} & await symbols(port, broken)

"""A demonstration that runs anywhere: the shipped settings, a certificate, three passwords."""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.directory.passwords import hash_password
from gateway.identity.keyring import OFFICE, new_keys

DOMAIN = "songoaivu.example"
"""Of the shipped directory: what its people send is signed for it."""

PASSWORDS = {login: f"vanthu-demo-{login}" for login in ("lan", "hoa", "minh", "binh")}
"""A clerk, her unit's leader, the leader of another unit, the director. For loopback alone."""


def make(shipped: Path, folder: Path) -> Path:
    """Put a configuration below ``folder``, or leave the one that is there; returns its place."""
    config = folder / "config"
    config.mkdir(parents=True, exist_ok=True)
    for path in sorted(shipped.rglob("*")):
        copy = config / path.relative_to(shipped)
        if path.is_file() and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    words = config / "passwords.toml"
    if not words.exists():
        lines = [f'{login} = "{hash_password(word)}"\n' for login, word in PASSWORDS.items()]
        words.touch(mode=0o600)
        words.write_text("[passwords]\n" + "".join(lines), encoding="utf-8")
    if not (config / "demo.pem").exists():
        certificate(config / "demo.pem", config / "demo.key")
    if not (config / "keys").exists():
        new_keys(config / "keys", DOMAIN, dt.datetime.now(OFFICE).date())
    if not (config / "approval-keys").exists():
        new_keys(config / "approval-keys", DOMAIN, dt.datetime.now(OFFICE).date(), "pd")
    return config


def certificate(pem: Path, key: Path) -> None:
    """A certificate of our own for localhost, good for a year."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(secret, hashes.SHA256())
    )
    key.touch(mode=0o600)
    key.write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))


_TOLD = """
vanthu đang chạy / is running: {ports}
Dữ liệu / data: {data}

Thử / try, in another terminal:

1. Thư từ ngoài gửi đến / a letter from outside; the answer ends in its archive number:
   swaks --server 127.0.0.1:{inbound} --from citizen@example.net --to lan@songoaivu.example

   and a bank that it is not, whose domain asks to refuse such mail / một ngân hàng giả mạo:
   swaks --server 127.0.0.1:{inbound} --from director@bank.example --to lan@songoaivu.example

2. Văn thư gửi thư nội bộ / the clerk writes to a colleague, signed in over TLS:
   curl -k --ssl-reqd smtp://127.0.0.1:{submission} -u lan:{lan} \\
     --mail-from lan@songoaivu.example --mail-rcpt minh@songoaivu.example -T {letter}

3. Thư của Sở chờ Giám đốc duyệt / the department's mail waits for its director:
   curl -k --ssl-reqd smtp://127.0.0.1:{submission} -u lan:{lan} \\
     --mail-from so@songoaivu.example --mail-rcpt vp@mofa.example -T {official}
   {vanthu} --config {config} approve list
   echo {binh} | {vanthu} --config {config} approve grant <số / number> --as binh

4. Tìm lại, và vì sao / find it again, and its story:
   {vanthu} --config {config} find
   {vanthu} --config {config} why <số hoặc id / number or id>

Thư đến nằm ở / mail arrives in: {data}/mail/songoaivu.example/<name>/new
Ctrl-C dừng / stops it.
"""

_LETTER = """From: Nguyễn Thị Lan <lan@songoaivu.example>
To: <minh@songoaivu.example>
Subject: Mời họp giao ban

Kính mời anh dự họp giao ban 8 giờ thứ Hai.
"""


_OFFICIAL = """From: Sở Ngoại vụ <so@songoaivu.example>
To: <vp@mofa.example>
Subject: Mời họp liên ngành

Kính mời Quý cơ quan dự họp 8 giờ thứ Hai.
"""


def told(config: Path, ports: dict[str, int]) -> None:
    """Say what runs, and three things to try."""
    letter = config.parent / "letter.eml"
    letter.write_bytes(_LETTER.replace("\n", "\r\n").encode())
    official = config.parent / "official.eml"
    official.write_bytes(_OFFICIAL.replace("\n", "\r\n").encode())
    text = _TOLD.format(
        ports=", ".join(f"{name} {port}" for name, port in ports.items()),
        data=(config / "../data").resolve(),
        inbound=ports.get("inbound", 0),
        submission=ports.get("submission", 0),
        lan=PASSWORDS["lan"],
        binh=PASSWORDS["binh"],
        letter=letter,
        official=official,
        vanthu=Path(sys.argv[0]),
        config=config,
    )
    sys.stdout.write(text)
    sys.stdout.flush()

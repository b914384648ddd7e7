"""Strings that trip programs, wherever a stranger can put them: kept and shown unharmed."""

import json
import smtplib
import subprocess
import sys
import unicodedata
from email.header import Header

import pytest

from gateway.mail.address import Address
from tests.roles.test_relay import ROOT, Gateway
from tests.roles.test_relay import gateway as gateway
from tests.shared import shared

OWN = [
    "",
    "'; DROP TABLE mails; --",
    '"><script>alert(1)</script>',
    "\u202eexe.fdp",
    "\u200b\ufeff",
    "Z\u0361\u035d\u0320a\u0322lgo",
    "\x1b[31mred\x1b[0m\x07",
    "%s%n{0}{name}%(x)s",
    "../../../../etc/passwd",
    "50/QĐ-SNgV ngày 21/8/2017",
    "Ngu\u0302\u0301i",
    "\U0001f9d1\u200d\U0001f692",
    "NULL",
    "-1",
    "=?utf-8?q?=0d=0aBcc:_x?=",
    "a" * 900,
    "%_%",
    'AND OR NOT NEAR("x',
    "\ud7ff\ue000",
]  # fmt: skip


def letter(text: str) -> bytes:
    flat = text.replace("\r", " ").replace("\n", " ").replace("\0", " ")
    subject = Header(f"N {flat} N", "utf-8", header_name="Subject").encode(linesep="\r\n")
    name = Header(flat, "utf-8", header_name="From").encode(linesep="\r\n") if flat else ""
    top = f"From: {name} <citizen@example.net>\r\nSubject: {subject}\r\nX-Raw: {flat}\r\n"
    top += "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    return (top + flat + "\r\n").encode("utf-8", "surrogatepass")


def accepted(gateway: Gateway, texts: list[str]) -> dict[str, bytes]:
    """Hand in a letter for each text; the letters by archive number."""
    kept: dict[str, bytes] = {}
    with smtplib.SMTP("127.0.0.1", gateway.inbound) as client:
        client.ehlo("client.example")
        for text in texts:
            raw = letter(text)
            client.mail("citizen@example.net")
            client.rcpt("lan@songoaivu.example")
            code, said = client.data(raw)
            assert code == 250, (text, said)
            kept[said.decode().split(" as ")[1].split()[0]] = raw
    return kept


def shown(gateway: Gateway, number: str) -> bytes:
    line = [sys.executable, "-m", "gateway.cli", "--config", str(gateway.config), "show", number]
    line += ["--as", "lan"]
    return subprocess.run(line, cwd=ROOT, capture_output=True, check=True).stdout


def is_plain(text: str) -> bool:
    """Whether a terminal shows this as it is: nothing in it controls it or turns it round."""
    return all(
        unicodedata.category(c) not in {"Cc", "Zl", "Zp"} and c not in "\u202a\u202b\u202d\u202e"
        for c in text
    )


def check(gateway: Gateway, texts: list[str]) -> None:
    kept = accepted(gateway, texts)
    gateway.settle()
    listed = gateway.command("find", "--limit", "5000", "--as", "lan").stdout
    assert all(is_plain(line) for line in listed.split("\n"))
    found = gateway.found("--limit", "5000", "--as", "lan")
    assert {str(row["number"]) for row in found} == set(kept)
    assert all(str(row["subject"]).startswith("N ") for row in found)
    box = gateway.config.parent / "data/mail/songoaivu.example/lan/new"
    delivered = {path.read_bytes().partition(b"From: ")[2] for path in box.iterdir()}
    assert delivered == {raw.partition(b"From: ")[2] for raw in kept.values()}
    for number, raw in list(kept.items())[:: max(1, len(kept) // 3)]:
        assert shown(gateway, number) == raw
    done = gateway.command("archive", "verify", "--rows")
    assert done.returncode == 0, done.stdout


def test_naughty_strings_survive(gateway: Gateway) -> None:
    check(gateway, OWN)


@pytest.mark.shared
def test_the_big_list_survives(gateway: Gateway) -> None:
    texts = json.loads(shared("data/suites/naughty/blns.json").read_text(encoding="utf-8"))
    check(gateway, texts)


@pytest.mark.parametrize("text", OWN)
def test_an_address_of_it_is_read_or_refused(text: str) -> None:
    try:
        address = Address.parse(f"{text}@example.net")
    except ValueError:
        return
    assert is_plain(str(address))
    assert Address.parse(str(address)) == address

"""Chains of seals that are not what they say, beyond the suite's."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.api import AddHeader, Message
from gateway.dns.canned import Canned
from gateway.identity import arc_check
from gateway.identity.keyring import Keyring, new_keys
from gateway.identity.signing import KeyringSigner
from gateway.mail.origin import Word
from tests.identity.office import LETTER, NOW


def chain(folder: Path, sets: int = 2) -> tuple[bytes, Canned]:
    """A letter that has been sealed so often by one forwarder, and his key."""
    keys = new_keys(folder, "lists.example", date(2026, 1, 1))
    signer = KeyringSigner(Keyring.load(folder))
    message = Message(LETTER)
    for n in range(sets):
        was = " arc=pass;" if n else ""
        said = AddHeader("Authentication-Results", f"mx.lists.example;{was} dmarc=pass")
        message = message.edited((said,))
        message = message.edited(signer.seal(message, "lists.example", NOW))
    return bytes(message), Canned({key.record_name: {"TXT": [key.record]} for key in keys})


async def word(dns: Canned, raw: bytes) -> Word:
    return (await arc_check.check(dns, Message(raw))).word


async def test_a_chain_of_two_holds_and_names_both(tmp_path: Path) -> None:
    raw, dns = chain(tmp_path)
    found = await arc_check.check(dns, Message(raw))
    assert (found.word, found.sealers) == (Word.PASS, ("lists.example",) * 2)
    assert await word(Canned({}), raw) is Word.FAIL


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ARC-Seal: i=1;", b"X-Seal: i=1;"),
        (b"ARC-Seal: i=2;", b"ARC-Seal: i=3;"),
        (b"ARC-Seal: i=2;", b"ARC-Seal:"),
        (b"ARC-Seal: i=2;", b"ARC-Seal: i=0;"),
        (b"ARC-Seal: i=2;", b"ARC-Seal: i=two;"),
        (b"ARC-Authentication-Results: i=1;", b"ARC-Authentication-Results:"),
        (b"ARC-Authentication-Results: i=1;", b"ARC-Authentication-Results: i=2;"),
        (b"ARC-Message-Signature: i=2;", b"ARC-Message-Signature: i=51;"),
        (b"cv=none", b"cv=pass"),
        (b"cv=pass", b"cv=none"),
        (b"cv=pass", b"cv=fail"),
        (b"dmarc=pass", b"dmarc=fail"),
        (b"Hello", b"Hallo"),
    ],
)
async def test_gaps_doubles_and_lies_break_it(tmp_path: Path, old: bytes, new: bytes) -> None:
    raw, dns = chain(tmp_path)
    assert old in raw
    assert await word(dns, raw.replace(old, new)) is Word.FAIL


async def test_a_set_that_stands_there_twice_breaks_it(tmp_path: Path) -> None:
    raw, dns = chain(tmp_path)
    for name in (b"ARC-Seal:", b"ARC-Message-Signature:", b"ARC-Authentication-Results:"):
        fields = [f for n, f in Message(raw).fields if n == name[:-1].decode().lower()]
        assert await word(dns, fields[0] + raw) is Word.FAIL


async def test_more_than_fifty_are_too_many(tmp_path: Path) -> None:
    raw, dns = chain(tmp_path, sets=1)
    fields = b"".join(f for n, f in Message(raw).fields if n.startswith("arc-"))
    more = b"".join(fields.replace(b"i=1;", b"i=%d;" % n) for n in range(2, 52))
    found = await arc_check.check(dns, Message(more + raw))
    assert found.word is Word.FAIL
    assert "too long" in found.reason
    assert not dns.asked

"""All of a message's DNS is asked together: a resolver that counts how often it was waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator, Mapping
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from filters.dnsbl import Blocklist, Dnsbl
from gateway.api import AddHeader, Message
from gateway.chain.chain import Chain, Link
from gateway.chain.inspection import Inspection
from gateway.dns.canned import Canned, Zone
from gateway.dns.questions import Questions
from gateway.identity.keyring import Keyring, new_keys
from gateway.identity.signing import KeyringSigner
from gateway.mail.dns import Found
from tests.identity.office import NOW, chain, judged, results, walk

LETTER = b"From: Lan <lan@phong.so.example.vn>\r\nTo: x@example.net\r\n\r\nHello\r\n"
PATIENCE_S = 0.02
"""Longer than it takes to put every question that can be put."""


@dataclass
class Later(Awaitable[Found[Any]]):
    """An answer that comes with its round; nobody has to collect it."""

    told: asyncio.Future[None]
    answer: Awaitable[Found[Any]]

    def __await__(self) -> Generator[Any, None, Found[Any]]:
        yield from self.told.__await__()
        return (yield from self.answer.__await__())


class Slow(Questions):
    """Answers nothing until nobody asks any more, and then all that was asked: one round."""

    def __init__(self, zone: Zone) -> None:
        self._known = Canned(zone)
        self.rounds: list[set[tuple[str, str]]] = []
        self._kept: dict[tuple[str, str], asyncio.Future[None]] = {}
        self._turn: asyncio.TimerHandle | None = None

    def ask(self, kind: str, name: str) -> Awaitable[Found[Any]]:
        loop = asyncio.get_running_loop()
        if (kind, name) not in self._kept:
            self._kept[kind, name] = loop.create_future()
            if self._turn is None:
                self.rounds.append(set())
                self._turn = loop.call_later(PATIENCE_S, self._answer)
            self.rounds[-1].add((kind, name))
        return Later(self._kept[kind, name], self._known.ask(kind, name))

    def _answer(self) -> None:
        self._turn = None
        for told in self._kept.values():
            if not told.done():
                told.set_result(None)


def sealed(folder: Path, zone: Mapping[str, Mapping[str, list[str]]]) -> tuple[bytes, Slow]:
    """A letter with two signatures and a seal, and a DNS in which their keys are."""
    names = {name: dict(types) for name, types in zone.items()}
    for domain in ("so.example.vn", "lists.example"):
        for key in new_keys(folder, domain, date(2026, 1, 1)):
            names[key.record_name] = {"TXT": [key.record]}
    signer = KeyringSigner(Keyring.load(folder))
    message = Message(LETTER)
    message = message.edited(signer.sign(message, "so.example.vn", NOW))
    said = AddHeader("Authentication-Results", "mx.lists.example;\r\n\tdmarc=pass")
    message = message.edited((said,))
    message = message.edited(signer.seal(message, "lists.example", NOW))
    return bytes(message), Slow(names)


def door(dns: Slow) -> Inspection:
    """The shipped order, with a blocklist that is asked about the sender."""
    asked = walk(dns)
    asked.session.client = ip_address("192.0.2.7")
    lists = (Blocklist(zone="dbl.example", of=("author",)),)
    shipped = chain()
    first, *others = shipped.steps
    asked.chain = Chain("in", ((*first, Link("dnsbl", Dnsbl(lists=lists))), *others))
    return asked


ZONE = {
    "phong.so.example.vn": {"TXT": ["v=spf1 ip4:192.0.2.0/24 -all"]},
    "_dmarc.example.vn": {"TXT": ["v=DMARC1; p=reject"]},
}


async def test_every_first_question_is_out_before_any_is_answered(tmp_path: Path) -> None:
    letter, dns = sealed(tmp_path, ZONE)
    outcome = await judged(door(dns), letter, "lan@phong.so.example.vn")
    told = results(outcome)
    for word in ("spf=pass", "dkim=pass", "arc=pass", "dmarc=pass"):
        assert word in told
    (only,) = dns.rounds
    kinds = {
        "spf": "phong.so.example.vn",
        "its own policy": "_dmarc.phong.so.example.vn",
        "of a department above": "_dmarc.so.example.vn",
        "of the organisation": "_dmarc.example.vn",
        "of the suffix": "_dmarc.vn",
    }
    assert set(kinds.values()) <= {name for kind, name in only if kind == "TXT"}
    assert sum(1 for _, name in only if "._domainkey." in name) == 3
    assert any(name.endswith(".dbl.example") for _, name in only)


async def test_what_hangs_on_an_answer_is_asked_next(tmp_path: Path) -> None:
    chained = {
        "phong.so.example.vn": {"TXT": ["v=spf1 include:_spf.example.vn mx -all"]},
        "_spf.example.vn": {"TXT": ["v=spf1 ip4:198.51.100.1 -all"]},
    }
    letter, dns = sealed(tmp_path, ZONE | chained)
    await judged(door(dns), letter, "lan@phong.so.example.vn")
    first, *later = dns.rounds
    assert ("TXT", "_dmarc.example.vn") in first
    assert [sorted(asked) for asked in later] == [
        [("TXT", "_spf.example.vn")],
        [("MX", "phong.so.example.vn")],
    ]


async def test_a_senders_own_domain_is_walked_in_the_same_round(tmp_path: Path) -> None:
    """Bounces of one's own under another name: relaxed alignment wants its walk, too."""
    names = ZONE | {"thu.example.vn": {"TXT": ["v=spf1 ip4:192.0.2.7 -all"]}}
    letter, dns = sealed(tmp_path, names)
    unsigned = letter[letter.index(b"From:") :]
    outcome = await judged(door(dns), unsigned, "b@thu.example.vn")
    assert "dmarc=pass" in results(outcome)
    assert len(dns.rounds) == 1

"""Blocklists: what they list, what they refuse to say, and what they say when they are gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from filters.dnsbl import Blocklist, Dnsbl
from gateway.api import Action, Address, Mail, Message, Pass, Recipient, Reject, Stage, Transaction
from gateway.chain.chain import Chain, Link
from gateway.chain.inspection import Inspection, Outcome
from gateway.dns.canned import AWAY, Canned, Zone
from gateway.mail.dns import Found
from gateway.mail.services import Services
from gateway.mail.session import Session
from tests.conftest import FakeDirectory, FakeNotepad
from tests.filters.conftest import StoppedClock

CLIENT = "198.51.100.9"
LISTS = (
    Blocklist(zone="ip.bl.example", of=("client",), points=4.0),
    Blocklist(zone="dom.bl.example", of=("links", "sender", "author"), bits={8: 5.0, 64: 2.0}),
)
LETTER = (
    b"From: x@sender.example\r\nContent-Type: text/html\r\n\r\n"
    b'<a href="https://www&#46;bad.example\\path">click</a> http://198.51.100.77/x\r\n'
)


def session(zone: Zone, client: str = "8.8.4.4", dns: Any = None) -> Session:
    services = Services(
        directory=FakeDirectory(),
        clock=StoppedClock(datetime(2026, 11, 24, tzinfo=UTC)),
        notepad=FakeNotepad(),
        dns=dns or Canned(zone),
    )
    return Session("s", "smtp", ip_address(client), services, helo="mx.sender.example")


async def judged(zone: Zone, lists: tuple[Blocklist, ...] = LISTS, **more: Any) -> Outcome:
    link = Link("dnsbl", Dnsbl(lists=lists, away_points=0.5))
    walk = Inspection(Chain("in", ((link,),)), session(zone, **more))
    await walk.connect()
    await walk.mail(Transaction(walk.session, sender=Address.parse("a@sender.example")))
    await walk.rcpt(Recipient(Address.parse("b@example.vn")))
    return await walk.message(Message(LETTER))


def points(outcome: Outcome) -> dict[str, float]:
    return {point.name: point.value for point in outcome.points}


async def test_what_is_listed_counts_under_its_list() -> None:
    zone = {
        "4.4.8.8.ip.bl.example": {"A": ["127.0.0.2"]},
        "bad.example.dom.bl.example": {"A": ["127.0.0.72"]},
        "77.100.51.198.dom.bl.example": {"A": ["127.0.0.64"]},
    }
    outcome = await judged(zone)
    told = "; ".join(point.reason for point in outcome.points)
    assert sum(point.value for point in outcome.points) == 4.0 + 5.0 + 2.0
    assert "ip.bl.example lists 8.8.4.4 (127.0.0.2)" in told
    assert "lists bad.example (127.0.0.72)" in told
    assert "lists 198.51.100.77" in told


async def test_being_refused_is_no_listing() -> None:
    for code in (
        "127.255.255.254",
        "127.255.255.252",
        "127.255.255.7",
        "127.0.0.1",
        "93.184.216.34",
    ):
        outcome = await judged({"4.4.8.8.ip.bl.example": {"A": [code]}})
        (point,) = outcome.points
        assert point.name == "dnsbl ip.bl.example away"
        assert f"refuses to answer: {code}" in point.reason


async def test_a_list_that_says_yes_to_everything_is_gone() -> None:
    zone = {
        "4.4.8.8.ip.bl.example": {"A": ["127.0.0.2"]},
        "1.0.0.127.ip.bl.example": {"A": ["127.0.0.2"]},
        "bad.example.dom.bl.example": {"A": ["127.0.0.8"]},
        "invalid.dom.bl.example": {"A": ["127.0.0.8"]},
    }
    assert set(points(await judged(zone)).values()) == {0.5}


async def test_codes_choose_what_counts() -> None:
    lists = (Blocklist.model_validate_json(
        '{"zone": "ip.bl.example", "codes": {"127.0.0.10/31": 1.5}, "action": "hold"}'
    ),)  # fmt: skip
    outcome = await judged({"4.4.8.8.ip.bl.example": {"A": ["127.0.0.4"]}}, lists)
    assert outcome.verdict == Pass()
    assert "counts for nothing" in outcome.findings[-1].verdict.reason
    outcome = await judged({"4.4.8.8.ip.bl.example": {"A": ["127.0.0.11"]}}, lists)
    assert "127.0.0.11" in outcome.verdict.reason


async def test_a_list_that_refuses_clients_does_so_before_the_message() -> None:
    lists = (Blocklist(zone="ip.bl.example", action=Action.REJECT),)
    chain = Chain("in", ((Link("dnsbl", Dnsbl(lists=lists)),),))
    assert Stage.RCPT in chain.waiting
    assert Stage.RCPT not in Chain("in", ((Link("dnsbl", Dnsbl(lists=LISTS)),),)).waiting
    walk = Inspection(chain, session({"4.4.8.8.ip.bl.example": {"A": ["127.0.0.2"]}}))
    await walk.mail(Transaction(walk.session, sender=Address.parse("a@sender.example")))
    said = await walk.rcpt(Recipient(Address.parse("b@example.vn")))
    assert isinstance(said, Reject)
    assert "blocklist ip.bl.example" in said.reply.text
    assert await walk.rcpt(Recipient(Address.parse("postmaster@example.vn"))) == Pass()


async def test_our_own_networks_and_those_who_signed_in_are_not_asked_about() -> None:
    dns = Canned({})
    await judged({}, client="10.1.2.3", dns=dns, lists=LISTS[:1])
    assert not dns.asked
    inside = session({}, dns=dns)
    inside.user = "lan"
    mail = Mail(Transaction(inside), Message(LETTER))
    assert await Dnsbl(lists=LISTS).message(mail) is None
    assert not dns.asked


async def test_a_slow_list_holds_nobody_up_and_all_are_asked_at_once() -> None:
    class Slow(Canned):
        open = 0
        most = 0

        def ask(self, kind: str, name: str) -> Awaitable[Found[Any]]:
            return asyncio.ensure_future(self._never(name))

        async def _never(self, name: str) -> Found[Any]:
            Slow.open += 1
            Slow.most = max(Slow.most, Slow.open)
            if "dom." in name:
                return Found()
            await asyncio.sleep(60)
            return Found()

    link = Link("dnsbl", Dnsbl(lists=LISTS, patience_s=0.05, away_points=0.5))
    walk = Inspection(Chain("in", ((link,),)), session({}, dns=Slow({})))
    await walk.mail(Transaction(walk.session, sender=Address.parse("a@sender.example")))
    outcome = await walk.message(Message(LETTER))
    assert points(outcome) == {"dnsbl ip.bl.example away": 0.5}
    assert Slow.most > 3


async def test_silence_is_told() -> None:
    outcome = await judged({"4.4.8.8.ip.bl.example": {AWAY: []}})
    assert points(outcome) == {"dnsbl ip.bl.example away": 0.5}

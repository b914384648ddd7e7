"""One question on the wire however many ask it, and definite answers told from none."""

import asyncio
from collections.abc import Callable
from ipaddress import IPv4Address, ip_address

import dns.message
import dns.rrset
import pytest
from pydantic import ValidationError

from gateway.dns.cache import Cache
from gateway.dns.canned import AWAY, Canned
from gateway.dns.resolver import Resolver
from gateway.dns.settings import DnsSettings, server
from gateway.mail.dns import DnsAway, Found, Mx, Tlsa
from tests.dns.nameserver import serving


class Time:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def settings(at: str, timeout_s: float = 2.0) -> DnsSettings:
    return DnsSettings(servers=(at,), timeout_s=timeout_s)


async def test_a_question_is_asked_once_and_remembered_for_its_ttl() -> None:
    time = Time()
    async with serving({("example.vn.", "A"): ["192.0.2.1"]}) as (zone, at):
        resolver = Resolver(settings(at), time)
        answers = await asyncio.gather(*(resolver.a("Example.VN.") for _ in range(20)))
        assert {a.records for a in answers} == {(IPv4Address("192.0.2.1"),)}
        assert len(zone.asked) == 1
        time.s = 59
        assert (await resolver.a("example.vn")).records
        assert len(zone.asked) == 1
        time.s = 61
        assert (await resolver.a("example.vn")).records
        assert len(zone.asked) == 2


async def test_no_such_name_and_no_such_record_are_answers() -> None:
    async with serving({("example.vn.", "AAAA"): []}) as (_, at):
        resolver = Resolver(settings(at))
        assert await resolver.aaaa("example.vn") == Found()
        assert await resolver.aaaa("other.vn") == Found(exists=False)


@pytest.mark.parametrize("name", ["", ".", "a..b", "x" * 64 + ".vn", "a." * 200 + "vn"])
async def test_what_cannot_be_a_name_does_not_exist(name: str) -> None:
    async with serving({}) as (zone, at):
        assert await Resolver(settings(at)).txt(name) == Found(exists=False)
        assert zone.asked == []


async def test_a_failing_and_a_silent_server_are_away_and_left_alone_for_a_moment() -> None:
    async with serving({("bad.vn.", "TXT"): 2, ("slow.vn.", "TXT"): None}) as (zone, at):
        resolver = Resolver(settings(at, 0.3))
        with pytest.raises(DnsAway, match=r"TXT bad\.vn"):
            await resolver.txt("bad.vn")
        with pytest.raises(DnsAway, match="too long"):
            await resolver.txt("slow.vn")
        asked = len(zone.asked)
        with pytest.raises(DnsAway):
            await resolver.txt("bad.vn")
        assert len(zone.asked) == asked


def _another_name(query: dns.message.Message) -> bytes:
    reply = dns.message.make_response(query)
    reply.question[0] = dns.rrset.from_text("evil.example.", 0, "IN", "TXT")
    reply.answer.append(dns.rrset.from_text("evil.example.", 60, "IN", "TXT", '"v=spf1 +all"'))
    return reply.to_wire()


def _another_id(query: dns.message.Message) -> bytes:
    reply = dns.message.make_response(query)
    name = query.question[0].name
    reply.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", '"v=spf1 +all"'))
    reply.id ^= 1
    return reply.to_wire()


def _beside_the_question(query: dns.message.Message) -> bytes:
    reply = dns.message.make_response(query)
    reply.answer.append(dns.rrset.from_text("evil.example.", 60, "IN", "TXT", '"v=spf1 +all"'))
    return reply.to_wire()


def _in_a_circle(query: dns.message.Message) -> bytes:
    reply = dns.message.make_response(query)
    name = query.question[0].name
    reply.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", "b.vn."))
    reply.answer.append(dns.rrset.from_text("b.vn.", 60, "IN", "CNAME", name.to_text()))
    return reply.to_wire()


@pytest.mark.parametrize(
    "lie",
    [
        _another_name, _another_id, _beside_the_question, _in_a_circle,
        lambda _: b"", lambda _: b"\xff" * 400, lambda query: query.to_wire()[:14],
        lambda query: dns.message.make_response(query).to_wire()[:-1] + b"\xc0\x0c" * 200,
    ],
)  # fmt: skip
async def test_a_lying_server_is_not_believed(lie: Callable[[dns.message.Message], bytes]) -> None:
    async with serving({}) as (zone, at):
        zone.lies = lie
        try:
            found = await Resolver(settings(at, 0.3)).txt("asked.vn")
        except DnsAway:
            return
        assert found.records == ()


async def test_one_who_gives_up_does_not_take_the_answer_from_another() -> None:
    async with serving({("slow.vn.", "TXT"): None}) as (_, at):
        resolver = Resolver(settings(at, 0.4))
        other = asyncio.ensure_future(resolver.txt("slow.vn"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await resolver.txt("slow.vn")
        with pytest.raises(DnsAway):
            await other
        resolver.txt("slow2.vn")  # Nobody collects this one.
        await resolver.aclose()


async def test_every_type_reads_right() -> None:
    zone: dict[tuple[str, str], list[str] | int | None] = {
        ("e.vn.", "MX"): ["20 B.e.vn.", "10 a.e.vn."],
        ("n.vn.", "MX"): ["0 ."],
        ("e.vn.", "TXT"): ['"one " "two"'],
        ("_25._tcp.a.e.vn.", "TLSA"): ["3 1 1 " + "ab" * 32],
        ("1.2.0.192.in-addr.arpa.", "PTR"): ["Mail.e.vn."],
    }
    async with serving(zone) as (_, at):
        resolver = Resolver(settings(at))
        assert (await resolver.mx("e.vn")).records == (Mx(10, "a.e.vn"), Mx(20, "b.e.vn"))
        assert (await resolver.mx("n.vn")).records == (Mx(0, "."),)
        assert (await resolver.txt("e.vn")).records == (b"one two",)
        tlsa = await resolver.tlsa("_25._tcp.a.e.vn")
        assert tlsa.records == (Tlsa(3, 1, 1, b"\xab" * 32),)
        assert (await resolver.ptr(ip_address("192.0.2.1"))).records == ("mail.e.vn",)


async def test_the_word_of_a_resolver_counts_only_where_it_is_trusted() -> None:
    async with serving({("e.vn.", "A"): ["192.0.2.1"]}) as (zone, at):
        zone.secure = True
        assert (await Resolver(settings(at)).a("e.vn")).is_secure
        assert (await Resolver(settings(at)).a("no.vn")).is_secure
        doubted = DnsSettings(servers=(at,), validating=False)
        assert not (await Resolver(doubted).a("e.vn")).is_secure


def test_the_cache_is_bounded() -> None:
    cache = Cache(3, Time())
    for n in range(10):
        cache.put(("A", f"{n}.vn"), Found(), 60)
    assert len(cache) == 3
    assert cache.get(("A", "9.vn")) == Found()
    assert cache.get(("A", "0.vn")) is None


def test_servers_are_addresses_with_ports() -> None:
    assert server("192.0.2.1") == ("192.0.2.1", 53)
    assert server("127.0.0.1:5353") == ("127.0.0.1", 5353)
    assert server("2001:db8::1") == ("2001:db8::1", 53)
    assert server("[::1]:5353") == ("::1", 5353)
    with pytest.raises(ValidationError, match="write an IP address"):
        DnsSettings(servers=("dns.example.vn",))


async def test_the_canned_one_knows_absence_and_aliases() -> None:
    canned = Canned(
        {
            "a.e.vn": {"CNAME": ["b.e.vn"]},
            "b.e.vn": {"A": ["192.0.2.1"], "TXT": [AWAY]},
            "loop.vn": {"CNAME": ["loop.vn"]},
            "dead.vn": {AWAY: []},
        }
    )
    assert (await canned.a("A.e.vn.")).records == (IPv4Address("192.0.2.1"),)
    assert await canned.a("e.vn") == Found()
    assert await canned.a("x.e.vn") == Found(exists=False)
    assert await canned.a("loop.vn") == Found()
    for name in ("b.e.vn", "dead.vn"):
        with pytest.raises(DnsAway):
            await canned.txt(name)

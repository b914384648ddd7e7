"""SPF over records of our own: every mechanism, every limit, and who is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from ipaddress import ip_address
from typing import Any

import pytest

from gateway.dns.canned import AWAY, Canned, Zone
from gateway.identity import spf
from gateway.identity.spf import Question, check
from gateway.mail.dns import Found
from gateway.mail.origin import SpfResult, Word

HOSTS: dict[str, dict[str, list[Any]]] = {
    "e.vn": {"A": ["192.0.2.7"], "AAAA": ["2001:db8::7"], "MX": ["10 m.e.vn", "20 n.e.vn"]},
    "m.e.vn": {"A": ["192.0.2.20"]},
    "n.e.vn": {"AAAA": ["2001:db8::20"]},
    "pass.vn": {"TXT": ["v=spf1 +all"]},
    "fail.vn": {"TXT": ["v=spf1 -all"]},
    "none.vn": {"A": ["192.0.2.1"]},
    "away.vn": {AWAY: []},
    "7.2.0.192.e.vn": {"A": ["127.0.0.2"]},
    "7.2.0.192.in-addr.arpa": {"PTR": ["liar.example", "e.vn"]},
    "liar.example": {"A": ["203.0.113.1"]},
    "why.e.vn": {"TXT": ["%{i} is not ours, %{o}%_says %{s}"]},
}


async def asked(
    record: str | list[str], client: str = "192.0.2.7", zone: Zone | None = None
) -> SpfResult:
    records = [record] if isinstance(record, str) else record
    names: dict[str, Any] = HOSTS | dict(zone or {})
    names["e.vn"] = HOSTS["e.vn"] | {"TXT": records}
    question = Question(ip_address(client), "mx.e.vn", "lan@e.vn", "gateway.vn", 0)
    return await check(Canned(names), question)


@pytest.mark.parametrize(
    ("record", "client", "wanted"),
    [
        ("v=spf1 -all", "192.0.2.7", Word.FAIL),
        ("v=spf1 ~all", "192.0.2.7", Word.SOFTFAIL),
        ("v=spf1 ?all", "192.0.2.7", Word.NEUTRAL),
        ("v=spf1", "192.0.2.7", Word.NEUTRAL),
        ("v=spf10 +all", "192.0.2.7", Word.NONE),
        ("V=SPF1 A -ALL", "192.0.2.7", Word.PASS),
        ("v=spf1 ip4:192.0.2.0/29 -all", "192.0.2.7", Word.PASS),
        ("v=spf1 ip4:192.0.2.0/30 -all", "192.0.2.7", Word.FAIL),
        ("v=spf1 ip4:192.0.2.7 -all", "::ffff:192.0.2.7", Word.PASS),
        ("v=spf1 ip6:2001:db8::/64 -all", "2001:db8::1", Word.PASS),
        ("v=spf1 a -all", "2001:db8::7", Word.PASS),
        ("v=spf1 a/24 -all", "192.0.2.200", Word.PASS),
        ("v=spf1 a//64 -all", "2001:db8::ffff", Word.PASS),
        ("v=spf1 mx -all", "192.0.2.20", Word.PASS),
        ("v=spf1 mx -all", "2001:db8::20", Word.PASS),
        ("v=spf1 mx:none.vn -all", "192.0.2.20", Word.FAIL),
        ("v=spf1 ptr -all", "192.0.2.7", Word.PASS),
        ("v=spf1 ptr:liar.example -all", "192.0.2.7", Word.FAIL),
        ("v=spf1 exists:%{ir}.%{d} -all", "192.0.2.7", Word.PASS),
        ("v=spf1 exists:%{ir}.%{d} -all", "192.0.2.8", Word.FAIL),
        ("v=spf1 include:pass.vn -all", "192.0.2.7", Word.PASS),
        ("v=spf1 include:fail.vn ~all", "192.0.2.7", Word.SOFTFAIL),
        ("v=spf1 include:none.vn +all", "192.0.2.7", Word.PERMERROR),
        ("v=spf1 include:away.vn +all", "192.0.2.7", Word.TEMPERROR),
        ("v=spf1 redirect=pass.vn", "192.0.2.7", Word.PASS),
        ("v=spf1 redirect=none.vn", "192.0.2.7", Word.PERMERROR),
        ("v=spf1 redirect=pass.vn redirect=pass.vn", "192.0.2.7", Word.PERMERROR),
        ("v=spf1 ip4:192.0.2.7/33 +all", "192.0.2.7", Word.PERMERROR),
        ("v=spf1 +all:x", "192.0.2.7", Word.PERMERROR),
        ("v=spf1 x.y=z +all", "192.0.2.7", Word.PASS),
        ("v=spf1 a:%{x} +all", "192.0.2.7", Word.PERMERROR),
        ("v=spf1 -all a:%{x}", "192.0.2.7", Word.PERMERROR),
    ],
)
async def test_records(record: str, client: str, wanted: Word) -> None:
    assert (await asked(record, client)).word is wanted


async def test_why_it_failed_is_told() -> None:
    found = await asked("v=spf1 -all exp=why.e.vn")
    assert found.explanation == "192.0.2.7 is not ours, e.vn says lan@e.vn"
    assert found.term == "-all"


@pytest.mark.parametrize(("includes", "wanted"), [(9, Word.PASS), (10, Word.PERMERROR)])
async def test_ten_look_ups(includes: int, wanted: Word) -> None:
    zone = {f"i{n}.vn": {"TXT": ["v=spf1 -all"]} for n in range(includes)}
    record = "v=spf1 " + " ".join(f"include:i{n}.vn" for n in range(includes)) + " a -all"
    assert (await asked(record, zone=zone)).word is wanted


@pytest.mark.parametrize(("voids", "wanted"), [(2, Word.PASS), (3, Word.PERMERROR)])
async def test_two_look_ups_of_nothing(voids: int, wanted: Word) -> None:
    record = "v=spf1 " + " ".join(f"a:void{n}.vn" for n in range(voids)) + " +all"
    assert (await asked(record)).word is wanted


async def test_a_slow_zone_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spf, "TIME_S", 0.05)

    class Never(Canned):
        def ask(self, kind: str, name: str) -> Awaitable[Found[Any]]:
            return asyncio.get_running_loop().create_future()

    question = Question(ip_address("192.0.2.7"), "mx.e.vn", "lan@e.vn", "gateway.vn", 0)
    assert (await check(Never({}), question)).word is Word.TEMPERROR


@pytest.mark.parametrize(
    ("sender", "record", "wanted"),
    [
        ("lan@e.vn", "v=spf1 exists:%{l}.ok.vn -all", Word.PASS),
        ("nguy\u1ec5n@e.vn", "v=spf1 exists:%{l}.ok.vn -all", Word.FAIL),
        ("nguy\u1ec5n@e.vn", "v=spf1 exists:%{d}.ok.vn -all", Word.PASS),
        ("a%b+c d@e.vn", "v=spf1 exists:%{L}.ok.vn -all", Word.PASS),
        ("x.y-z@e.vn", "v=spf1 exists:%{l2r-.}.ok.vn -all", Word.PASS),
        ("lan@e.vn", "v=spf1 exists:%{l}.%{x}.vn -all", Word.PERMERROR),
        ("lan@e.vn", "v=spf1 exists:%{d0}.vn -all", Word.PERMERROR),
        ("lan@e.vn", "v=spf1 exists:%{c}.vn -all", Word.PERMERROR),
    ],
)
async def test_macros_of_odd_names(sender: str, record: str, wanted: Word) -> None:
    zone = {"e.vn": {"TXT": [record]}}
    for name in ("lan", "e.vn", "a%25b%2bc%20d", "y.x"):
        zone[f"{name}.ok.vn"] = {"A": ["127.0.0.2"]}
    question = Question(ip_address("192.0.2.7"), "mx.e.vn", sender, "gateway.vn", 0)
    assert (await check(Canned(zone), question)).word is wanted


async def test_limits_of_names_in_mx_and_ptr() -> None:
    many = {f"m{n}.e.vn": {"A": ["192.0.2.20"]} for n in range(11)}
    ten = many | {"x.vn": {"MX": [f"10 m{n}.e.vn" for n in range(10)]}}
    eleven = many | {"x.vn": {"MX": [f"10 m{n}.e.vn" for n in range(11)]}}
    assert (await asked("v=spf1 mx:x.vn -all", zone=ten)).word is Word.FAIL
    assert (await asked("v=spf1 mx:x.vn -all", zone=eleven)).word is Word.PERMERROR
    names = {f"p{n}.other.vn": {"A": ["192.0.2.9"]} for n in range(10)}
    late = {"9.2.0.192.in-addr.arpa": {"PTR": [*names, "e.vn"]}} | names
    found = await asked("v=spf1 ptr -all", "192.0.2.9", zone=late)
    assert found.word is Word.FAIL  # The eleventh name is not looked at.

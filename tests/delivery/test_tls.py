"""TLS to the servers of a domain: what is demanded is got, or the mail stays here."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.delivery.exchange import Exchange
from gateway.delivery.fetch import HttpsFetch
from gateway.delivery.mx import Finder
from gateway.delivery.outcome import Attempt, To
from gateway.delivery.route import MxRoute, RoutesTable
from gateway.delivery.sts import Policies
from gateway.delivery.tls_counts import TlsCounts, read_day, report
from gateway.dns.canned import AWAY, Canned
from gateway.dns.resolver import Resolver
from gateway.dns.settings import DnsSettings
from tests.conftest import FakeNotepad
from tests.delivery.certificates import Authority, server_context
from tests.delivery.conftest import letter
from tests.delivery.fake import Fake, Time, serving
from tests.dns import nameserver

MX = "mx.there.example"
LOCAL = "127.0.0.1"
TO = [To("x@there.example")]


@dataclass
class Setting:
    """A domain with one server on loopback, and what its DNS and its policy say."""

    folder: Path
    authority: Authority
    fake: Fake
    route: dict[str, Any] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    zone: dict[str, Any] = field(default_factory=dict)
    policy: str = ""
    is_secure: bool = False
    hosts: tuple[str, ...] = (MX,)
    notepad: FakeNotepad = field(default_factory=FakeNotepad)

    def exchange(self, time: Time) -> Exchange:
        known = {"kind": "mx", "networks": ["127.0.0.0/8"], "port": self.fake.port}
        known |= {"ca": self.authority.ca, "connect_s": 5, "timeout_s": 5}
        table = RoutesTable.model_validate({"routes": [known | self.route], "tls": self.rules})
        zone = {name: {"A": [LOCAL]} for name in self.hosts}
        zone["there.example"] = {"MX": [f"{n} {h}" for n, h in enumerate(self.hosts)]}
        if self.policy:
            zone["_mta-sts.there.example"] = {"TXT": ["v=STSv1; id=1;"]}
        dns = Canned(zone | self.zone, is_secure=self.is_secure)
        counts = TlsCounts(self.folder / "tls", lambda: datetime.now(UTC))
        made = Exchange(table, "gateway.example", time, counts, dns)
        made.finder = Finder(dns, "gateway.example", lambda _: None, lambda _: False)

        async def fetch(_: str) -> bytes:
            return self.policy.encode()

        made.policies = Policies(dns, fetch, self.notepad)
        return made

    async def sent(self, time: Time) -> tuple[Attempt, dict[tuple[str, str], int]]:
        exchange = self.exchange(time)
        (route,) = exchange.table.routes
        assert isinstance(route, MxRoute)
        said = await exchange.deliver(route, "there.example", letter(), TO)
        await exchange.close()
        return said["x@there.example"], exchange.counts.totals


Begin = Callable[..., Setting]
Sent = Callable[[Setting], Awaitable[tuple[Attempt, dict[tuple[str, str], int]]]]


@pytest.fixture
def begin(tmp_path: Path, authority: Authority) -> Begin:
    def begun(name: str | None = MX, *, days: int = 30, **more: Any) -> Setting:
        tls = authority.context(name, days=days) if name else None
        return Setting(tmp_path, authority, Fake(tls=tls), **more)

    return begun


@pytest.fixture
def sent(time: Time) -> Sent:
    async def send(setting: Setting) -> tuple[Attempt, dict[tuple[str, str], int]]:
        async with serving(setting.fake):
            for name in list(setting.zone):
                if "PORT" in name:
                    fresh = name.replace("PORT", str(setting.fake.port))
                    setting.zone[fresh] = setting.zone.pop(name)
            return await setting.sent(time)

    return send


def policy(mode: str, *mx: str) -> str:
    names = "".join(f"mx: {name}\r\n" for name in mx or (MX,))
    return f"version: STSv1\r\nmode: {mode}\r\n{names}max_age: 86400\r\n"


async def test_encrypted_if_it_is_offered(begin: Begin, sent: Sent) -> None:
    said, counts = await sent(begin("other.example"))
    assert said.result == "delivered"
    assert said.via.startswith(f"smtp://{MX}[127.0.0.1]:")
    assert said.via.endswith("[TLSv1.3]")
    assert counts == {("no-policy-found", ""): 1}
    plain = begin(None)
    said, counts = await sent(plain)
    assert (said.result, plain.fake.secure) == ("delivered", 0)
    assert counts == {("no-policy-found", "starttls-not-supported"): 1}


async def test_may_falls_back_where_the_handshake_fails(begin: Begin, sent: Sent) -> None:
    broken = begin(None)
    broken.fake.extensions = (*broken.fake.extensions, "STARTTLS")
    broken.fake.answers["STARTTLS"] = b"454 4.7.0 TLS is out of order"
    said, counts = await sent(broken)
    assert said.result == "delivered"
    assert broken.fake.connections == 2
    assert counts == {("no-policy-found", "starttls-not-supported"): 1}


@pytest.mark.parametrize("level", ["required", "verify"])
@pytest.mark.parametrize("answer", [b"454 4.7.0 out of order", b"220 go", None])
async def test_what_asks_for_tls_never_sends_in_the_clear(
    begin: Begin, sent: Sent, level: str, answer: bytes | None
) -> None:
    stripped = begin(None, route={"tls": level})
    assert (await sent(stripped))[0].result == "deferred"
    broken = begin(None, route={"tls": level})
    broken.fake.extensions = (*broken.fake.extensions, "STARTTLS")
    broken.fake.answers["STARTTLS"] = answer
    said, _ = await sent(broken)
    assert (said.result, said.status[:3]) == ("deferred", "4.7")
    for fake in (stripped.fake, broken.fake):
        assert fake.letters == []
        assert not any(line.startswith(("MAIL", "RCPT")) for line in fake.lines)


@pytest.mark.parametrize(
    ("name", "days", "result"),
    [
        (MX, 30, ""),
        ("other.example", 30, "certificate-host-mismatch"),
        (MX, -1, "certificate-expired"),
    ],
)
async def test_verify(begin: Begin, sent: Sent, name: str, days: int, result: str) -> None:
    setting = begin(name, days=days, route={"tls": "verify"})
    said, counts = await sent(setting)
    assert counts == {("no-policy-found", result): 1}
    assert said.result == ("deferred" if result else "delivered")
    assert len(setting.fake.letters) == (0 if result else 1)
    if not result:
        assert said.via.endswith("[TLSv1.3 verified]")


async def test_a_stranger_s_authority(begin: Begin, sent: Sent, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    setting = begin(route={"tls": "verify"})
    setting.fake.tls = Authority(tmp_path / "other").context(MX)
    said, counts = await sent(setting)
    assert (said.result, counts) == (
        "deferred",
        {("no-policy-found", "certificate-not-trusted"): 1},
    )


async def test_rules_for_domains(begin: Begin, sent: Sent) -> None:
    rule: dict[str, Any] = {"domains": ["*.example"], "policy": "verify"}
    assert (await sent(begin("other.example", rules=[rule])))[0].result == "deferred"
    assert (await sent(begin(rules=[rule])))[0].result == "delivered"
    lied = begin(rules=[rule | {"mx": ["*.mx.example"]}])
    assert (await sent(lied))[0].result == "deferred"
    assert lied.fake.connections == 0
    weak = {"domains": ["there.example"], "policy": "none"}
    setting = begin(rules=[weak], policy=policy("enforce", "other.example"))
    assert (await sent(setting))[0].result == "delivered"
    assert setting.fake.secure == 0


async def test_a_policy_that_is_enforced(begin: Begin, sent: Sent) -> None:
    good = begin(policy=policy("enforce", "*.there.example"))
    said, counts = await sent(good)
    assert said.via.endswith("[TLSv1.3 verified]")
    assert counts == {("sts", ""): 1}
    bad = begin("other.example", policy=policy("enforce"))
    said, counts = await sent(bad)
    assert (said.result, bad.fake.letters) == ("deferred", [])
    assert counts == {("sts", "certificate-host-mismatch"): 1}
    unnamed = begin(policy=policy("enforce", "other.example"))
    said, counts = await sent(unnamed)
    assert (said.result, unnamed.fake.connections) == ("deferred", 0)
    assert "not named in the MTA-STS policy" in said.reply
    off = begin("other.example", policy=policy("enforce"), route={"mta_sts": False})
    assert (await sent(off))[0].result == "delivered"


async def test_the_next_server_is_tried_where_one_is_not_named(begin: Begin, sent: Sent) -> None:
    setting = begin(hosts=("evil.example", MX), policy=policy("enforce"))
    said, counts = await sent(setting)
    assert said.via.startswith(f"smtp://{MX}[")
    assert counts == {("sts", "validation-failure"): 1, ("sts", ""): 1}


async def test_a_policy_that_is_only_tested(begin: Begin, sent: Sent) -> None:
    setting = begin("other.example", policy=policy("testing"))
    said, counts = await sent(setting)
    assert (said.result, setting.fake.connections) == ("delivered", 2)
    assert counts == {("sts", "certificate-host-mismatch"): 1}
    assert (await sent(begin("other.example", policy=policy("none"))))[0].result == "delivered"


def tlsa(certificate: x509.Certificate, usage: int, selector: int = 1, matching: int = 1) -> str:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    data = key if selector else certificate.public_bytes(Encoding.DER)
    data = {0: data, 1: hashlib.sha256(data).digest(), 2: hashlib.sha512(data).digest()}[matching]
    return f"{usage} {selector} {matching} {data.hex()}"


def pinned(begin: Begin, *records: str, **more: Any) -> Setting:
    zone = {f"_PORT._tcp.{MX}": {"TLSA": list(records)}}
    return begin(is_secure=True, zone=zone, **more)


@pytest.mark.parametrize(("usage", "name"), [(3, "other.example"), (2, MX)])
@pytest.mark.parametrize(("selector", "matching"), [(1, 1), (0, 2), (0, 0)])
async def test_dane_fits(
    begin: Begin, sent: Sent, authority: Authority, usage: int, name: str, selector: int,
    matching: int,
) -> None:  # fmt: skip
    """A server's own certificate counts whatever its name; under an authority the name counts."""
    leaf, pem, key = authority.signed(name)
    which = leaf if usage == 3 else authority.certificate
    setting = pinned(begin, tlsa(which, usage, selector, matching))
    setting.fake.tls = server_context(pem, key)
    said, counts = await sent(setting)
    assert (said.result, counts) == ("delivered", {("tlsa", ""): 1}), said
    assert said.via.endswith("[TLSv1.3 dane]")


async def test_dane_does_not_fit(begin: Begin, sent: Sent, authority: Authority) -> None:
    wrong = pinned(begin, "3 1 1 " + "ab" * 32)
    said, counts = await sent(wrong)
    assert (said.result, said.status) == ("deferred", "4.7.5")
    assert counts == {("tlsa", "validation-failure"): 1}
    other_name = pinned(begin, tlsa(authority.certificate, 2), name="other.example")
    said, counts = await sent(other_name)
    assert (said.result, counts) == ("deferred", {("tlsa", "validation-failure"): 1})
    stripped = pinned(begin, "3 1 1 " + "ab" * 32, name=None)
    said, counts = await sent(stripped)
    assert (said.result, counts) == ("deferred", {("tlsa", "starttls-not-supported"): 1})
    assert [s.fake.letters for s in (wrong, other_name, stripped)] == [[], [], []]


async def test_dane_is_not_set_aside_by_mta_sts(begin: Begin, sent: Sent) -> None:
    setting = pinned(begin, "3 1 1 " + "ab" * 32, policy=policy("enforce"))
    assert (await sent(setting))[0].result == "deferred"


async def test_dane_that_cannot_be_used_still_means_tls(begin: Begin, sent: Sent) -> None:
    said, counts = await sent(pinned(begin, "1 1 1 " + "ab" * 32, name="other.example"))
    assert said.result == "delivered"
    assert counts == {("tlsa", "tlsa-invalid"): 1, ("tlsa", ""): 1}
    clear = pinned(begin, "1 1 1 " + "ab" * 32, name=None)
    assert (await sent(clear))[0].result == "deferred"


async def test_dane_of_a_dns_that_fails_is_not_skipped(begin: Begin, sent: Sent) -> None:
    setting = begin(is_secure=True, zone={f"_PORT._tcp.{MX}": {"TLSA": [AWAY]}})
    said, counts = await sent(setting)
    assert (said.result, counts) == ("deferred", {("tlsa", "dnssec-invalid"): 1})
    assert setting.fake.connections == 0


async def test_dane_needs_dnssec_all_the_way(begin: Begin, sent: Sent) -> None:
    setting = pinned(begin, "3 1 1 " + "ab" * 32)
    setting.is_secure = False
    assert (await sent(setting))[0].result == "delivered"
    off = pinned(begin, "3 1 1 " + "ab" * 32, route={"dane": False})
    assert (await sent(off))[0].result == "delivered"


async def test_a_server_that_says_it_is_us(begin: Begin, sent: Sent) -> None:
    setting = begin(None)
    setting.fake.name = "gateway.example"
    said, _ = await sent(setting)
    assert (said.result, said.status) == ("failed", "5.4.6")


def test_counters_are_kept_by_the_day(tmp_path: Path) -> None:
    moment = [datetime(2026, 11, 24, 23, 59, tzinfo=UTC)]
    counts = TlsCounts(tmp_path, lambda: moment[0])
    counts.add("a.example", "sts", "mx.a.example")
    counts.add("a.example", "sts", "mx.a.example", "certificate-expired")
    counts.flush()
    again = TlsCounts(tmp_path, lambda: moment[0])
    again.add("a.example", "sts", "mx.a.example")
    moment[0] = datetime(2026, 11, 25, 0, 1, tzinfo=UTC)
    again.add("b.example", "no-policy-found", "mx.b.example")
    again.flush()
    day = datetime(2026, 11, 24, tzinfo=UTC).date()
    told = report(read_day(tmp_path, day), day, "gateway.example")
    (policy_,) = told["policies"]
    assert policy_["summary"] == {
        "total-successful-session-count": 2,
        "total-failure-session-count": 1,
    }
    assert policy_["failure-details"][0]["result-type"] == "certificate-expired"
    assert json.loads((tmp_path / "2026-11-25.json").read_text())[0][0] == "b.example"
    assert list(read_day(tmp_path, day.replace(day=1))) == []


async def test_a_real_resolver_says_what_it_has_validated(
    begin: Begin, time: Time, authority: Authority
) -> None:
    """MX, addresses and TLSA over the wire; the AD bit decides whether DANE counts."""
    setting = begin("other.example")
    async with serving(setting.fake) as fake:
        zone: dict[tuple[str, str], list[str] | int | None] = {
            ("there.example.", "MX"): [f"10 {MX}."],
            (f"{MX}.", "A"): [LOCAL],
            (f"{MX}.", "AAAA"): [],
            (f"_{fake.port}._tcp.{MX}.", "TLSA"): ["3 1 1 " + "ab" * 32],
        }
        for is_secure, result in ((False, "delivered"), (True, "deferred")):
            async with nameserver.serving(zone) as (answers, at):
                answers.secure = is_secure
                exchange = setting.exchange(time)
                exchange.dns = Resolver(DnsSettings(servers=(at,)))
                exchange.finder = Finder(
                    exchange.dns, "gateway.example", lambda _: None, lambda _: False
                )
                exchange.policies = Policies(
                    exchange.dns, HttpsFetch(exchange.dns), setting.notepad
                )
                (route,) = exchange.table.routes
                assert isinstance(route, MxRoute)
                said = await exchange.deliver(route, "there.example", letter(), TO)
                assert said["x@there.example"].result == result
                assert ("_mta-sts.there.example.", "TXT") in answers.asked
                await exchange.close()

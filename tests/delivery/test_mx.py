"""Where mail for a domain goes: order, null MX, our own servers, private networks."""

from ipaddress import IPv4Network, ip_address
from typing import Any

import pytest

from gateway.delivery.mx import Finder, Host, NoServer, is_local, may_go_to
from gateway.delivery.route import MxRoute
from gateway.dns.canned import AWAY, Canned
from gateway.mail.dns import Mx

IPS = {"a": "20.0.0.1", "b": "20.0.0.2", "c": "20.0.0.3"}
HOSTS = {f"{name}.mx.example": {"A": [ip]} for name, ip in IPS.items()}


def finder(zone: dict[str, Any], *, secure: bool = False, ours: tuple[str, ...] = ()) -> Finder:
    return Finder(
        Canned({**HOSTS, **zone}, is_secure=secure),
        "gateway.example",
        shuffle=lambda records: records.reverse(),
        is_local=lambda ip: str(ip) in ours,
    )


def route(**more: Any) -> MxRoute:
    return MxRoute.model_validate({"kind": "mx", **more})


async def names(
    zone: dict[str, Any], domain: str = "there.example", **more: Any
) -> list[tuple[str, ...]]:
    ours = more.pop("ours", ())
    found = await finder(zone, ours=ours).hosts(domain, route(**more))
    return [(host.name, *map(str, host.addresses)) for host in found]


async def refused(zone: dict[str, Any], domain: str = "there.example", **more: Any) -> NoServer:
    with pytest.raises(NoServer) as caught:
        await names(zone, domain, **more)
    return caught.value


def mx(*records: str) -> dict[str, Any]:
    return {"there.example": {"MX": list(records)}}


async def test_by_preference_and_at_random_within_one() -> None:
    zone = mx("20 a.mx.example", "10 b.mx.example", "20 c.mx.example")
    assert [name for name, *_ in await names(zone)] == [
        "b.mx.example", "c.mx.example", "a.mx.example",
    ]  # fmt: skip


async def test_the_domain_itself_where_there_is_no_mx() -> None:
    zone = {"there.example": {"A": ["20.0.0.9"], "AAAA": ["2600::9"]}}
    assert await names(zone) == [("there.example", "2600::9", "20.0.0.9")]
    assert await names(zone, ipv6=False) == [("there.example", "20.0.0.9")]


async def test_a_domain_that_takes_no_mail() -> None:
    assert (await refused(mx("0 ."))).status == "5.1.10"
    assert await names(mx("0 .", "10 a.mx.example")) == [("a.mx.example", "20.0.0.1")]


@pytest.mark.parametrize(
    ("zone", "status", "is_final"),
    [
        ({}, "5.1.2", True),
        ({"there.example": {"TXT": ["x"]}}, "5.4.4", True),
        (mx("10 nowhere.example"), "5.4.4", True),
        (mx("10 192.0.2.1"), "5.4.4", True),
        ({"there.example": {AWAY: []}}, "4.4.3", False),
        ({**mx("10 x.example"), "x.example": {AWAY: []}}, "4.4.3", False),
        ({**mx("10 x.example"), "x.example": {"A": ["127.0.0.1"]}}, "5.4.4", True),
        ({**mx("10 x.example"), "x.example": {"A": ["10.1.2.3"], "AAAA": ["::1"]}}, "5.4.4", True),
    ],
)
async def test_no_server(zone: dict[str, Any], status: str, is_final: bool) -> None:
    error = await refused(zone)
    assert (error.status, error.is_final) == (status, is_final)


async def test_a_host_that_nobody_knows_now_does_not_hide_the_others() -> None:
    zone = {**mx("10 x.example", "20 a.mx.example"), "x.example": {AWAY: []}}
    assert await names(zone) == [("a.mx.example", "20.0.0.1")]


async def test_mail_does_not_come_back_to_us() -> None:
    best = await refused(mx("10 gateway.example", "20 a.mx.example"))
    assert best.status == "5.4.6"
    zone = mx("10 a.mx.example", "20 gateway.example", "20 b.mx.example", "30 c.mx.example")
    assert await names(zone) == [("a.mx.example", "20.0.0.1")]
    by_address = mx("10 a.mx.example", "20 b.mx.example", "30 c.mx.example")
    assert await names(by_address, ours=("20.0.0.2",)) == [("a.mx.example", "20.0.0.1")]
    assert (await refused(by_address, ours=("20.0.0.1",))).status == "5.4.6"
    assert (await refused(by_address, own=["20.0.0.1"])).status == "5.4.6"
    assert (await refused(by_address, own=["A.mx.example"])).status == "5.4.6"


async def test_private_networks_are_sent_to_where_the_settings_say_so() -> None:
    zone = {**mx("10 x.example"), "x.example": {"A": ["10.1.2.3", "10.9.9.9"]}}
    assert await names(zone, networks=["10.1.0.0/16"]) == [("x.example", "10.1.2.3")]


async def test_address_literals() -> None:
    assert await names({}, "[20.0.0.1]") == [("20.0.0.1", "20.0.0.1")]
    assert await names({}, "[ipv6:2600::1]") == [("2600::1", "2600::1")]
    assert (await refused({}, "[127.0.0.1]")).status == "5.4.4"
    assert (await refused({}, "[20.0.0.1]", ours=("20.0.0.1",))).status == "5.4.6"


async def test_dnssec_counts_only_all_the_way() -> None:
    zone = mx("10 a.mx.example")
    (host,) = await finder(zone, secure=True).hosts("there.example", route())
    assert host == Host("a.mx.example", (ip_address("20.0.0.1"),), is_secure=True)
    (host,) = await finder(zone).hosts("there.example", route())
    assert not host.is_secure


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1",
     "fe80::1", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff0e::1"],
)  # fmt: skip
def test_never_to(text: str) -> None:
    assert not may_go_to(ip_address(text), ())


def test_only_to() -> None:
    assert may_go_to(ip_address("20.0.0.1"), ())
    assert may_go_to(ip_address("2600::1"), ())
    assert may_go_to(ip_address("::ffff:10.0.0.1"), (IPv4Network("10.0.0.0/8"),))


def test_this_machine_knows_its_addresses() -> None:
    assert is_local(ip_address("127.0.0.1"))
    assert not is_local(ip_address("20.0.0.1"))


def test_records_are_ordered_as_values() -> None:
    assert min(Mx(20, "a"), Mx(10, "b")) == Mx(10, "b")

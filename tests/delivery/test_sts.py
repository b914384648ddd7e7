"""MTA-STS: records and policies as they are published, fetched over HTTPS on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network

import pytest

from gateway.delivery.fetch import HttpsFetch
from gateway.delivery.sts import (
    Policies,
    Policy,
    PolicyAway,
    name_fits,
    read_policy,
    read_record,
)
from gateway.dns.canned import AWAY, Canned
from tests.conftest import FakeNotepad
from tests.delivery.certificates import Authority

GOOD = (
    b"version: STSv1\nmode: enforce\nmx: MX.there.example\nmx: *.there.example\nmax_age: 604800\n"
)
HOST = "mta-sts.there.example"


@pytest.mark.parametrize(
    ("texts", "id_"),
    [
        ((b"v=STSv1; id=20160831085700Z;",), "20160831085700Z"),
        ((b"v=spf1 -all", b"v=STSv1;id=1"), "1"),
        ((b"v=STSv1; other=x; id=2",), "2"),
        ((b"v=STSv1; id=1", b"v=STSv1; id=2"), ""),
        ((b"v=STSv1; id=no-hyphens",), ""),
        ((b"v=STSv2; id=1",), ""),
        ((b"v=STSv1",), ""),
        ((), ""),
    ],
)
def test_records(texts: tuple[bytes, ...], id_: str) -> None:
    assert read_record(texts) == id_


def test_a_policy() -> None:
    policy = read_policy("1", GOOD.replace(b"\n", b"\r\n"))
    assert policy == Policy("1", "enforce", ("mx.there.example", "*.there.example"), 604800)
    assert policy.lines[0] == "version: STSv1"
    assert read_policy("1", b"version: STSv1\nmode: none\nmax_age: 99999999999"[:-1]).mx == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        GOOD.replace(b"STSv1", b"STSv2"),
        GOOD.replace(b"enforce", b"report"),
        GOOD.replace(b"604800", b"-1"),
        GOOD.replace(b"604800", "६".encode()),
        GOOD.replace(b"604800", b"1" * 11),
        b"version: STSv1\nmode: enforce\nmax_age: 1\n",
        GOOD.replace(b"MX.there", b"mx..there"),
        GOOD.replace(b"*.there", b"*there"),
        GOOD + b"mx: a.example\n" * 200,
        GOOD + b"x" * 70000,
        b"\xff\x00" * 100,
    ],
)
def test_what_is_no_policy(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_policy("1", data)


def test_names() -> None:
    assert name_fits("MX.There.example.", "mx.there.example")
    assert name_fits("a.there.example", "*.there.example")
    assert not name_fits("a.b.there.example", "*.there.example")
    assert not name_fits("there.example", "*.there.example")
    assert not name_fits(".there.example", "*.there.example")


@dataclass
class Published:
    """What a domain publishes; ``asked`` counts the fetches."""

    record: list[str] = field(default_factory=lambda: ["v=STSv1; id=1;"])
    body: bytes | PolicyAway = GOOD
    asked: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    notepad: FakeNotepad = field(default_factory=FakeNotepad)

    async def fetch(self, domain: str) -> bytes:
        self.asked += 1
        assert domain == "there.example"
        if isinstance(self.body, PolicyAway):
            raise self.body
        return self.body

    async def policy(self) -> Policy | None:
        zone = {"_mta-sts.there.example": {"TXT": self.record}} if self.record else {}
        policies = Policies(
            Canned(zone), self.fetch, self.notepad, lambda d, r: self.failed.append((d, r))
        )
        return await policies.of("there.example")


async def test_a_policy_is_fetched_once_for_an_id() -> None:
    there = Published()
    first = await there.policy()
    assert first is not None
    assert await there.policy() == first
    assert there.asked == 1
    there.record = ["v=STSv1; id=2;"]
    second = await there.policy()
    assert second is not None
    assert (second.id, there.asked) == ("2", 2)


async def test_a_policy_once_seen_holds_while_nobody_answers() -> None:
    there = Published()
    first = await there.policy()
    for record in ([AWAY], [], ["v=STSv1; id=1", "v=STSv1; id=2"]):
        there.record = record
        assert await there.policy() == first
    there.record, there.body = ["v=STSv1; id=2;"], PolicyAway("away")
    assert await there.policy() == first
    assert there.failed == [("there.example", "sts-policy-fetch-error")]


async def test_a_fetch_that_failed_is_not_tried_for_every_message() -> None:
    there = Published(body=b"nonsense")
    assert await there.policy() is None
    assert await there.policy() is None
    assert there.asked == 1
    assert there.failed == [("there.example", "sts-policy-invalid")]


async def test_no_record_no_question() -> None:
    there = Published(record=[])
    assert await there.policy() is None
    assert there.asked == 0


@asynccontextmanager
async def https(
    authority: Authority, answer: bytes, name: str = HOST
) -> AsyncIterator[tuple[int, list[bytes]]]:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=authority.context(name))
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()
        await server.wait_closed()


def page(body: bytes, kind: str = "text/plain; charset=utf-8", status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return (
        f"{head}Location: https://elsewhere.example/\r\nConnection: close\r\n\r\n".encode() + body
    )


def fetcher(authority: Authority, port: int, *, allowed: bool = True) -> HttpsFetch:
    dns = Canned({HOST: {"A": ["127.0.0.1"]}})
    networks = (IPv4Network("127.0.0.0/8"),) if allowed else ()
    return HttpsFetch(dns, networks, authority.ca, port)


async def test_a_policy_over_https(authority: Authority) -> None:
    async with https(authority, page(GOOD)) as (port, heard):
        assert await fetcher(authority, port)("there.example") == GOOD
    assert heard[0].startswith(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\n")
    assert f"\r\nhost: {HOST}\r\n".encode() in heard[0].lower()


@pytest.mark.parametrize(
    "answer",
    [
        page(GOOD, status="301 Moved"),
        page(GOOD, status="404 Not Found"),
        page(GOOD, kind="text/html"),
        page(b"x" * 70000),
        b"garbage\r\n\r\n",
        b"",
    ],
)
async def test_what_is_no_answer(authority: Authority, answer: bytes) -> None:
    async with https(authority, answer) as (port, _):
        with pytest.raises(PolicyAway) as caught:
            await fetcher(authority, port)("there.example")
    assert caught.value.result == "sts-policy-fetch-error"


async def test_the_certificate_must_fit(authority: Authority) -> None:
    async with https(authority, page(GOOD), "other.example") as (port, heard):
        with pytest.raises(PolicyAway) as caught:
            await fetcher(authority, port)("there.example")
    assert caught.value.result == "sts-webpki-invalid"
    assert heard == []


async def test_private_networks_are_not_asked(authority: Authority) -> None:
    async with https(authority, page(GOOD)) as (port, heard):
        with pytest.raises(PolicyAway, match="no address that may be asked"):
            await fetcher(authority, port, allowed=False)("there.example")
    assert heard == []

"""Whom a proxy or a mail server before us speaks for, and who may say so."""

import asyncio
import socket
import struct

import pytest

from tests.smtp.test_conversation import HELLO, LETTER, START, Office, codes, office, say

__all__ = ["office"]

HERE = ["127.0.0.0/8"]
V2 = b"\r\n\r\n\0\r\nQUIT\n"


def version_2(command: int, family: int, addresses: bytes) -> bytes:
    return V2 + bytes([0x20 | command, family]) + struct.pack("!H", len(addresses)) + addresses


IPV6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7") + socket.inet_pton(socket.AF_INET6, "::1")


@pytest.mark.parametrize(
    ("header", "client", "port"),
    [
        (b"PROXY TCP4 192.0.2.9 198.51.100.1 4711 25\r\n", "192.0.2.9", 4711),
        (b"PROXY TCP6 2001:db8::7 ::1 4711 25\r\n", "2001:db8::7", 4711),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1", None),
        (version_2(1, 0x21, IPV6 + struct.pack("!HH", 4711, 25)), "2001:db8::7", 4711),
        (version_2(0, 0x00, b""), "127.0.0.1", None),
    ],
)
async def test_a_proxy_names_the_client(
    office: Office, header: bytes, client: str, port: int | None
) -> None:
    listening = await office.open(proxy_from=HERE)
    # All in one piece: nothing behind the header may be lost.
    lines = await say(listening, header + HELLO, START.removeprefix(HELLO), LETTER + b".\r\n")
    assert codes(lines)[-1] == "250"
    session = office.kept.outcomes[0].transaction.session
    assert str(session.client) == client
    assert port is None or session.client_port == port


@pytest.mark.parametrize(
    "header",
    [
        b"EHLO x\r\n",
        b"PROXY TCP4 1.2.3.4\r\n",
        b"PROXY " + b"x" * 200 + b"\r\n",
        V2 + b"\x31\0\0\0",
    ],
)
async def test_a_proxy_without_a_header_in_order_is_hung_up_on(
    office: Office, header: bytes
) -> None:
    assert await say(await office.open(proxy_from=HERE), header, HELLO) == []


async def test_others_may_come_without_a_header(office: Office) -> None:
    port = await office.open(proxy_from=["192.0.2.0/24"])
    assert codes(await say(port, HELLO)) == ["220", "250"]
    lines = await say(port, b"PROXY TCP4 192.0.2.9 198.51.100.1 4711 25\r\n")
    assert codes(lines)[-1] == "500"


async def test_a_trusted_server_introduces_a_client(office: Office) -> None:
    port = await office.open(xclient_from=HERE)
    line = (
        b"XCLIENT ADDR=IPV6:2001:db8::9 PORT=99 HELO=far.example NAME=[UNAVAILABLE] LOGIN=lan\r\n"
    )
    lines = await say(port, HELLO, line, START, LETTER + b".\r\n")
    assert "250 XCLIENT NAME ADDR PORT PROTO HELO LOGIN" in lines
    assert codes(lines) == ["220", "250", "220", "250", "250", "250", "354", "250"]
    session = office.kept.outcomes[0].transaction.session
    assert (str(session.client), session.client_port) == ("2001:db8::9", 99)
    assert (session.helo, session.user, session.vouched) == ("far.example", "lan", "127.0.0.1")


@pytest.mark.parametrize(
    "words",
    [b"", b"ADDR=nonsense", b"COLOUR=red", b"PORT=x", b"ADDR", b"PORT=1 PORT=2", b"ADDR=+ff"],
)
async def test_what_is_not_in_order_introduces_nobody(office: Office, words: bytes) -> None:
    port = await office.open(xclient_from=HERE)
    assert codes(await say(port, HELLO, b"XCLIENT " + words + b"\r\n"))[-1] == "501"


async def test_a_stranger_introduces_nobody(office: Office) -> None:
    port = await office.open(xclient_from=["192.0.2.0/24"])
    lines = await say(port, HELLO, b"XCLIENT ADDR=192.0.2.7\r\n")
    assert codes(lines)[-1] == "550"
    assert not any("XCLIENT NAME" in line for line in lines)


async def test_who_is_introduced_is_counted_as_himself(office: Office) -> None:
    port = await office.open(xclient_from=HERE)
    crowd = office.servers[0].door.crowd
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    writer.write(b"XCLIENT ADDR=192.0.2.7\r\n")
    await reader.readline()
    assert dict(crowd.by_client) == {"192.0.2.7": 1}
    writer.close()
    await asyncio.sleep(0.05)
    assert crowd.all == 0
    assert not crowd.by_client

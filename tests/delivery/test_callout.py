"""Asking the server behind us about a mailbox: yes, no, and what is neither."""

import asyncio
from typing import Any

import pytest

from gateway.delivery.callout import Callout
from gateway.mail.address import Address
from tests.delivery.conftest import MakeExchange, server
from tests.delivery.fake import Fake, Time, serving
from tests.ports import free_port

BOX = Address.parse("lan@ours.example")


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        (b"250 2.1.5 ok", True),
        (b"251 2.1.5 elsewhere", True),
        (b"550 5.1.1 nobody", False),
        (b"550 no status", False),
        (b"552 5.2.2 full", False),
        (b"452 4.2.2 full for now", True),
    ],
)
@pytest.mark.parametrize("kind", ["smtp", "lmtp"])
async def test_a_definite_answer(
    exchange: MakeExchange, answer: bytes, known: bool, kind: str
) -> None:
    fake = Fake({"RCPT": answer}, is_lmtp=kind == "lmtp")
    async with serving(fake):
        assert await Callout(exchange(kind=kind, port=fake.port)).knows(BOX) is known
    assert fake.lines[1:] == ["MAIL FROM:<>", "RCPT TO:<lan@ours.example>", "RSET"]


@pytest.mark.parametrize(
    "answers",
    [
        {"RCPT": b"450 4.7.1 greylisted"},
        {"RCPT": b"451 4.3.0 not now"},
        {"RCPT": b"550 5.7.1 you may not ask"},
        {"RCPT": b"503 5.5.1 what"},
        {"RCPT": None},
        {"MAIL": b"550 5.7.1 not you"},
        {"connect": b"554 5.3.2 no"},
    ],
)
async def test_what_is_no_answer(exchange: MakeExchange, answers: dict[str, Any]) -> None:
    fake = Fake(answers)
    async with serving(fake):
        with pytest.raises(OSError, match=r"\w"):
            await Callout(exchange(port=fake.port)).knows(BOX)


async def test_a_server_that_is_away_is_not_asked_for_every_recipient(
    exchange: MakeExchange, time: Time
) -> None:
    port = free_port()
    callout = Callout(exchange(port=port))
    with pytest.raises(OSError, match=r"refused|failed"):
        await callout.knows(BOX)
    fake = Fake()
    async with serving(fake, port=port):
        with pytest.raises(OSError, match="left alone"):
            await callout.knows(BOX)
        assert fake.connections == 0
        time.s += 16
        assert await callout.knows(BOX)


async def test_one_connection_serves_many_questions(exchange: MakeExchange) -> None:
    fake = Fake()
    async with serving(fake):
        callout = Callout(exchange(port=fake.port))
        for _ in range(5):
            await callout.knows(BOX)
        assert fake.connections == 1
        fake.answers["MAIL"] = [None]
        assert await callout.knows(BOX)
        assert fake.connections == 2


async def test_who_gives_up_leaves_no_half_asked_connection(exchange: MakeExchange) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    gate = exchange(port=listening.sockets[0].getsockname()[1])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await Callout(gate).knows(BOX)
    assert not gate.destination(server(gate), "")._idle
    listening.close()
    await listening.wait_closed()


async def test_our_own_mailboxes_are_the_directory_s(exchange: MakeExchange) -> None:
    assert not await Callout(exchange(to=["*@elsewhere.example"])).knows(BOX)

"""Conversations with servers of our own: what is said, and what odd answers come to."""

import asyncio
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.delivery.exchange import Exchange
from gateway.delivery.outcome import Attempt, Letter, To
from gateway.delivery.route import ServerRoute
from tests.delivery.certificates import Authority
from tests.delivery.conftest import ORIGIN, MakeExchange, letter, server
from tests.delivery.fake import Fake, Time, serving
from tests.ports import free_port

ONE = [To("x@there.example")]
TWO = [*ONE, To("y@there.example")]


async def sent(exchange: Exchange, mail: Letter, to: list[To]) -> list[Attempt]:
    said = await exchange.deliver(server(exchange), "", mail, to)
    return [said[one.address] for one in to]


@pytest.mark.parametrize("pipelining", [True, False])
async def test_the_bytes_arrive_as_they_are(exchange: MakeExchange, pipelining: bool) -> None:
    fake = Fake() if pipelining else Fake(extensions=("8BITMIME",))
    body = b".one\r\n..two\r\n\r\n.\r\nd\xc4\x91\r\n"
    async with serving(fake):
        (said,) = await sent(exchange(port=fake.port), letter(body), ONE)
    assert (said.result, said.status, said.reply) == ("delivered", "2.0.0", "250 2.0.0 kept")
    assert said.via == f"smtp://127.0.0.1:{fake.port}"
    assert fake.letters == [letter().head + body]
    assert fake.lines[1].startswith("MAIL FROM:<a@ours.example> BODY=8BITMIME")


async def test_reports_are_left_to_a_server_that_sends_them(exchange: MakeExchange) -> None:
    fake = Fake()
    to = [To("x@there.example", ("FAILURE", "SUCCESS"), "rfc822;x+2Bz@there.example")]
    async with serving(fake):
        (said,) = await sent(exchange(port=fake.port), letter(envid="a+b", ret="HDRS"), to)
    assert said.success == ""
    assert "RET=HDRS ENVID=a+2Bb" in fake.lines[1]
    assert fake.lines[2].endswith(" NOTIFY=FAILURE,SUCCESS ORCPT=rfc822;x+2Bz@there.example")


async def test_a_server_without_reports_has_relayed(exchange: MakeExchange) -> None:
    fake = Fake(extensions=("8BITMIME",))
    async with serving(fake):
        (said,) = await sent(exchange(port=fake.port), letter(ret="FULL"), ONE)
    assert said.success == "relayed"
    assert "RET" not in fake.lines[1]


async def test_each_recipient_has_its_own_fate(exchange: MakeExchange) -> None:
    fake = Fake({"RCPT TO:<x": b"550-5.1.1 no\r\n550 5.1.1 such man", "RCPT TO:<y": b"250 ok"})
    async with serving(fake):
        one, two = await sent(exchange(port=fake.port), letter(), TWO)
    assert (one.result, one.status, one.reply) == ("failed", "5.1.1", "550 5.1.1 no 5.1.1 such man")
    assert two.result == "delivered"


@pytest.mark.parametrize(
    ("answers", "result", "status"),
    [
        ({"MAIL": b"451 4.3.0 later"}, "deferred", "4.3.0"),
        ({"MAIL": b"550 5.7.1 not you"}, "failed", "5.7.1"),
        ({"RCPT": b"450 busy"}, "deferred", "4.0.0"),
        ({"RCPT": b"550 no status"}, "failed", "5.0.0"),
        ({"RCPT": b"550 4.1.1 contradicts itself"}, "failed", "5.0.0"),
        ({"DATA": b"452 4.3.1 full"}, "deferred", "4.3.1"),
        ({"DATA": b"554 5.5.1 no"}, "failed", "5.5.1"),
        ({"end": b"554 5.7.1 spam"}, "failed", "5.7.1"),
        ({"end": b"421 4.3.2 bye"}, "deferred", "4.3.2"),
        ({"end": b"hello"}, "deferred", "4.4.1"),
        ({"end": b"250" + b"x" * 40000}, "deferred", "4.4.1"),
        ({"end": None}, "deferred", "4.4.1"),
        ({"RCPT": None}, "deferred", "4.4.1"),
        ({"connect": b"554 5.3.2 not today"}, "deferred", "4.4.1"),
        ({"connect": b"421 too many"}, "deferred", "4.4.1"),
        ({"RCPT": b"550 5.1.1", "DATA": b"354 all the same"}, "failed", "5.1.1"),
        ({"RCPT": b"199 what"}, "deferred", "4.5.0"),
    ],
)
async def test_odd_answers(
    exchange: MakeExchange, answers: dict[str, bytes | None], result: str, status: str
) -> None:
    fake = Fake({**answers})
    async with serving(fake):
        (said,) = await sent(exchange(port=fake.port), letter(), ONE)
    assert (said.result, said.status) == (result, status)
    assert said.reply.isprintable()


async def test_what_is_said_unasked_is_no_answer(exchange: MakeExchange) -> None:
    """A second reply in the same packet must not count for the next command."""
    fake = Fake({"end": b"250 2.0.0 kept\r\n250 2.0.0 and the next one, too", "MAIL": [
        b"250 ok", b"550 5.7.1 not twice"]})  # fmt: skip
    async with serving(fake):
        gate = exchange(port=fake.port)
        (first,) = await sent(gate, letter(), ONE)
        (second,) = await sent(gate, letter(), ONE)
    assert (first.result, second.result, fake.connections) == ("delivered", "failed", 1)


async def test_eight_bits_and_utf8_are_not_forced_on_anybody(exchange: MakeExchange) -> None:
    fake = Fake(extensions=("SIZE 500",))
    vietnamese = letter(head="Subject: Đơn\r\n\r\n".encode(), is_utf8=True)
    async with serving(fake):
        gate = exchange(port=fake.port)
        (raw,) = await sent(gate, letter(b"\xff\r\n"), ONE)
        (utf8,) = await sent(gate, vietnamese, ONE)
        (address,) = await sent(gate, letter(), [To("đ@there.example")])
        (plain,) = await sent(gate, letter(is_utf8=True), ONE)
        (big,) = await sent(gate, letter(b"x\r\n" * 200), ONE)
    said = [one.status for one in (raw, utf8, address, plain, big)]
    assert said == ["5.6.3", "5.6.7", "5.6.7", "2.0.0", "5.3.4"]
    assert len(fake.letters) == 1


async def test_a_refused_message_with_long_lines_says_so(exchange: MakeExchange) -> None:
    fake = Fake({"end": b"554 5.6.0 cannot read this"})
    async with serving(fake):
        (said,) = await sent(exchange(port=fake.port), letter(b"x" * 1200 + b"\r\n"), ONE)
    assert said.reply.endswith("(it has lines of more than 998 octets)")


async def test_lmtp_answers_for_each_recipient(exchange: MakeExchange) -> None:
    fake = Fake({"end": [b"250 2.0.0 saved", b"452 4.2.2 full", b"550 5.2.1 shut"]}, is_lmtp=True)
    to = [*TWO, To("bad@there.example"), To("z@there.example")]
    fake.answers["RCPT TO:<bad"] = b"550 5.1.1 nobody"
    async with serving(fake):
        said = await sent(exchange(kind="lmtp", port=fake.port), letter(), to)
    assert [one.status for one in said] == ["2.0.0", "4.2.2", "5.1.1", "5.2.1"]
    assert said[0].success == "delivered"
    assert fake.lines[0] == "LHLO gateway.example"
    assert len(fake.letters) == 1


async def test_a_yes_of_lmtp_counts_though_the_rest_is_lost(exchange: MakeExchange) -> None:
    fake = Fake({"end": [b"250 2.0.0 saved", None]}, is_lmtp=True)
    async with serving(fake):
        one, two = await sent(exchange(kind="lmtp", port=fake.port), letter(), TWO)
    assert (one.result, two.result) == ("delivered", "deferred")


async def test_connections_are_used_again_and_not_for_ever(
    exchange: MakeExchange, time: Time
) -> None:
    fake = Fake()
    async with serving(fake):
        gate = exchange(port=fake.port)
        for _ in range(3):
            await sent(gate, letter(), ONE)
        assert (fake.connections, len(fake.letters)) == (1, 3)
        time.s += 31
        await gate.sweep()
        assert fake.lines[-1] == "QUIT"
        await sent(gate, letter(), ONE)
        assert fake.connections == 2


async def test_an_idle_connection_that_died_costs_nothing(exchange: MakeExchange) -> None:
    fake = Fake()
    async with serving(fake):
        gate = exchange(port=fake.port)
        await sent(gate, letter(), ONE)
        fake.answers["MAIL"] = [None]
        (said,) = await sent(gate, letter(), ONE)
    assert (said.result, fake.connections) == ("delivered", 2)


async def test_a_dead_destination_is_not_asked_for_every_message(
    exchange: MakeExchange, time: Time
) -> None:
    port = free_port()
    gate = exchange(port=port)
    (first,) = await sent(gate, letter(), ONE)
    assert first.was_asked
    assert "refused" in first.reply.lower()
    fake = Fake()
    async with serving(fake, port=port):
        (second,) = await sent(gate, letter(), ONE)
        assert (second.was_asked, second.result) == (False, "deferred")
        assert 0 < second.wait_s <= 15
        assert gate.resting()
        assert fake.connections == 0
        time.s += 16
        assert [one.result for one in await sent(gate, letter(), ONE)] == ["delivered"]
        assert not gate.resting()


async def test_one_message_tries_while_the_others_wait(exchange: MakeExchange, time: Time) -> None:
    port = free_port()
    gate = exchange(port=port)
    await sent(gate, letter(), ONE)
    time.s += 16
    said = await asyncio.gather(*(sent(gate, letter(), ONE) for _ in range(5)))
    assert [one.was_asked for (one,) in said].count(True) == 1
    time.s += 16
    (again,) = await sent(gate, letter(), ONE)
    assert not again.was_asked, "it rests twice as long the second time"
    urged = await gate.deliver(server(gate), "", letter(), ONE, is_urged=True)
    assert urged["x@there.example"].was_asked


async def test_no_more_connections_at_once_than_allowed(exchange: MakeExchange) -> None:
    fake = Fake()
    async with serving(fake):
        gate = exchange(port=fake.port, connections=2)
        await asyncio.gather(*(sent(gate, letter(), ONE) for _ in range(20)))
    assert (fake.connections, len(fake.letters)) == (2, 20)


async def test_a_server_that_hangs_does_not_hold_everybody_up(
    exchange: MakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr("gateway.delivery.destination.STUCK_S", 0.05)
    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    gate = exchange(
        port=listening.sockets[0].getsockname()[1], connections=2, connect_s=0.8, timeout_s=0.8
    )
    gate.now = asyncio.get_running_loop().time
    said = [one for (one,) in await asyncio.gather(*(sent(gate, letter(), ONE) for _ in range(9)))]
    assert {one.result for one in said} == {"deferred"}
    assert [one.was_asked for one in said].count(True) == 2
    listening.close()
    await listening.wait_closed()


async def test_who_the_client_was_is_told_to_a_server_that_wants_it(
    exchange: MakeExchange,
) -> None:
    fake = Fake(extensions=("XCLIENT NAME ADDR PORT HELO LOGIN", "8BITMIME"))
    async with serving(fake):
        gate = exchange(port=fake.port, xclient=True)
        await sent(gate, letter(origin=ORIGIN), ONE)
        await sent(gate, letter(origin=ORIGIN), ONE)
        assert [line for line in fake.lines if line.startswith("XCLIENT")] == [
            "XCLIENT ADDR=192.0.2.7 NAME=[UNAVAILABLE] PORT=4321 HELO=client.example LOGIN=lan"
        ]
        assert fake.lines[2].startswith("EHLO")
        await sent(gate, letter(), ONE)
        assert fake.connections == 2, "a notice of ours is not the client's"
        silent = exchange(port=fake.port)
        await sent(silent, letter(origin=ORIGIN), ONE)
        assert sum(line.startswith("XCLIENT") for line in fake.lines) == 1


async def test_a_smarthost_gets_the_login_over_tls_alone(
    exchange: MakeExchange, authority: Authority, tmp_path: Path
) -> None:
    secret = tmp_path / "smarthost.secret"
    secret.touch(mode=0o600)
    secret.write_text('login = "so"\npassword = "bí mật"\n')
    fake = Fake(extensions=("AUTH PLAIN", "8BITMIME"), tls=authority.context("localhost"))
    async with serving(fake):
        gate = exchange(
            kind="smarthost", host="localhost", port=fake.port, credentials=secret, ca=authority.ca
        )
        (said,) = await sent(gate, letter(), ONE)
    assert said.result == "delivered"
    assert said.via.endswith("[TLSv1.3 verified]")
    at = next(n for n, line in enumerate(fake.lines) if line.startswith("AUTH PLAIN"))
    assert "STARTTLS" in fake.lines[:at]


async def test_a_login_that_is_refused_rests_the_server(
    exchange: MakeExchange, authority: Authority, tmp_path: Path
) -> None:
    secret = tmp_path / "smarthost.secret"
    secret.touch(mode=0o600)
    secret.write_text('login = "so"\npassword = "hidden"\n')
    fake = Fake({"AUTH": b"535 5.7.8 no"}, ("AUTH PLAIN",), tls=authority.context("localhost"))
    async with serving(fake):
        gate = exchange(
            kind="smarthost", host="localhost", port=fake.port, credentials=secret, ca=authority.ca
        )
        (said,) = await sent(gate, letter(), ONE)
        secret.write_text("password = 1\n")
        time_free = exchange(
            kind="smarthost", host="localhost", port=fake.port, credentials=secret, ca=authority.ca
        )
        (unreadable,) = await sent(time_free, letter(), ONE)
    assert (said.result, said.reply) == ("deferred", "535 5.7.8 no")
    assert unreadable.result == "deferred"
    assert "hidden" not in repr(gate) + said.reply


@pytest.mark.parametrize(
    "wrong",
    [
        {"credentials": "x.secret", "tls": "may"},
        {"credentials": "x.secret", "tls": "none"},
        {"implicit_tls": True, "tls": "none"},
        {"port": 0},
        {"tls": "sometimes"},
    ],
)
def test_settings_that_contradict_themselves(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ServerRoute.model_validate({"kind": "smarthost", "host": "h.example", **wrong})

"""What a client is told, over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from gateway.api import Filter, Hold, Mail, Reject, Transaction, Verdict
from gateway.archive.journal import JournalError
from gateway.chain.chain import Chain, Link
from gateway.chain.inspection import Inspection, Outcome
from gateway.intake import regret
from gateway.mail.address import Address
from gateway.mail.limits import Limits
from gateway.mail.services import Services, SystemClock
from gateway.mail.session import Purpose
from gateway.smtp.budget import Budget
from gateway.smtp.door import Crowd, Door, ListenerTable
from gateway.smtp.server import Server
from tests.conftest import LAN, FakeDirectory, FakeNotepad


@dataclass
class Kept:
    """Remembers what came in; fails when it is told to."""

    outcomes: list[Outcome] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    fails: bool = False

    def keep(self, outcome: Outcome, told: Callable[[str], None]) -> None:
        if not self.fails:
            self.outcomes.append(outcome)
        good = f"250 2.0.0 Kept as number {len(self.outcomes)}"
        reply = regret(JournalError("the disk is full", "4.3.1")) if self.fails else good
        asyncio.get_running_loop().call_soon(told, reply)

    def refuse(self, _: Inspection, reply: str) -> None:
        self.refused.append(reply)

    @property
    def raw(self) -> list[bytes]:
        return [bytes(outcome.message) for outcome in self.outcomes]


class NotBob(Filter):
    """Refuses one recipient."""

    async def rcpt(self, transaction: Transaction, recipient: Address) -> Verdict | None:
        await asyncio.sleep(0)
        return Reject("not bob") if recipient.local == "bob" else None


class HoldsOdd(Filter):
    """Holds what is called odd."""

    def message(self, mail: Mail) -> Verdict | None:
        return Hold("odd") if mail.message.header("Subject") == "odd" else None


class Broken(Filter):
    """Has a bug."""

    def message(self, mail: Mail) -> Verdict | None:
        raise KeyError("oops")


Opened = tuple[Callable[[bytes], "asyncio.Future[list[bytes]]"], Kept, int]


LIMITS = Limits()


class Office:
    """Opens doors for a test and closes them behind it."""

    def __init__(self) -> None:
        self.kept = Kept()
        self.servers: list[Server] = []

    async def open(self, *filters: Filter, limits: Limits = LIMITS, **table: object) -> int:
        links = tuple((Link(type(f).__name__, f),) for f in filters)
        services = Services(
            directory=FakeDirectory([LAN]), clock=SystemClock(), notepad=FakeNotepad(),
            hostname="mx.example.vn",
        )  # fmt: skip
        known = {"purpose": Purpose.INBOUND, "port": 0, "chain": "c", "tls": "none", **table}
        door = Door(
            table=ListenerTable.model_validate(known),
            chain=Chain("c", links),
            services=services,
            limits=limits,
            keep=self.kept.keep,
            refused=self.kept.refuse,
            sign_in=None,
            tls=None,
            budget=Budget(limits.bytes_in_flight),
            crowd=Crowd(),
            loop=asyncio.get_running_loop(),
        )
        server = Server(door)
        self.servers.append(server)
        return await server.open()


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    here = Office()
    yield here
    for server in here.servers:
        await server.close()


async def say(port: int, *pieces: bytes, pause_s: float = 0.03) -> list[str]:
    """Send the pieces one after another; all reply lines until the server hangs up or is still."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = b""

    async def read() -> None:
        nonlocal got
        while data := await reader.read(65536):
            got += data

    reading = asyncio.create_task(read())
    await asyncio.sleep(pause_s)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(pause_s)
    writer.close()
    await asyncio.wait([reading], timeout=1)
    reading.cancel()
    return got.decode().split("\r\n")[:-1]


def codes(lines: list[str]) -> list[str]:
    return [line[:3] for line in lines if line[3:4] != "-"]


HELLO = b"EHLO client.example\r\n"
START = HELLO + b"MAIL FROM:<x@example.net>\r\nRCPT TO:<lan@example.vn>\r\nDATA\r\n"
LETTER = b"Subject: x\r\n\r\nhello\r\n"


async def test_a_message_is_kept_as_it_came(office: Office) -> None:
    port = await office.open()
    lines = await say(port, START, b"Subject: x\r\n\r\n..dot\r\n.\r\n", b"QUIT\r\n")
    assert codes(lines) == ["220", "250", "250", "250", "354", "250", "221"]
    assert lines[-2] == "250 2.0.0 Kept as number 1"
    assert office.kept.raw == [b"Subject: x\r\n\r\n.dot\r\n"]


@pytest.mark.parametrize("size", [1, 2, 7])
async def test_it_does_not_matter_how_the_bytes_are_cut(office: Office, size: int) -> None:
    port = await office.open()
    data = LETTER + b"..\r\n.\r\n" + HELLO + b"QUIT\r\n"
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    lines = await say(port, START, *pieces, pause_s=0.002)
    assert codes(lines)[-3:] == ["250", "250", "221"]
    assert office.kept.raw == [LETTER + b".\r\n"]


async def test_ehlo_tells_what_we_can(office: Office) -> None:
    lines = await say(await office.open(), HELLO)
    offers = {line[4:].split()[0] for line in lines[2:]}
    assert offers == {
        "PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN",
    }  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    [
        b"a\nb",
        b"a\rb",
        b"a\0b",
        b"\n.\n",
        b"\n.\r\n",
        b"\r.\r\n",
        b"\r\n.\n",
        b"\r\n.\r",
        b"\r\r\n",
    ],
)
async def test_what_could_smuggle_mail_is_refused_whole(office: Office, bad: bytes) -> None:
    data = LETTER + bad + b"MAIL FROM:<evil@example.net>\r\n" + b"\r\n.\r\n"
    lines = await say(await office.open(), START, data)
    assert codes(lines)[-1] == "554"
    assert office.kept.raw == []
    assert len(office.kept.refused) == 1


@pytest.mark.parametrize(
    "to",
    [
        "@evil.example:lan@example.vn",
        "user%evil.example@example.vn",
        "evil.example!user@example.vn",
        "user@evil.example@example.vn",
        "user@[127.0.0.1]",
        "lan@example.vn.",
        "user",
        "user@evil.example",
    ],
)
async def test_nobody_relays_through_us(office: Office, to: str) -> None:
    lines = await say(
        await office.open(),
        HELLO + f"MAIL FROM:<x@example.net>\r\nRCPT TO:<{to}>\r\n".encode(),
    )
    assert codes(lines)[-1] in {"550", "553", "501"}


async def test_a_refused_recipient_leaves_the_others(office: Office) -> None:
    port = await office.open(NotBob())
    start = START.replace(b"RCPT", b"RCPT TO:<bob@example.vn>\r\nRCPT", 1)
    lines = await say(port, start, LETTER + b".\r\n")
    assert codes(lines)[3:] == ["550", "250", "354", "250"]
    assert [str(r.address) for r in office.kept.outcomes[0].recipients] == ["lan@example.vn"]


async def test_a_bug_in_a_filter_delays_mail(office: Office) -> None:
    lines = await say(await office.open(Broken()), START, LETTER + b".\r\n")
    assert lines[-1] == "451 4.7.1 Please try again later"
    assert office.kept.raw == []


async def test_a_held_message_is_kept(office: Office) -> None:
    port = await office.open(HoldsOdd())
    await say(port, START, b"Subject: odd\r\n\r\n\r\n.\r\n")
    assert office.kept.outcomes[0].verdict == Hold("odd")


async def test_a_full_disk_is_no_reason_to_lose_mail(office: Office) -> None:
    office.kept.fails = True
    lines = await say(await office.open(), START, LETTER + b".\r\n", b"NOOP\r\n")
    assert codes(lines)[-2:] == ["452", "250"]


async def test_limits_at_their_edge(office: Office) -> None:
    limits = Limits(recipients=2, errors=3, noops=2, message_bytes=1000)
    port = await office.open(limits=limits)
    rcpt = b"RCPT TO:<lan@example.vn>\r\n"
    lines = await say(port, HELLO + b"MAIL FROM:<>\r\n" + rcpt * 3)
    assert codes(lines)[3:] == ["250", "250", "452"]
    assert codes(await say(port, b"X\r\n" * 5))[1:] == ["500", "500", "500", "421"]
    assert codes(await say(port, b"NOOP\r\n" * 5))[1:] == ["250", "250", "421"]
    big = LETTER + b"x" * (1000 - len(LETTER) - 2) + b"\r\n"
    assert codes(await say(port, START, big + b".\r\n"))[-1] == "250"
    assert codes(await say(port, START, b"x" + big + b".\r\n"))[-1] == "552"
    assert codes(await say(port, HELLO + b"MAIL FROM:<> SIZE=1001\r\n"))[-1] == "552"


async def test_too_many_clients_are_sent_away(office: Office) -> None:
    port = await office.open(limits=Limits(connections_per_client=1))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    assert codes(await say(port, b"NOOP\r\n")) == ["421"]
    writer.close()
    await asyncio.sleep(0.05)
    assert codes(await say(port, b"NOOP\r\n")) == ["220", "250"]


async def test_http_is_cut_off(office: Office) -> None:
    lines = await say(
        await office.open(), b"POST / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<a@b.c>\r\n"
    )
    assert codes(lines) == ["220", "421"]


async def test_nobody_submits_without_signing_in(office: Office) -> None:
    port = await office.open(purpose=Purpose.SUBMISSION)
    assert codes(await say(port, HELLO + b"MAIL FROM:<lan@example.vn>\r\n"))[-1] == "530"


async def test_stopping_says_goodbye(office: Office) -> None:
    port = await office.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    await office.servers[0].close()
    assert (await reader.readline()).startswith(b"421")
    writer.close()


async def test_smtputf8_is_a_parameter_and_nothing_else(office: Office) -> None:
    port = await office.open()
    odd = "MAIL FROM:<smtputf8-đ@example.net>\r\n".encode()
    said = "MAIL FROM:<đ@example.net> SMTPUTF8\r\n".encode()
    assert codes(await say(port, HELLO, odd, said))[2:] == ["553", "250"]


@pytest.mark.parametrize("to", [b"<postmaster>", b"<PostMaster>"])
async def test_postmaster_needs_no_domain(office: Office, to: bytes) -> None:
    port = await office.open()
    lines = await say(
        port, HELLO, b"MAIL FROM:<>\r\nRCPT TO:", to + b"\r\nDATA\r\n", LETTER + b".\r\n"
    )
    assert codes(lines)[-1] == "250"
    assert str(office.kept.outcomes[0].recipients[0].address) == "postmaster@example.vn"
    assert codes(await say(port, HELLO, b"MAIL FROM:<postmaster>\r\n"))[-1] == "553"


async def test_who_sends_too_slowly_is_sent_away(office: Office) -> None:
    limits = Limits(data_rate_after_s=0.1, data_rate_min=100_000)
    lines = await say(await office.open(limits=limits), START, *[b"x"] * 10)
    assert lines[-1] == "421 4.4.2 Too slow"


async def test_a_message_larger_than_was_said_waits_for_room(office: Office) -> None:
    limits = Limits(bytes_in_flight=100_000, bytes_reserved=100)
    port = await office.open(limits=limits)
    budget = office.servers[0].door.budget
    large = b"x: y\r\n\r\n" + b"a line of text\r\n" * 20_000 + b".\r\n"
    pieces = [large[at : at + 50_000] for at in range(0, len(large), 50_000)]
    said = await asyncio.gather(*(say(port, START, *pieces) for _ in range(4)))
    assert [codes(lines)[-1] for lines in said] == ["250"] * 4
    assert [len(raw) for raw in office.kept.raw] == [len(large) - 3] * 4
    assert budget.used == 0

"""Mail for our mailboxes, and no open relay in any spelling."""

import inspect

import pytest

from filters.recipients import Recipients
from gateway.api import Address, Defer, Reject, Stage, Verdict
from gateway.mail.address import BadAddress
from tests.filters.conftest import OURS, Begin


class Server:
    """A server behind us that knows one mailbox, or is away."""

    def __init__(self, is_away: bool = False) -> None:
        self.is_away = is_away
        self.asked = 0

    async def knows(self, address: Address) -> bool:
        self.asked += 1
        if self.is_away:
            raise ConnectionRefusedError("refused")
        return address.local == "cu"


@pytest.mark.parametrize(
    ("recipient", "status"),
    [
        (f"so@{OURS}", ""),
        (f"LAN+x@{OURS}", ""),
        (f"postmaster@{OURS}", ""),
        (f"nosuch@{OURS}", "5.1.1"),
        ("a@elsewhere.example", "5.7.1"),
        (f"a%elsewhere.example@{OURS}", "5.1.1"),
        (f"elsewhere.example!a@{OURS}", "5.1.1"),
        (f'"a@elsewhere.example"@{OURS}', "5.1.1"),
        ("lan@[192.0.2.1]", "5.7.1"),
        (f"lan@sub.{OURS}", "5.7.1"),
    ],
)
def test_from_outside(begin: Begin, recipient: str, status: str) -> None:
    verdict = Recipients().rcpt(begin("a@b.example"), Address.parse_path(recipient))
    if not status:
        assert verdict is None
    else:
        assert isinstance(verdict, Reject)
        assert verdict.reply.status == status


@pytest.mark.parametrize(
    "path", [f"<@{OURS}:a@b.example>", f"<lan@{OURS}.>", f"<a@b.example@{OURS}>"]
)
def test_spellings_that_are_not_even_read(path: str) -> None:
    with pytest.raises(BadAddress):
        Address.parse_path(path)


def test_who_has_signed_in_may_write_anywhere(begin: Begin) -> None:
    ours = begin(f"lan@{OURS}", user="lan")
    assert Recipients().rcpt(ours, Address.parse("a@elsewhere.example")) is None
    assert isinstance(Recipients().rcpt(ours, Address.parse(f"nosuch@{OURS}")), Reject)


def test_an_internal_mailbox(begin: Begin) -> None:
    chosen = Recipients(internal=frozenset({f"so@{OURS}"}))
    for name in ("so", "vanthu", "so+x"):
        address = Address.parse(f"{name}@{OURS}")
        assert isinstance(chosen.rcpt(begin("a@b.example"), address), Reject)
        assert chosen.rcpt(begin(f"lan@{OURS}", user="lan"), address) is None


def test_too_many(begin: Begin) -> None:
    full = begin("a@b.example", *[f"so+{n}@{OURS}" for n in range(3)])
    verdict = Recipients(most=3).rcpt(full, Address.parse(f"lan@{OURS}"))
    assert isinstance(verdict, Defer)
    assert verdict.reply.code == 452


async def test_the_server_behind_is_asked_once(begin: Begin) -> None:
    server, chosen = Server(), Recipients(ask_backend=True)
    assert chosen.waits_at(Stage.RCPT)
    assert not Recipients().waits_at(Stage.RCPT)
    transaction = begin("a@b.example", backend=server)

    async def ask(local: str) -> Verdict | None:
        answer = chosen.rcpt(transaction, Address.parse(f"{local}@{OURS}"))
        assert inspect.isawaitable(answer)
        return await answer

    assert await ask("cu") is None
    assert await ask("CU") is None
    assert isinstance(await ask("nosuch"), Reject)
    assert isinstance(await ask("nosuch"), Reject)
    assert server.asked == 2
    server.is_away = True
    away = await ask("other")
    assert isinstance(away, Defer)
    assert away.reply.code == 451

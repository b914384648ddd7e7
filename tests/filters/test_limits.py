"""Too much of anything is refused, at its edge and not before."""

import pytest

from filters.limits import Limits, Rate
from gateway.api import Action, Address, Defer, Hold, Pass, Reject
from tests.filters.conftest import OURS, Begin, Letter


@pytest.mark.parametrize(("hops", "refused"), [(50, False), (51, True)])
def test_hops(letter: Letter, hops: int, refused: bool) -> None:
    mail = letter("Received: from a by b; date\n" * hops + "From: a@b.example\n\nhello")
    verdict = Limits().message(mail)
    assert isinstance(verdict, Reject) is refused
    if isinstance(verdict, Reject):
        assert str(verdict.reply).startswith("554 5.4.6")


@pytest.mark.parametrize(
    ("chosen", "refused"),
    [
        (Limits(header_fields=2), False),
        (Limits(header_fields=1), True),
        (Limits(header_bytes=86), False),
        (Limits(header_bytes=85), True),
        (Limits(mime_parts=2), False),
        (Limits(mime_parts=1), True),
        (Limits(mime_depth=1), False),
        (Limits(mime_depth=0), True),
    ],
)
def test_edges(letter: Letter, chosen: Limits, refused: bool) -> None:
    text = 'From: a@b.example\nContent-Type: multipart/mixed; boundary="boundary-of-mine-0"\n\n'
    mail = letter(text + "--boundary-of-mine-0\n\nhello\n--boundary-of-mine-0--\n")
    size = mail.message.head_size
    chosen = chosen.model_copy(update={"header_bytes": chosen.header_bytes - 86 + size})
    assert isinstance(chosen.message(mail), Reject) is refused


def test_fields_that_must_and_may(letter: Letter) -> None:
    assert isinstance(Limits().message(letter("Subject: x\n\nhello")), Reject)
    two = letter("From: a@b.example\nfrom: c@d.example\n\nhello")
    assert isinstance(Limits().message(two), Reject)
    assert isinstance(Limits(two_authors=Action.HOLD).message(two), Hold)
    subjects = Limits().message(letter("From: a@b.example\nSubject: x\nSubject: y\n\nhello"))
    assert isinstance(subjects, Pass)
    assert subjects.points[0].name == "twice"
    assert Limits().message(letter("From: a@b.example\n\nhello")) is None


@pytest.mark.parametrize("of", ["client", "login", "unit", "sender"])
def test_rates(begin: Begin, of: str) -> None:
    rate = Rate.model_validate({"of": of, "most": 2, "per_s": 60.0})
    chosen = Limits(rates=(rate,))
    transaction = begin(f"lan@{OURS}", user="lan")
    assert chosen.mail(transaction) is None
    assert chosen.mail(transaction) is None
    verdict = chosen.mail(transaction)
    assert isinstance(verdict, Defer)
    assert verdict.reply.code == 450
    assert chosen.rcpt(transaction, Address.parse("a@b.example")) is None


def test_recipients_have_a_rate_of_their_own(begin: Begin) -> None:
    chosen = Limits(rates=(Rate(of="login", count="recipients", most=1, per_s=60.0),))
    transaction = begin(f"lan@{OURS}", user="lan")
    assert chosen.mail(transaction) is None
    assert chosen.rcpt(transaction, Address.parse("a@b.example")) is None
    assert isinstance(chosen.rcpt(transaction, Address.parse("c@b.example")), Defer)
    stranger = begin("a@b.example")
    assert chosen.rcpt(stranger, Address.parse(f"lan@{OURS}")) is None


def test_one_network_is_one_client(begin: Begin) -> None:
    chosen = Limits(rates=(Rate(of="client", most=1, per_s=60.0),))
    transaction = begin("a@b.example", client="2001:db8::1")
    assert chosen.mail(transaction) is None
    transaction.session.client = begin(client="2001:db8::ffff:1").session.client
    assert isinstance(chosen.mail(transaction), Defer)

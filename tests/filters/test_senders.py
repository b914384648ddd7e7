"""Nobody writes under another's name."""

from ipaddress import ip_network

import pytest

from filters.senders import Senders
from gateway.api import Action, Hold, Pass, Reject
from tests.filters.conftest import OURS, Begin, Letter


@pytest.mark.parametrize(
    ("user", "sender", "fits"),
    [
        ("lan", f"lan@{OURS}", True),
        ("lan", f"LAN+out@{OURS}", True),
        ("lan", f"vanthu@{OURS}", True),
        ("lan", f"lanhsu@{OURS}", False),
        ("lan", f"binh@{OURS}", False),
        ("lan", "lan@gmail.example", False),
        ("lan", "", False),
        ("nobody", f"lan@{OURS}", False),
        ("", f"lan@{OURS}", False),
        ("", f"nosuch@{OURS}", False),
        ("", "lan@gmail.example", True),
        ("", "", True),
    ],
)
def test_the_envelope(begin: Begin, user: str, sender: str, fits: bool) -> None:
    verdict = Senders().mail(begin(sender, user=user))
    assert (verdict is None) is fits, verdict
    assert fits or isinstance(verdict, Reject)


@pytest.mark.parametrize(
    ("head", "fits"),
    [
        (f"From: Lan <lan@{OURS}>", True),
        (f"From: Sở <so@{OURS}>\nSender: lan@{OURS}", True),
        (f"From: lan@{OURS}, binh@{OURS}", False),
        (f"From: lan@{OURS}\nFrom: binh@{OURS}", False),
        (f"From: lan@{OURS}\nSender: binh@{OURS}", False),
        (f"From: lan@{OURS}\nResent-From: binh@{OURS}", False),
        (f"From: Bình <binh@{OURS}> <lan@{OURS}>", False),
        (f"From: group: lan@{OURS}, binh@{OURS};", False),
        (f'From: "lan@{OURS}" <binh@{OURS}>', False),
        ("From: Lan", False),
        ("Subject: no From", False),
    ],
)
def test_every_author_belongs_to_the_login(letter: Letter, head: str, fits: bool) -> None:
    verdict = Senders().message(letter(f"{head}\n\nhello", f"lan@{OURS}", user="lan"))
    assert (verdict is None) is fits, verdict


def test_our_name_from_outside(letter: Letter) -> None:
    mail = letter(f"From: a@b.example\nFrom: Lan <lan@{OURS}>\n\nhello")
    assert isinstance(Senders().message(mail), Reject)
    assert isinstance(Senders(forged=Action.HOLD).message(mail), Hold)
    assert isinstance(Senders(forged=Action.MARK).message(mail), Pass)
    assert Senders().message(letter("From: a@b.example\n\nhello")) is None


def test_the_server_behind_us_may(begin: Begin, letter: Letter) -> None:
    trusting = Senders(relays=(ip_network("192.0.2.0/24"),))
    assert trusting.mail(begin(f"lan@{OURS}")) is None
    assert trusting.message(letter(f"From: lan@{OURS}\n\nhello")) is None
    assert trusting.mail(begin(f"lan@{OURS}", client="198.51.100.1")) is not None

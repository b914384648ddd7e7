"""The director's name on a stranger's letter."""

from collections.abc import Callable

import pytest

from filters.impersonation import Impersonation
from gateway.api import Action, AddHeader, Hold, Mail, Pass
from tests.filters.conftest import Letter

MailMaker = Callable[..., Mail]


def test_a_stranger_with_a_colleagues_name_is_held(mail: MailMaker) -> None:
    verdict = Impersonation().message(mail(From="Nguyễn Thị Lan <lan.ceo@example.com>"))
    assert verdict == Hold(
        "'Nguyễn Thị Lan' works in the finance unit and does not write from lan.ceo@example.com"
    )


def test_an_encoded_name_is_read_as_a_person_would_see_it(mail: MailMaker) -> None:
    encoded = "=?utf-8?b?Tmd1eeG7hW4gVGjhu4sgTGFu?= <lan.ceo@example.com>"
    assert isinstance(Impersonation().message(mail(From=encoded)), Hold)


@pytest.mark.parametrize(
    "sender",
    [
        "Nguyễn Thị Lan <lan@example.vn>",
        "Nguyễn Thị Lan <lan@gmail.com>",
        "Somebody Else <else@example.com>",
        "lan.ceo@example.com",
        "",
    ],
)
def test_everybody_else_is_left_alone(mail: MailMaker, sender: str) -> None:
    chosen = Impersonation(trusted_domains=frozenset({"gmail.com"}))
    assert chosen.message(mail(From=sender)) is None


def test_it_can_mark_instead(mail: MailMaker) -> None:
    verdict = Impersonation(action=Action.MARK).message(mail(From="Nguyễn Thị Lan <a@b.c>"))
    assert isinstance(verdict, Pass)
    assert verdict.edits == (AddHeader("X-Vanthu-Warning", "impersonation"),)


def test_our_own_people_are_not_questioned(mail: MailMaker) -> None:
    letter = mail(From="Nguyễn Thị Lan <lan@home.example>")
    letter.session.user = "lan"
    assert Impersonation().message(letter) is None


@pytest.mark.parametrize(
    "author",
    [
        "L\u0430n Nguyen Thi <x@example.com>",
        "NGUY\u1ec4N TH\u1eca LAN\u200b <x@example.com>",
        "Sở Ngoại vụ <x@example.com>",
        "Phòng lãnh sự <x@example.com>",
        '"lan@songoaivu.example" <x@example.com>',
        "A <a@b.example>, Nguyễn Thị Lan <x@example.com>",
        "x@songoaivu.examp1e",
        "x@songoalvu.example",
        "x@songoaivuu.example",
        "x@songoavu.example",
        "x@sognoaivu.example",
        "x@songoaivu.example.evil.com",
        "x@songoaivu-example.com",
        "x@s\u043engoaivu.example",
    ],
)
def test_whatever_reads_like_us_is_held(letter: Letter, author: str) -> None:
    assert isinstance(Impersonation().message(letter(f"From: {author}\n\nhi")), Hold)


@pytest.mark.parametrize(
    "author",
    ["Lan <x@example.com>", "x@soyte.example", "x@mail.songoaivu.example", "x@ngoaivu.example"],
)
def test_whatever_does_not_is_left_alone(letter: Letter, author: str) -> None:
    assert Impersonation().message(letter(f"From: {author}\n\nhi")) is None


def test_answers_that_go_elsewhere_count_a_little(letter: Letter) -> None:
    verdict = Impersonation().message(letter("From: a@b.example\nReply-To: c@d.example\n\nhi"))
    assert isinstance(verdict, Pass)
    assert verdict.points[0].name == "reply-to"


@pytest.mark.parametrize(
    "domain", ["ss0.tinh.example", "sso-tinh-example.com", "sso.tinh.example.x.com"]
)
def test_domains_of_others_can_be_guarded_too(letter: Letter, domain: str) -> None:
    guarding = Impersonation(guarded_domains=frozenset({"sso.tinh.example"}))
    assert isinstance(guarding.message(letter(f"From: x@{domain}\n\nhi")), Hold)
    assert guarding.message(letter("From: x@sso.tinh.example\n\nhi")) is None
    assert guarding.message(letter("From: x@mail.sso.tinh.example\n\nhi")) is None
    assert Impersonation().message(letter(f"From: x@{domain}\n\nhi")) is None

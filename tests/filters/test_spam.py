"""One score from everything, shown with its parts."""

from dataclasses import replace
from typing import Any

import pytest

from filters.spam import Limits, Spam
from gateway.api import (
    PRESSING,
    SPF,
    Acquaintance,
    Action,
    AddHeader,
    Address,
    DropHeader,
    Hold,
    Mail,
    Message,
    Pass,
    Points,
    Reject,
    Scent,
    SpfResult,
    Word,
)
from tests.filters.conftest import OURS, Letter

PLAIN = "From: Nam <nam@client.example>\nSubject: Hello\n\nHow are you?\n"


class Smelling:
    """A nose that always smells the same."""

    def __init__(self, **said: Any) -> None:
        given = {"score": 0.0, "threshold": 6.0, "probability": 0.5, "content": 0.0}
        self.scent = Scent(**{**given, "parts": (), "ham": 900, "spam": 900, "version": 1, **said})

    def smell(self, message: Message) -> Scent:
        return self.scent

    def teach(self, *lesson: object) -> int:
        raise AssertionError("nobody asked it to learn")


def given(mail: Mail, *points: Points, **scent: Any) -> Mail:
    session = mail.session
    session.services = replace(session.services, nose=Smelling(**scent) if scent else None)
    mail.transaction.points += points
    return mail


def to_us(letter: Letter, text: str = PLAIN, **more: Any) -> Mail:
    return letter(text, "nam@client.example", f"so@{OURS}", **more)


def test_nothing_is_said_about_a_letter_with_nothing_in_it(letter: Letter) -> None:
    assert Spam().message(to_us(letter)) is None


def test_points_of_others_and_the_nose_add_up_and_are_shown(letter: Letter) -> None:
    mail = given(to_us(letter), Points("spf-fail", 3.0, "may not send"), score=4.0)
    verdict = Spam().message(mail)
    assert isinstance(verdict, Hold)
    assert verdict.reason.startswith("7.3 points: nose +4.3 (")
    assert "spf-fail +3.0 (may not send)" in verdict.reason
    assert [point.name for point in verdict.points] == ["spf-fail", "nose"]


def test_below_the_line_it_is_tagged_and_delivered(letter: Letter) -> None:
    verdict = Spam().message(given(to_us(letter), score=4.0))
    assert isinstance(verdict, Pass)
    assert [e.name for e in verdict.edits if isinstance(e, AddHeader)] == [
        "X-Vanthu-Spam",
        "X-Spam-Flag",
    ]


def test_a_nose_that_knows_little_tags_and_never_holds(letter: Letter) -> None:
    cold = {"score": 30.0, "threshold": 6.0, "ham": 20, "spam": 900}
    assert isinstance(Spam().message(given(to_us(letter), **cold)), Pass)
    beside = given(to_us(letter), Points("spf-fail", 3.0), **cold)
    verdict = Spam().message(beside)
    assert isinstance(verdict, Pass)
    assert "can only tag: it knows 20 good" in verdict.reason
    enough = given(to_us(letter), Points("dnsbl", 7.0), **cold)
    assert isinstance(Spam().message(enough), Hold)


def test_correspondents_count_for_good_when_it_is_they(letter: Letter) -> None:
    mail = given(to_us(letter), score=6.5)
    people = Acquaintance(mail.services.notepad)
    ours, theirs = Address.parse(f"so@{OURS}"), Address.parse("nam@client.example")
    people.note(ours, [theirs], Message(b"Message-ID: <1@songoaivu.example>\r\n\r\n"))
    assert isinstance(Spam().message(mail), Pass)
    mail.transaction.facts[SPF] = SpfResult(Word.FAIL, "client.example")
    assert isinstance(Spam().message(mail), Hold)
    mail.transaction.facts[SPF] = SpfResult(Word.PASS, "client.example")
    assert isinstance(Spam().message(mail), Pass)
    stolen = given(mail, score=6.5, content=11.0)
    assert isinstance(Spam().message(stolen), Hold)


def test_an_answer_to_our_letter_is_known_by_its_reference(letter: Letter) -> None:
    text = "In-Reply-To: <1@songoaivu.example>\n" + PLAIN
    mail = given(to_us(letter, text), score=7.0)
    sent = Message(b"Message-ID: <1@songoaivu.example>\r\n\r\n")
    Acquaintance(mail.services.notepad).note(Address.parse(f"lan@{OURS}"), [], sent)
    verdict = Spam().message(mail)
    assert isinstance(verdict, Pass)
    assert f"answer -4.0 (it answers a letter of lan@{OURS})" in verdict.reason


def test_it_is_refused_only_where_the_admin_says_so_and_never_a_petition(letter: Letter) -> None:
    strict = Spam(incoming=Limits(reject=8.0))
    bad = Points("dnsbl", 9.0)
    assert isinstance(Spam().message(given(to_us(letter), bad)), Hold)
    assert isinstance(strict.message(given(to_us(letter), bad)), Reject)
    for subject in ("Đơn khiếu nại", "Công văn 12/UBND-VP về việc họp"):
        text = PLAIN.replace("Hello", subject)
        assert isinstance(strict.message(given(to_us(letter, text), bad)), Hold)
    inside = PLAIN.replace("How are you?", "Tôi xin gửi đơn tố cáo ông A.")
    held = strict.message(given(to_us(letter, inside), bad))
    assert isinstance(held, Hold)
    assert held.reason.startswith(PRESSING)
    plain = Spam().message(given(to_us(letter), bad))
    assert isinstance(plain, Hold)
    assert PRESSING not in plain.reason


def test_each_mailbox_may_have_its_limits_and_the_mildest_count(letter: Letter) -> None:
    box = f"so@{OURS}"
    mild = Spam(mailboxes={box: Limits(tag=9.0, hold=12.0)})
    mail = given(to_us(letter), Points("dnsbl", 8.0))
    assert isinstance(Spam().message(mail), Hold)
    assert mild.message(mail) is None
    both = letter(PLAIN, "nam@client.example", f"lan@{OURS}", box)
    assert mild.message(given(both, Points("dnsbl", 8.0))) is None


def test_outgoing_mail_is_judged_too(letter: Letter) -> None:
    text = f"From: lan@{OURS}\nSubject: x\n\nBuy now\n"
    mail = letter(text, f"lan@{OURS}", "nam@client.example", user="lan")
    assert isinstance(Spam().message(given(mail, score=9.0)), Hold)
    assert isinstance(Spam().message(given(mail, score=3.0)), Pass)


@pytest.mark.parametrize("subject", ["[QC] Khuyến mãi", "[qc]Sale", "Fwd: [Quảng cáo] Tour"])
def test_labelled_advertising_is_advertising(letter: Letter, subject: str) -> None:
    verdict = Spam().message(to_us(letter, PLAIN.replace("Hello", subject)))
    assert isinstance(verdict, Pass)
    assert AddHeader("X-Vanthu-Advertising", "yes") in verdict.edits
    assert [point.name for point in verdict.points] == ["advertising"]
    held = Spam(advertising=Action.HOLD).message(to_us(letter, PLAIN.replace("Hello", subject)))
    assert isinstance(held, Hold)
    assert AddHeader("X-Vanthu-Advertising", "yes") in held.edits


def test_the_label_of_advertising_does_not_carry_spam_past_the_rest(letter: Letter) -> None:
    labelled = to_us(letter, PLAIN.replace("Hello", "[QC] Hello"))
    verdict = Spam().message(given(labelled, Points("dnsbl", 5.0), Points("spf-fail", 3.0)))
    assert isinstance(verdict, Hold)
    assert {"advertising", "dnsbl"} <= {point.name for point in verdict.points}


@pytest.mark.parametrize(
    "subject", ["QC số 05/2026/QC-UBND", "Ban hành QC phối hợp (QC 05)", "V/v góp ý [Dự thảo] QC"]
)
def test_a_regulation_is_no_advertising(letter: Letter, subject: str) -> None:
    assert Spam().message(to_us(letter, PLAIN.replace("Hello", subject))) is None


def test_our_marks_from_outside_are_taken_off(letter: Letter) -> None:
    verdict = Spam().message(to_us(letter, "X-Spam-Flag: NO\n" + PLAIN))
    assert verdict == Pass("0.0 points: nothing was found", (DropHeader("X-Spam-Flag"),), ())


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ('<a href="http://evil.example/x">https://www.songoaivu.example/sso</a>', "link-text"),
        ('<a href="http://songoalvu.example/x">Xem</a>', "link-look-alike"),
        ('<a href="http://198.51.100.7/x">Xem</a>', "link-number"),
        ('<form><input name=a type="password"></form>', "password-form"),
        ('Hộp thư của bạn đã đầy. <a href="http://evil.example/">Nâng cấp</a>', "asks-password"),
    ],
)
def test_phishing_is_known_by_its_links_and_words(letter: Letter, body: str, name: str) -> None:
    head = "From: IT <it@client.example>\nSubject: x\nContent-Type: text/html; charset=utf-8\n\n"
    verdict = Spam().message(to_us(letter, head + body + "\n"))
    assert isinstance(verdict, Pass)
    assert name in [point.name for point in verdict.points]


def test_links_of_honest_letters_say_nothing(letter: Letter) -> None:
    head = "From: a@client.example\nSubject: x\nContent-Type: text/html; charset=utf-8\n\n"
    body = (
        '<a href="https://www.client.example/a?b">www.client.example</a> https://songoaivu.example/'
    )
    assert Spam().message(to_us(letter, head + body + "\n")) is None

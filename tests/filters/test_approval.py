"""The gate: what may leave only with an approval, and no way around it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from email.header import Header
from itertools import permutations

import pytest

from filters.approval import Approval
from gateway.api import (
    FOR_THE_DESK,
    Accept,
    Address,
    Desk,
    Discard,
    Filter,
    Hold,
    Mail,
    Pass,
    Recipient,
    Reject,
    Session,
    Verdict,
    read_mailboxes,
)
from gateway.approval.codes import new_tag
from gateway.chain.chain import Chain, Link
from gateway.chain.inspection import Inspection
from tests.filters.conftest import Begin, Letter

OUT = "a@mofa.example"
TAG = "[PD 7K3F-9QXM-2V4]"
DESK = "gateway.songoaivu.example"
GOOD = new_tag(lambda size: bytes(range(size)))
CODE = "7k3f9qxm2vtn8rw4hjd6pcsz5a"


@pytest.fixture
def sent(letter: Letter) -> Callable[..., Mail]:
    """A letter of somebody who has signed in: ``sent("lan", "so@…", "From: …")``."""

    def made(login: str, sender: str, text: str, *to: str) -> Mail:
        mail = letter(text, sender, *(to or (OUT,)), user=login)
        session = mail.session
        session.services = replace(session.services, desk_domain=DESK)
        return mail

    return made


def text(author: str, *more: str, body: str = "Chào anh") -> str:
    lines = [f"From: {author}", "Subject: Mời họp", *more, "", body]
    return "\n".join(lines) + "\n"


async def ask(mail: Mail, **settings: object) -> Verdict | None:
    return await Approval.model_validate(settings).message(mail)


OURS = "songoaivu.example"


@pytest.mark.parametrize(
    ("login", "sender", "letter_text"),
    [
        ("lan", f"so@{OURS}", text(f"so@{OURS}")),
        ("lan", f"vanthu@{OURS}", text(f"lan@{OURS}")),
        ("lan", f"so+x@{OURS}", text(f"lan@{OURS}")),
        ("lan", f"SO@{OURS.upper()}", text(f"lan@{OURS}")),
        ("lan", f"lan@{OURS}", text(f"lan@{OURS}", f"Sender: so@{OURS}")),
        ("lan", f"lan@{OURS}", text(f"lan@{OURS}", f"Reply-To: so@{OURS}")),
        ("lan", f"lan@{OURS}", text(f"lan@{OURS}", f"Resent-From: vanthu@{OURS}")),
        ("lan", f"lan@{OURS}", text(f"lan@{OURS}, so@{OURS}")),
        ("lan", "", text(f"so@{OURS}")),
        ("lan", f"lan@{OURS}", text(f'"Sở Ngoại vụ" <lan@{OURS}>')),
        ("tuan", f"lanhsu@{OURS}", text(f"tuan@{OURS}")),
        ("binh", f"so@{OURS}", text(f"so@{OURS}")),
        ("", f"so@{OURS}", text(f"so@{OURS}")),
        ("", "", text(f"so@{OURS}")),
        ("lan", f"lan@{OURS}", text(f"khong.co@{OURS}")),
        ("lan", f"lan@{OURS}", text("rubbish")),
        ("", "x@example.net", text("x@example.net")),
    ],
)
async def test_what_speaks_for_an_office_is_held(
    sent: Callable[..., Mail], login: str, sender: str, letter_text: str
) -> None:
    verdict = await ask(sent(login, sender, letter_text))
    assert isinstance(verdict, Hold)
    assert verdict.desk is Desk.APPROVAL


async def test_personal_mail_without_a_document_passes(sent: Callable[..., Mail]) -> None:
    own = f"lan@{OURS}"
    assert await ask(sent("lan", own, text(own))) is None
    inside = sent("lan", f"so@{OURS}", text(f"so@{OURS}"), f"minh@{OURS}")
    assert isinstance(await ask(inside), Hold)
    assert await ask(inside, internal=False) is None


@pytest.mark.parametrize(
    "body",
    [
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc",
        "SỞ NGOẠI VỤ\nSố: 123/SNgV-VP\nV/v mời họp",
    ],
)
async def test_personal_mail_with_a_letterhead_or_a_number_is_held(
    sent: Callable[..., Mail], body: str
) -> None:
    own = f"lan@{OURS}"
    assert isinstance(await ask(sent("lan", own, text(own, body=body))), Hold)


@pytest.mark.parametrize(("name", "unread"), [("12_QĐ-SNgV.pdf", "pass"), ("anh.pdf", "hold")])
async def test_personal_mail_with_a_document_attached_is_held(
    sent: Callable[..., Mail], name: str, unread: str
) -> None:
    own = f"lan@{OURS}"
    lines = (
        "Content-Type: multipart/mixed; boundary=b", "", "--b", "", "Kính gửi", "--b",
        "Content-Type: application/pdf",
        f"Content-Disposition: attachment; filename*=UTF-8''{name.replace('Đ', '%C4%90')}",
        "", "%PDF-1.4", "--b--",
    )  # fmt: skip
    mail = sent("lan", own, "\n".join([f"From: {own}", *lines]) + "\n")
    assert isinstance(await ask(mail, unread=unread), Hold)
    assert (await ask(mail, unread="pass") is None) == (name == "anh.pdf")


@pytest.mark.parametrize(
    "subject",
    [
        f"{TAG} Mời họp",
        f"Re: Fwd: {TAG} Mời họp",
        "[pd  7k3f9qxm2v4] Mời họp",
        "[PD 7K3F-\n 9QXM-2V4] Mời họp",
        "[PD WRON-GWRO-NG1] Mời họp",
        Header(f"Trả lời: {TAG} Mời họp", "utf-8").encode(),
        Header(f"{'Mời họp ' * 8}{TAG}", "utf-8").encode(),
    ],
)
@pytest.mark.parametrize("login", ["lan", ""])
async def test_tags_are_taken_out_of_whatever_passes(
    letter: Letter, login: str, subject: str
) -> None:
    author = f"lan@{OURS}" if login else "x@example.net"
    to = OUT if login else f"minh@{OURS}"
    mail = letter(
        f"From: {author}\nSubject: {subject}\nApproval-Tag: 7K3F-9QXM-2V4\n"
        f"Thread-Topic: {subject}\n\nChào\n",
        author,
        to,
        user=login,
    )
    verdict = await ask(mail)
    assert isinstance(verdict, Pass)
    left = mail.message.edited(verdict.edits)
    assert "PD" not in left.header("Subject")
    assert "Mời họp" in left.header("Subject")
    assert left.all("Approval-Tag") == left.all("Thread-Topic") == ()
    assert left.body == mail.message.body


async def test_a_name_that_ends_its_quotes_adds_no_recipient(letter: Letter) -> None:
    """What was quoted in a field that is written anew stays quoted."""
    code = f"duyet-{'0' * 26}@{OURS}"
    name = r'"x\" <eve@evil.example>, \"y"'
    mail = letter(
        f"From: x@example.net\nTo: {name} <minh@{OURS}>, {code}\n\nChào\n",
        "x@example.net",
        f"minh@{OURS}",
        user="",
    )
    verdict = await ask(mail)
    assert isinstance(verdict, Pass)
    left = mail.message.edited(verdict.edits)
    people = [address for _, address in read_mailboxes(left.header("To"))]
    assert [str(address) for address in people] == [f"minh@{OURS}"]


async def test_codes_and_claims_of_approval_are_taken_out(sent: Callable[..., Mail]) -> None:
    own = f"lan@{OURS}"
    more = (
        f"To: Anh <{OUT}>, duyet-{CODE}@{DESK}",
        f"X-Note: tuchoi-{CODE}",
        "Approved-By: binh",
        "Approval-Signature: v=1",
    )
    mail = sent("lan", own, text(own, *more))
    verdict = await ask(mail)
    assert isinstance(verdict, Pass)
    left = mail.message.edited(verdict.edits)
    assert left.header("To") == f'"Anh" <{OUT}>'
    assert not any(left.all(n) for n in ("X-Note", "Approved-By", "Approval-Signature"))
    leak = sent("lan", own, text(own, body=f"mailto:duyet-{CODE}@{DESK}?subject=x"))
    assert isinstance(await ask(leak), Reject)
    inside = sent("lan", own, text(own, body=f"duyet-{CODE}@{DESK}"), f"minh@{OURS}")
    assert await ask(inside) is None


async def test_mail_to_the_desk_stays_there(sent: Callable[..., Mail]) -> None:
    own = f"binh@{OURS}"
    for to in ((f"duyet-{CODE}@{DESK}",), (OUT, f"trinhduyet@{DESK}"), (f"pheduyet@{DESK}",)):
        verdict = await ask(sent("binh", own, text(own), *to))
        assert verdict == Discard(FOR_THE_DESK)


def test_the_desk_is_written_to_by_our_people_alone_and_decisions_go_alone(
    begin: Begin,
) -> None:
    def rcpt(to: str, *before: str, user: str = "binh") -> Verdict | None:
        transaction = begin("binh@songoaivu.example", user=user)
        services = replace(transaction.session.services, desk_domain=DESK)
        transaction.session.services = services
        transaction.recipients[:] = [Recipient(Address.parse(b)) for b in before]
        return Approval().rcpt(transaction, Address.parse(to))

    decision = f"duyet-{CODE}@{DESK}"
    assert rcpt(decision) is None
    assert isinstance(rcpt(decision, user=""), Reject)
    assert isinstance(rcpt(f"trinhduyet@{DESK}", user=""), Reject)
    assert isinstance(rcpt(decision, OUT), Reject)
    assert isinstance(rcpt(OUT, decision), Reject)
    assert rcpt(f"trinhduyet@{DESK}", OUT) is None
    assert rcpt(OUT, f"trinhduyet@{DESK}") is None
    assert rcpt(f"ban@{DESK}", OUT) is None


def test_who_guesses_too_often_is_locked_out(begin: Begin) -> None:
    transaction = begin("binh@songoaivu.example", user="binh")
    services = replace(transaction.session.services, desk_domain=DESK)
    transaction.session.services = services
    services.notepad.put("desk-locked", "binh", "yes", 60)
    verdict = Approval().rcpt(transaction, Address.parse(f"duyet-{CODE}@{DESK}"))
    assert isinstance(verdict, Reject)


class Trusting(Filter):
    """Trusts everybody, from the first moment on."""

    def connect(self, session: Session) -> Verdict:
        return Accept("a friend")

    def message(self, mail: Mail) -> Verdict:
        return Accept("whatever")


class Leaving(Filter):
    """Passes."""

    def message(self, mail: Mail) -> Verdict:
        return Pass()


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_no_order_of_filters_undoes_a_hold(
    sent: Callable[..., Mail], order: tuple[int, ...]
) -> None:
    filters = [Trusting(), Approval(), Leaving()]
    steps = tuple((Link(str(n), filters[n]),) for n in order)
    mail = sent("lan", f"so@{OURS}", text(f"so@{OURS}"))
    walk = Inspection(Chain("outgoing", steps), mail.session)
    await walk.connect()
    await walk.mail(mail.transaction)
    outcome = await walk.message(mail.message)
    assert isinstance(outcome.verdict, Hold)
    assert outcome.desks == (Desk.APPROVAL,)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (f"> bấm duyet-{CODE}@{DESK}", 1),
        (f"Kính gửi\n\n> TUCHOI-{CODE.upper()}", 3),
        ("Kính gửi\n[PD 7K3F-9QXM-2V4]", 2),
        ("Kính gửi\nx [ pd: 7k3f 9qxm 2v4 ]", 2),
    ],
)
async def test_a_text_that_holds_a_code_or_a_tag_does_not_leave(
    sent: Callable[..., Mail], body: str, line: int
) -> None:
    if "PD" in body.upper():
        body = re.sub(r"7k3f.9qxm.2v4", GOOD, body, flags=re.IGNORECASE)
    own = f"lan@{OURS}"
    said = await ask(sent("lan", own, text(own, body=body)))
    assert isinstance(said, Reject)
    assert f"line {line}" in str(said.reply)
    inside = await ask(sent("lan", own, text(own, body=body), f"minh@{OURS}"))
    assert not isinstance(inside, Reject), "among ourselves it does no harm"


async def test_a_mistyped_tag_in_a_text_is_a_text(sent: Callable[..., Mail]) -> None:
    own = f"lan@{OURS}"
    wrong = GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1")
    said = await ask(sent("lan", own, text(own, body=f"[PD {wrong}]")))
    assert not isinstance(said, Reject)


async def test_a_body_that_comes_in_is_not_touched(letter: Letter) -> None:
    raw = text("a@mofa.example", body=f"duyet-{CODE}@{DESK}\n[PD {GOOD}]")
    assert await ask(letter(raw, "a@mofa.example", f"lan@{OURS}")) is None

"""An afternoon of an office over real SMTP: 40 messages, 12 approvers, every way to answer."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.approval.book import Book
from gateway.archive.queries import Wanted
from tests.approval.played import DESK, DOMAIN, Office, answer, code_in, text_in

UNITS = 6
"""With a leader and a deputy each: 12 approvers."""

APPROVED = ("link", "outlook", "thunderbird", "gmail", "ios", "zimbra")
ANSWERS: list[tuple[str, str, str, str]] = [
    *(("approve", style, "DUYỆT", "queued") for style in APPROVED),
    ("answer", "thunderbird", "Đồng ý duyệt", "queued"),
    ("answer", "gmail", "duyet", "queued"),
    ("answer", "outlook", "TỪ CHỐI sai nơi nhận", "rejected"),
    ("answer", "ios", "Không duyệt", "rejected"),
    ("refuse", "link", "TỪ CHỐI: thiếu phụ lục", "rejected"),
    ("refuse", "zimbra", "Anh xem lại trang 2", "rejected"),
    ("answer", "bare", "Duyệt", "pending"),
    ("answer", "gmail", "Duyệt không?", "pending"),
    ("approve", "ios", "Duyệt nhưng sửa trang 2", "pending"),
    ("approve", "auto-vi", "DUYỆT", "pending"),
    ("approve", "auto-en", "DUYỆT", "pending"),
    ("answer", "auto-vi", "DUYỆT", "pending"),
    ("deputy", "gmail", "DUYỆT", "queued"),
    ("stranger", "gmail", "DUYỆT", "pending"),
]
"""(which code is used, mail program, first line, what becomes of the message); played twice."""
LOCAL = {"approve": "duyet", "refuse": "tuchoi", "answer": "traloi", "deputy": "duyet"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    played = Office.furnish(tmp_path_factory.mktemp("office"), UNITS)
    played.start()
    yield played
    played.stop()


def test_forty_messages(office: Office) -> None:
    plays = [(n, *play) for n, play in enumerate(ANSWERS * 2)]
    assert len(plays) == 40
    sent = {n: office.submit(n % UNITS, f"Công văn {n:02d}") for n, *_ in plays}
    for n, code, style, first, _ in plays:
        unit = n % UNITS
        asked = f"d{unit}" if code == "deputy" else f"l{unit}"
        who = f"l{(unit + 1) % UNITS}" if code == "stranger" else asked
        request = office.request(asked, f"Công văn {n:02d}")
        to = code_in(request, LOCAL.get(code, "duyet"))
        office.send(who, f"{who}@{DOMAIN}", [to], answer(who, to, first, request, style))
    for n, *_, state in plays:
        if state != "pending":
            office.becomes(sent[n], state)
    shelf = office.opened()
    book = Book(shelf.engine)
    office.wait(lambda: not book.letters(), "letters were not answered")
    for n, code, style, _, state in plays:
        row, unit = book.ask(sent[n]), n % UNITS
        assert row, n
        assert row.state == state, (n, code, style, row)
        found = shelf.queries.one(sent[n])
        assert found
        kinds = [(h.kind, h.counted) for h in shelf.queries.why(found)]
        outside = office.about("a@mofa.example", f"Công văn {n:02d}")
        told = [str(m["Subject"]) for m in office.about(f"c{unit}@{DOMAIN}", f"Công văn {n:02d}")]
        assert any("Đang chờ duyệt" in subject for subject in told)
        if state == "queued":
            assert len(outside) == 1
            approver = f"d{unit}" if code == "deputy" else f"l{unit}"
            assert f"{approver}@{DOMAIN}" in str(outside[0]["Approved-By"])
            assert outside[0]["Approval-Signature"]
            assert ("released", True) in kinds
            assert found.state == "accepted"
            assert any("Đã duyệt" in subject for subject in told)
            other = f"l{unit}" if code == "deputy" else f"d{unit}"
            news = office.about(f"{other}@{DOMAIN}", f"Công văn {n:02d}")
            assert any(sent[n] in str(m["In-Reply-To"]) for m in news)
        else:
            assert not outside
            assert found.state == ("declined" if state == "rejected" else "held")
            assert any("Từ chối" in subject for subject in told) == (state == "rejected")
    refused = [m for m in office.inbox(f"c2@{DOMAIN}") if "Công văn 08" in str(m["Subject"])]
    assert any("sai nơi nhận" in text_in(m) for m in refused)
    lost = shelf.queries.find(Wanted(recipient_states=("failed", "deferred")))
    assert [(f.recipients, f.subject, shelf.queries.why(f)[-1]) for f in lost] == []
    shelf.close()


def test_a_bare_reply_returns_help_and_an_auto_reply_nothing(office: Office) -> None:
    office.submit(0, "Thư hỏi 1")
    request = office.request("l0", "Thư hỏi 1")
    to = code_in(request, "traloi")
    own = f"l0@{DOMAIN}"
    before = len(office.about(own, "Hướng dẫn"))
    office.send("l0", own, [to], answer("l0", to, "Duyệt", request, "auto-en"))
    office.send("l0", own, [to], answer("l0", to, "Đang xem", request, "gmail"))
    office.wait(lambda: len(office.about(own, "Hướng dẫn")) == before + 1, "no help came")


def test_the_sender_takes_it_back_and_nobody_else(office: Office) -> None:
    mail = office.submit(1, "Thư rút lại")
    office.request("l1", "Thư rút lại")
    held = office.about(f"c1@{DOMAIN}", "Thư rút lại")[0]
    to = code_in(held, "rut")
    office.send("l1", f"l1@{DOMAIN}", [to], answer("l1", to, "", None, "link"))
    office.send("c1", f"c1@{DOMAIN}", [to], answer("c1", to, "", None, "link"))
    row = office.becomes(mail, "withdrawn")
    assert row.author == "c1"
    late = code_in(office.request("l1", "Thư rút lại"), "duyet")
    office.send("l1", f"l1@{DOMAIN}", [late], answer("l1", late, "DUYỆT", None, "link"))
    own = f"l1@{DOMAIN}"
    office.wait(
        lambda: any(
            "already withdrawn by c1" in text_in(m) for m in office.about(own, "Không tính")
        ),
        "nothing was told",
    )
    assert not office.about("a@mofa.example", "Thư rút lại")


def test_the_leaders_own_mail_leaves_at_once_and_is_written_as_an_approval(office: Office) -> None:
    raw = office.letter(2, "Thư lãnh đạo")
    mail = office.send("l2", f"u2@{DOMAIN}", ["a@mofa.example"], raw)
    office.becomes(mail, "queued")
    office.wait(lambda: bool(office.about("a@mofa.example", "Thư lãnh đạo")), "it did not arrive")
    assert not office.about(f"d2@{DOMAIN}", "Thư lãnh đạo")
    story = office.command("why", mail).stdout
    assert "approve (of his own)" in story


def test_a_new_version_shows_what_changed_and_ends_the_old_one(office: Office) -> None:
    old = office.submit(3, "Kế hoạch", body="Họp lúc 8 giờ")
    to = code_in(office.request("l3", "Kế hoạch"), "duyet")
    new = office.submit(3, "Kế hoạch", body="Họp lúc 9 giờ")
    office.becomes(old, "superseded")
    office.becomes(new, "pending")
    office.wait(
        lambda: any("+Họp lúc 9 giờ" in text_in(m) for m in office.about(f"l3@{DOMAIN}", "Kế ho")),
        "no difference was shown",
    )
    office.send("l3", f"l3@{DOMAIN}", [to], answer("l3", to, "DUYỆT", None, "link"))
    office.wait(lambda: bool(office.about(f"l3@{DOMAIN}", "Không tính")), "nothing was told")
    assert office.row(new).state == "pending"


def test_draft_tag_and_message(office: Office) -> None:
    drafts = f"trinhduyet@{DESK}"
    raw = office.letter(4, "Bản thảo").replace(b"Subject:", f"Cc: {drafts}\r\nSubject:".encode(), 1)
    draft = office.send("c4", f"u4@{DOMAIN}", ["a@mofa.example", drafts], raw)
    request = office.request("l4", "Bản thảo")
    to = code_in(request, "duyet")
    office.send("l4", f"l4@{DOMAIN}", [to], answer("l4", to, "DUYỆT", request, "link"))
    office.becomes(draft, "tagged")
    assert not office.about("a@mofa.example", "Bản thảo")
    own = f"c4@{DOMAIN}"
    office.wait(lambda: bool(office.about(own, "Thẻ duyệt")), "no tag came")
    assert office.about(f"l4@{DOMAIN}", "Thẻ duyệt")
    tag = next(
        line.strip() for line in text_in(office.about(own, "Thẻ")[0]).splitlines() if "[PD" in line
    )

    def again(subject: str, *to: str, body: str = "") -> str:
        letter = office.letter(4, "Bản thảo", body=body)
        letter = letter.replace("Subject: Bản thảo".encode(), f"Subject: {subject}".encode(), 1)
        return office.send("c4", f"u4@{DOMAIN}", [*to] or ["a@mofa.example"], letter)

    changed = again(f"Re: {tag} Bản thảo", body="Khác")
    office.becomes(changed, "pending")
    more = again(f"{tag} Bản thảo", "a@mofa.example", "b@mofa.example")
    office.becomes(more, "pending")
    right = again(f"{tag.lower()} Bản thảo")
    row = office.becomes(right, "queued")
    assert row.before == draft
    office.wait(lambda: bool(office.about("a@mofa.example", "Bản thảo")), "it did not arrive")
    (arrived,) = office.about("a@mofa.example", "Bản thảo")
    assert str(arrived["Subject"]) == "Bản thảo"
    assert f"l4@{DOMAIN}" in str(arrived["Approved-By"])
    twice = again(f"{tag} Bản thảo")
    office.becomes(twice, "pending")

    def asked(*pieces: str) -> bool:
        told = [text_in(m) for m in office.about(f"l4@{DOMAIN}", "Bản thảo")]
        return any(all(piece in text for piece in pieces) for text in told)

    office.wait(lambda: asked("not the one that was approved", "+Khác"), "no difference was shown")
    office.wait(lambda: asked("the tag was used for"), "nobody was told of the second use")


def test_guessing_is_answered_then_locked_out(office: Office) -> None:
    for n in range(5):
        to = f"duyet-{'0123456789abcdefghjkmnpqr'}{n}@{DESK}"
        office.send("c5", f"c5@{DOMAIN}", [to], answer("c5", to, "DUYỆT", None, "link"))
    own = f"c5@{DOMAIN}"
    office.wait(lambda: len(office.about(own, "Không tính")) == 5, "not all guesses were answered")
    with pytest.raises(smtplib.SMTPRecipientsRefused, match="Too many wrong codes"):
        office.send("c5", own, [to], answer("c5", to, "DUYỆT", None, "link"))


def test_a_forged_decision_from_outside_is_refused_at_the_door(office: Office) -> None:
    office.submit(0, "Thư giả mạo")
    to = code_in(office.request("l0", "Thư giả mạo"), "duyet")
    with smtplib.SMTP("localhost", office.ports[0]) as client:
        client.ehlo("outside.example")
        client.mail(f"l0@{DOMAIN}")
        code, _ = client.rcpt(to)
        assert code == 550


def test_a_server_speaks_for_others_where_it_is_believed_and_nowhere_else(office: Office) -> None:
    mail = office.submit(0, "Thư qua máy chủ khác")
    to = code_in(office.request("l0", "Thư qua máy chủ khác"), "duyet")
    with smtplib.SMTP("127.0.0.1", office.ports[0]) as forged:
        forged.ehlo("relay.example")
        assert forged.docmd("XCLIENT", "LOGIN=l0")[0] == 550
        forged.mail(f"l0@{DOMAIN}")
        assert forged.rcpt(to)[0] == 550
    with smtplib.SMTP("127.0.0.1", office.ports[3]) as unsaid:
        unsaid.ehlo("relay.example")
        unsaid.mail(f"l0@{DOMAIN}")
        assert unsaid.rcpt(to)[0] >= 500
    assert office.row(mail).state == "pending"
    with smtplib.SMTP("127.0.0.1", office.ports[3]) as believed:
        believed.ehlo("relay.example")
        assert believed.docmd("XCLIENT", "LOGIN=l0")[0] == 220
        believed.ehlo("relay.example")
        believed.sendmail(f"l0@{DOMAIN}", to, answer("l0", to, "DUYỆT", None, "link"))
    office.becomes(mail, "queued")
    shelf = office.opened()
    try:
        assert [said.strength for said in Book(shelf.engine).decisions(mail)] == ["relay"]
    finally:
        shelf.close()


def test_command_line_decides_lends_and_proves(office: Office, tmp_path: Path) -> None:
    mail = office.submit(5, "Thư dòng lệnh")
    office.becomes(mail, "pending")
    assert "u5@so.example" in office.command("approve", "list", "--as", "d5").stdout
    wrong = office.command("approve", "grant", mail, "--as", "l5", password="guess")
    assert (wrong.returncode, office.row(mail).state) == (1, "pending")
    other = office.command("approve", "grant", mail, "--as", "l4")
    assert "not an approver" in other.stderr
    lent = office.command(
        "approve", "delegate", "l4", "--as", "l5", "--capacity", "TUQ", "--until", "2099-01-01",
        "--basis", "12/QĐ-SNgV",
    )  # fmt: skip
    assert lent.returncode == 0, lent.stderr
    assert "12/QĐ-SNgV" in office.command("people", "delegations").stdout
    done = office.command("approve", "grant", mail, "--as", "l4")
    assert done.returncode == 0, done.stderr
    office.becomes(mail, "queued")
    folder = tmp_path / "proof"
    assert office.command("proof", mail, "--out", str(folder)).returncode == 0
    checked = _check(folder)
    assert checked[0] == 0, checked
    raw = folder / "message.eml"
    raw.write_bytes(raw.read_bytes().replace("Kính".encode(), "Trân".encode()))
    assert _check(folder)[0] == 1


def _check(folder: Path) -> tuple[int, str]:
    import subprocess
    import sys

    ran = subprocess.run(
        [sys.executable, str(folder / "check_proof.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_two_people_break_the_glass(office: Office) -> None:
    mail = office.submit(0, "Thư khẩn cấp nguy")
    office.becomes(mail, "pending")
    words = ("approve", "break-glass", mail, "--reason", "bão", "--as")
    assert office.command(*words, "l1").returncode == 0
    assert office.command(*words, "l1").returncode == 1
    assert office.command(*words, "l2").returncode == 0
    office.becomes(mail, "queued")
    told = [text_in(m) for m in office.about(f"l0@{DOMAIN}", "Thư khẩn cấp nguy")]
    assert any("break-glass" in text and "bão" in text for text in told)

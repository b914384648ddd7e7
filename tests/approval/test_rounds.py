"""The desk's rounds against a real archive, with a clock that is moved by hand: no waiting."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from email.header import Header
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from gateway.approval.book import Waiting
from gateway.approval.codes import FOR_THE_DESK
from gateway.archive.renewal import compare
from gateway.roles.chapters import chapters
from tests.approval.played import DESK, DOMAIN, directory, text_in
from tests.approval.room import END, MONDAY, Room, approve, flip, office, without
from tests.archive.samples import mail_id


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Room]:
    """A room whose archive a test damages."""
    room = Room(tmp_path)
    yield room
    room.shelf.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.shelf.close()
    assert list(compare(tmp_path, chapters())) == []


def test_nobody_may_approve_and_author_and_postmaster_are_told(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    room.under(office(people=without("l0", "d0")))
    mail = room.submit()
    assert room.stays(mail)
    assert room.row(mail).approvers == ()
    assert "CHƯA CÓ AI" in text_in(room.mails("c0", "Đang chờ duyệt")[0])
    (told,) = room.mails("u0", "Không có người duyệt")
    assert mail in text_in(told)
    assert "nobody may approve it" in caplog.text
    room.under(office())
    room.after(MONDAY + timedelta(hours=2))
    room.write("l0")
    assert room.leaves(mail), "a leader who is named later is asked by the next reminder"


def test_a_leader_who_leaves_meanwhile_decides_nothing_and_his_deputy_does(room: Room) -> None:
    mail = room.submit()
    room.under(office(people=without("l0")))
    room.write("l0")
    assert room.stays(mail)
    room.write("d0")
    assert room.leaves(mail)
    assert [(w.approver, w.capacity) for w in room.rounds.desk.book.decisions(mail)] == [
        ("d0", "KT")
    ]


def test_a_unit_that_is_gone_approves_nothing(room: Room) -> None:
    mail = room.submit()
    people = (
        directory(1).replace("units.u0", "units.other").replace('unit = "u0"', 'unit = "other"')
    )
    people = people.replace('leader = "l0"', 'leader = "c0"').replace('deputies = ["d0"]', "")
    room.under(office(people=people))
    room.write("l0")
    assert room.stays(mail)


async def test_the_database_is_away_and_the_desk_goes_on_when_it_is_back(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    away = OperationalError("SELECT", {}, sqlite3.OperationalError("disk I/O error"))
    stop, tried, book = asyncio.Event(), [0], room.rounds.desk.book

    def new() -> list[Waiting]:
        tried[0] += 1
        if tried[0] == 1:
            raise away
        stop.set()
        return []

    async def at_once(_: float) -> None:
        pass

    monkeypatch.setattr(book, "new", new)
    monkeypatch.setattr("gateway.approval.rounds.asyncio.sleep", at_once)
    await room.rounds.run(stop)
    assert tried[0] > 1
    assert "disk I/O error" in caplog.text


def test_what_was_sent_while_the_database_was_away_is_held_and_then_asked(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = OperationalError("SELECT", {}, sqlite3.OperationalError("disk I/O error"))

    def fails(*_: object) -> list[Waiting]:
        raise away

    with monkeypatch.context() as patch:
        patch.setattr(room.rounds.desk.book, "new", fails)
        with pytest.raises(OperationalError):
            room.submit()
    mail = mail_id(room.count)
    assert room.stays(mail, "new")
    room.work()
    assert room.stays(mail)
    room.write("l0")
    assert room.leaves(mail)


HIDDEN = [(False, "SHA-256 does not fit"), (True, "is not what ")]


@pytest.mark.parametrize(("hides", "why"), HIDDEN)
def test_a_bit_flips_before_the_decision_and_it_is_not_taken(
    broken: Room, hides: bool, why: str
) -> None:
    mail = broken.submit()
    flip(broken, mail, hides=hides)
    broken.write("l0")
    assert broken.stays(mail)
    (told,) = broken.mails("l0", "Không tính")
    assert why in text_in(told)
    for who in ("c0", "l0", "d0", "u0"):
        assert len(broken.mails(who, "Không gửi được")) == 1
    broken.write("l0", "TỪ CHỐI hỏng rồi", "tuchoi")
    assert (broken.row(mail).state, broken.found(mail).state) == ("rejected", "declined")


@pytest.mark.parametrize(("hides", "why"), HIDDEN)
def test_a_bit_flips_after_the_decision_and_nothing_is_released(
    broken: Room, caplog: pytest.LogCaptureFixture, hides: bool, why: str
) -> None:
    mail = broken.submit()
    approve(broken, mail)
    put_back = flip(broken, mail, hides=hides)
    broken.work()
    assert broken.stays(mail, "approved")
    assert mail in caplog.text
    assert why in caplog.text
    assert [row.mail for row in broken.rounds.desk.book.pending()] == [mail], "it is in the list"
    (told,) = broken.mails("u0", "Không gửi được")
    assert why in text_in(told)
    for who in ("c0", "l0", "d0"):
        (told,) = broken.mails(who, "Không gửi được")
        assert "17:00 04/08/2026" in text_in(told)
    assert ("blocked", True) in broken.story(mail)
    put_back()
    broken.under(broken.rounds.desk.office)
    broken.work()
    assert broken.leaves(mail), "with the bytes that were approved it goes"
    assert len(broken.mails("l0", "Không gửi được")) == 1


@pytest.mark.parametrize("hides", [False, True])
def test_what_is_damaged_ends_by_the_clock_and_all_are_told(broken: Room, hides: bool) -> None:
    mail = broken.submit()
    approve(broken, mail)
    flip(broken, mail, hides=hides)
    broken.work()
    broken.after(END - timedelta(seconds=1))
    assert broken.stays(mail, "approved")
    broken.after(END)
    assert (broken.row(mail).state, broken.found(mail).state) == ("expired", "expired")
    for who in ("c0", "l0", "d0"):
        (told,) = broken.mails(who, "Hết hạn")
        assert "Nội dung lưu bị hỏng" in text_in(told)


def test_what_is_damaged_before_a_reminder_still_expires(broken: Room) -> None:
    mail = broken.submit()
    flip(broken, mail, hides=False)
    broken.after(MONDAY + timedelta(hours=2))
    assert broken.mails("l0", "Nhắc duyệt") == []
    assert len(broken.mails("l0", "Không gửi được")) == 1
    broken.after(END)
    assert broken.row(mail).state == "expired"


def test_the_sender_takes_back_what_is_damaged(broken: Room) -> None:
    mail = broken.submit()
    approve(broken, mail)
    flip(broken, mail, hides=False)
    broken.work()
    broken.write("c0", "", "rut")
    assert (broken.row(mail).state, broken.found(mail).state) == ("withdrawn", "withdrawn")
    assert len(broken.mails("l0", "Đã rút")) == 1


def test_what_is_damaged_before_anybody_was_asked_is_told_and_ends(
    broken: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(broken.rounds.desk.book, "new", list)
        mail = broken.submit()
    put_back = flip(broken, mail, hides=False)
    broken.work()
    assert broken.stays(mail, "new")
    assert len(broken.mails("c0", "Không gửi được")) == 1
    put_back()
    broken.under(broken.rounds.desk.office)
    broken.work()
    assert broken.stays(mail), "it is asked for when the bytes are back"
    flip(broken, mail, hides=False)
    broken.after(END)
    assert broken.row(mail).state == "expired"


def test_a_letter_to_the_desk_that_is_damaged_is_asked_for_again(
    broken: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken.submit()
    with monkeypatch.context() as patch:
        patch.setattr(broken.rounds.desk.book, "letters", list)
        broken.write("l0")
    flip(broken, mail_id(broken.count), hides=False)
    broken.work()
    (told,) = broken.mails("l0", "Không đọc được")
    assert "gửi lại" in text_in(told)
    assert broken.rounds.desk.book.letters() == []


def test_who_was_asked_by_a_reminder_alone_is_told_how_it_ended(room: Room) -> None:
    room.under(office(people=without("d0")))
    mail = room.submit("Khẩn: họp")
    assert room.row(mail).approvers == ("l0",)
    room.under(office())
    room.after(MONDAY + timedelta(minutes=30))
    assert len(room.mails("d0", "Chuyển cấp phó")) == 1
    assert room.row(mail).approvers == ("l0", "d0")
    room.write("l0")
    assert room.leaves(mail)
    assert len(room.mails("d0", "Đã duyệt")) == 1


def test_reminders_come_at_their_time_and_then_the_end(room: Room) -> None:
    mail = room.submit()
    room.after(MONDAY + timedelta(minutes=119))
    assert room.mails("l0", "Nhắc duyệt") == []
    room.after(MONDAY + timedelta(hours=2))
    assert [len(room.mails(who, "Nhắc duyệt")) for who in ("l0", "d0", "c0")] == [1, 1, 0]
    (reminder,) = room.mails("l0", "Nhắc duyệt")
    assert f"{mail}.0.l0.request" in str(reminder["In-Reply-To"])
    room.after(END - timedelta(hours=9, minutes=30))
    assert len(room.mails("l0", "Nhắc duyệt")) == 2
    room.after(END - timedelta(seconds=1))
    assert room.stays(mail)
    room.after(END)
    assert (room.row(mail).state, room.found(mail).state) == ("expired", "expired")
    for who in ("c0", "l0", "d0"):
        (told,) = room.mails(who, "Hết hạn")
        assert "đã hết hạn chờ duyệt" in text_in(told)
        assert "17:00 04/08/2026" in text_in(told)
    assert "Nội dung tờ trình".encode() in room.shelf.queries.record(room.found(mail)).raw
    room.write("l0")
    assert room.row(mail).state == "expired"
    assert "already expired" in text_in(room.mails("l0", "Không tính")[0])


def test_a_reminders_code_decides(room: Room) -> None:
    mail = room.submit()
    first = room.code("l0", "duyet")
    room.after(MONDAY + timedelta(hours=2))
    assert room.code("l0", "duyet") != first
    room.write("l0")
    assert room.leaves(mail)
    before = len(room.mails("l0"))
    room.after(END)
    assert len(room.mails("l0")) == before, "what was decided rings no more"


def test_after_a_long_absence_it_ends_and_nobody_is_reminded(room: Room) -> None:
    mail = room.submit()
    room.after(END + timedelta(days=3))
    assert room.row(mail).state == "expired"
    assert room.mails("l0", "Nhắc duyệt") == []
    assert len(room.mails("l0", "Hết hạn")) == 1


@pytest.mark.parametrize("mark", ["Khẩn", "Thượng khẩn", "HỎA TỐC"])
def test_urgent_mail_reminds_soon_and_goes_to_the_deputy(room: Room, mark: str) -> None:
    coded = Header(f"{mark}: triệu tập họp", "utf-8").encode(linesep="\r\n")
    mail = room.submit(coded)
    assert room.row(mail).urgent == mark.lower()
    room.after(MONDAY + timedelta(minutes=14))
    assert room.mails("l0", "Nhắc duyệt") == []
    room.after(MONDAY + timedelta(minutes=15))
    assert len(room.mails("l0", "Nhắc duyệt")) == 1
    room.after(MONDAY + timedelta(minutes=30))
    assert room.mails("l0", "Chuyển cấp phó") == []
    (escalated,) = room.mails("d0", "Chuyển cấp phó")
    assert escalated["Importance"] == "high"
    assert room.stays(mail), "nothing is approved by the clock"
    room.write("d0")
    assert room.leaves(mail)
    (word,) = room.rounds.desk.book.decisions(mail)
    assert (word.approver, word.capacity) == ("d0", "KT")


CHAIN = '[policy]\nsteps = [{ by = "leader" }, { by = "keepers" }]\n'
QUORUM = '[policy]\nsteps = [{ by = "leader", need = 2 }]\n'
CLERKS = directory(2).replace('keepers = ["c0"]', 'keepers = ["c0", "c1"]')


def test_the_unit_leader_and_then_the_clerk(room: Room) -> None:
    room.under(office(CHAIN, CLERKS))
    mail = room.submit()
    assert room.mails("c1") == []
    room.write("l0")
    assert room.stays(mail)
    assert room.row(mail).step == 1
    assert len(room.mails("c1", "Chờ duyệt")) == 1
    assert room.mails("c0", "[Chờ duyệt") == [], "who has sent it is not asked"
    room.write("d0")
    assert "not asked at this step" in text_in(room.mails("d0", "Không tính")[0])
    assert room.stays(mail)
    room.write("c1")
    assert room.leaves(mail)
    said = [(w.step, w.approver, w.capacity) for w in room.rounds.desk.book.decisions(mail)]
    assert said == [(0, "l0", "self"), (1, "c1", "clerk")]
    fields = [name for name, _ in room.found(mail).added]
    assert fields.count("Approved-By") == 2
    assert [len(room.mails(who, "Đã duyệt")) for who in ("c0", "l0", "d0", "c1")] == [1] * 4


def test_one_person_is_no_chain(room: Room) -> None:
    """The leader keeps the mailbox, too, and yet does not stand in for the clerk."""
    room.under(office(CHAIN, CLERKS))
    mail = room.submit()
    room.write("l0")
    assert len(room.mails("l0", "[Chờ duyệt")) == 1, "he is not asked again"
    room.write("l0")
    assert room.stays(mail)
    assert room.row(mail).step == 1
    assert len(room.rounds.desk.book.decisions(mail)) <= 2
    room.write("c1")
    assert room.leaves(mail)


def test_the_clerk_refuses_what_the_leader_approved(room: Room) -> None:
    room.under(office(CHAIN, CLERKS))
    mail = room.submit()
    room.write("l0")
    room.write("c1", "TỪ CHỐI thiếu số", "tuchoi")
    assert (room.row(mail).state, room.found(mail).state) == ("rejected", "declined")
    assert "thiếu số" in text_in(room.mails("c0", "Từ chối")[0])


def test_a_chain_whose_clerk_is_nobody_else_stays_held_and_is_told(room: Room) -> None:
    room.under(office(CHAIN.replace("keepers", "c0")))
    mail = room.submit()
    room.write("l0")
    assert room.stays(mail)
    assert "CHƯA CÓ AI" in text_in(room.mails("c0", "Đang chờ duyệt")[-1])
    assert len(room.mails("u0", "Không có người duyệt")) == 1


def test_the_leaders_own_word_is_the_first_step_of_a_chain_and_no_more(room: Room) -> None:
    room.under(office(CHAIN))
    mail = room.submit(login="l0")
    assert room.stays(mail)
    room.write("c0")
    assert room.leaves(mail)


def test_two_of_the_approvers_have_to_say_yes(room: Room) -> None:
    room.under(office(QUORUM))
    mail = room.submit()
    room.write("l0")
    assert room.stays(mail)
    room.after(MONDAY + timedelta(hours=2))
    assert [len(room.mails(who, "Nhắc duyệt")) for who in ("l0", "d0")] == [0, 1]
    room.write("l0")
    assert room.stays(mail), "one person is one voice"
    room.write("d0")
    assert room.leaves(mail)


def test_one_no_ends_a_quorum(room: Room) -> None:
    room.under(office(QUORUM))
    mail = room.submit()
    room.write("l0")
    room.write("d0", "TỪ CHỐI", "tuchoi")
    assert room.row(mail).state == "rejected"
    assert room.found(mail).state == "declined"


def test_a_code_in_a_body_has_no_power_whoever_sends_it(room: Room) -> None:
    """It counts as the recipient's address alone, in a letter that its owner sent signed in."""
    mail = room.submit()
    code = room.code("l0", "duyet")
    body = f"DUYỆT\r\n{code}\r\nmailto:{code}?body=DUYỆT\r\n".encode()
    desk = f"pheduyet@{DESK}"
    for login, to in (("", f"u0@{DOMAIN}"), ("l0", f"c0@{DOMAIN}"), ("l0", desk)):
        head = f"From: l0@{DOMAIN}\r\nTo: {to}\r\nSubject: {code}\r\n\r\n".encode()
        kept = {"state": "discarded", "reason": FOR_THE_DESK} if to == desk else {}
        room.put(login, f"l0@{DOMAIN}", to, head + body, **kept)
        room.work()
        assert room.stays(mail)
    assert len(room.mails("l0", "Hướng dẫn")) == 1
    assert room.rounds.desk.book.decisions(mail) == []

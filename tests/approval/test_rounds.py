"""The desk's rounds against a real archive, with a clock that is moved by hand: no waiting."""

from __future__ import annotations

import asyncio
import email
import re
import sqlite3
import struct
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.header import Header
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import pytest
from sqlalchemy.exc import OperationalError

from gateway.approval.book import Book, Waiting
from gateway.approval.codes import FOR_THE_DESK
from gateway.approval.decide import How
from gateway.approval.desk import Desk
from gateway.approval.office import Office
from gateway.approval.rounds import Rounds
from gateway.approval.tables import ApprovalTable
from gateway.archive.commands import Peer
from gateway.archive.journal import Entry
from gateway.archive.queries import Found, Wanted
from gateway.archive.record import RECORD_BYTES, read_head
from gateway.archive.renewal import compare
from gateway.archive.shelf import Shelf
from gateway.directory.lookup import People
from gateway.directory.tables import Tables
from gateway.identity.keyring import Keyring
from gateway.roles.chapters import chapters
from tests.approval.played import DESK, DOMAIN, answer, code_in, directory, text_in
from tests.archive.samples import entry, mail_id
from tests.conftest import FakeNotepad

MONDAY = datetime(2026, 8, 3, 2, 0, tzinfo=UTC)
"""9:00 in Hà Nội."""
END = datetime(2026, 8, 4, 10, 0, tzinfo=UTC)
"""The end of the next working day."""
ROUNDS_MAX = 20


def office(rules: str = "", people: str = "") -> Office:
    table = ApprovalTable.read(tomllib.loads(rules))
    known = Tables.read(tomllib.loads(people or directory(1)))
    return Office.of(People(known), table, DESK)


@dataclass
class Hands:
    """A clock that stands where it was put."""

    at: datetime = MONDAY

    def now(self) -> datetime:
        return self.at


@dataclass
class Room:
    """The desk, its archive, and the people who write to it."""

    folder: Path
    hands: Hands = field(default_factory=Hands)
    count: int = 0
    drawn: int = 0

    def __post_init__(self) -> None:
        self.shelf = Shelf(self.folder, applies=True, sync=False, chapters=chapters())
        self.rounds = self.under(office())

    def under(self, rules: Office) -> Rounds:
        """The same desk under other rules, as after a reload."""
        desk = Desk(
            office=rules, book=Book(self.shelf.engine), queries=self.shelf.queries,
            keyring=Keyring(()), notepad=FakeNotepad(), clock=self.hands,
            random=self.chance,
        )  # fmt: skip
        self.rounds = Rounds(desk, self.shelf.journal, self._settled)
        return self.rounds

    def chance(self, size: int) -> bytes:
        self.drawn += 1
        return sha256(b"%d" % self.drawn).digest()[:size]

    async def _settled(self, _: int) -> bool:
        assert self.shelf.applier
        self.shelf.applier.catch_up()
        return True

    def work(self) -> None:
        """Rounds until there is nothing left to do."""

        async def all_of_it() -> None:
            for _ in range(ROUNDS_MAX):
                if not await self.rounds.round():
                    return
            raise AssertionError("the desk never comes to rest")

        assert self.shelf.applier
        self.shelf.applier.catch_up()
        asyncio.run(all_of_it())

    def put(self, login: str, sender: str, to: str, raw: bytes, **more: object) -> str:
        self.count += 1
        peer = Peer("smtp", "submission", user=login, tls="TLSv1.3")
        given = {
            "peer": peer, "sender": sender, "direction": "out", "sha256": sha256(raw).hexdigest(),
            "at_ms": int(self.hands.at.timestamp() * 1000),
        }  # fmt: skip
        self.shelf.journal.append_now([entry(self.count, raw, to, **given | more)])
        return mail_id(self.count)

    def submit(self, subject: str = "Thư mời", login: str = "c0") -> str:
        """A held mail of the unit, and what the desk does about it at once."""
        raw = (
            f"From: u0@{DOMAIN}\r\nTo: <a@mofa.example>\r\nSubject: {subject}\r\n"
            f"Message-ID: <{self.count}@{DOMAIN}>\r\n\r\nNội dung tờ trình\r\n"
        ).encode()
        held = {"state": "held", "desks": ("approval",)}
        mail = self.put(login, f"u0@{DOMAIN}", "a@mofa.example", raw, **held)
        self.work()
        return mail

    def write(self, login: str, first: str = "DUYỆT", verb: str = "duyet") -> None:
        """This person answers with the newest code of a verb that he got."""
        to = self.code(login, verb)
        raw = answer(login, to, first, None, "link")
        self.put(login, f"{login}@{DOMAIN}", to, raw, state="discarded", reason=FOR_THE_DESK)
        self.work()

    def code(self, login: str, verb: str) -> str:
        found = [m for m in self.mails(login) if re.search(rf"{verb}-[0-9a-z]{{26}}@", text_in(m))]
        return code_in(found[-1], verb)

    def mails(self, local: str, about: str = "") -> list[EmailMessage]:
        """What the desk has written to a mailbox, oldest first, as far as a subject says so."""
        found = self.shelf.queries.find(Wanted(recipient=f"{local}@{DOMAIN}", direction="notice"))
        raws = [self.shelf.queries.record(one).raw for one in sorted(found, key=lambda f: f.seq)]
        read = [email.message_from_bytes(raw, policy=policy.default) for raw in raws]
        return [m for m in read if about in str(m["Subject"])]

    def after(self, at: datetime) -> None:
        self.hands.at = at
        self.work()

    def row(self, mail: str) -> Waiting:
        row = Book(self.shelf.engine).ask(mail)
        assert row
        return row

    def found(self, mail: str) -> Found:
        found = self.shelf.queries.one(mail)
        assert found
        return found

    def stays(self, mail: str, state: str = "pending") -> bool:
        """Held, and nobody outside is owed it."""
        owed = [due.seq for due in self.shelf.queries.due(2**53, 99)]
        held = self.found(mail).state == "held" and self.found(mail).seq not in owed
        return held and self.row(mail).state == state

    def leaves(self, mail: str) -> bool:
        return self.found(mail).state == "accepted" and self.row(mail).state == "queued"


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


def without(*logins: str) -> str:
    """The directory after these people were disabled."""
    people = directory(1)
    for login in logins:
        people = people.replace(f"[people.{login}]", f"[people.{login}]\ndisabled = true")
    return people


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


def flip(room: Room, mail: str, *, hides: bool) -> Callable[[], None]:
    """Turn one bit of the stored text; with ``hides`` the record's own checks are made to fit.

    Returns what puts everything back.
    """
    record = room.shelf.queries.record(room.found(mail))
    (path,) = (room.folder / "journal").glob("*.seg")
    before = path.read_bytes()
    data = bytearray(before)
    at = data.index(record.raw)
    data[at + len(record.raw) - 5] ^= 1
    if hides:
        head = read_head(bytes(data), record.offset, record.offset)
        digest = sha256(data[at : at + len(record.raw)]).digest()
        front = head.front.replace(record.digest, digest)
        meta = record.offset + RECORD_BYTES
        crc = crc32(data[meta : meta + head.meta_bytes], crc32(head.chain, crc32(front)))
        data[record.offset : meta] = front + struct.pack("<32sI", head.chain, crc)

    def write(whole: bytes) -> None:
        with path.open("r+b") as file:
            file.write(whole)

    write(bytes(data))
    return lambda: write(before)


def approve(room: Room, mail: str, login: str = "l0") -> None:
    """A word that counts, before the desk has done what follows from it."""
    desk = room.rounds.desk
    word = desk.decider.word(room.row(mail), login, "approve", desk.now(), How("test", "password"))
    room.shelf.journal.append_now([Entry(word)])
    assert room.shelf.applier
    room.shelf.applier.catch_up()
    assert room.row(mail).state == "approved"


@pytest.mark.parametrize(
    ("hides", "why"), [(False, "SHA-256 does not fit"), (True, "is not the one that was shown")]
)
def test_a_bit_flips_before_the_decision_and_it_is_not_taken(
    broken: Room, hides: bool, why: str
) -> None:
    mail = broken.submit()
    flip(broken, mail, hides=hides)
    broken.write("l0")
    assert broken.stays(mail)
    (told,) = broken.mails("l0", "Không tính")
    assert why in text_in(told)


@pytest.mark.parametrize(
    ("hides", "why"), [(False, "SHA-256 does not fit"), (True, "is not what was approved")]
)
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
    put_back()
    broken.under(broken.rounds.desk.office)
    broken.work()
    assert broken.leaves(mail), "with the bytes that were approved it goes"


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

"""The duty desk over a real archive, with a clock that is set by hand: who hears what, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.archive.commands import Receive
from gateway.archive.journal import JournalError
from gateway.archive.queries import Wanted
from gateway.archive.registering import Amend, Assignee, Direct, Progress
from gateway.archive.shelf import Shelf
from gateway.directory.lookup import People
from gateway.directory.tables import Tables
from gateway.duty.settings import DutyTable
from gateway.mail.services import Services
from gateway.registry.evidence import STAMPED
from gateway.roles.chapters import chapters
from gateway.roles.duty import Rounds
from gateway.roles.house import House
from gateway.settings.read import Settings, read_settings
from tests.archive.samples import entry
from tests.conftest import FakeNotepad
from tests.duty.test_hours import at
from tests.registry.desk import Clerk
from tests.roles.test_relay import ROOT

QUIET = DutyTable(agency=("11:00",), unit=(), personal=(), report=())


@cache
def shipped() -> Settings:
    return read_settings(ROOT / "config")


@dataclass
class Hands:
    """A clock that stands where it was put."""

    at: datetime = field(default_factory=lambda: at(3, 9))

    def now(self) -> datetime:
        return self.at


class Kept(Shelf):
    """Folds when somebody waits."""

    async def settled(self, seq: int, timeout_s: float = 30.0) -> bool:
        assert self.applier
        self.applier.catch_up()
        return self.applied() >= seq


@dataclass
class Office:
    """The shipped office: Bình leads it, Hoa and Lan keep its mailbox and book; Minh leads the unit
    lanhsu, and he and Tuấn keep its mailbox."""

    folder: Path
    duty: DutyTable = field(default_factory=DutyTable)
    people: Tables | None = None
    hands: Hands = field(default_factory=Hands)

    def __post_init__(self) -> None:
        settings = replace(shipped(), duty=self.duty, directory=self.people or shipped().directory)
        self.shelf = Kept(self.folder, applies=True, sync=False, chapters=chapters())
        services = Services(
            directory=People(settings.directory),
            clock=self.hands,
            notepad=FakeNotepad(),
            hostname="gw.example",
        )
        self.house, self.clerk = House(settings, services, self.shelf), Clerk(self.shelf)
        self.heard = 0
        self.work()

    def work(self) -> None:
        """One round of a process that has just begun: nothing is remembered but what is noted."""
        self.clerk.catch_up()
        asyncio.run(Rounds(self.house).make())

    def until(self, moment: datetime) -> list[EmailMessage]:
        """Set the clock; what was written since it was set last, oldest first."""
        self.hands.at = moment
        self.work()
        return self.new()

    def new(self) -> list[EmailMessage]:
        found = self.shelf.queries.find(Wanted(direction="notice"))
        found = [one for one in reversed(found) if one.seq > self.heard]
        self.heard = max((one.seq for one in found), default=self.heard)
        raws = [self.shelf.queries.record(one).raw for one in found]
        return [_read(raw) for raw in raws]

    def arrive(self, **more: Any) -> str:
        return self.clerk.arrive(self.ms, **more)

    def route(self, id_: str, who: str, due: str = "") -> None:
        self.clerk.say(Direct(id_, self.ms, "binh", "", (Assignee(who),), due))

    @property
    def ms(self) -> int:
        return int(self.hands.at.timestamp() * 1000)


def _read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def to(mails: list[EmailMessage]) -> list[str]:
    return sorted(str(mail["To"]).strip("<>").partition("@")[0] for mail in mails)


def said_to(login: str, mails: list[EmailMessage]) -> str:
    (found,) = (mail for mail in mails if str(mail["To"]).strip("<>").startswith(f"{login}@"))
    return str(found.get_content())


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.shelf.close()


def test_who_has_nothing_waiting_gets_nothing(office: Office) -> None:
    for hour in (7, 9, 11, 12, 14, 17):
        assert office.until(at(4, hour)) == []


def test_a_check_tells_the_clerks_once_what_is_new_and_what_still_waits(office: Office) -> None:
    office.arrive(propose=True, number="12/UBND-VP", abstract="Về việc họp")
    mails = office.until(at(3, 11))
    assert to(mails) == ["hoa", "lan"]
    assert "1 thing waits for you, 1 new" in str(mails[0]["Subject"])
    assert str(mails[0]["Auto-Submitted"]) == "auto-generated"
    text = said_to("lan", mails)
    assert "* 12/UBND-VP Về việc họp" in text
    assert "chưa vào sổ" in text
    assert "to be registered" in text
    assert office.until(at(3, 11, 1)) == []
    later = said_to("lan", office.until(at(3, 13, 30)))
    assert "New since the last check" not in later
    assert "Still waiting (1)" in later


def test_what_is_registered_then_routed_then_done_is_followed(office: Office) -> None:
    paper = office.arrive(number="7/STC")
    assert "nobody has been told to handle it" in said_to("lan", office.until(at(3, 11)))
    office.new()
    office.route(paper, "unit:lanhsu", "2026-08-04")
    assert "7/STC" in said_to("minh", office.until(at(3, 14)))  # The report to the unit's leader.
    mails = office.until(at(3, 16, 30))
    assert to(mails) == ["minh", "tuan"]  # For the clerk it is done with until its term ends.
    assert "given, not begun; until 04/08/2026" in said_to("tuan", mails)
    office.clerk.say(Progress(paper, office.ms, "tuan", "in-progress", "unit:lanhsu"))
    mails = office.until(at(4, 7, 30))
    assert to(mails) == ["hoa", "lan", "minh", "tuan"]
    assert "its term ends" in said_to("hoa", mails)
    office.clerk.say(Progress(paper, office.ms, "tuan", "done", "unit:lanhsu"))
    assert office.until(at(4, 11)) == []


def test_what_is_overdue_goes_up_to_the_leaders_by_itself_once_a_day(office: Office) -> None:
    paper = office.arrive(number="7/STC")
    assert "7/STC" in said_to("binh", office.until(at(3, 11, 15)))
    office.route(paper, "unit:lanhsu", "2026-08-04")
    office.until(at(4, 17))
    mails = [m for m in office.until(at(5, 8)) if "overdue" in str(m["Subject"])]
    assert to(mails) == ["binh", "minh"]
    assert "0 documents received, 1 overdue" in str(mails[0]["Subject"])
    assert "QUÁ HẠN" in said_to("binh", mails)
    assert [m for m in office.until(at(5, 11, 15)) if "overdue" in str(m["Subject"])] == []
    again = [m for m in office.until(at(6, 8)) if "overdue" in str(m["Subject"])]
    assert to(again) == ["binh", "minh"]


def test_leaders_are_told_what_was_registered_in_their_books_and_no_other(office: Office) -> None:
    office.arrive(number="7/STC", abstract="Dự toán", issuer="Sở Tài chính")
    office.arrive(number="8/CA", book="den-lanhsu", unit="lanhsu")
    office.arrive(number="9/STC", propose=True)
    mails = [m for m in office.until(at(3, 11, 15)) if "received" in str(m["Subject"])]
    assert to(mails) == ["binh", "minh"]
    binh, minh = said_to("binh", mails), said_to("minh", mails)
    assert "* 01/2026 7/STC Dự toán" in binh
    assert "Sở Tài chính" in binh
    assert "8/CA" not in binh
    assert "9/STC" not in binh
    assert "8/CA" in minh
    assert "7/STC" not in minh
    assert [m for m in office.until(at(3, 14)) if "received" in str(m["Subject"])] == []


def test_an_urgent_document_is_told_at_once_at_any_hour_and_once(office: Office) -> None:
    office.hands.at = at(8, 23)  # A Saturday.
    paper = office.arrive(propose=True, number="5/CĐ", urgency="hỏa tốc")
    (first, second) = mails = office.until(at(8, 23))
    assert to(mails) == ["hoa", "lan"]
    assert str(first["Subject"]) == "[HỎA TỐC] 5/CĐ"
    assert str(second["Importance"]) == "high"
    assert "waits for its arrival number" in said_to("lan", mails)
    office.clerk.confirm(paper, office.ms)
    mails = office.until(at(8, 23, 1))
    assert to(mails) == ["binh"]
    assert "An urgent document was registered" in said_to("binh", mails)
    assert office.until(at(8, 23, 2)) == []


def test_a_mark_of_urgency_in_the_abstract_is_one_and_a_common_word_is_not(office: Office) -> None:
    office.arrive(abstract="Khẩn trương triển khai", book="den-lanhsu", unit="lanhsu")
    assert office.until(at(3, 9, 1)) == []
    office.arrive(abstract="[KHẨN] Bảo hộ công dân", book="den-lanhsu", unit="lanhsu")
    assert to(office.until(at(3, 9, 2))) == ["minh"]


def test_nothing_that_is_under_a_stamp_or_personal_is_said_in_a_digest(office: Office) -> None:
    secret = {"abstract": "Phương án BÍMẬT", "issuer": "BÍMẬT", "urgency": "khẩn"}
    office.arrive(propose=True, note=STAMPED, **secret)
    stamped = office.arrive(note=STAMPED, **secret)
    office.clerk.say(Amend(stamped, office.ms, "lan", (("note", ""),), "put right"))
    office.arrive(mailbox="minh@songoaivu.example", **secret)
    mails = [*office.until(at(3, 9, 1)), *office.until(at(3, 11, 15))]
    assert to(mails).count("binh") == 3  # Two are urgent, and both in one report.
    everything = "".join(str(m["Subject"]) + str(m.get_content()) for m in mails)
    assert "BÍMẬT" not in everything
    assert "not shown here" in everything
    assert "01/2026" in everything


def held(office: Office, n: int, *to: str, **more: Any) -> None:
    values = {"state": "held", "desks": ("quarantine",), "at_ms": office.ms}
    office.clerk.put(entry(n, b"", *to, **values | more))


def test_what_is_held_is_told_to_those_who_keep_the_mailbox_alone(office: Office) -> None:
    held(office, 1, "so@songoaivu.example", subject="Đơn khiếu nại")
    held(office, 2, "minh@songoaivu.example", subject="Chuyện riêng")
    mails = office.until(at(3, 11))
    assert to(mails) == ["hoa", "lan", "minh"]
    assert "Đơn khiếu nại" in said_to("lan", mails)
    assert "Chuyện riêng" in said_to("minh", mails)
    mails = [m for m in office.until(at(4, 11, 15)) if "overdue" in str(m["Subject"])]
    assert to(mails) == ["binh"]  # A petition has a term; personal mail goes up to nobody.
    assert "Chuyện riêng" not in said_to("binh", mails)


def test_a_sealed_message_has_no_words(office: Office) -> None:
    office.clerk.put(entry(1, b"", "so@songoaivu.example", subject="", sealed=True))
    mail = office.shelf.queries.find(Wanted())[0]
    office.arrive(mail=mail.id, abstract="BÍMẬT", propose=True)
    assert "BÍMẬT" not in said_to("lan", office.until(at(3, 11)))


@pytest.mark.parametrize("appends", [0, 1])
def test_a_crash_between_saying_and_noting_says_it_once(
    office: Office, monkeypatch: pytest.MonkeyPatch, appends: int
) -> None:
    """It ends before the letters are in the journal, or after it and before that is noted."""
    office.arrive(number="7/STC", urgency="khẩn")
    office.hands.at = at(3, 11, 15)
    journal, kept = office.shelf.journal, office.shelf.journal.append
    calls: list[int] = []

    def append(entries: Any) -> Any:
        calls.append(len(entries))
        done = kept(entries)
        if len(calls) > appends:
            raise JournalError("the power went")
        return done

    if not appends:
        monkeypatch.setattr(journal, "append", lambda _: _away())
    else:
        monkeypatch.setattr(journal, "append", append)
    with pytest.raises(JournalError):
        office.work()
    monkeypatch.undo()
    office.arrive(number="8/STC")  # Came between: it waits for the next report.
    office.until(at(3, 11, 16))
    notices = office.shelf.queries.find(Wanted(direction="notice"))
    assert len({one.message_id for one in notices}) == len(notices) == 4
    reports = [m for m in notices if "report" in m.message_id]
    (record,) = map(office.shelf.queries.record, reports)
    assert "8/STC" not in _read(record.raw).get_content()
    mails = [m for m in office.until(at(3, 14)) if "received" in str(m["Subject"])]
    assert "8/STC" in said_to("binh", mails)


def _away() -> Any:
    raise JournalError("the power went")


def test_switched_off_it_says_nothing_and_later_not_what_came_meanwhile(tmp_path: Path) -> None:
    office = Office(tmp_path, DutyTable(on=False))
    on = replace(office.house.settings, duty=DutyTable())
    office.arrive(number="5/CĐ", urgency="hỏa tốc")
    assert office.until(at(3, 11)) == []
    office.house = replace(office.house, settings=on)
    assert office.until(at(3, 11, 1)) == []
    assert "Still waiting (1)" in said_to("lan", office.until(at(3, 13, 30)))
    office.shelf.close()


def test_what_is_new_is_told_however_much_waits(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.duty.rows.MOST", 3)
    monkeypatch.setattr("gateway.duty.letters.MOST", 2)
    for n in range(5):
        office.arrive(number=f"{n}/STC")
    office.until(at(3, 11))
    late = office.arrive(number="9/UBND")
    office.route(late, "unit:lanhsu", "2026-08-03")
    office.arrive(number="10/UBND")
    text = said_to("lan", office.until(at(3, 13, 30)))
    assert "10/UBND" in text
    assert "9/UBND" in text
    assert "Still waiting (2)" in text
    assert "and 1 more" not in text


def test_a_disabled_person_is_not_written_to(tmp_path: Path) -> None:
    known = shipped().directory
    lan = known.people["lan"].model_copy(update={"disabled": True})
    office = Office(
        tmp_path, QUIET, known.model_copy(update={"people": known.people | {"lan": lan}})
    )
    office.arrive(propose=True)
    assert to(office.until(at(3, 11))) == ["hoa"]
    office.shelf.close()


def test_a_notice_is_never_a_thing_that_waits(office: Office) -> None:
    office.arrive(propose=True)
    office.until(at(3, 11))
    found = office.shelf.queries.find(Wanted(direction="notice", limit=1))
    command = office.shelf.queries.record(found[0]).command
    assert isinstance(command, Receive)
    assert command.state == "accepted"
    assert "1 thing waits" in str(office.until(at(3, 13, 30))[0]["Subject"])

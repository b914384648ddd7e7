"""Which number is given, and what becomes of it: decided by the fold, the same at each rebuild."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.archive.registering import (
    Amend,
    Assignee,
    Claim,
    CloseYear,
    Direct,
    Dismiss,
    Insert,
    Progress,
    Reserve,
    Same,
    Use,
    View,
    Void,
)
from gateway.archive.renewal import compare, rebuild
from gateway.registry.chapter import Books
from tests.archive.samples import decide, entry, mail_id
from tests.registry.desk import NOON, Clerk, file, ms, open_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Clerk]:
    with open_desk(tmp_path) as clerk:
        yield clerk


def numbers(desk: Clerk) -> list[str]:
    return [f"{row.n}{row.suffix}/{row.year}" for row in desk.lines()]


def test_numbers_follow_one_another_and_begin_anew_with_the_local_year(desk: Clerk) -> None:
    last = desk.arrive(ms("2026-12-31T16:59:59"))
    first = desk.arrive(ms("2026-12-31T17:00:00"))
    assert (desk.line(last).n, desk.line(last).year) == (1, 2026)
    assert (desk.line(first).n, desk.line(first).year) == (1, 2027)


def test_a_proposal_takes_its_number_when_it_is_confirmed(desk: Clerk) -> None:
    early, late = desk.arrive(NOON, propose=True), desk.arrive(NOON + 1, propose=True)
    assert desk.line(early).n is None
    row = desk.confirm(late, abstract="V/v mời họp", number="12/SNV-VP")
    assert (row.n, row.state, row.abstract, row.key) == (1, "registered", "V/v mời họp", "12/SNVVP")
    assert "out of order: 1" in desk.last_word().text
    assert desk.confirm(early).n == 2
    assert desk.confirm(early).n == 2
    assert not desk.last_word().counted


def test_what_is_dismissed_takes_no_number(desk: Clerk) -> None:
    letter = desk.arrive(propose=True)
    desk.say(Dismiss(letter, NOON, "lan", "thư trao đổi"))
    assert desk.confirm(letter).state == "dismissed"
    assert desk.line(desk.arrive()).n == 1


def test_one_message_is_registered_once(desk: Clerk) -> None:
    desk.arrive(mail="M1")
    desk.arrive(mail="M1")
    assert numbers(desk) == ["1/2026"]
    desk.arrive(mail="M1", as_new=True)
    assert numbers(desk) == ["1/2026", "2/2026"]


def test_the_same_pdf_by_three_ways_is_one_entry_with_three_arrivals(desk: Clerk) -> None:
    for route in ("agency", "unit", "axis"):
        desk.arrive(files=(file(),), route=route, mail=f"M-{route}")
    assert numbers(desk) == ["1/2026"]
    assert [row.route for row in desk.rows("books_arrivals")] == ["agency", "unit", "axis"]


def test_the_same_edxml_document_is_the_same_whatever_its_bytes(desk: Clerk) -> None:
    for n in (1, 2):
        desk.arrive(files=(file(n),), edxml="000.00.00.H57,2026/08/10,12/SNV-VP", route="axis")
    assert numbers(desk) == ["1/2026"]


def test_one_number_with_two_days_is_two_entries_and_a_weak_warning(desk: Clerk) -> None:
    for day in ("2018-02-10", "2018-03-06"):
        desk.arrive(number="02/SYT-GAVI", issued=day, issuer="Sở Y tế", files=(file(int(day[6])),))
    assert numbers(desk) == ["1/2026", "2/2026"]
    (link,) = desk.rows("books_links")
    assert (link.kind, link.other) == ("weak", desk.line("E0001").seq)


def test_last_years_number_is_no_duplicate(desk: Clerk) -> None:
    for day in ("2025-02-10", "2026-02-10"):
        desk.arrive(number="02/SYT-GAVI", issued=day, issuer="Sở Y tế")
    assert desk.rows("books_links") == []


def test_a_strong_duplicate_waits_for_the_clerk_who_may_say_it_is_the_same(desk: Clerk) -> None:
    same: dict[str, Any] = {"number": "12/SNV-VP", "issued": "2026-08-09", "issuer": "Sở Nội vụ"}
    first = desk.arrive(**same)
    second = desk.arrive(**(same | {"number": "số 0012/SNV - VP", "issuer": "SỞ NỘI VỤ"}))
    assert desk.line(second).state == "proposed"
    assert [row.kind for row in desk.rows("books_links")] == ["strong"]
    desk.say(Same(second, first, NOON, "lan"))
    assert {row.entry for row in desk.rows("books_arrivals")} == {desk.line(first).seq}


def test_reserved_numbers_are_gapless_and_two_digits_wide(desk: Clerk) -> None:
    for _ in range(3):
        desk.reserve()
    assert [row.number for row in desk.lines()] == ["01/QĐ-SNgV", "02/QĐ-SNgV", "03/QĐ-SNgV"]


def test_forms_for_the_party_and_for_legal_acts(desk: Clerk) -> None:
    party = desk.reserve(series="tw", symbol="NQ/TU", form="{number}-{symbol}")
    act = desk.reserve(series="qppl", symbol="QĐ-UBND", form="{number}/{year}/{symbol}", first=27)
    assert desk.line(party).number == "01-NQ/TU"
    assert desk.line(act).number == "27/2026/QĐ-UBND"


def test_a_void_number_stays_and_nobody_gets_it(desk: Clerk) -> None:
    first = desk.reserve()
    desk.say(Void(first, NOON, "lan", "soạn lại"))
    desk.say(Use(first, NOON, "lan"))
    assert not desk.last_word().counted
    assert desk.line(first).state == "voided"
    assert desk.line(desk.reserve()).n == 2


def test_what_has_left_cannot_be_voided(desk: Clerk) -> None:
    first = desk.reserve()
    desk.say(Use(first, NOON, "lan"))
    desk.say(Void(first, NOON, "lan", "nhầm"))
    assert (desk.line(first).state, desk.last_word().counted) == ("used", False)


def test_an_inserted_number_comes_behind_its_base(desk: Clerk) -> None:
    base, _ = desk.reserve("2026-08-03"), desk.reserve("2026-08-05")
    for day in ("2026-08-04", "2026-08-09"):
        word = Insert(desk.id(), base, NOON, "lan", "binh", "quên cấp số", day)
        desk.say(word)
    assert numbers(desk) == ["1/2026", "1a/2026", "1b/2026", "2/2026"]
    assert [row.number for row in desk.lines()][1] == "01a/QĐ-SNgV"
    assert "dated after 02" in desk.last_word().text


def test_dating_back_takes_from_the_year_it_is_of(desk: Clerk) -> None:
    desk.reserve("2025-12-31", at_ms=ms("2025-12-31T03:00:00"))
    desk.reserve("2026-01-02", at_ms=ms("2026-01-02T03:00:00"))
    desk.reserve("2025-12-30", at_ms=ms("2026-01-05T03:00:00"))
    assert "dated back" in desk.last_word().text
    assert sorted(numbers(desk)) == ["1/2025", "1/2026", "2/2025"]


def test_a_closed_year_takes_no_number_but_its_reserved_ones_can_be_used(desk: Clerk) -> None:
    late = desk.reserve("2025-12-31", at_ms=ms("2025-12-31T03:00:00"))
    desk.say(CloseYear(desk.id(), NOON, "lan", "di", 2026))
    assert not desk.last_word().counted
    desk.say(CloseYear(desk.id(), NOON, "lan", "di", 2025))
    desk.say(Reserve("X", NOON, "lan", "di", "so", "qd", "2025-12-31", "QĐ-SNgV"))
    assert (desk.last_word().counted, desk.last_word().text) == (
        False,
        "the book of 2025 is closed",
    )
    desk.say(Use(late, NOON, "lan"))
    assert desk.line(late).state == "used"
    assert "issued in the next year" in desk.last_word().text


def test_what_arrived_in_a_closed_year_gets_this_years_number(desk: Clerk) -> None:
    desk.say(CloseYear(desk.id(), NOON, "lan", "den", 2025))
    late = desk.arrive(ms("2025-12-31T16:00:00"), propose=True)
    assert desk.confirm(late).year == 2026


def test_a_year_that_has_not_begun_has_no_numbers(desk: Clerk) -> None:
    desk.say(Reserve("X", NOON, "lan", "di", "so", "qd", "2027-01-01", "QĐ-SNgV"))
    assert not desk.last_word().counted


def held(desk: Clerk, n: int) -> None:
    desk.put(entry(n, state="held", desks=("approval",), direction="out"))


def test_release_uses_the_number_in_the_same_record(desk: Clerk) -> None:
    number = desk.reserve()
    held(desk, 1)
    desk.say(Claim(desk.id(), NOON, "register", mail_id(1), (file(),)))
    assert not desk.last_word().counted
    desk.say(Claim(number, NOON, "register", mail_id(1), (file(),)))
    assert desk.line(number).state == "reserved"
    desk.put(decide(1, "approval"))
    row = desk.line(number)
    assert (row.state, row.mail) == ("used", mail_id(1))
    assert desk.last_word().kind == "use"


def test_a_refused_message_leaves_its_number_reserved_for_the_next(desk: Clerk) -> None:
    number = desk.reserve()
    for n, verdict in ((1, "refuse"), (2, "release")):
        held(desk, n)
        desk.say(Claim(number, NOON, "register", mail_id(n)))
        desk.put(decide(n, "approval", verdict))
    row = desk.line(number)
    assert (row.state, row.mail) == ("used", mail_id(2))


def test_two_messages_with_one_number_use_it_once(desk: Clerk) -> None:
    number = desk.reserve()
    for n in (1, 2):
        held(desk, n)
        desk.say(Claim(number, NOON, "register", mail_id(n)))
    desk.put(decide(1, "approval"))
    desk.put(decide(2, "approval"))
    assert desk.line(number).mail == mail_id(1)


def test_what_needs_no_approval_uses_its_number_when_it_is_seen(desk: Clerk) -> None:
    number = desk.reserve(abstract="")
    desk.put(entry(1, direction="out"))
    desk.say(Claim(number, NOON, "register", mail_id(1)))
    assert desk.line(number).state == "used"


def test_a_correction_keeps_both_values_and_finds_by_the_new_one(desk: Clerk) -> None:
    line = desk.arrive(number="12/SNV-VP", abstract="cũ")
    desk.say(Amend(line, NOON, "lan", (("abstract", "mới"), ("number", "13/SNV-VP")), "đọc nhầm"))
    assert {(r.field, r.before, r.after) for r in desk.rows("books_amends")} == {
        ("abstract", "cũ", "mới"),
        ("number", "12/SNV-VP", "13/SNV-VP"),
    }
    assert "13" in {row.number for row in desk.rows("books_keys")}


def test_our_own_number_is_not_corrected(desk: Clerk) -> None:
    line = desk.reserve()
    desk.say(Amend(line, NOON, "lan", (("number", "99/QĐ-SNgV"),), "thử"))
    assert (desk.line(line).number, desk.last_word().counted) == ("01/QĐ-SNgV", False)


def test_a_direction_is_given_and_done(desk: Clerk) -> None:
    line = desk.arrive()
    lead, support = Assignee("unit:lanhsu"), Assignee("person:tuan", "support")
    desk.say(Direct(line, NOON, "lan", "Lãnh sự xử lý", (lead, support), "2026-08-20", "binh"))
    row = desk.line(line)
    assert (row.said_direction, row.said_by, row.due, row.progress) == (
        "Lãnh sự xử lý",
        "binh",
        "2026-08-20",
        "assigned",
    )
    desk.say(Progress(line, NOON, "tuan", "in-progress", "person:tuan"))
    desk.say(Progress(line, NOON, "minh", "done", "unit:lanhsu", "đã trả lời"))
    assert desk.line(line).progress == "done"


def test_a_unit_passes_a_document_on_and_both_know(desk: Clerk) -> None:
    below = desk.arrive(book="lanhsu", unit="lanhsu", files=(file(),), mail="M1")
    above = desk.arrive(raised_from=below, route="unit", files=(file(),), mail="M1")
    assert (desk.line(below).n, desk.line(above).n) == (1, 1)
    (link,) = desk.rows("books_links")
    assert (link.entry, link.other) == (desk.line(above).seq, desk.line(below).seq)


def test_views_are_kept(desk: Clerk) -> None:
    desk.say(View("V", NOON, "lan", "search", ("E1", "E2"), "50/QĐ"))
    assert [(row.object, row.query) for row in desk.rows("books_views")] == [
        ("E1", "50/QĐ"),
        ("E2", "50/QĐ"),
    ]


def test_the_journal_alone_gives_the_same_books(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        number = desk.reserve()
        held(desk, 1)
        desk.say(Claim(number, NOON, "register", mail_id(1), (file(),)))
        desk.put(decide(1, "approval"))
        line = desk.arrive(number="801-802/TTr-SYT", files=(file(2),))
        desk.say(Amend(line, NOON, "lan", (("note", "gấp"),), "bổ sung"))
        desk.say(Direct(line, NOON, "lan", "xem", (Assignee("unit:so"),)))
        before = {name: desk.rows(name) for name in Books.metadata.tables}
    assert list(compare(tmp_path, [Books()])) == []
    rebuild(tmp_path, [Books()])
    with open_desk(tmp_path) as desk:
        assert {name: desk.rows(name) for name in Books.metadata.tables} == before

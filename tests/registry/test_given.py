"""A dispatch against the books of a real archive, from the reservation to what has left."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from filters.dispatch import Dispatch
from gateway.archive.registering import Claim, File, Void
from gateway.mail.address import Address
from gateway.mail.flaws import CHECKED
from gateway.mail.given import BooksAway, NumberState
from gateway.mail.number import DocumentNumber, parse
from gateway.mail.people import ApprovalPolicy, Mailbox, MailboxKind
from gateway.registry.given import GivenNumbers
from tests.archive.samples import decide, entry, mail_id
from tests.conftest import FakeNotepad
from tests.filters.test_dispatch import GOOD, PAGE, TEXT, mail_with
from tests.filters.test_dispatch_books import HASH
from tests.registry.desk import NOON, Clerk, open_desk
from tests.registry.office import books, people

DAY = "2026-08-21"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Clerk]:
    with open_desk(tmp_path) as clerk:
        yield clerk


def kept(desk: Clerk) -> GivenNumbers:
    return GivenNumbers(books(), people(), lambda: desk.shelf.engine)


def box(address: str, unit: str) -> Mailbox:
    kind, policy = MailboxKind.UNIT, ApprovalPolicy.NONE
    return Mailbox(Address.parse(address), kind, "x", unit, frozenset(), policy)


SO, LANHSU = box("so@songoaivu.example", "so"), box("lanhsu@songoaivu.example", "lanhsu")


def number(text: str) -> DocumentNumber:
    found = parse(text)
    assert found is not None
    return found


async def found(
    desk: Clerk, said: str = "01/QĐ-SNgV", sha256: str = HASH, pad: FakeNotepad | None = None
) -> list[str]:
    """The rules that a signed dispatch with this number meets."""
    page = replace(PAGE, text=TEXT.replace("50/SNgV-VP", said))
    mail = mail_with(replace(GOOD, sha256=sha256, pages=(page,)), books=kept(desk))
    if pad is not None:
        services = replace(mail.services, notepad=pad)
        session = replace(mail.session, services=services)
        mail = replace(mail, transaction=replace(mail.transaction, session=session))
    await Dispatch().message(mail)
    return [flaw.rule for flaw in mail.transaction.facts[CHECKED][0].flaws]


async def test_a_reserved_number_leaves_with_its_day(desk: Clerk) -> None:
    assert await found(desk) == ["number-not-in-book"]
    desk.reserve(DAY)
    assert await found(desk) == []
    assert await found(desk, "1/qđ-sngv") == []
    assert await found(desk, "02/QĐ-SNgV") == ["number-not-in-book"]
    desk.reserve("2026-08-20")
    assert await found(desk, "02/QĐ-SNgV") == ["number-other-day"]


async def test_a_void_number_leaves_no_more(desk: Clerk) -> None:
    desk.say(Void(desk.reserve(DAY), NOON, "lan", "in hỏng"))
    assert await found(desk) == ["number-void"]


async def test_a_number_is_for_one_file_while_it_waits_and_after_it_has_left(desk: Clerk) -> None:
    line = desk.reserve(DAY)
    desk.put(entry(1, state="held", direction="out", desks=("approval",)))
    desk.say(Claim(line, NOON, "register", mail_id(1), (File(HASH, "cv.pdf", 1),)))
    assert (await found(desk), await found(desk, sha256="b" * 64)) == ([], ["number-used-already"])
    desk.put(decide(1, "approval"))
    assert desk.line(line).state == "used"
    assert (await found(desk), await found(desk, sha256="b" * 64)) == ([], ["number-used-already"])


async def test_after_a_refusal_the_corrected_file_may_bear_the_number(desk: Clerk) -> None:
    line = desk.reserve(DAY)
    desk.put(entry(1, state="held", direction="out", desks=("approval",)))
    desk.say(Claim(line, NOON, "register", mail_id(1), (File(HASH, "cv.pdf", 1),)))
    desk.put(decide(1, "approval", "refuse"))
    assert await found(desk, sha256="b" * 64) == []


async def test_one_file_in_two_messages_keeps_its_number(desk: Clerk) -> None:
    line = desk.reserve(DAY)
    for n in (1, 2):
        desk.put(entry(n, state="held", direction="out", desks=("approval",)))
        desk.say(Claim(line, NOON, "register", mail_id(n), (File(HASH, "cv.pdf", 1),)))
    desk.put(decide(1, "approval"))
    desk.put(decide(2, "approval", "refuse"))
    assert (await found(desk), await found(desk, sha256="b" * 64)) == ([], ["number-used-already"])


async def test_a_file_of_two_messages_is_known_in_both(desk: Clerk) -> None:
    line = desk.reserve(DAY)
    for n in (1, 2):
        desk.put(entry(n, state="held", direction="out", desks=("approval",)))
        desk.say(Claim(line, NOON, "register", mail_id(n), (File(HASH, "cv.pdf", 1),)))
    assert {row.mail for row in desk.rows("books_files")} == {mail_id(1), mail_id(2)}
    desk.put(decide(2, "approval"))
    assert await found(desk, sha256="b" * 64) == ["number-used-already"]
    assert {row.mail for row in desk.rows("books_files")} == {mail_id(1), mail_id(2)}


async def test_the_second_of_two_at_once_is_seen_before_the_books_know_of_the_first(
    desk: Clerk,
) -> None:
    desk.reserve(DAY)
    pad = FakeNotepad()
    assert await found(desk, pad=pad) == []
    assert await found(desk, pad=pad) == []
    assert await found(desk, sha256="b" * 64, pad=pad) == ["number-used-already"]
    pad.values.clear()  # Its time has passed.
    assert await found(desk, sha256="b" * 64, pad=pad) == []


async def test_two_that_passed_nevertheless_use_the_number_once_and_the_clerk_sees_it(
    desk: Clerk,
) -> None:
    line = desk.reserve(DAY)
    for n in (1, 2):
        desk.put(entry(n, state="held", direction="out", desks=("approval",)))
        desk.say(Claim(line, NOON, "register", mail_id(n), (File(f"{n}" * 64, "cv.pdf", 1),)))
    desk.put(decide(1, "approval"))
    desk.put(decide(2, "approval"))
    assert (desk.line(line).state, desk.line(line).mail) == ("used", mail_id(1))
    late = desk.last_word()
    assert (late.counted, late.text) == (
        False,
        f"mail {mail_id(2)} left with a number that is used already",
    )
    assert await found(desk, sha256="2" * 64) == ["number-used-already"]


async def test_a_range_asks_for_each_of_its_numbers(desk: Clerk) -> None:
    desk.reserve(DAY)
    first, second = await kept(desk).given(SO, number("01-02/QĐ-SNgV"), 2026)
    assert first is not None
    assert (first.number, first.state, first.day) == ("01/QĐ-SNgV", NumberState.RESERVED, DAY)
    assert second is None
    assert await kept(desk).given(SO, number("01/QĐ-SNgV"), 2025) == (None,)


def test_books_are_kept_for_who_is_named_and_for_their_unit(desk: Clerk) -> None:
    assert kept(desk).is_kept_for(SO)
    assert kept(desk).is_kept_for(box("khac@songoaivu.example", "so"))
    assert kept(desk).is_kept_for(box("SO@songoaivu.example", "khac"))
    assert not kept(desk).is_kept_for(LANHSU)


async def test_books_that_cannot_be_read_say_so(tmp_path: Path, desk: Clerk) -> None:
    absent = GivenNumbers(books(), people(), lambda: None)
    with pytest.raises(BooksAway, match="no archive yet"):
        await absent.given(SO, number("01/QĐ-SNgV"), 2026)
    with desk.shelf.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE books_entries")
    with pytest.raises(BooksAway, match="books_entries"):
        await kept(desk).given(SO, number("01/QĐ-SNgV"), 2026)

"""What the filter about dispatches makes of what the books of outgoing documents say."""

from dataclasses import replace

import pytest

from filters.dispatch import Dispatch
from gateway.mail.flaws import CHECKED, Weight
from gateway.mail.given import BooksAway, GivenNumber, NumberState
from gateway.mail.number import DocumentNumber
from gateway.mail.people import Mailbox
from gateway.mail.verdict import Hold, Pass, Reject
from tests.filters.test_dispatch import GOOD, mail_with


class FakeBooks:
    """Books that know one number, or are away, or are kept for nobody."""

    def __init__(self, *known: GivenNumber, is_kept: bool = True, is_away: bool = False) -> None:
        self.known, self.is_kept, self.is_away = known, is_kept, is_away

    def is_kept_for(self, box: Mailbox) -> bool:
        return self.is_kept and box.unit == "so"

    async def given(
        self, box: Mailbox, number: DocumentNumber, year: int
    ) -> tuple[GivenNumber | None, ...]:
        if self.is_away:
            raise BooksAway("disk I/O error")
        fits = (one for one in self.known if one.number == str(number) and one.day[:4] == str(year))
        return (next(fits, None),)


def given(
    state: NumberState = NumberState.RESERVED, day: str = "2026-08-21", *files: str
) -> GivenNumber:
    return GivenNumber(number="50/SNgV-VP", state=state, day=day, files=frozenset(files))


HASH = "a" * 64


@pytest.mark.parametrize(
    ("books", "rule"),
    [
        (FakeBooks(given()), None),
        (FakeBooks(given(NumberState.USED)), None),
        (FakeBooks(given(NumberState.USED, "2026-08-21", HASH)), None),
        (FakeBooks(is_kept=False, is_away=True), None),
        (FakeBooks(), "number-not-in-book"),
        (FakeBooks(given(NumberState.RESERVED, "2025-08-21")), "number-not-in-book"),
        (FakeBooks(given(NumberState.VOIDED)), "number-void"),
        (FakeBooks(given(NumberState.RESERVED, "2026-08-20")), "number-other-day"),
        (FakeBooks(given(NumberState.USED, "2026-08-21", "b" * 64)), "number-used-already"),
        (FakeBooks(given(NumberState.RESERVED, "2026-08-21", "b" * 64)), "number-used-already"),
        (FakeBooks(is_away=True), "book-away"),
    ],
)
async def test_number_and_date_are_those_of_the_book(books: FakeBooks, rule: str | None) -> None:
    mail = mail_with(replace(GOOD, sha256=HASH), books=books)
    answer = await Dispatch().message(mail)
    (checked,) = mail.transaction.facts[CHECKED]
    assert [f.rule for f in checked.flaws] == ([rule] if rule else [])
    expected = {None: type(None), "number-not-in-book": Pass}.get(rule, Hold)
    assert isinstance(answer, expected)
    if rule:
        strict = Dispatch(rules={rule: Weight.REJECT})
        assert isinstance(await strict.message(mail), Reject)

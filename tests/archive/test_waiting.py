"""What has not arrived is found by any of its marks, and counted."""

from pathlib import Path

import pytest

from gateway.archive.shelf import Shelf
from gateway.archive.waiting import ANY, Which, tallied, waiting
from tests.archive.samples import AT, entry, tried
from tests.archive.test_fold import fold


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path, applies=True)
    fold(
        shelf,
        entry(1, b"", "a@one.example", "b@Two.example", sender="x@ours.vn"),
        entry(2, b"", "c@sub.two.example", sender="y@ours.vn"),
        entry(3, b"", "d@one.example", sender="y@ours.vn"),
        tried(1, "a@one.example", "deferred", reply="450 Away 100%", next_at_ms=AT + 9000),
        tried(2, "c@sub.two.example", "failed", reply="550 no"),
        tried(3, "d@one.example"),
    )
    return shelf


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (Which(), ["a", "b"]),
        (Which(states=ANY), ["a", "b", "c"]),
        (Which(states=("failed",)), ["c"]),
        (Which(states=("deferred",)), ["a"]),
        (Which(destination="two.example"), ["b"]),
        (Which(destination=".two.example", states=ANY), ["c"]),
        (Which(destination="ne.example"), []),
        (Which(sender="y@", states=ANY), ["c"]),
        (Which(recipient="A@"), ["a"]),
        (Which(reason="away 100%"), ["a"]),
        (Which(reason="a%w"), []),
        (Which(mails=[2], states=ANY), ["c"]),
        (Which(mails=[]), []),
        (Which(since_ms=AT + 2, states=ANY), ["c"]),
        (Which(until_ms=AT + 2, states=ANY), ["a", "b"]),
        (Which(limit=1), ["a"]),
    ],
)
def test_by_its_marks(shelf: Shelf, which: Which, found: list[str]) -> None:
    assert [row.recipient[0] for row in waiting(shelf.engine, which)] == found
    shelf.close()


def test_counted(shelf: Shelf) -> None:
    rows = waiting(shelf.engine, Which(states=ANY))
    first, *_ = tallied(rows, "sender")
    assert (first.key, first.recipients, first.messages) == ("x@ours.vn", 2, 1)
    assert (first.oldest_ms, first.next_ms, first.reply) == (AT + 1, AT + 1, "450 Away 100%")
    assert {t.key for t in tallied(rows, "destination")} == {
        "one.example", "Two.example", "sub.two.example",
    }  # fmt: skip
    assert {t.key: t.recipients for t in tallied(rows, "state")} == {
        "owed": 1, "deferred": 1, "failed": 1,
    }  # fmt: skip
    assert {t.key for t in tallied(rows, "reason")} == {"450 Away 100%", "", "550 no"}
    shelf.close()

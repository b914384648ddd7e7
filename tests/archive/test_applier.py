"""The applier passes over nothing that was kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.archive.journal import Record
from gateway.archive.shelf import Shelf
from tests.archive.samples import entry

Follow = Callable[..., Iterator[Record]]


@pytest.mark.parametrize(("lame_looks", "found", "is_told"), [(1, 3, False), (9, 2, True)])
def test_a_record_that_is_missing_is_looked_for_again_and_then_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    lame_looks: int,
    found: int,
    is_told: bool,
) -> None:
    shelf = Shelf(tmp_path, applies=True, sync=False)
    shelf.journal.append_now([entry(n) for n in (1, 2, 3)])
    whole: Follow = shelf.journal.follow_from
    looks = 0

    def lame(segment: int, offset: int) -> Iterator[Record]:
        nonlocal looks
        looks += 1
        is_lame = looks <= lame_looks
        yield from (r for r in whole(segment, offset) if not (is_lame and r.seq == 2))

    monkeypatch.setattr(shelf.journal, "follow_from", lame)
    assert shelf.applier
    shelf.applier.catch_up()
    assert len(list(shelf.queries.due(2**53, 99))) == found
    assert ("records 2 to 2 are not where they belong" in caplog.text) == is_told
    shelf.close()

"""A room's own rows follow from the same journal, see the archive's, and are rebuilt like them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, insert, select

from gateway.archive import schema
from gateway.archive.commands import Decide, Receive
from gateway.archive.journal import Record
from gateway.archive.renewal import compare, rebuild
from gateway.archive.shelf import Shelf
from tests.archive.samples import decide, entry, tried


class Diary:
    """Writes down each held letter and each word about it, with the state that the rows show."""

    name = "diary"
    version = 1
    metadata = MetaData()
    wants: tuple[type[Any], ...] = (Receive, Decide)
    desks: frozenset[str] = frozenset()
    table = Table(
        "diary_lines",
        metadata,
        Column("seq", Integer, primary_key=True),
        Column("state", String, nullable=False),
    )

    def apply(self, connection: Connection, records: Sequence[Record]) -> None:
        for record in records:
            assert isinstance(record.command, Receive | Decide)
            mail = schema.mails.c
            state = connection.execute(select(mail.state).where(mail.id == record.command.id))
            row = {"seq": record.seq, "state": state.scalar_one()}
            connection.execute(insert(self.table).values(row))


def lines(shelf: Shelf) -> list[tuple[int, str]]:
    with shelf.engine.connect() as connection:
        return [(s, t) for s, t in connection.execute(select(Diary.table).order_by("seq"))]


def written(folder: Path) -> Shelf:
    shelf = Shelf(folder, applies=True, chapters=[Diary()])
    for one in (
        entry(1),
        entry(2, state="held", desks=("approval",)),
        tried(1, "lan@example.vn"),
        decide(2, "approval"),
    ):
        shelf.journal.append_now([one])
    assert shelf.applier
    shelf.applier.catch_up()
    return shelf


def test_a_chapter_sees_the_rows_as_they_were_after_each_record(tmp_path: Path) -> None:
    shelf = written(tmp_path)
    assert lines(shelf) == [(1, "accepted"), (2, "held"), (4, "accepted")]
    shelf.close()
    assert list(compare(tmp_path, [Diary()])) == []


def test_a_rebuild_makes_a_chapters_rows_again(tmp_path: Path) -> None:
    shelf = written(tmp_path)
    before = lines(shelf)
    shelf.close()
    assert rebuild(tmp_path, [Diary()]) == 4
    again = Shelf(tmp_path, applies=True, chapters=[Diary()])
    assert lines(again) == before
    again.close()


def test_rows_are_made_again_when_a_chapter_is_new(tmp_path: Path) -> None:
    plain = Shelf(tmp_path, applies=True)
    plain.journal.append_now([entry(1)])
    assert plain.applier
    plain.applier.catch_up()
    plain.close()
    shelf = Shelf(tmp_path, applies=True, chapters=[Diary()])
    assert shelf.applier
    shelf.applier.catch_up()
    assert lines(shelf) == [(1, "accepted")]
    shelf.close()

"""An archive with the books opened, and the words of a clerk at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from gateway.archive.commands import Command
from gateway.archive.journal import Entry
from gateway.archive.registering import Arrive, Confirm, File, Particulars, Reserve
from gateway.archive.shelf import Shelf
from gateway.registry import schema
from gateway.registry.chapter import Books
from gateway.registry.ledger import day_of


def ms(text: str) -> int:
    """A moment written in ISO 8601, UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


NOON = ms("2026-08-10T05:00:00")


class Clerk:
    """Says commands and sees what became of them."""

    def __init__(self, shelf: Shelf, name: str = "lan") -> None:
        self.shelf, self.name, self._ids = shelf, name, 0

    def say(self, *commands: Command) -> None:
        self.shelf.journal.append_now([Entry(command) for command in commands])
        self.catch_up()

    def put(self, entry: Entry) -> None:
        self.shelf.journal.append_now([entry])
        self.catch_up()

    def catch_up(self) -> None:
        assert self.shelf.applier
        self.shelf.applier.catch_up()

    def id(self) -> str:
        self._ids += 1
        return f"E{self._ids:04d}"

    def arrive(self, at_ms: int = NOON, *, propose: bool = False, **more: Any) -> str:
        id_ = self.id()
        said = {name: more.pop(name) for name in list(more) if name in schema.FIELDS}
        values: dict[str, Any] = {"book": "den", "unit": "so", "date": day_of(at_ms)}
        values |= {"came_ms": at_ms, "number_now": not propose, "particulars": Particulars(**said)}
        self.say(Arrive(id_, at_ms, self.name, **(values | more)))
        return id_

    def reserve(self, day: str = "2026-08-10", at_ms: int = NOON, **more: Any) -> str:
        id_ = self.id()
        said = {name: more.pop(name) for name in list(more) if name in schema.FIELDS}
        values: dict[str, Any] = {"book": "di", "unit": "so", "series": "qd", "symbol": "QĐ-SNgV"}
        values |= {"date": day, "particulars": Particulars(**said)}
        self.say(Reserve(id_, at_ms, self.name, **(values | more)))
        return id_

    def confirm(self, id_: str, at_ms: int = NOON, **changes: str) -> Any:
        self.say(Confirm(id_, at_ms, self.name, tuple(changes.items())))
        return self.line(id_)

    def line(self, id_: str) -> Row[Any]:
        with self.shelf.engine.connect() as connection:
            found = select(schema.entries).where(schema.entries.c.id == id_)
            return connection.execute(found).one()

    def lines(self) -> list[Row[Any]]:
        with self.shelf.engine.connect() as connection:
            return list(connection.execute(select(schema.entries).order_by("n", "suffix")))

    def rows(self, table: str) -> list[Row[Any]]:
        with self.shelf.engine.connect() as connection:
            return list(connection.execute(select(schema.metadata.tables[table])))

    def last_word(self) -> Row[Any]:
        return max(self.rows("books_events"), key=lambda row: row.seq)


def file(n: int = 1, name: str = "50-QD.pdf") -> File:
    return File(f"{n:064x}", name, part=1)


@contextmanager
def open_desk(folder: Path) -> Iterator[Clerk]:
    shelf = Shelf(folder, applies=True, chapters=[Books()])
    try:
        yield Clerk(shelf)
    finally:
        shelf.close()

"""directory.toml and books.toml, for whoever needs no more than these."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from gateway.directory.tables import Tables
from gateway.registry.tables import BooksTable
from gateway.settings.errors import Mistake, Mistakes
from gateway.settings.server import checked


def books_of(folder: Path, people: Tables | None, wrong: list[Mistake]) -> BooksTable:
    """books.toml, or its defaults."""
    path, books = folder / "books.toml", BooksTable()
    if path.exists():
        books = checked(path, wrong, partial(BooksTable.read, people=people)) or books
    return books.placed(folder)


def read_books(folder: Path) -> tuple[Tables, BooksTable]:
    """directory.toml and books.toml. Mistakes tells what is wrong with them."""
    wrong: list[Mistake] = []
    people = checked(folder / "directory.toml", wrong, Tables.read)
    books = books_of(folder, people, wrong)
    if wrong or people is None:
        raise Mistakes(wrong)
    return people, books

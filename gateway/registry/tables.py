"""books.toml as tables: which books there are, what they number, who keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from gateway.directory.tables import Fault, FormerName, Tables
from gateway.mail.number import symbol_key
from gateway.registry.hooks import HookTable

PLACES = {"book", "year", "month", "kind"}
"""What a folder's name may be made of."""
PARTS = {"arrival", "number", "abstract", "date"}
"""What a file's name may be made of."""


def _with(known: set[str], text: str) -> str:
    try:
        text.format(**dict.fromkeys(known, ""))
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError(f"only {{{'}, {'.join(sorted(known))}}} can stand here: {error}") from None
    return text


def _form(text: str) -> str:
    if "{number}" not in text or "{symbol}" not in text:
        raise ValueError("it must hold {number} and {symbol}")
    return _with({"number", "symbol", "year"}, text)


def _symbol(text: str) -> str:
    if not symbol_key(text):
        raise ValueError("a symbol has letters, such as QĐ-SNgV")
    return text


def _folder(text: str) -> str:
    if text.startswith("/") or ".." in text.split("/"):
        raise ValueError("a folder below `files`, such as {book}/{year}/{month}")
    return _with(PLACES, text)


def _name(text: str) -> str:
    if "/" in text:
        raise ValueError("a name without folders; those stand in file_folder")
    return _with(PARTS, text)


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class OfficeTable(_Table):
    """``[office]``: what stands at the head of print-outs and in exports."""

    name: str = ""
    """Of the office; empty: the name of the book's unit."""
    formerly: tuple[FormerName, ...] = ()
    """What it was called before: print-outs of those days say so, search finds either."""
    parent: str = ""
    """Cơ quan chủ quản: the body above it."""
    code: str = ""
    """Organisation code (QĐ 20/2020/QĐ-TTg, or 000.00.00.H57)."""
    place: str = ""
    """Where documents are dated: ``Huế``."""
    font: Path | None = None
    """A TrueType file for print-outs, such as the office's Times New Roman."""
    bold_font: Path | None = None


class SeriesTable(_Table):
    """``[books.<key>.series.<key>]``: one run of numbers in an outgoing book."""

    name: str = Field(min_length=1)
    symbol: Annotated[str, AfterValidator(_symbol)]
    form: Annotated[str, AfterValidator(_form)] = "{number}/{symbol}"
    width: int = Field(default=2, ge=1, le=6)
    first: int = Field(default=1, ge=1)


class BookTable(_Table):
    """``[books.<key>]``: one book, of one unit, in one direction."""

    name: str = Field(min_length=1)
    direction: Literal["in", "out"]
    unit: str
    mailboxes: tuple[str, ...] = ()
    """Keys of mailboxes in directory.toml whose mail belongs in it."""
    intake: Literal["at-once", "propose"] = "propose"
    letters: Literal["propose", "leave"] = "leave"
    """Mail without a document, where ``intake`` is ``propose``."""
    clerks: tuple[str, ...] = ()
    inserts: bool = False
    file_folder: Annotated[str, AfterValidator(_folder)] = "{book}/{year}/{month}"
    file_name: Annotated[str, AfterValidator(_name)] = "{arrival}_{number}_{abstract}"
    series: dict[str, SeriesTable] = Field(default_factory=dict)


class BooksTable(_Table):
    """The whole of books.toml. Without the file there are no books."""

    office: OfficeTable = OfficeTable()
    files: Path | None = None
    """Where documents are saved under their arrival number; None: nowhere."""
    books: dict[str, BookTable] = Field(default_factory=dict)
    hooks: dict[str, HookTable] = Field(default_factory=dict)
    """Programs that are told what happens in the books."""

    @classmethod
    def read(cls, table: dict[str, object], people: Tables | None) -> BooksTable:
        """Check what tomllib gave, also against the directory if that could be read."""
        tables = cls.model_validate_json(json.dumps(table, default=str))
        faults = list(_faults(tables, people)) if people is not None else []
        if faults:
            raise ValidationError.from_exception_data("books", list(map(_detail, faults)))
        return tables

    def placed(self, folder: Path) -> BooksTable:
        """With paths taken from the folder that the file is in."""
        office = self.office
        fonts = {"font": office.font, "bold_font": office.bold_font}
        moved = {name: folder / path for name, path in fonts.items() if path is not None}
        update: dict[str, object] = {"office": office.model_copy(update=moved)}
        if self.files is not None:
            update["files"] = folder / self.files
        update["hooks"] = {key: hook.placed(folder) for key, hook in self.hooks.items()}
        return self.model_copy(update=update)

    def by_address(self, people: Tables) -> dict[str, str]:
        """The key of the incoming book for each mailbox, by its own address (``Address.key``)."""
        return {
            people.mailboxes[box].address.lower(): key
            for key, book in self.books.items()
            if book.direction == "in"
            for box in book.mailboxes
        }

    def outgoing_of(self, address: str, unit: str, people: Tables) -> frozenset[str]:
        """The keys of the outgoing books of a mailbox: those that name it, those of its unit."""
        return frozenset(
            key
            for key, book in self.books.items()
            if book.direction == "out"
            and (
                book.unit == unit
                or address.lower() in {people.mailboxes[b].address.lower() for b in book.mailboxes}
            )
        )

    def clerks_of(self, key: str, people: Tables) -> frozenset[str]:
        """Who keeps a book: who is named, or else who keeps its mailboxes and leads its unit."""
        book = self.books[key]
        if book.clerks:
            return frozenset(book.clerks)
        kept = {login for box in book.mailboxes for login in people.mailboxes[box].keepers}
        return frozenset(kept | {people.units[book.unit].leader})


def _detail(fault: Fault) -> InitErrorDetails:
    path, what = fault
    error = PydanticCustomError("books", "{what}", {"what": what})
    return InitErrorDetails(type=error, loc=path, input=path[-1])


def _faults(tables: BooksTable, people: Tables) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for key, hook in tables.hooks.items():
        yield from _unknown(("hooks", key, "books"), hook.books, tables.books, "books.toml")
    for key, book in tables.books.items():
        yield from _unknown(("books", key, "unit"), (book.unit,), people.units)
        yield from _unknown(("books", key, "mailboxes"), book.mailboxes, people.mailboxes)
        yield from _unknown(("books", key, "clerks"), book.clerks, people.people)
        for box in book.mailboxes if book.direction == "in" else ():
            if box in seen:
                yield ("books", key, "mailboxes"), f"{box!r} belongs to {seen[box]!r} already"
            seen.setdefault(box, key)
        if book.direction == "out" and not book.series:
            yield ("books", key), "an outgoing book needs a series: [books.<key>.series.<key>]"
        if book.direction == "in" and book.series:
            yield ("books", key, "series"), "an incoming book has one series, its arrival numbers"


def _unknown(
    path: tuple[str, ...],
    names: tuple[str, ...],
    there_are: Mapping[str, object],
    file: str = "directory.toml",
) -> Iterator[Fault]:
    for name in names:
        if name not in there_are:
            yield path, f"there is no {name!r} in {file}; {', '.join(sorted(there_are))}"

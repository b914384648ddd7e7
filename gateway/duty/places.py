"""From the directory and the books' settings to the places that somebody looks after."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.directory.lookup import People
from gateway.directory.tables import Tables
from gateway.duty.items import Place
from gateway.mail.people import MailboxKind
from gateway.registry.tables import BooksTable


def places(people: Tables, books: BooksTable) -> dict[str, Place]:
    """All of them by key, the books first, then what was given to units, mailboxes, people."""
    known = People(people)
    found = [*_books(people, books), *_units(people, known), *_boxes(people, known)]
    found += [
        Place(
            f"person:{login}",
            row.name,
            MailboxKind.PERSONAL,
            frozenset({login}),
            leaders_of(people, row.unit),
        )
        for login, row in people.people.items()
    ]
    return {place.key: place for place in found}


def leaders_of(people: Tables, unit: str) -> tuple[str, ...]:
    """Whom a unit's affairs are reported to: its leader; of the whole office its deputies, too."""
    row = people.units.get(unit)
    if row is None:
        return ()
    return (row.leader,) if row.parent else (row.leader, *row.deputies)


def _kind(people: Tables, unit: str) -> MailboxKind:
    return MailboxKind.UNIT if people.units[unit].parent else MailboxKind.AGENCY


def _books(people: Tables, books: BooksTable) -> Iterator[Place]:
    for key, book in books.books.items():
        if book.direction == "in":
            clerks, lead = books.clerks_of(key, people), leaders_of(people, book.unit)
            yield Place(f"book:{key}", book.name, _kind(people, book.unit), clerks, lead)


def _units(people: Tables, known: People) -> Iterator[Place]:
    """What was given to a unit is seen to by whoever keeps its mailboxes, or else its leader."""
    for key, unit in people.units.items():
        keepers = {
            login
            for box in known.mailboxes()
            if box.unit == key and box.kind is MailboxKind.UNIT
            for login in box.keepers
        }
        lead = leaders_of(people, key)
        kept = frozenset(keepers or {unit.leader})
        yield Place(f"unit:{key}", unit.name, _kind(people, key), kept, lead)


def _boxes(people: Tables, known: People) -> Iterator[Place]:
    """A personal mailbox has no leader: what lies in it is its owner's alone."""
    for box in known.mailboxes():
        is_own = box.kind is MailboxKind.PERSONAL
        lead = () if is_own else leaders_of(people, box.unit)
        name = f"{box.name} <{box.address}>"
        yield Place(f"box:{box.address.key}", name, box.kind, box.keepers, lead)

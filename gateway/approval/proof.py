"""A bundle that shows offline what was sent, who approved it, what the books say of it, and where
all that stands in the journal.

Of records that are nobody's business in it only heads and digests are given: enough for the chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from gateway.approval.book import Book, Decided, Waiting
from gateway.archive.journal import Record
from gateway.archive.keeper import FileJournal
from gateway.archive.queries import Found, Queries
from gateway.archive.record import START, encode_command, front_of
from gateway.archive.registering import Amend, Arrive, Claim, Confirm, Insert, Reserve, Use, Void
from gateway.identity.keyring import Keyring

VERSION = 2
"""1 had no ``register``."""
PATH_MAX = 1_000_000
"""Records between the first that counts and the release; more are no longer a bundle."""
BOOKING = (Reserve, Insert, Claim, Use, Void, Amend, Arrive, Confirm)
"""What makes a line of a book; who was told to handle it is nobody's business in a proof."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What the books say of the message, as JSON, and how the journal's records name it."""

    lines: Sequence[dict[str, Any]] = ()
    ids: frozenset[str] = frozenset()
    first: int = 0
    """The record in which the first of them begins; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class _About:
    """Which records of the journal are given whole."""

    mails: frozenset[str]
    lines: frozenset[str]

    def __contains__(self, record: Record) -> bool:
        command = record.command
        id_ = getattr(command, "id", "")
        if isinstance(command, BOOKING):
            return id_ in self.lines
        return bool({id_, getattr(command, "mail", "")} & self.mails)


def proof_of(
    journal: FileJournal,
    queries: Queries,
    book: Book,
    keyring: Keyring,
    found: Found,
    register: Registered = Registered(),
) -> dict[str, Any]:
    """What stands in proof.json. LookupError if the message was never to be approved."""
    row = book.ask(found.id)
    if row is None:
        raise LookupError(f"{found.number or found.id} never waited for approval")
    said = book.decisions(found.id)
    mails, draft = {found.id}, list[Decided]()
    if any(word.channel == "tag" for word in said):
        mails.add(row.before)
        draft = [w for w in book.decisions(row.before) if w.counted and w.decision == "approve"]
    about = _About(frozenset(mails), register.ids)
    begin = min(arrival.seq for arrival in _arrivals(queries, mails))
    first = journal.read(min(begin, register.first or begin), with_raw=False)
    before = journal.read(first.seq - 1, with_raw=False).chain if first.seq > 1 else START
    path = list(_path(journal, first, before, about, _last(journal, first, about)))
    return {
        "version": VERSION,
        "message": {"id": found.id, "number": found.number, "seq": found.seq},
        "ask": msgspec.to_builtins(_plain(row)),
        "decisions": [_plain(word) for word in said if word.counted],
        "draft": [_plain(word) for word in draft],
        "register": list(register.lines),
        "keys": {k.record_name: k.record for k in keyring.keys},
        "chain": {"before": before.hex(), "path": path, "head": _head(path)},
    }


def _arrivals(queries: Queries, about: Iterable[str]) -> list[Found]:
    return [found for id_ in about if (found := queries.one(id_)) is not None]


def _plain(value: Waiting | Decided) -> dict[str, Any]:
    return {name: msgspec.to_builtins(getattr(value, name)) for name in value.__slots__}


def _last(journal: FileJournal, first: Record, about: _About) -> int:
    """The last record that is about one of them."""
    last = first.seq
    for record in journal.follow_from(first.segment, first.offset):
        if record in about:
            last = record.seq
    if last - first.seq > PATH_MAX:
        raise ValueError(f"{last - first.seq} records lie between first and last: too many")
    return last


def _path(
    journal: FileJournal, first: Record, chain: bytes, about: _About, last: int
) -> Iterator[dict[str, Any]]:
    for record in journal.follow_from(first.segment, first.offset):
        if record.seq > last:
            return
        meta = encode_command(record.command)
        front = front_of(record, meta, chain)
        if front is None:
            raise ValueError(
                f"record {record.seq} was written by another version of this program; "
                "make the proof with that one"
            )
        link = {"seq": record.seq, "front": front.hex(), "json_sha256": sha256(meta).hexdigest()}
        if record in about:
            link["json"] = meta.decode()
        chain = record.chain
        yield link | {"chain": chain.hex()}


def _head(path: list[dict[str, Any]]) -> str:
    return str(path[-1]["chain"]) if path else ""

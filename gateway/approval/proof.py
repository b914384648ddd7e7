"""A bundle that shows offline what was sent, who approved it, and where that stands in the journal.

Of records that are nobody's business in it only heads and digests are given: enough for the chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

import msgspec

from gateway.approval.book import Book, Decided, Waiting
from gateway.archive.journal import Record
from gateway.archive.keeper import FileJournal
from gateway.archive.queries import Found, Queries
from gateway.archive.record import START, encode_command, front_of
from gateway.identity.keyring import Keyring

VERSION = 1
PATH_MAX = 1_000_000
"""Records between the message and its release; more are no longer a bundle."""


def proof_of(
    journal: FileJournal, queries: Queries, book: Book, keyring: Keyring, found: Found
) -> dict[str, Any]:
    """What stands in proof.json. LookupError if the message was never to be approved."""
    row = book.ask(found.id)
    if row is None:
        raise LookupError(f"{found.number or found.id} never waited for approval")
    said = book.decisions(found.id)
    about, draft = {found.id}, list[Decided]()
    if any(word.channel == "tag" for word in said):
        about.add(row.before)
        draft = [w for w in book.decisions(row.before) if w.counted and w.decision == "approve"]
    first = queries.record(min(_arrivals(queries, about), key=lambda f: f.seq))
    before = journal.read(first.seq - 1).chain if first.seq > 1 else START
    path = list(_path(journal, first, about, _last(journal, first, about)))
    return {
        "version": VERSION,
        "message": {"id": found.id, "number": found.number, "seq": found.seq},
        "ask": msgspec.to_builtins(_plain(row)),
        "decisions": [_plain(word) for word in said if word.counted],
        "draft": [_plain(word) for word in draft],
        "keys": {k.record_name: k.record for k in keyring.keys},
        "chain": {"before": before.hex(), "path": path, "head": _head(path)},
    }


def _arrivals(queries: Queries, about: Iterable[str]) -> list[Found]:
    return [found for id_ in about if (found := queries.one(id_)) is not None]


def _plain(value: Waiting | Decided) -> dict[str, Any]:
    return {name: msgspec.to_builtins(getattr(value, name)) for name in value.__slots__}


def _is_about(record: Record, about: set[str]) -> bool:
    command = record.command
    return bool({getattr(command, name, "") for name in ("id", "mail")} & about)


def _last(journal: FileJournal, first: Record, about: set[str]) -> int:
    """The last record that is about one of them."""
    last = first.seq
    for record in journal.follow_from(first.segment, first.offset):
        if _is_about(record, about):
            last = record.seq
    if last - first.seq > PATH_MAX:
        raise ValueError(f"{last - first.seq} records lie between arrival and release: too many")
    return last


def _path(
    journal: FileJournal, first: Record, about: set[str], last: int
) -> Iterator[dict[str, Any]]:
    chain = journal.read(first.seq - 1).chain if first.seq > 1 else START
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
        if _is_about(record, about):
            link["json"] = meta.decode()
        chain = record.chain
        yield link | {"chain": chain.hex()}


def _head(path: list[dict[str, Any]]) -> str:
    return str(path[-1]["chain"]) if path else ""

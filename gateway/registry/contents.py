"""The files of a line, out of the messages that bore them."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine

from gateway.archive.queries import Queries
from gateway.mail.message import Message
from gateway.registry.dossier import dossier
from gateway.registry.lines import Line
from gateway.registry.reading import papers_in


def contents(engine: Engine, queries: Queries, line: Line) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the files of a line's messages, the main one first."""
    found = dossier(engine, line)
    rows: list[Any] = sorted(found.files, key=lambda row: not row.is_main)
    for row in rows:
        mail = queries.one(row.mail) if row.mail else None
        if mail is None:
            continue
        for part, data in papers_in(Message(queries.record(mail).raw)):
            if sha256(data).hexdigest() == row.sha256:
                yield part.filename or "document.pdf", data

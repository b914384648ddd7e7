"""The documents of a mail, read once for every filter that asks."""

from __future__ import annotations

import asyncio

from gateway.mail.markers import endings
from gateway.mail.mime import Part
from gateway.mail.papers import PAPERS, Documents, Paper
from gateway.mail.services import required
from gateway.mail.session import Mail

PAPERS_MAX = 40
"""Documents of one mail that are read; whoever sends more is told by ``unread_papers``."""
NAMED = frozenset(
    """pdf doc dot docx docm dotx dotm xls xlt xlsx xlsm xlsb ppt pptx pptm rtf odt ods odp
    """.split()  # noqa: SIM905 -- a list of endings reads better as words.
)
_BEGINNINGS = (b"%PDF-", b"{\\rtf", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_HEAD_BYTES = 1024 + 8
"""``%PDF-`` may stand behind up to 1,024 other bytes, and readers still open the file."""


def is_paper(part: Part) -> bool:
    """Whether a part is a document, by its name or by its bytes."""
    if not part.is_attachment:
        return False
    if any(NAMED.intersection(endings(name)[:1]) for name in part.names):
        return True
    head = part.decoded(_HEAD_BYTES)
    return b"%PDF-" in head or head.startswith(_BEGINNINGS)


async def papers_of(mail: Mail) -> tuple[Paper, ...]:
    """Every attached document with its facts, in the order of the mail.

    Asked for twice, it is read once. LookupError where no [documents] are configured.
    """
    known = mail.transaction.facts.get(PAPERS)
    if known is None:
        room = required(mail.services.documents, "documents")
        parts = [part for part in mail.message.mime.attachments if is_paper(part)]
        known = tuple(await asyncio.gather(*(_read(room, p) for p in parts[:PAPERS_MAX])))
        mail.transaction.facts[PAPERS] = known
    return known


def unread_papers(mail: Mail) -> int:
    """How many documents were too many to read."""
    parts = sum(is_paper(part) for part in mail.message.mime.attachments)
    return max(0, parts - PAPERS_MAX)


async def _read(room: Documents, part: Part) -> Paper:
    name = part.filename or part.type
    return Paper(part=part.index, name=name, facts=await room.facts(part.decoded(), name))

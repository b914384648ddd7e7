"""The documents of a mail, read once for every filter that asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from gateway.mail.containers import archive_kind, look_into
from gateway.mail.facts import Fact
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
PICTURES = frozenset({"jpg", "jpeg", "png", "tif", "tiff"})
PICTURE_BYTES = 10_000
"""A picture of fewer bytes is a logo or a smile, not a page that could be read."""
_BEGINNINGS = (b"%PDF-", b"{\\rtf", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_HEAD_BYTES = 1024 + 8
"""``%PDF-`` may stand behind up to 1,024 other bytes, and readers still open the file."""


def is_paper(part: Part) -> bool:
    """Whether a part is a document, by its name or by its bytes."""
    if not part.is_attachment:
        return False
    if any(_is_named(name, len(part.raw)) for name in part.names):
        return True
    head = part.decoded(_HEAD_BYTES)
    return _begins_like_one(head) and not archive_kind(head)


async def papers_of(mail: Mail) -> tuple[Paper, ...]:
    """Every attached document with its facts, in the order of the mail; those in archives, too.

    Asked for twice, it is read once. LookupError where no [documents] are configured.
    """
    if not mail.message.mime.attachments:
        return ()
    known = mail.transaction.facts.get(PAPERS)
    if known is None:
        room = required(mail.services.documents, "documents")
        found = await asyncio.to_thread(lambda: list(_attached(mail)))
        known = tuple(await asyncio.gather(*(_read(room, *one) for one in found[:PAPERS_MAX])))
        mail.transaction.facts[PAPERS] = known
        mail.transaction.facts[_UNREAD] = max(0, len(found) - PAPERS_MAX)
    return known


_UNREAD: Fact[int] = Fact("papers-unread")


def unread_papers(mail: Mail) -> int:
    """How many documents were too many to read; known once ``papers_of`` was asked."""
    return mail.transaction.facts.get(_UNREAD) or 0


def _attached(mail: Mail) -> Iterator[tuple[int, str, bytes]]:
    """Part, name and bytes of every document; one in an archive is ``a.zip/b.pdf``."""
    for part in mail.message.mime.attachments:
        name = part.filename or part.type
        if is_paper(part):
            yield part.index, name, part.decoded()
            continue
        data = part.decoded()
        if not archive_kind(data):
            continue
        for member in look_into(data, name, mail.message.limits).members:
            if _is_named(member.path, len(member.data)) or _begins_like_one(
                member.data[:_HEAD_BYTES]
            ):
                yield part.index, member.path, member.data


def _is_named(name: str, size: int) -> bool:
    last = frozenset(endings(name)[:1])
    return bool(NAMED & last) or (size >= PICTURE_BYTES and bool(PICTURES & last))


def _begins_like_one(head: bytes) -> bool:
    return b"%PDF-" in head or head.startswith(_BEGINNINGS)


async def _read(room: Documents, part: int, name: str, data: bytes) -> Paper:
    return Paper(part=part, name=name, facts=await room.facts(data, name))

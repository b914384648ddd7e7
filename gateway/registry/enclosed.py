"""The documents of a mail as documents: read once, for every filter that asks."""

from __future__ import annotations

from gateway.mail.facts import Fact
from gateway.mail.hypertext import plain
from gateway.mail.papers import DocumentFacts, Paper
from gateway.mail.reading import papers_of
from gateway.mail.session import Mail
from gateway.mail.vietnamese import readable
from gateway.registry.document import Document, document_of_lines, read_document
from gateway.registry.layout import lines_of_text
from gateway.registry.said import Source

READ: Fact[tuple[tuple[Paper, Document], ...]] = Fact("documents-read")
BODY_MAX = 16 * 1024
"""Bytes of a mail's own text that are read."""


def own_text(mail: Mail) -> str:
    """The text that is read in place, HTML as plain text, old charsets converted."""
    told: list[str] = []
    for part in mail.message.mime.leaves:
        if part.is_attachment:
            continue
        text = readable(part.text(BODY_MAX))
        told.append(plain(text) if part.type == "text/html" else text)
    return "\n".join(told)


async def documents_of(mail: Mail) -> tuple[tuple[Paper, Document], ...]:
    """Every attached document with what it says of itself, in the order of the mail.

    LookupError where no [documents] are configured.
    """
    known = mail.transaction.facts.get(READ)
    if known is None:
        subject, body = mail.message.header("Subject"), own_text(mail)
        papers = await papers_of(mail)
        hints = (subject, body) if len(papers) == 1 else ("", "")
        known = tuple(
            (p, read_document(p.facts, name=p.name, subject=hints[0], body=hints[1]))
            for p in papers
        )
        mail.transaction.facts[READ] = known
    return known


def document_in(text: str) -> Document:
    """What a text says that is no file: a letter written into the mail itself."""
    return document_of_lines(lines_of_text(text), Source.BODY)


def is_readable(facts: DocumentFacts) -> bool:
    """Whether anything could be read off it."""
    return bool(facts.ocr) or any(page.text.strip() for page in facts.pages)

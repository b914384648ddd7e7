"""From what a document says to what a line proposes: values, and why they are believed.

A number or a day goes into a line by itself only where it is certain; otherwise every candidate is
kept beside the line for the clerk to choose from. Words (abstract, issuer) are taken as the best
source has them: a slip in them misleads nobody about which document it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import msgspec

from gateway.archive.registering import Particulars, Said
from gateway.mail.kinds import Kind
from gateway.mail.number import find, latin
from gateway.mail.papers import DocumentFacts
from gateway.mail.text import one_line
from gateway.registry.document import Document, read_document
from gateway.registry.edxml import Envelope
from gateway.registry.said import Said as DocumentSaid

EDXML = "edxml"
EDXML_WORTH = 0.98
SUBJECT_WORTH = 0.5
NAME_WORTH = 0.35
SUBJECT_MAX = 500
STAMPED = "có dấu chỉ độ mật: nội dung không được ghi ở đây"
"""All that a line says of a document with a secrecy stamp (law 117/2025/QH15, article 5)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What goes into a line, and everything that speaks for and against it."""

    particulars: Particulars
    said: tuple[Said, ...] = ()
    is_secret: bool = False
    """It bears a secrecy stamp: nothing of its text may be kept in an index."""
    is_document: bool = False
    """Whether it looks like an official document at all."""

    def beside(self, other: Evidence | None) -> Evidence:
        """With what another source says where this one says nothing."""
        if other is None:
            return self
        mine = msgspec.structs.asdict(self.particulars)
        theirs = msgspec.structs.asdict(other.particulars)
        both = {name: value or theirs[name] for name, value in mine.items()}
        return replace(
            self,
            particulars=Particulars(**both),
            said=(*self.said, *other.said),
            is_secret=self.is_secret or other.is_secret,
            is_document=True,
        )


def of_words(subject: str, names: Iterable[str]) -> Evidence:
    """What a subject and file names say: numbers in them are proposals."""
    said = [_candidate(number, "subject", SUBJECT_WORTH) for number in _numbers(subject)]
    for name in names:
        readable = name.rpartition(".")[0].replace("_", "/")
        said += [_candidate(number, "file-name", NAME_WORTH) for number in _numbers(readable)]
    abstract = one_line(subject, SUBJECT_MAX)
    return Evidence(Particulars(abstract=abstract), tuple(said), is_document=bool(said))


def _numbers(text: str) -> Iterable[str]:
    return dict.fromkeys(str(number) for number, _, _ in find(latin(text)))


def _candidate(number: str, source: str, worth: float) -> Said:
    return Said("number", number, source, worth)


def of_edxml(envelope: Envelope) -> Evidence:
    """The sending system's own data."""
    said = [
        Said(name, value, EDXML, EDXML_WORTH)
        for name, value in msgspec.structs.asdict(envelope.document).items()
        if value
    ]
    return Evidence(envelope.document, tuple(said), is_document=True)


def of_paper(
    facts: DocumentFacts, name: str, subject: str, body: str, symbols: tuple[str, ...]
) -> Evidence:
    """What a document says of itself, weighed against what came with it."""
    document = read_document(facts, name=name, subject=subject, body=body, symbols=symbols)
    if document.secrecy:
        return Evidence(Particulars(note=STAMPED), is_secret=True, is_document=True)
    said = tuple(
        Said(field, _written(one.value), one.source.value, one.confidence)
        for field, values in _fields(document)
        for one in values.values
    )
    particulars = Particulars(
        number=_certain(document.number),
        issued=_certain(document.day),
        kind=_best(document.kind),
        abstract=_best(document.abstract) or one_line(subject, SUBJECT_MAX),
        issuer=_best(document.issuer),
        signer=_best(document.signer),
        signer_title=_title(document.authority.best or ()),
        recipients=_best(document.recipients),
        urgency=_best(document.urgency),
        pages=str(facts.page_count or ""),
        medium="electronic",
    )
    is_document = document.speaks or bool(document.number)
    return Evidence(particulars, said, is_document=is_document)


def _fields(document: Document) -> Iterable[tuple[str, DocumentSaid[Any]]]:
    yield from (
        ("number", document.number),
        ("issued", document.day),
        ("kind", document.kind),
        ("abstract", document.abstract),
        ("issuer", document.issuer),
        ("signer", document.signer),
        ("recipients", document.recipients),
        ("urgency", document.urgency),
    )


def _certain(said: DocumentSaid[Any]) -> str:
    return _written(said.best) if said.is_certain else ""


def _best(said: DocumentSaid[Any]) -> str:
    return _written(said.best) if said else ""


def _written(value: Any) -> str:
    """A value as a line has it."""
    match value:
        case Kind(vi=name):
            return name
        case date():
            return value.isoformat()
        case tuple():
            return "; ".join(map(str, value))
        case None:
            return ""
        case _:
            return str(value)


def _title(authority: tuple[str, ...]) -> str:
    """The signer's own title: the last line above the signature, ``PHÓ GIÁM ĐỐC``."""
    return authority[-1].rpartition(". ")[2] if authority else ""

"""From what a document says to what a line proposes: values, and why they are believed.

A number or a day goes into a line by itself only where it is certain; otherwise every candidate is
kept beside the line for the clerk to choose from. Words (abstract, issuer) are taken as the best
source has them: a slip in them misleads nobody about which document it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec

from gateway.archive.registering import Particulars, Said
from gateway.mail.number import find, latin
from gateway.mail.papers import DocumentFacts
from gateway.mail.text import one_line
from gateway.registry.edxml import Envelope

EDXML = "edxml"
EDXML_WORTH = 0.98
SUBJECT_WORTH = 0.5
NAME_WORTH = 0.35
SUBJECT_MAX = 500


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
    facts: DocumentFacts,
    name: str,
    subject: str,
    body: str,
    symbols: tuple[str, ...],  # noqa: ARG001
) -> Evidence:
    """What a document says of itself, weighed against what came with it."""
    return of_words(f"{subject} {body[:200]}", (name or facts.name,))

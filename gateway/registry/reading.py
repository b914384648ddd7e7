"""What a message brings: its documents, what they say, and the text they are found by.

Files are opened in the glass room (``Services.documents``) where there is one; without it the
message's own words and edXML still speak.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import PurePath

from gateway.archive.registering import File, Particulars, Said
from gateway.mail.message import Message
from gateway.mail.mime import Part
from gateway.mail.papers import Documents, FileKind
from gateway.mail.vietnamese import readable, readable_beside
from gateway.registry.edxml import NotEdxml, is_edxml, read_edxml
from gateway.registry.evidence import STAMPED, Evidence, of_edxml, of_paper, of_words

PAPERS_MAX = 20
"""Documents of one message that are read."""
BODY_MAX = 64 * 1024
SUFFIXES = frozenset(
    {".pdf", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".rtf", ".odt", ".ods", ".edxml"}
    | {".jpg", ".jpeg", ".png", ".tif", ".tiff"}
)
"""What a document's name ends in, where nobody looked inside."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One document that came with a message."""

    file: File
    data: bytes
    suffix: str
    """``.pdf``."""
    evidence: Evidence | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """All that a message brings to the books."""

    papers: tuple[Paper, ...]
    """The main document first."""
    evidence: Evidence
    """Of the main document, with what the message says about it."""

    @property
    def files(self) -> tuple[File, ...]:
        """Of what bears a secrecy stamp without their names: names tell what they are about."""
        if self._is_secret:
            return tuple(File(paper.file.sha256, part=paper.file.part) for paper in self.papers)
        return tuple(paper.file for paper in self.papers)

    @property
    def _is_secret(self) -> bool:
        return any(paper.evidence and paper.evidence.is_secret for paper in self.papers)

    @property
    def particulars(self) -> Particulars:
        return Particulars(note=STAMPED) if self._is_secret else self.evidence.particulars

    @property
    def said(self) -> tuple[Said, ...]:
        return () if self._is_secret else self.evidence.said

    @property
    def text(self) -> str:
        """What it is found by; nothing of a document that bears a secrecy stamp."""
        if self._is_secret:
            return ""
        return "\n".join(paper.text for paper in self.papers if paper.text)


def papers_in(message: Message) -> Iterator[tuple[Part, bytes]]:
    """The attachments that are documents by name or type, decoded; at most ``PAPERS_MAX``."""
    count = 0
    for part in message.mime.attachments:
        suffixes = {PurePath(name).suffix.lower() for name in part.names}
        is_one = suffixes & SUFFIXES or part.type in {"application/pdf", "application/msword"}
        if is_one or part.type.startswith("application/vnd."):
            count += 1
            yield part, part.decoded()
        if count >= PAPERS_MAX:
            return


async def read_message(
    message: Message, documents: Documents | None, symbols: tuple[str, ...] = ()
) -> Brought:
    """Open what a message brings. Never an exception because of what a stranger sent."""
    body = _body(message)
    subject = readable_beside(message.header("Subject"), body)
    body = readable(body)
    papers: list[Paper] = []
    for part, data in papers_in(message):
        papers += await _opened(part, data, documents, subject, body, symbols)
    papers.sort(key=_rank)
    if papers and papers[0].evidence is not None:
        return Brought(tuple(papers), papers[0].evidence)
    names = tuple(paper.file.name for paper in papers)
    return Brought(tuple(papers), of_words(subject, names))


def _rank(paper: Paper) -> tuple[bool, bool, bool]:
    """The main document is the one that says a number, a PDF before others."""
    speaks = paper.evidence is not None and bool(paper.evidence.particulars.number)
    return (paper.suffix != ".edxml" or not speaks, not speaks, paper.suffix != ".pdf")


def _body(message: Message) -> str:
    texts = (p for p in message.mime.leaves if not p.is_attachment and p.type == "text/plain")
    first = next(texts, None)
    return first.text(BODY_MAX) if first is not None else ""


async def _opened(
    part: Part,
    data: bytes,
    documents: Documents | None,
    subject: str,
    body: str,
    symbols: tuple[str, ...],
) -> list[Paper]:
    name = readable_beside(part.filename, f"{subject}\n{body}")
    file = File(sha256(data).hexdigest(), name, part.index)
    suffix = PurePath(part.filename).suffix.lower() or (
        ".pdf" if data.startswith(b"%PDF") else ".bin"
    )
    if is_edxml(data):
        return await _edxml(file, data, documents, symbols)
    if documents is None:
        return [Paper(file, data, suffix)]
    facts = await documents.facts(data, part.filename)
    if facts.kind is not FileKind.OTHER:
        suffix = f".{facts.kind.value}"
    told = of_paper(facts, name, subject, body, symbols)
    return [Paper(file, data, suffix, told, readable(facts.text))]


async def _edxml(
    file: File, data: bytes, documents: Documents | None, symbols: tuple[str, ...]
) -> list[Paper]:
    """The sending system's own data first; the documents in it are files of the same part."""
    try:
        envelope = read_edxml(data)
    except NotEdxml:
        return [Paper(file, data, ".edxml")]
    if envelope.status:
        return [Paper(file, data, ".edxml")]
    inner: list[Paper] = []
    for name, content in envelope.files:
        one = File(sha256(content).hexdigest(), name, file.part)
        suffix, text = PurePath(name).suffix.lower() or ".bin", ""
        if documents is not None:
            facts = await documents.facts(content, name)
            text = readable(facts.text)
            told = of_paper(facts, name, "", "", symbols)
            inner.append(Paper(one, content, suffix, told, text))
        else:
            inner.append(Paper(one, content, suffix))
    evidence = of_edxml(envelope)
    if inner:
        inner[0] = replace(inner[0], evidence=evidence.beside(inner[0].evidence))
        return [*inner, Paper(file, data, ".edxml")]
    return [Paper(file, data, ".edxml", evidence)]

"""What a document says of itself, each value with its source and how far it is to be believed.

Several sources may speak: what the signing tool drew into signature fields, the text a reader
sees, what was read off a picture, the mail's subject and the files' names. They are kept side by
side; where they disagree a person is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from gateway.mail.kinds import Kind, kind_of
from gateway.mail.number import DocumentNumber, symbol_key
from gateway.mail.papers import (
    NOWHERE,
    Belief,
    DocumentFacts,
    FileKind,
    FormField,
    PageFacts,
    Span,
)
from gateway.mail.text import folded
from gateway.registry import scan
from gateway.registry.foot import Foot, read_addressees, read_foot
from gateway.registry.heading import Heading, read_heading
from gateway.registry.hints import Hint, in_body, in_file_name, in_subject, is_same, is_short_for
from gateway.registry.layout import Line, lines_of
from gateway.registry.marks import (
    Secrecy,
    Urgency,
    has_draft_mark,
    says_draft,
    secrecy_in,
    urgency_in,
)
from gateway.registry.said import AGREED, UNSAID, Said, Source, Value, value, weigh

T = TypeVar("T")

HEADING_LINES = 60
"""Lines of the first page where stamps of haste, secrecy and "dự thảo" may stand."""
OCR_WORDS = 0.7
"""Words read off a picture: right in 48 of 50 abstracts that were looked at."""
OCR_SYMBOL = 0.75
"""Symbols read off a picture: right in 46 of 50."""
OCR_MONTH = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Every field of the registers' columns. An empty ``Said`` is not known."""

    number: Said[DocumentNumber] = UNSAID
    """Suffix and year within it, too."""
    symbol: Said[str] = UNSAID
    """Also where the number is blank or was written by hand."""
    day: Said[date] = UNSAID
    month: Said[tuple[int, int]] = UNSAID
    """(year, month), also where the day is blank or was written by hand."""
    place: Said[str] = UNSAID
    kind: Said[Kind] = UNSAID
    issuer: Said[str] = UNSAID
    parent: Said[str] = UNSAID
    abstract: Said[str] = UNSAID
    addressees: Said[tuple[str, ...]] = UNSAID
    """Kính gửi."""
    recipients: Said[tuple[str, ...]] = UNSAID
    """Nơi nhận without its archive line, an entry for each printed item."""
    archive: Said[str] = UNSAID
    authority: Said[tuple[str, ...]] = UNSAID
    """The lines above the signature."""
    signer: Said[tuple[str, ...]] = UNSAID
    urgency: Said[Urgency] = UNSAID
    secrecy: Said[Secrecy] = UNSAID
    """The stamp; a text about secrets has none."""
    is_draft: bool = False

    @property
    def speaks(self) -> bool:
        """Whether it is an official document at all: a symbol, or issuer and signer."""
        return bool(self.symbol) or bool(self.issuer and self.authority)

    @property
    def signing_mark(self) -> str:
        """``KT``, ``TM``, ``TL``, ``TUQ``, ``Q``, the first of the chain; empty for the head."""
        for line in self.authority.best or ():
            if found := _MARK.match(line):
                return found[1].upper()
        return ""


_MARK = re.compile(r"^(KT|TM|TL|TUQ|Q)\s*\.", re.IGNORECASE)


def read_document(
    facts: DocumentFacts,
    *,
    name: str = "",
    subject: str = "",
    body: str = "",
    symbols: Iterable[str] = (),
) -> Document:
    """All sources together. ``symbols`` are those that this office or its partners use."""
    known = {symbol_key(symbol): symbol for symbol in symbols}
    sources = [_of_text(facts), _of_hidden_text(facts), _of_ocr(facts, known)]
    hints = (*in_subject(subject), *in_file_name(name or facts.name), *in_body(body))
    document = _merged([one for one in sources if one is not None])
    document = replace(document, number=_with_hints(document, hints))
    is_draft = document.is_draft or says_draft(subject) or says_draft(name or facts.name)
    return replace(document, is_draft=is_draft)


def document_of_lines(lines: Sequence[Line], source: Source) -> Document:
    """What lines from one source say; for text that is no file, such as a mail's own body."""
    return _said(lines, source)


def _of_text(facts: DocumentFacts) -> Document | None:
    pages = [page for page in facts.pages if _is_visible(facts, page)]
    if not pages:
        return None
    drawn = [field for field in facts.fields if _is_figure(field)]
    bare = [line for page in pages for line in lines_of(page)]
    document = _said(bare, Source.TEXT)
    if not drawn:
        return document
    filled = [line for page in pages for line in lines_of(_with_fields(page, drawn))]
    shown = _said(filled, Source.SIGNATURE_FIELD)
    return replace(
        document,
        number=document.number or shown.number,
        symbol=document.symbol or shown.symbol,
        day=document.day or shown.day,
        month=document.month or shown.month,
    )


def _is_visible(facts: DocumentFacts, page: PageFacts) -> bool:
    is_drawn = facts.kind is not FileKind.PDF and page.belief is not Belief.NONE
    return is_drawn or page.belief is Belief.VISIBLE


_FIGURE = re.compile(r"^(?:s[ốo]\s*[:.]?|ng[àa]y)?\s*\d{1,6}[a-zđ]?$", re.IGNORECASE)


def _is_figure(field: FormField) -> bool:
    """A number or a day that a signing tool drew, not the note of who signed."""
    return field.box != NOWHERE and bool(_FIGURE.match(" ".join(field.text.split())))


def _with_fields(page: PageFacts, drawn: Iterable[FormField]) -> PageFacts:
    there = tuple(
        Span(text=" ".join(one.text.split()), box=_shrunk(one))
        for one in drawn
        if one.page == page.number
    )
    return replace(page, spans=(*page.spans, *there)) if there else page


def _shrunk(one: FormField) -> tuple[float, float, float, float]:
    """The middle of a field's box: its frame reaches into the lines above and below."""
    left, top, right, bottom = one.box
    middle, half = (top + bottom) / 2, min((bottom - top) / 2, 2.0)
    return left, middle - half, right, middle + half


def _of_hidden_text(facts: DocumentFacts) -> Document | None:
    if facts.kind is not FileKind.PDF:
        return None
    pages = [page for page in facts.pages if page.belief in {Belief.HIDDEN, Belief.DOUBTFUL}]
    lines = [line for page in pages for line in lines_of(page)]
    return _said(lines, Source.HIDDEN_TEXT) if _is_vietnamese(lines) else None


VIETNAMESE_MIN = 0.05


def _is_vietnamese(lines: Sequence[Line]) -> bool:
    """Whether a text layer deserves any belief: some scanners leave one that is all garbage."""
    letters = [c for line in lines for c in line.text if c.isalpha()]
    marked = sum(not c.isascii() for c in letters)
    return bool(letters) and marked > VIETNAMESE_MIN * len(letters)


def _of_ocr(facts: DocumentFacts, known: dict[str, str]) -> Document | None:
    if not facts.ocr:
        return None
    read = scan.heading_of(facts.ocr)
    heading = read_heading(read.lines)
    symbol = scan.with_kind(heading.symbol, heading.kind)
    symbol = known.get(symbol_key(symbol), symbol)
    number = replace(heading.number, symbol=symbol) if heading.number and symbol else None
    heading = replace(heading, symbol=symbol, number=number)
    stamps = scan.stamp_lines(facts.ocr)
    addressees = read_addressees(scan.body_lines(facts.ocr))
    foot = read_foot(scan.foot_lines(facts.ocr))
    foot = replace(foot, signers=scan.signer_name(facts.ocr) or foot.signers)
    said = _filled(heading, foot, addressees, (*read.lines, *stamps), Source.OCR)
    if number is not None and read.number is not None and read.number.is_sure:
        said = replace(said, number=_one(number, Source.OCR, AGREED))
    if heading.date is not None and read.when is not None and read.when.is_sure:
        said = replace(said, day=_one(heading.date, Source.OCR, AGREED))
    return said


def _one(said: T, source: Source, confidence: float | None = None) -> Said[T]:
    return Said((value(said, source, confidence),))


def _maybe(said: T | None, source: Source, confidence: float | None = None) -> Said[T]:
    return Said() if not said else _one(said, source, confidence)


def _said(lines: Sequence[Line], source: Source) -> Document:
    heading = read_heading(lines)
    addressees = read_addressees(lines, max(heading.end - 2, 0))
    first = [line for line in lines if line.page == lines[0].page][:HEADING_LINES] if lines else []
    return _filled(heading, read_foot(lines), addressees, first, source)


def _filled(
    heading: Heading,
    foot: Foot,
    addressees: tuple[str, ...],
    marked: Sequence[Line],
    source: Source,
) -> Document:
    """Everything that was read from one source; ``marked`` are the lines where stamps may be."""
    is_read_off = source in {Source.OCR, Source.HIDDEN_TEXT}
    words = OCR_WORDS if is_read_off else None
    when = (heading.year, heading.month) if heading.year and heading.month else None
    return Document(
        number=_maybe(heading.number, source),
        symbol=_maybe(heading.symbol, source, OCR_SYMBOL if is_read_off else None),
        day=_maybe(heading.date, source),
        month=_maybe(when, source, OCR_MONTH if is_read_off else None),
        place=_maybe(heading.place, source, words),
        kind=_maybe(heading.kind or _kind_said(heading), source, words),
        issuer=_maybe(heading.issuer, source, words),
        parent=_maybe(heading.parent, source, words),
        abstract=_maybe(heading.abstract, source, words),
        addressees=_maybe(addressees, source, words),
        recipients=Said() if foot.recipients is None else _one(foot.recipients, source, words),
        archive=_maybe(foot.archive, source, words),
        authority=_maybe(foot.authority, source, words),
        signer=_maybe(foot.signers, source, words),
        urgency=_maybe(urgency_in(marked), source, words),
        secrecy=_maybe(secrecy_in(marked), source, words),
        is_draft=has_draft_mark(marked),
    )


def _kind_said(heading: Heading) -> Kind | None:
    """Where no line names the kind, its symbol may."""
    return kind_of(heading.symbol) if heading.symbol else None


def _merged(documents: Sequence[Document]) -> Document:
    if len(documents) == 1:
        return documents[0]
    return Document(
        number=_weighed([d.number for d in documents], key=lambda n: (n.key, n.year)),
        symbol=_weighed([d.symbol for d in documents], key=symbol_key),
        day=_weighed([d.day for d in documents]),
        month=_weighed([d.month for d in documents]),
        place=_weighed([d.place for d in documents], key=folded),
        kind=_weighed([d.kind for d in documents], key=lambda kind: kind.key),
        issuer=_weighed([d.issuer for d in documents], key=folded),
        parent=_weighed([d.parent for d in documents], key=folded),
        abstract=_weighed([d.abstract for d in documents], key=folded),
        addressees=_weighed([d.addressees for d in documents], key=_folded_all),
        recipients=_weighed([d.recipients for d in documents], key=_folded_all),
        archive=_weighed([d.archive for d in documents], key=folded),
        authority=_weighed([d.authority for d in documents], key=_folded_all),
        signer=_weighed([d.signer for d in documents], key=_folded_all),
        urgency=_weighed([d.urgency for d in documents]),
        secrecy=_weighed([d.secrecy for d in documents]),
        is_draft=any(d.is_draft for d in documents),
    )


def _weighed(fields: Iterable[Said[T]], key: Callable[[T], object] = lambda v: v) -> Said[T]:
    return weigh((one for said in fields for one in said.values), key)


def _folded_all(items: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(folded(item) for item in items)


def _with_hints(document: Document, hints: Sequence[Hint]) -> Said[DocumentNumber]:
    """The number, weighed against what the mail says about it.

    One word of the sender that agrees with what was read makes a proposal sure; one that
    disagrees makes a conflict, unless it names no symbol and the document's own text is plain.
    """
    own = document.number
    values: list[Value[DocumentNumber]] = list(own.values)
    symbol = document.symbol.best or ""
    for hint in hints:
        if any(is_same(hint, one.value) for one in own.values):
            same = next(one.value for one in own.values if is_same(hint, one.value))
            values.append(value(same, hint.source))
        elif hint.number is not None:
            values.append(value(hint.number, hint.source))
        elif symbol and is_short_for(hint.symbol, symbol_key(symbol)) and not own.is_certain:
            digits = hint.digits.rstrip("abc")
            suffix = hint.digits[len(digits) :]
            said = DocumentNumber(digits.zfill(2), symbol, suffix)
            values.append(value(said, hint.source))
    return weigh(values, key=lambda number: (number.key, number.year))

"""What is known of a document that came with a mail: plain values, found out in the glass room.

Everything here was said by a file of a stranger and read in a process without rights. It is
evidence, not truth: each value says where it was seen. Lengths are millimetres from the upper
left corner of the page as it is shown, times are ISO 8601.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from gateway.mail.facts import Fact

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in millimetres; all zero where nobody knows."""
HALF = 0.5
"""Share of a page that a picture covers, from which it is the page."""
NOWHERE: Box = (0.0, 0.0, 0.0, 0.0)
PICTURE_MAX = 150_000_000
"""Pixels of one picture in a page; a page with a larger one is never drawn: it is a bomb."""


class FileKind(StrEnum):
    """What the bytes are, whatever the name says."""

    PDF = "pdf"
    DOCX = "docx"
    XLSX = "xlsx"
    PPTX = "pptx"
    DOC = "doc"
    XLS = "xls"
    PPT = "ppt"
    RTF = "rtf"
    ODF = "odf"
    JPG = "jpg"
    """A picture: of a paper, if it has pages."""
    PNG = "png"
    TIFF = "tif"
    OTHER = "other"


PICTURES = frozenset({FileKind.JPG, FileKind.PNG, FileKind.TIFF})


class PageKind(StrEnum):
    """How a page was made."""

    SCAN = "scan"
    """A picture of a paper."""
    DIGITAL = "digital"
    """Text and lines that a program drew."""
    MIXED = "mixed"
    """A picture over the whole page, and much visible text."""
    IMAGES = "images"
    """Pictures that do not fill the page, and nothing else."""
    BLANK = "blank"


class Belief(StrEnum):
    """Whether a page's text layer deserves belief."""

    NONE = "none"
    """There is no text."""
    VISIBLE = "visible"
    """It is what the reader sees."""
    HIDDEN = "hidden"
    """Invisible text over a picture: some OCR's reading, or a lie."""
    DOUBTFUL = "doubtful"
    """Partly invisible, or glyphs that cannot be read as letters."""


class Trust(StrEnum):
    """How far a signature could be followed to its issuer."""

    TRUSTED = "trusted"
    """Up to a certificate in the operator's CA folder."""
    UNKNOWN_ISSUER = "unknown-issuer"
    """Intact, but no certificate in the folder leads there."""
    EXPIRED = "expired"
    """The certificate had ended when it was used."""
    REVOKED = "revoked"
    NOT_CHECKED = "not-checked"
    """The signature itself could not be read."""


class Coverage(StrEnum):
    """How much of the file a signature covers."""

    WHOLE_FILE = "whole-file"
    REVISION = "revision"
    """All of the file as it was then; something was added later."""
    PARTIAL = "partial"
    """Less than it should: a gap, or bytes that nobody signed."""
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A piece of text in one font on one line, NFC, in the codes of its font."""

    text: str
    font: str = ""
    """Without the subset prefix: ``.VnTime``, ``TimesNewRomanPSMT``."""
    box: Box = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """One page; Office files have one in which all their text stands."""

    number: int
    """From 1."""
    kind: PageKind = PageKind.BLANK
    width_mm: float = 0.0
    height_mm: float = 0.0
    rotation: int = 0
    """As stored, degrees clockwise."""
    dpi: float = 0.0
    """Of the picture on a scanned page, the lesser of both directions; 0 without picture."""
    cover: float = 0.0
    """Share of the page that pictures cover, 0 to 1."""
    chroma: float = -1.0
    """Mean difference between the colours of a pixel, 0 to 255; a grey picture is below 1.5.
    -1 where it was not looked at."""
    ink: float = -1.0
    """Share of dark pixels; -1 where it was not looked at."""
    seal_mm2: float = 0.0
    """Red within the window of 40 by 40 mm that holds the most of it."""
    seal: Box = NOWHERE
    pixels: int = 0
    """Of the largest picture on it."""
    text: str = ""
    """In the order of the file, NFC, line ends LF; cut at 20,000 characters."""
    belief: Belief = Belief.NONE
    spans: tuple[Span, ...] = ()
    """The same text piece by piece, with place and font; of the first and last pages only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """A visible field: in born-digital dispatches number and day stand in signature fields."""

    name: str
    kind: str = "sig"
    """``sig``, ``tx``, ``btn`` or ``ch``; ``stamp`` and ``freetext`` for annotations."""
    page: int = 0
    box: Box = NOWHERE
    text: str = ""
    """What its appearance shows."""
    is_signed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One digital signature, as far as it can be checked without a network."""

    field: str = ""
    signer: str = ""
    """The certificate's common name."""
    organisation: str = ""
    issuer: str = ""
    serial: str = ""
    not_before: str = ""
    not_after: str = ""
    digest: str = ""
    """``sha256``; ``sha1`` is weak."""
    subfilter: str = ""
    is_time_stamp: bool = False
    """A document time stamp, which no person signed."""
    is_intact: bool = False
    """The digest fits the bytes and the signature fits the certificate."""
    trust: Trust = Trust.NOT_CHECKED
    coverage: Coverage = Coverage.UNCLEAR
    is_changed_after: bool = False
    """More was changed later than what signing itself adds."""
    claimed_at: str = ""
    """The signer's own clock; several signing tools here run seven hours ahead."""
    stamped_at: str = ""
    """The time in an intact RFC 3161 token."""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A place that looks different since the first signature."""

    page: int
    """From 1; 0 where the number of pages differs."""
    box: Box = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class OcrWord:
    text: str
    confidence: float
    """0 to 100, as the engine says; a weak guard."""
    box: Box = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class OcrLine:
    """One line read off a picture. Numbers in it are proposals, never facts."""

    text: str
    confidence: float
    """The least of its words, 0 to 100."""
    zone: str = "body"
    """``left`` and ``right`` column of the heading, ``body`` below it, ``foot`` and ``sign``
    (the two columns of the foot), ``red`` (what stands in red ink: stamps); ``number``, ``date``
    and ``name``: one line read once more, alone or by the second engine."""
    page: int = 1
    box: Box = NOWHERE
    words: tuple[OcrWord, ...] = ()
    engine: str = "tesseract"
    """``tesseract`` or ``aster``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """Something in a file that acts, or reaches out of it."""

    kind: str
    """``javascript``, ``launch``, ``embedded-file``, ``open-action``, ``xfa``, ``submit-form``,
    ``import-data``, ``remote-goto``, ``unc-link``, ``odd-link``, ``media``, ``external-stream``,
    ``odd-font``, ``odd-function``, ``macros``, ``web-link`` (harmless), ``external-template``."""
    detail: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the process that read a document ended."""

    how: str = "done"
    """``done``, ``time-out``, ``killed`` (by a limit or a crash), ``error``, ``away``."""
    detail: str = ""
    stage: str = ""
    """What it was at."""
    cpu_s: float = 0.0
    wall_s: float = 0.0
    rss_mib: int = 0

    @property
    def is_whole(self) -> bool:
        return self.how == "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """All that was found out about one file. Missing facts are missing, never guessed."""

    name: str
    size: int
    sha256: str
    kind: FileKind = FileKind.OTHER
    media_type: str = "application/octet-stream"
    version: str = ""
    """PDF: the greater of header and catalogue, ``1.7``."""
    header_at: int = 0
    """Bytes before ``%PDF-``; -1 where there is none."""
    trailing: int = 0
    """Bytes behind the last ``%%EOF`` that are not blank."""
    also: tuple[str, ...] = ()
    """What else the same bytes are: ``zip``, ``html``, ``exe`` …: a polyglot."""
    encryption: str = ""
    """``password`` (cannot be opened) or ``owner`` (opens, with restrictions)."""
    damage: str = ""
    """What had to be repaired, or why it cannot be opened."""
    is_open: bool = False
    """Whether the structure could be read."""
    page_count: int = 0
    pages: tuple[PageFacts, ...] = ()
    fonts: tuple[str, ...] = ()
    active: tuple[Active, ...] = ()
    fields: tuple[FormField, ...] = ()
    signatures: tuple[Signature, ...] = ()
    knows_authorities: bool = False
    """Whether there were CA certificates to follow the signatures to."""
    changes: tuple[Change, ...] = ()
    """What looks different between the first signed revision and the file as it is."""
    ocr: tuple[OcrLine, ...] = ()
    is_ocr_missing: bool = False
    """There is a scan and no OCR engine to read it."""
    blue_mm2: float = 0.0
    """Blue ink where number and date stand in a scan: most likely handwriting."""
    sharpness: float = -1.0
    """How much detail is lost when the scan is halved; small for blown-up pictures; -1 unknown."""
    properties: tuple[tuple[str, str], ...] = ()
    """Title, author, producer … as the file claims."""
    preview: bytes = b""
    """Page 1 as a small PNG."""
    heading: bytes = b""
    """The heading of a scan's page 1 as a PNG, to read the number off."""
    notes: tuple[str, ...] = ()
    """Where looking stopped at a limit, in words."""
    ended: Ended = Ended()

    @property
    def text(self) -> str:
        """All text layers, page by page."""
        return "\n".join(page.text for page in self.pages)

    @property
    def is_scan(self) -> bool:
        """Whether its first page is a picture of a paper."""
        kinds = {PageKind.SCAN, PageKind.IMAGES}
        return bool(self.pages) and self.pages[0].kind in kinds and self.pages[0].cover >= HALF

    def acts(self, *kinds: str) -> tuple[Active, ...]:
        return tuple(active for active in self.active if active.kind in kinds)


class Documents(Protocol):
    """The room in which files of strangers are opened, without rights."""

    def facts(self, data: bytes, name: str) -> Awaitable[DocumentFacts]:
        """What is known of a file. Never an exception because of the file: see ``ended``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One attached document."""

    part: int
    """Its index in ``message.mime.parts``."""
    name: str
    facts: DocumentFacts


PAPERS: Fact[tuple[Paper, ...]] = Fact("papers")
"""The documents of a mail; ask ``papers`` for it."""

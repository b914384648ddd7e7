"""Office files: their text and fonts, macros, and what they fetch from elsewhere."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, ParseError, XMLParser

from gateway.documents import office97, word97
from gateway.documents.rtf import plain_rtf
from gateway.documents.texts import clean, is_odd
from gateway.mail.papers import Active, Belief, FileKind, PageFacts, PageKind, Span

if TYPE_CHECKING:
    from gateway.documents.reader import Desk

MEMBER_MAX = 32 * 1024 * 1024
MEMBERS_MAX = 2000
TEXT_MAX = 200_000
SPANS_MAX = 5000
CELLS_MAX = 50_000
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ODF_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_FONTS = ("ascii", "hAnsi", "cs", "eastAsia")
_FAR = re.compile(
    rb'Type="[^"]*/(attachedTemplate|oleObject|frame|externalLink|externalLinkPath)"[^>]*'
    rb'TargetMode="External"[^>]*|TargetMode="External"[^>]*'
    rb'Type="[^"]*/(attachedTemplate|oleObject|frame|externalLink|externalLinkPath)"'
)
_TARGET = re.compile(rb'Target="([^"]{1,300})')
_FIELD_CODES = re.compile(r"\bDDE(?:AUTO)?\b")


class Broken(ValueError):
    """The file cannot be read as what it is."""


def stage(desk: Desk) -> Mapping[str, Any]:
    """The facts of one Office file. Its text is one page, paragraph by paragraph."""
    kind = FileKind(desk.facts["kind"])
    try:
        return READERS[kind](desk.data)
    except (Broken, zipfile.BadZipFile, ParseError, word97.Broken, office97.Broken) as error:
        return {"is_open": False, "damage": f"{type(error).__name__}: {error}"[:200]}


def warm() -> None:
    """Touch what is loaded lazily."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("word/document.xml", f'<d xmlns="{_W[1:-1]}"><p/></d>')
    _docx(out.getvalue())
    plain_rtf(b"{\\rtf1 a}")


def _told(text: str, spans: list[Span], active: list[Active], **more: Any) -> dict[str, Any]:
    fonts = sorted({span.font for span in spans if span.font})
    text = clean(text)[:TEXT_MAX]
    page = PageFacts(
        number=1,
        kind=PageKind.DIGITAL,
        text=text,
        belief=Belief.DOUBTFUL if is_odd(text) else Belief.VISIBLE if text else Belief.NONE,
        spans=tuple(spans[:SPANS_MAX]),
    )
    told = {"is_open": True, "page_count": 1, "pages": [page], "fonts": fonts, "active": active}
    return told | more


# -- OOXML and OpenDocument: XML in ZIP ------------------------------------------------------------


def _opened(data: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(data))
    if len(archive.infolist()) > MEMBERS_MAX:
        raise Broken(f"more than {MEMBERS_MAX} members")
    return archive


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """At most MEMBER_MAX bytes, whatever the directory says about the size."""
    try:
        with archive.open(name) as member:
            data = member.read(MEMBER_MAX + 1)
    except (KeyError, RuntimeError, OSError, EOFError, NotImplementedError) as error:
        raise Broken(f"{name}: {error}") from error
    if len(data) > MEMBER_MAX:
        raise Broken(f"{name} is larger than {MEMBER_MAX} bytes")
    return data


def _xml(data: bytes) -> Element:
    """A tree without a document type: entities are how XML explodes."""
    if b"<!DOCTYPE" in data[:4096] or b"<!ENTITY" in data:
        raise Broken("it declares a document type")
    parser = XMLParser()  # noqa: S314 -- without a DOCTYPE there are no entities; in the jail.
    parser.feed(data)
    return parser.close()


def _acts(archive: zipfile.ZipFile) -> list[Active]:
    """Macros, embedded objects, and parts that are fetched when the file is opened."""
    found = []
    for info in archive.infolist():
        name = info.filename.lower()
        if name.endswith(("vbaproject.bin", "vbadata.xml")) or "/macrosheets/" in name:
            found.append(Active(kind="macros", detail=info.filename[:120]))
        elif "/embeddings/" in name or "/activex/" in name:
            found.append(Active(kind="embedded-file", detail=info.filename[:120]))
        elif name.endswith(".rels"):
            found += _fetched(_member(archive, info.filename))
    return found


def _fetched(relations: bytes) -> Iterator[Active]:
    for met in _FAR.finditer(relations):
        target = _TARGET.search(relations, *met.span()) or _TARGET.search(
            relations, max(0, met.start() - 400), met.end() + 400
        )
        detail = target[1].decode("utf-8", "replace") if target else ""
        yield Active(kind="external-template", detail=detail)


def _docx(data: bytes) -> dict[str, Any]:
    with _opened(data) as archive:
        names = [i.filename for i in archive.infolist()]
        parts = [n for n in names if re.fullmatch(r"word/(header|document|footer)\d*\.xml", n)]
        fonts = _default_font(archive, names)
        paragraphs: list[list[Span]] = []
        for name in sorted(parts, key=lambda n: ("hdf".index(n[5]), n)):
            paragraphs += _paragraphs(_xml(_member(archive, name)), fonts)
        active = _acts(archive)
    text = "\n".join("".join(span.text for span in spans) for spans in paragraphs)
    if _FIELD_CODES.search(text):
        active.append(Active(kind="macros", detail="a DDE field"))
    return _told(text, [span for spans in paragraphs for span in spans if span.text], active)


def _default_font(archive: zipfile.ZipFile, names: list[str]) -> dict[str, str]:
    """The font of each paragraph style; under an empty key what holds without one."""
    if "word/styles.xml" not in names:
        return {}
    tree = _xml(_member(archive, "word/styles.xml"))
    found: dict[str, str] = {}
    based: dict[str, str] = {}
    base = tree.find(f"{_W}docDefaults/{_W}rPrDefault/{_W}rPr")
    found[""] = _font(base) if base is not None else ""
    for style in tree.iter(f"{_W}style"):
        name = style.get(f"{_W}styleId", "")
        properties, parent = style.find(f"{_W}rPr"), style.find(f"{_W}basedOn")
        found[name] = _font(properties) if properties is not None else ""
        based[name] = parent.get(f"{_W}val", "") if parent is not None else ""
        if style.get(f"{_W}default") == "1" and style.get(f"{_W}type") == "paragraph":
            found[""] = found[name] or found[""]
    for name in list(found):
        at, steps = name, 0
        while not found[name] and (at := based.get(at, "")) and steps < 20:  # noqa: PLR2004 -- cycles
            found[name], steps = found.get(at, ""), steps + 1
    return found


def _font(properties: Element) -> str:
    fonts = properties.find(f"{_W}rFonts")
    if fonts is None:
        return ""
    return next((fonts.get(f"{_W}{key}", "") for key in _FONTS if fonts.get(f"{_W}{key}")), "")


def _paragraphs(tree: Element, fonts: Mapping[str, str]) -> list[list[Span]]:
    """Every paragraph's runs in order; those of table cells come cell by cell."""
    found: list[list[Span]] = []
    for paragraph in tree.iter(f"{_W}p"):
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        name = style.get(f"{_W}val", "") if style is not None else ""
        usual = fonts.get(name) or fonts.get("", "")
        found.append([])
        for run in paragraph.iter(f"{_W}r"):
            properties = run.find(f"{_W}rPr")
            font = (_font(properties) if properties is not None else "") or usual
            text = unicodedata.normalize("NFC", "".join(_pieces(run)))
            if found[-1] and found[-1][-1].font == font:
                text = found[-1].pop().text + text
            found[-1].append(Span(text=text, font=font))
    return found


def _pieces(run: Element) -> Iterator[str]:
    for piece in run:
        if piece.tag in {f"{_W}t", f"{_W}instrText"}:
            yield piece.text or ""
        elif piece.tag == f"{_W}tab":
            yield "\t"
        elif piece.tag in {f"{_W}br", f"{_W}cr"}:
            yield "\n"
        elif piece.tag == f"{_W}noBreakHyphen":
            yield "-"


def _xlsx(data: bytes) -> dict[str, Any]:
    with _opened(data) as archive:
        names = sorted(i.filename for i in archive.infolist())
        shared: list[str] = []
        if "xl/sharedStrings.xml" in names:
            tree = _xml(_member(archive, "xl/sharedStrings.xml"))
            shared = ["".join(t.text or "" for t in s.iter(f"{_S}t")) for s in tree]
        rows: list[str] = []
        for name in names:
            if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name) and len(rows) < CELLS_MAX:
                rows += _rows(_xml(_member(archive, name)), shared)
        fonts: list[str] = []
        if "xl/styles.xml" in names:
            tree = _xml(_member(archive, "xl/styles.xml"))
            fonts = [n.get("val", "") for n in tree.iter(f"{_S}name")]
        active = _acts(archive)
    return _told("\n".join(rows), [], active, fonts=sorted(set(filter(None, fonts))))


def _rows(sheet: Element, shared: list[str]) -> Iterator[str]:
    for row in sheet.iter(f"{_S}row"):
        cells = (_cell(cell, shared) for cell in row.iter(f"{_S}c"))
        yield "\t".join(filter(None, cells))


def _cell(cell: Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(t.text or "" for t in cell.iter(f"{_S}t"))
    value = cell.findtext(f"{_S}v") or ""
    if cell.get("t") == "s":
        with suppress(ValueError, IndexError):
            return shared[int(value)]
        return ""
    return value


def _pptx(data: bytes) -> dict[str, Any]:
    with _opened(data) as archive:
        names = sorted(i.filename for i in archive.infolist())
        slides = [n for n in names if re.fullmatch(r"ppt/slides/slide\d+\.xml", n)]
        lines: list[str] = []
        for name in slides[:300]:
            tree = _xml(_member(archive, name))
            paragraphs = tree.iter(f"{_A}p")
            lines += ["".join(t.text or "" for t in p.iter(f"{_A}t")) for p in paragraphs]
        active = _acts(archive)
    return _told("\n".join(lines), [], active)


def _odf(data: bytes) -> dict[str, Any]:
    with _opened(data) as archive:
        tree = _xml(_member(archive, "content.xml"))
        names = [i.filename for i in archive.infolist()]
    lines = [
        "".join(block.itertext())
        for block in tree.iter()
        if block.tag in {f"{_ODF_TEXT}p", f"{_ODF_TEXT}h"}
    ]
    scripts = [n for n in names if n.startswith(("Basic/", "Scripts/")) and not n.endswith("/")]
    return _told("\n".join(lines), [], [Active(kind="macros", detail=n[:120]) for n in scripts[:5]])


# -- older formats ---------------------------------------------------------------------------------


def _doc(data: bytes) -> dict[str, Any]:
    found = word97.read(data)
    active = [Active(kind="macros", detail=name) for name in found.macros]
    told = _told(found.text, list(found.spans), active)
    if found.is_encrypted:
        told |= {"encryption": "password", "is_open": False}
    return told


def _xls(data: bytes) -> dict[str, Any]:
    return _told97(office97.read_sheets(data))


def _ppt(data: bytes) -> dict[str, Any]:
    return _told97(office97.read_slides(data))


def _told97(found: office97.Found) -> dict[str, Any]:
    active = [Active(kind="macros", detail=name) for name in found.macros]
    told = _told(found.text, list(found.spans), active)
    told["fonts"] = sorted({*told["fonts"], *found.fonts})
    if found.damage:
        told |= {"damage": found.damage[:200], "is_open": False}
    return told | {"encryption": "password", "is_open": False} if found.is_locked else told


def _rtf(data: bytes) -> dict[str, Any]:
    spans, objects = plain_rtf(data)
    active = [Active(kind="embedded-file", detail=name) for name in objects]
    return _told("".join(span.text for span in spans), spans, active)


READERS: dict[FileKind, Callable[[bytes], dict[str, Any]]] = {
    FileKind.DOCX: _docx,
    FileKind.XLSX: _xlsx,
    FileKind.PPTX: _pptx,
    FileKind.ODF: _odf,
    FileKind.DOC: _doc,
    FileKind.XLS: _xls,
    FileKind.PPT: _ppt,
    FileKind.RTF: _rtf,
}

"""Visible fields: what the appearances of signatures, form fields and stamps show.

Signing tools here put a dispatch's number and day into signature fields, where text extraction
does not look. Each appearance is laid on a page of its own, in memory, and read off that.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from gateway.documents.pages import opened, page_of
from gateway.documents.texts import Turned, clean
from gateway.mail.papers import NOWHERE, Box, FormField

if TYPE_CHECKING:
    from gateway.documents.reader import Desk

FIELDS_MAX, PAGES_MAX, TEXT_MAX = 80, 30, 500
_KINDS = {"/Sig": "sig", "/Tx": "tx", "/Btn": "btn", "/Ch": "ch"}
_ANNOTATIONS = {"/FreeText": "freetext", "/Stamp": "stamp"}
_HIDDEN = 0b100010
"""Annotation flags Hidden and NoView (ISO 32000-1 12.5.3)."""
_BROKEN = (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RuntimeError)


@dataclass
class _Met:
    page: int
    name: str
    kind: str
    is_signed: bool
    rect: tuple[float, ...]
    appearance: Stream | None


def stage(desk: Desk) -> Mapping[str, Any]:
    with pikepdf.open(io.BytesIO(desk.data)) as pdf:
        met = list(_all(pdf))
        if not met:
            return {}
        texts = _texts([m.appearance for m in met])
    fields = [_field(m, text, _box(desk, m)) for m, text in zip(met, texts, strict=True)]
    return {"fields": fields}


def _field(met: _Met, text: str, box: Box) -> FormField:
    return FormField(
        name=met.name, kind=met.kind, page=met.page, box=box, text=text, is_signed=met.is_signed
    )


def _all(pdf: pikepdf.Pdf) -> Iterator[_Met]:
    left = FIELDS_MAX
    for number in range(min(len(pdf.pages), PAGES_MAX)):
        with suppress(*_BROKEN):
            annotations = pdf.pages[number].obj.get("/Annots")
            if not isinstance(annotations, Array):
                continue
            for item in list(annotations)[: 4 * FIELDS_MAX]:
                met = _met(item, number + 1)
                if met is not None and left > 0:
                    left -= 1
                    yield met


def _met(item: Object, page: int) -> _Met | None:
    with suppress(*_BROKEN):
        kind = _ANNOTATIONS.get(str(item.get("/Subtype", "")), "")
        if item.get("/Subtype") == Name.Widget:
            kind = _KINDS.get(str(_inherited(item, "/FT") or ""), "")
        if not kind or int(item.get("/F", 0)) & _HIDDEN:
            return None
        rect = tuple(float(x) for x in list(item.Rect))
        name = clean(str(_inherited(item, "/T") or ""))[:80]
        is_signed = kind == "sig" and _inherited(item, "/V") is not None
        return _Met(page, name, kind, is_signed, rect, _appearance(item))
    return None


def _inherited(item: Object, key: str) -> Object | None:
    """A field's value, its own or that of a field above it (ISO 32000-1 12.7.3.2)."""
    for _ in range(10):
        if key in item:
            return item[key]
        if "/Parent" not in item:
            return None
        item = item.Parent
    return None


def _appearance(item: Object) -> Stream | None:
    looks = item.get("/AP")
    normal = looks.get("/N") if isinstance(looks, Dictionary) else None
    if isinstance(normal, Dictionary):  # One appearance for each state.
        normal = normal.get(str(item.get("/AS", "/Off")))
    return normal if isinstance(normal, Stream) else None


def _texts(appearances: list[Stream | None]) -> list[str]:
    """What each shows, in one new PDF with a page for each."""
    there = [a for a in appearances if a is not None]
    found: list[str] = []
    if there:
        with pikepdf.new() as album:
            for appearance in there:
                _add(album, appearance)
            made = io.BytesIO()
            album.save(made, compress_streams=False)
        pdf = opened(made.getvalue())
        found = [clean(page.get_textpage().get_text_range())[:TEXT_MAX].strip() for page in pdf]
    told = iter(found)
    return ["" if a is None else next(told, "") for a in appearances]


def _add(album: pikepdf.Pdf, appearance: Stream) -> None:
    box = [0.0, 0.0, 100.0, 100.0]
    with suppress(*_BROKEN):
        box = [float(x) for x in list(appearance.BBox)][:4]
    try:
        copied = album.copy_foreign(appearance)
        resources = Dictionary(XObject=Dictionary(X=copied))
        contents = album.make_stream(b"q /X Do Q")
    except _BROKEN:
        resources, contents = Dictionary(), album.make_stream(b"")
    page = Dictionary(Type=Name.Page, MediaBox=box, Resources=resources, Contents=contents)
    album.pages.append(pikepdf.Page(album.make_indirect(page)))


def _box(desk: Desk, met: _Met) -> Box:
    with suppress(*_BROKEN):
        left, bottom, right, top = met.rect
        return Turned(page_of(desk, met.page - 1)).box(left, bottom, right, top)
    return NOWHERE

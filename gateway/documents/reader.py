"""What a jailed child does: one stage after the other, each telling what it found."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any, TypeAlias

import msgspec

from gateway.documents import office, raw
from gateway.documents.guard import tried
from gateway.documents.orders import Found, Order, Setup
from gateway.mail.papers import PICTURES, FileKind

STEP = 1 << 20
Stage: TypeAlias = Callable[["Desk"], Mapping[str, Any]]


@dataclass
class Desk:
    """One document on the desk, and what is known of it so far."""

    data: bytes
    order: Order
    facts: dict[str, Any] = field(default_factory=dict)
    strips: tuple[Any, Any, float] | None = None
    """A scan's heading as drawn for OCR: without red, red alone, and dots per inch."""
    thumbs: dict[int, tuple[Any, float]] = field(default_factory=dict)
    """Pages drawn at colour.LOOK_DPI, by index: red, green, blue, and dots per inch."""
    pdf: Any = None
    kept: dict[int, Any] = field(default_factory=dict)
    """The document as PDFium has it, and by index the pages that are worth keeping: they take
    milliseconds to open. Ask ``pages.shown`` and ``pages.page_of``."""
    made: bytes = b""
    """A PDF of the pictures in a file that is none."""

    @property
    def source(self) -> bytes:
        """The PDF whose pages are looked at."""
        return self.made or self.data


def prepare(setup: Setup) -> dict[str, str]:
    """Import all that reads documents, touch it once, and say what is there."""
    from gateway.documents import ocr, pictures, sample, second, signatures, structure

    structure.set_limits()
    told = {"authorities": signatures.load_authorities(setup.ca_folder)}
    told |= ocr.load(setup.languages)
    told |= second.load() if ocr.is_there() and setup.second_engine else {}
    for data in (sample.pdf(), sample.scan()):
        desk = Desk(data, Order(0, "sample.pdf", sample.NOW))
        for stage in stages(FileKind.PDF).values():
            desk.facts |= stage(desk)
    office.warm()
    pictures.warm()
    return told


def rehearse() -> None:
    """Read a small document of our own inside the walls: whether they leave enough room."""
    from gateway.documents import sample

    for data in (sample.pdf(), sample.scan()):
        desk = Desk(data, Order(0, "sample.pdf", sample.NOW))
        for stage in stages(FileKind.PDF).values():
            desk.facts |= stage(desk)


def read(order: Order, source: int, answer: int) -> None:
    """Read the document behind ``source`` and write what is found, a line of JSON a stage."""
    data = b"".join(iter(partial(os.read, source, STEP), b""))
    desk = Desk(data, order)
    found = _safely("raw", _raw, desk)
    _write(answer, found)
    for name, stage in stages(FileKind(desk.facts.get("kind", "other"))).items():
        if _is_enough(desk):
            return
        _write(answer, Found(f"+{name}", {}))
        _write(answer, _safely(name, stage, desk))


def stages(kind: FileKind) -> dict[str, Stage]:
    """What is looked at, in order."""
    if kind in office.READERS:
        return {"office": office.stage}
    if kind in PICTURES:
        return _picture_stages()
    if kind is not FileKind.PDF:
        return {}
    from gateway.documents import (
        changes,
        fields,
        foot,
        pages,
        scans,
        signatures,
        structure,
        texts,
    )

    return {
        "structure": structure.stage,
        "pages": pages.stage,
        "fields": fields.stage,
        "text": texts.stage,
        "changes": changes.stage,
        "signatures": signatures.stage,
        "scan": scans.stage,
        "preview": scans.preview_stage,
        "ocr": scans.ocr_stage,
        "foot": foot.stage,
    }


def _picture_stages() -> dict[str, Stage]:
    """A picture becomes a PDF of scans, and is read as one if it shows a paper."""
    from gateway.documents import foot, pages, pictures, scans

    read = {
        "pages": pages.stage,
        "scan": scans.stage,
        "preview": scans.preview_stage,
        "ocr": scans.ocr_stage,
        "foot": foot.stage,
    }
    return {"picture": pictures.stage} | {
        name: partial(_if_made, one) for name, one in read.items()
    }


def _if_made(stage: Stage, desk: Desk) -> Mapping[str, Any]:
    return stage(desk) if desk.made else {}


def _raw(desk: Desk) -> Mapping[str, Any]:
    return {"sha256": sha256(desk.data).hexdigest(), **raw.look(desk.data)}


def _is_enough(desk: Desk) -> bool:
    """Whether nothing more can be found out: closed by a password, beyond repair, or endless."""
    if desk.facts.get("kind") != FileKind.PDF or "is_open" not in desk.facts:
        return False
    too_many = desk.facts.get("page_count", 0) > desk.order.max_pages
    return not desk.facts["is_open"] or too_many


def _safely(name: str, stage: Stage, desk: Desk) -> Found:
    """One stage's facts. What a library throws at a broken file is an answer too."""
    facts, error = tried(lambda: dict(stage(desk)))
    desk.facts |= facts or {}
    return Found(name, facts or {}, error)


def _write(answer: int, found: Found) -> None:
    line = msgspec.json.encode(found) + b"\n"
    while line:
        line = line[os.write(answer, line) :]

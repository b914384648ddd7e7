"""Facts about a document in words for a person, in the present language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.mail.papers import (
    HALF,
    Belief,
    DocumentFacts,
    FileKind,
    PageFacts,
    PageKind,
    Signature,
    Trust,
)
from gateway.runtime.words import tr


def signed(facts: DocumentFacts) -> tuple[Signature, ...]:
    """The signatures of people and offices; time stamps are none."""
    return tuple(s for s in facts.signatures if not s.is_time_stamp)


def is_scan(page: PageFacts) -> bool:
    return page.kind in {PageKind.SCAN, PageKind.IMAGES} and page.cover >= HALF


def words_of(one: Signature) -> str:
    """How far a signature is to be believed, in words for a person."""
    if one.error or not one.is_intact:
        return tr("{signer}: the signature does not fit the file", signer=one.signer or "?")
    when = one.stamped_at or one.claimed_at
    said = {
        Trust.TRUSTED: tr("intact, issuer checked"),
        Trust.UNKNOWN_ISSUER: tr("intact, issuer unknown"),
        Trust.EXPIRED: tr("intact, certificate expired"),
        Trust.REVOKED: tr("intact, certificate revoked"),
        Trust.NOT_CHECKED: tr("not checked"),
    }[one.trust]
    if one.is_changed_after:
        said += ", " + tr("changed after signing")
    return f"{one.signer}: {said}" + (f" ({when})" if when else "")


def described(facts: DocumentFacts) -> Iterator[str]:
    """What was found out, a line each, in the present language."""
    if facts.kind is FileKind.PDF:
        pages = ", ".join(dict.fromkeys(page.kind for page in facts.pages))
        yield tr("PDF {version}, {n} pages ({kinds})", version=facts.version, n=facts.page_count,
                 kinds=pages or "?")  # fmt: skip
    for page in facts.pages[:3]:
        if is_scan(page):
            yield tr("page {n}: {dpi} dpi, colour {chroma}, seal {seal} mm²", n=page.number,
                     dpi=round(page.dpi), chroma=page.chroma, seal=page.seal_mm2)  # fmt: skip
        elif page.belief not in {Belief.VISIBLE, Belief.NONE}:
            yield tr("page {n}: its text layer is {belief}", n=page.number, belief=page.belief)
    for field in facts.fields:
        if field.text:
            text = " ".join(field.text.split())
            yield tr("field {name} shows: {text}", name=field.name or field.kind, text=text)
    for one in facts.signatures:
        yield words_of(one)
    for active in facts.active:
        yield f"{active.kind}: {active.detail}".rstrip(": ")
    yield from _read_off(facts)
    if facts.fonts:
        yield tr("fonts: {fonts}", fonts=", ".join(facts.fonts[:8]))
    yield from facts.notes
    ended = facts.ended
    yield tr("read in {cpu} s of work, {rss} MiB: {how} {detail}", cpu=ended.cpu_s,
             rss=ended.rss_mib, how=ended.how, detail=ended.detail)  # fmt: skip


def _read_off(facts: DocumentFacts) -> Iterable[str]:
    if facts.is_ocr_missing:
        yield tr("a scan, and no OCR to read it")
    for line in facts.ocr:
        if line.zone in {"left", "right", "red"}:
            yield f"OCR {line.zone} ({line.confidence:.0f}): {line.text}"

"""From facts to flaws: what is wrong with a file as a dispatch. Pure.

The form that a dispatch must have: Decree 30/2020/NĐ-CP, Annex I (PDF 1.4 or later, colour,
200 dpi, scale 100 %; signature and seal, or digital signatures). Thresholds were measured on
invented and on real scans.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.documents.raw import TRAILING_MAX
from gateway.mail.flaws import Flaw, flaw
from gateway.mail.paper_words import is_scan, signed
from gateway.mail.papers import (
    PICTURE_MAX,
    Change,
    Coverage,
    DocumentFacts,
    FileKind,
    PageFacts,
    PageKind,
    Signature,
    Trust,
)
from gateway.mail.text import folded

VERSION_MIN = (1, 4)
DPI_MIN = 195.0
"""200 less what page boxes are rounded by."""
SHARP_MIN = 0.006
"""``sharpness`` of pictures at their true resolution is at least twice that, on real scans four
times; of those blown up to double size half of it."""
GREY_MAX = 1.5
SEAL_MIN_MM2 = 25.0
INK_MIN = 5e-4
SIZES_MM = ((210.0, 297.0), (297.0, 420.0))
"""A4 and A3, with what scanners are off by."""
WIDE_SLACK, HIGH_SLACK = 8.0, 12.0
_ACTS = {
    "javascript": "javascript",
    "launch": "launch",
    "embedded-file": "embedded-file",
    "xfa": "xfa",
    "media": "media",
    "submit-form": "external",
    "import-data": "external",
    "remote-goto": "external",
    "unc-link": "external",
    "odd-link": "external",
    "external-stream": "external",
    "odd-font": "external",
    "odd-function": "external",
    "external-template": "external",
    "macros": "macros",
}
_LEGACY_FONT = re.compile(r"\.Vn[A-Z3]|VNI[- ]|VPS[- ]", re.IGNORECASE)
_OFFICE = re.compile(
    r"(so|ubnd|uy ban|hdnd|hoi dong|bo|cuc|chi cuc|tong cuc|ban|van phong|trung tam|vien|truong|"
    r"phong|chi nhanh|benh vien|cong an|toa an|thanh tra|kho bac|bao hiem|cong ty|cong thong tin|"
    r"dang uy|tinh uy|huyen uy|thanh uy|dang bo|lien doan|hoi|xa|phuong|tinh|thanh pho) "
)
"""How names of offices begin, folded; names of people do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What the sender's office asks of its own dispatches."""

    offices: tuple[str, ...] = ()
    """Names under which it signs; empty: not compared."""


def harmful(facts: DocumentFacts) -> Iterator[Flaw]:
    """What no file may have that leaves this office, draft or not."""
    ended = facts.ended
    is_ended = ended.how in {"time-out", "killed"} or "MemoryError" in ended.detail
    if is_ended and ended.stage not in {"ocr", "preview"}:
        yield flaw("bomb", f"{ended.how} {ended.detail} at {ended.stage}".strip())
    elif is_ended or ended.how == "away" or (ended.how == "error" and not facts.damage):
        yield flaw("unread", ended.detail)
    if any(page.pixels > PICTURE_MAX for page in facts.pages):
        yield flaw("bomb", f"a picture of {max(p.pixels for p in facts.pages)} pixels")
    if facts.kind is FileKind.PDF and (facts.also or _hides_behind(facts)):
        yield flaw("polyglot", ", ".join(facts.also))
    if facts.encryption:
        yield flaw("encrypted", facts.encryption)
    met = dict.fromkeys((_ACTS[a.kind], a.detail) for a in facts.active if a.kind in _ACTS)
    by_rule: dict[str, str] = {}
    for rule, detail in met:
        by_rule.setdefault(rule, detail)
    yield from (flaw(rule, detail) for rule, detail in by_rule.items())


def _hides_behind(facts: DocumentFacts) -> bool:
    return facts.trailing > TRAILING_MAX and "zip" in facts.also


def flaws_of(facts: DocumentFacts, demands: Demands = Demands()) -> tuple[Flaw, ...]:
    """Everything that is wrong with a file as a dispatch, number and date aside."""
    if facts.kind is not FileKind.PDF:
        return (flaw("not-pdf", f"{facts.kind}"), *harmful(facts))
    found = [*harmful(facts), *_form(facts)]
    if not {f.rule for f in found} & {"encrypted", "damaged", "no-pages", "bomb"}:
        found += [*_signatures(facts, demands), *_pages(facts)]
    return tuple(dict.fromkeys(found))


def _form(facts: DocumentFacts) -> Iterator[Flaw]:
    if facts.header_at > 0 and not facts.also:
        yield flaw("header-offset", f"{facts.header_at} bytes")
    if facts.encryption:
        return
    if facts.damage:
        yield flaw(
            "no-pages" if facts.is_open and not facts.page_count else "damaged", facts.damage
        )
    elif facts.is_open and not facts.page_count:
        yield flaw("no-pages")
    if facts.is_open and not facts.pages and facts.page_count and facts.ended.is_whole:
        yield flaw("too-many-pages", f"{facts.page_count}")
    version = tuple(int(n) for n in facts.version.split(".") if n.isdigit())
    if facts.is_open and version < VERSION_MIN:
        yield flaw("version", facts.version)
    old = [font for font in facts.fonts if _LEGACY_FONT.match(font)]
    if old:
        yield flaw("legacy-font", ", ".join(old[:3]))


# -- signatures ------------------------------------------------------------------------------------


def _signatures(facts: DocumentFacts, demands: Demands) -> Iterator[Flaw]:
    made = signed(facts)
    if not made:
        if any(field.is_signed for field in facts.fields):
            yield flaw("signature-invalid", "a signed field without a readable signature")
        return
    good: list[Signature] = []
    for one in made:
        problem = _problem(one, facts)
        if problem is None or problem.rule == "issuer-unknown":
            good.append(one)
        if problem is not None:
            yield problem
        if one.digest == "sha1":
            yield flaw("weak-digest", one.signer)
    yield from _whole(facts, made)
    if good and demands.offices:
        yield from _signer(good, len(made), demands)


def _problem(one: Signature, facts: DocumentFacts) -> Flaw | None:
    if one.error or not one.is_intact:
        return flaw("signature-invalid", one.error or one.signer)
    issued = f"{one.signer}, issued by {one.issuer}"
    unknown = "signer-untrusted" if facts.knows_authorities else "issuer-unknown"
    by_trust = {
        Trust.REVOKED: ("signer-revoked", one.signer),
        Trust.EXPIRED: ("signer-expired", f"{one.signer}, until {one.not_after[:10]}"),
        Trust.UNKNOWN_ISSUER: (unknown, issued),
    }
    rule, said = by_trust.get(one.trust, ("", ""))
    if one.coverage not in {Coverage.WHOLE_FILE, Coverage.REVISION} and rule != "signer-untrusted":
        return flaw("signature-partial", one.signer)
    return flaw(rule, said) if rule else None


def _whole(facts: DocumentFacts, made: tuple[Signature, ...]) -> Iterator[Flaw]:
    """The last signature covers the file; before it only the clerk's marks were added."""
    tail, last = facts.signatures[-1], made[-1]
    if tail.is_intact and tail.coverage is not Coverage.WHOLE_FILE:
        if last.is_changed_after:
            yield flaw("changed-after-signing", last.signer)
        elif tail.coverage is Coverage.REVISION:
            yield flaw("signature-partial", "something stands behind what is signed")
    if any(one.is_changed_after for one in made[:-1]):
        elsewhere = [change for change in facts.changes if not is_clerks(change)]
        if elsewhere:
            yield flaw("changed-between-signatures", _where(elsewhere[0]))


def is_clerks(change: Change) -> bool:
    """Whether a change lies where the clerk's tool writes: number and day, seal, signature."""
    left, top, right, bottom = change.box
    wide, high = right - left, bottom - top
    if change.page == 0 or not wide or not high:
        return False
    in_heading = change.page == 1 and bottom <= 75 and high <= 40  # noqa: PLR2004 -- box 3, 4, 14
    at_seal = left >= 70 and top >= 120 and wide <= 70 and high <= 70  # noqa: PLR2004 -- box 7, 8
    return in_heading or at_seal


def _where(change: Change) -> str:
    left, top, _, _ = change.box
    return f"page {change.page}, {left:.0f} mm from the left, {top:.0f} mm from the top"


def _signer(good: list[Signature], count: int, demands: Demands) -> Iterator[Flaw]:
    names = {folded(one.signer) for one in good}
    if names & {folded(office) for office in demands.offices}:
        return
    if any(_OFFICE.match(name) for name in names):
        yield flaw("signer-not-sender", ", ".join(one.signer for one in good))
    else:
        yield flaw("no-agency-signature", f"{count} signature: {good[-1].signer}")


# -- pages -----------------------------------------------------------------------------------------


def _pages(facts: DocumentFacts) -> Iterator[Flaw]:
    pages, has_signature = facts.pages, bool(signed(facts))
    scans = [page for page in pages if is_scan(page)]
    drawn = any(page.kind in {PageKind.DIGITAL, PageKind.MIXED} for page in pages)
    if pages and not has_signature:
        if not scans:
            yield flaw("unsigned" if drawn else "blank")
        elif drawn:
            yield flaw("mixed", "pages from a scanner and from a program")
    if scans and (not has_signature or len(scans) == len(pages)):
        yield from _scanned(scans, facts)
        if not has_signature:
            yield flaw("scan-without-signature")


def _scanned(scans: list[PageFacts], facts: DocumentFacts) -> Iterator[Flaw]:
    looked = [page for page in scans if page.chroma >= 0]
    low = min(page.dpi for page in scans)
    if low < DPI_MIN:
        yield flaw("dpi", f"{low:.0f} dpi")
    elif 0 <= facts.sharpness < SHARP_MIN:
        yield flaw("dpi-fake", f"no detail finer than half of {scans[0].dpi:.0f} dpi")
    if looked and max(page.chroma for page in looked) < GREY_MAX:
        yield flaw("not-colour")
    if looked and max(page.ink for page in looked) < INK_MIN:
        yield flaw("blank")
    elif looked and not signed(facts) and max(p.seal_mm2 for p in looked) < SEAL_MIN_MM2:
        yield flaw("no-seal")
    for page in scans:
        if not _is_full_size(page):
            yield flaw(
                "scale", f"page {page.number}: {page.width_mm:.0f} x {page.height_mm:.0f} mm"
            )
            return


def _is_full_size(page: PageFacts) -> bool:
    short, long = sorted((page.width_mm, page.height_mm))
    return any(
        abs(short - wide) <= WIDE_SLACK and abs(long - high) <= HIGH_SLACK
        for wide, high in SIZES_MM
    )

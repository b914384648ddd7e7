"""The structure of a PDF, by qpdf: version, encryption, repairs, fonts, and what acts in it."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pikepdf
import pikepdf.settings

from gateway.documents.active import Acts
from gateway.mail.papers import Active

if TYPE_CHECKING:
    from gateway.documents.reader import Desk

MIB = 1 << 20
OBJECTS_MAX = 300_000
WALK_CPU_S = 6.0
FONTS_MAX = 100
_REPAIRED = re.compile(r"file is damaged|reconstruct|loop detected|too badly")
"""Warnings of qpdf that tell of a broken file; most others are cosmetic."""
_SUBSET = re.compile(r"^[A-Z]{6}\+")
_SHOWN = ("Title", "Author", "Creator", "Producer", "CreationDate", "ModDate")
_DOTTED = re.compile(r"\d\.\d")


def set_limits() -> None:
    """qpdf sets itself no limits by default; a bomb of some KB would become GB."""
    pikepdf.settings.set_qpdf_limits(
        doc_max_warnings=20_000,
        parser_max_nesting=100,
        parser_max_container_size=2_000_000,
        parser_max_container_size_damaged=5_000,
        max_stream_filters=8,
        dct_max_memory=256 * MIB,
        dct_max_progressive_scans=50,
        flate_max_memory=128 * MIB,
        png_max_memory=128 * MIB,
        run_length_max_memory=128 * MIB,
        tiff_max_memory=128 * MIB,
    )


def stage(desk: Desk) -> Mapping[str, Any]:
    try:
        pdf = pikepdf.open(io.BytesIO(desk.data))
    except pikepdf.PasswordError:
        return {"is_open": False, "encryption": "password"}
    except pikepdf.PdfError as error:
        return {"is_open": False, "damage": str(error)[:200]}
    with pdf:
        return _looked(pdf)


def _looked(pdf: pikepdf.Pdf) -> Mapping[str, Any]:
    found: dict[str, Any] = {"is_open": True, "encryption": "owner" if pdf.is_encrypted else ""}
    found["page_count"] = _count(pdf)
    found["version"] = _version(pdf)
    acts = Acts()
    notes = _walk(pdf, acts)
    found |= {"active": acts.told(), "notes": notes, "properties": _properties(pdf)}
    found["fonts"] = sorted(_SUBSET.sub("", font) for font in acts.fonts)[:FONTS_MAX]
    warnings = [str(warning) for warning in pdf.get_warnings()[:400]]
    repaired = next((w for w in warnings if _REPAIRED.search(w)), "")
    found["damage"] = re.sub(r"<_io[^>]*>|stream <[^>]*>:?", "", repaired)[:200]
    if not found["page_count"] and not found["damage"]:
        found["damage"] = "it has no pages"
    return found


def _count(pdf: pikepdf.Pdf) -> int:
    try:
        return len(pdf.pages)
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError):
        return 0


def _version(pdf: pikepdf.Pdf) -> str:
    """The greater of header and catalogue (ISO 32000-1 7.2.2)."""
    said = [pdf.pdf_version]
    with suppress(pikepdf.PdfError, ValueError, TypeError):
        said.append(str(pdf.Root.get("/Version", ""))[1:])
    return max((v for v in said if _DOTTED.fullmatch(v)), default="")


def _walk(pdf: pikepdf.Pdf, acts: Acts) -> list[str]:
    """Look at every object, reachable or not, within limits; what was left out, in words."""
    began = time.process_time()
    objects = iter(pdf.objects)
    for n in range(OBJECTS_MAX):
        try:
            acts.look(next(objects))
        except StopIteration:
            break
        except (pikepdf.PdfError, ValueError, TypeError, RuntimeError) as error:
            return [f"objects cannot be listed: {type(error).__name__}"]
        if n % 256 == 0 and time.process_time() - began > WALK_CPU_S:
            return [f"only {n} objects were looked at"]
    else:
        return [f"only {OBJECTS_MAX} objects were looked at"]
    acts.walk(pdf.trailer)
    for name in list(pdf.attachments)[:20]:
        acts.note(Active(kind="embedded-file", detail=name[:120]))
    return []


def _properties(pdf: pikepdf.Pdf) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    with suppress(pikepdf.PdfError, ValueError, TypeError, AttributeError):
        info = pdf.docinfo
        found += [(key, str(info["/" + key])[:200]) for key in _SHOWN if "/" + key in info]
    return found

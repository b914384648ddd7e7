"""Digital signatures, checked without a network by pyHanko.

"Intact" is what anybody can see; "trusted" takes the certificates of the issuing authorities,
which the operator puts into a folder. The signatures of government offices here carry the
signer's certificate alone, so the intermediate ones have to lie in that folder, too.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from asn1crypto import crl, x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import load_der_x509_certificate
from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import RevokedError

from gateway.documents import hexadecimal
from gateway.documents.guard import tried
from gateway.documents.soundness import is_clerks
from gateway.documents.texts import clean
from gateway.mail.papers import Coverage, Signature, Trust
from gateway.runtime.words import later

NO_FOLDER = later("no CA folder is set: signatures are called intact, their issuers unknown")
FOUND = later("{roots} roots, {others} intermediate certificates, {lists} revocation lists")
NOT_READ = later("cannot read {files}")

if TYPE_CHECKING:
    from gateway.documents.reader import Desk

T = TypeVar("T")
SIGNATURES_MAX = 10
"""A file of 25 took eight seconds."""
_CERTIFICATES, _LISTS = {".pem", ".crt", ".cer", ".der"}, {".crl"}
_HARMLESS = {ModificationLevel.NONE, ModificationLevel.LTA_UPDATES}
_COVERAGE = {
    SignatureCoverageLevel.ENTIRE_FILE: Coverage.WHOLE_FILE,
    SignatureCoverageLevel.ENTIRE_REVISION: Coverage.REVISION,
    SignatureCoverageLevel.CONTIGUOUS_BLOCK_FROM_START: Coverage.PARTIAL,
}


class _Authorities:
    """What the operator trusts. Read before there is a jail, and inherited by each child."""

    roots: list[x509.Certificate] = []  # noqa: RUF012 -- one set for the process.
    others: list[x509.Certificate] = []  # noqa: RUF012
    lists: list[crl.CertificateList] = []  # noqa: RUF012


def load_authorities(folder: str) -> str:
    """Read the CA folder; what it holds, in words."""
    hexadecimal.install()
    logging.disable(logging.CRITICAL)  # pyHanko logs every flaw of every stranger's file.
    if not folder:
        return NO_FOLDER
    wrong: list[str] = []
    for path in sorted(Path(folder).iterdir()):
        try:
            if path.suffix.lower() in _CERTIFICATES:
                _add(path)
            elif path.suffix.lower() in _LISTS:
                _Authorities.lists.append(crl.CertificateList.load(path.read_bytes()))
        except (ValueError, OSError) as error:
            wrong.append(f"{path.name}: {error}")
    told = FOUND.format(
        roots=len(_Authorities.roots),
        others=len(_Authorities.others),
        lists=len(_Authorities.lists),
    )
    return told + (f"; {NOT_READ.format(files=', '.join(wrong))}" if wrong else "")


def _add(path: Path) -> None:
    found = load_certs_from_pemder([str(path)])  # type: ignore[no-untyped-call]
    for certificate in found:
        is_root = certificate.self_issued
        (_Authorities.roots if is_root else _Authorities.others).append(certificate)


def stage(desk: Desk) -> Mapping[str, Any]:
    if b"/ByteRange" not in desk.data:
        return {}
    now = datetime.fromisoformat(desk.order.now)
    reader = PdfFileReader(io.BytesIO(desk.data), strict=False)
    if reader.encrypted:
        reader.decrypt("")
    embedded = reader.embedded_signatures
    notes = list(desk.facts.get("notes", ()))
    if len(embedded) > SIGNATURES_MAX:
        notes.append(f"{len(embedded)} signatures; the last {SIGNATURES_MAX} were looked at")
    looked = embedded[-SIGNATURES_MAX:]
    last = max((n for n, one in enumerate(looked) if not _is_stamp(one)), default=0)
    changes = desk.facts.get("changes")
    is_other = changes is None or not all(map(is_clerks, changes))
    return {
        "signatures": [
            _one(one, now, compare=is_other or n >= last) for n, one in enumerate(looked)
        ],
        "knows_authorities": bool(_Authorities.roots),
        "notes": notes,
    }


def _is_stamp(signature: EmbeddedPdfSignature) -> bool:
    return bool(signature.sig_object.get("/Type", "/Sig") == "/DocTimeStamp")


def _one(signature: EmbeddedPdfSignature, now: datetime, *, compare: bool) -> Signature:
    """What one signature says. pyHanko may throw anything at a broken one.

    ``compare``: look at what was added after it, object by object. That takes most of the time,
    and before the last signature it tells nothing where the pages look the same but for the
    clerk's marks (two of five such signatures are then called changed).
    """
    told: dict[str, Any] = {"field": clean(signature.field_name or "")[:80]}
    looks: tuple[Callable[[EmbeddedPdfSignature], dict[str, Any]], ...]
    looks = (_signer, partial(_checked, now=now, compare=compare))
    for look in looks:
        found, error = tried(partial(look, signature))
        told |= found or {}
        if error:
            return Signature(**told, error=error)
    return Signature(**told)


def _signer(signature: EmbeddedPdfSignature) -> dict[str, Any]:
    certificate = signature.signer_cert
    subject, issuer = certificate.subject.native, certificate.issuer.native
    return {
        "signer": _text(subject.get("common_name")),
        "organisation": _text(subject.get("organization_name")),
        "issuer": _text(issuer.get("common_name") or issuer.get("organization_name")),
        "serial": f"{certificate.serial_number:x}",
        "not_before": certificate.not_valid_before.isoformat(),
        "not_after": certificate.not_valid_after.isoformat(),
        "subfilter": str(signature.sig_object.get("/SubFilter", ""))[1:],
        "is_time_stamp": _is_stamp(signature),
    }


def _text(value: object) -> str:
    return clean(", ".join(map(str, value)) if isinstance(value, list) else str(value or ""))[:200]


def _checked(signature: EmbeddedPdfSignature, now: datetime, *, compare: bool) -> dict[str, Any]:
    status = _validated(signature, now, compare=compare)
    stamped = getattr(status, "timestamp_validity", None)
    stamp = stamped.timestamp if stamped is not None and stamped.intact and stamped.valid else None
    certificate = signature.signer_cert
    if stamped is not None and stamp is not None and stamped.trusted:
        status = _validated(
            signature, stamp, compare=compare
        )  # What a trusted token dates is judged by its day.
    trust = Trust.TRUSTED if status.trusted else Trust.UNKNOWN_ISSUER
    if not status.trusted and _is_revoked(status):
        trust = Trust.REVOKED
    elif (
        not status.trusted
        and not certificate.not_valid_before <= now <= certificate.not_valid_after
    ):
        trust = Trust.EXPIRED if _is_issued_here(certificate) else trust
    level = getattr(status, "modification_level", None)
    claimed = getattr(status, "signer_reported_dt", None)
    coverage = status.coverage
    return {
        "is_intact": bool(status.intact and status.valid),
        "trust": trust if status.intact and status.valid else Trust.NOT_CHECKED,
        "coverage": _COVERAGE.get(coverage, Coverage.UNCLEAR),
        "is_changed_after": (level is not None and level not in _HARMLESS)
        or getattr(status, "docmdp_ok", True) is False,
        "digest": str(status.md_algorithm or ""),
        "claimed_at": claimed.isoformat() if claimed else "",
        "stamped_at": stamp.isoformat() if stamp else "",
    }


def _is_issued_here(certificate: x509.Certificate) -> bool:
    """Whether an authority in the folder has signed it, whenever that was."""
    own = load_der_x509_certificate(certificate.dump())
    for authority in (*_Authorities.roots, *_Authorities.others):
        if authority.subject.dump() == certificate.issuer.dump():
            try:
                own.verify_directly_issued_by(load_der_x509_certificate(authority.dump()))
            except (ValueError, TypeError, InvalidSignature):
                continue
            return True
    return False


def _is_revoked(status: Any) -> bool:
    error = getattr(status, "validation_path_error", None) or getattr(status, "error", None)
    problem = getattr(status, "trust_problem_indic", None)
    return isinstance(error, RevokedError) or "REVOKED" in str(problem)


def _validated(signature: EmbeddedPdfSignature, moment: datetime, *, compare: bool) -> Any:
    context = ValidationContext(
        trust_roots=list(_Authorities.roots),
        other_certs=list(_Authorities.others),
        crls=list(_Authorities.lists),
        allow_fetching=False,
        revocation_mode="soft-fail",
        moment=moment,
    )
    if _is_stamp(signature):
        return _driven(async_validate_pdf_timestamp(signature, context, skip_diff=not compare))
    return _driven(async_validate_pdf_signature(signature, context, skip_diff=not compare))


def _driven(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never really waits, since nothing is fetched: no loop, no sockets."""
    try:
        work.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    work.close()
    raise RuntimeError("a signature's check wanted to wait for something")

"""edXML (QCVN 102:2016/BTTTT): documents and their states between records systems, in and out.

Read whatever order and prefixes a sender uses; written in the order of the standard. "Bussiness"
is spelled so there. Attachments are zip files in base64. What comes from outside is a stranger's:
no DTD, no entities, and sizes have limits.
"""

from __future__ import annotations

import base64
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from xml.etree.ElementTree import Element, ParseError, SubElement, register_namespace, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from gateway.archive.registering import Particulars
from gateway.mail.number import parse
from gateway.mail.text import nfc

SPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
FILE_MAX = 64 * 1024 * 1024
"""Bytes of one attachment, unpacked."""
FILES_MAX = 100

register_namespace("edXML", SPACE)

BUSINESS = {"new": "0", "recall": "1", "update": "2", "replace": "3"}
STATUS = {
    "01": "đã đến",
    "02": "từ chối",
    "03": "đã tiếp nhận",
    "04": "phân công",
    "05": "đang xử lý",
    "06": "hoàn thành",
    "13": "lấy lại",
    "15": "đồng ý cập nhật, lấy lại",
    "16": "từ chối cập nhật, lấy lại",
}
STEP_OF: dict[str, Literal["assigned", "in-progress", "done", "refused"]] = {
    "02": "refused",
    "04": "assigned",
    "05": "in-progress",
    "06": "done",
}
"""How far a document has come by what another system says of it."""
PRIORITY = ("", "khẩn", "thượng khẩn", "hỏa tốc")


class NotEdxml(ValueError):
    """It is no edXML, or none that can be read; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Organ:
    """A sender or receiver."""

    code: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One edXML message: a document, or a status of one (``status`` is its code then)."""

    sender: Organ
    document: Particulars
    to: tuple[Organ, ...] = ()
    due: str = ""
    business: str = "0"
    reason: str = ""
    files: tuple[tuple[str, bytes], ...] = ()
    damaged: tuple[str, ...] = ()
    """Attachments that could not be unpacked, each with the reason."""
    status: str = ""
    about: str = ""
    """DocumentId of the document that a status is about, or its number and symbol."""
    description: str = ""


def is_edxml(data: bytes) -> bool:
    """Whether a file is one, from how it begins."""
    return b"edXMLEnvelope" in data[:4096] and b"<" in data[:64]


def read_edxml(data: bytes) -> Envelope:
    """A message as values. NotEdxml if it cannot be read."""
    root = _parsed(data)
    header = _first(root, "MessageHeader")
    if header is None:
        raise NotEdxml("there is no MessageHeader in this file")
    sender = _organ(_first(header, "From"))
    status = _text(header, "StatusCode")
    about = _first(header, "ResponseFor")
    if status:
        return Envelope(
            sender,
            Particulars(),
            status=status.zfill(2),
            about=_text(about, "DocumentId") or _text(about, "Code"),
            description=_text(header, "Description"),
        )
    business = _first(root, "Bussiness")
    files, damaged = _files(root)
    return Envelope(
        sender,
        _document(header, sender, about),
        to=tuple(_organ(one) for one in _all(header, "To")),
        due=_day(_text(header, "DueDate")),
        business=_text(business, "BussinessDocType") or "0",
        reason=_text(business, "BussinessDocReason"),
        files=files,
        damaged=damaged,
    )


def _parsed(data: bytes) -> Element:
    """The root, of what systems in use really write: prefixes outside the element that declares
    them, and marks in front of the declaration."""
    try:
        return _strictly(data[max(data.find(b"<"), 0) :])
    except NotEdxml as error:
        if "unbound prefix" not in str(error):
            raise
    declared = f'<edXML xmlns:edXML="{SPACE}" xmlns:xlink="http://www.w3.org/1999/xlink" '
    return _strictly(data.replace(b"<edXML ", declared.encode(), 1))


def _strictly(data: bytes) -> Element:
    try:
        return fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NotEdxml(f"this edXML cannot be read: {error}") from None


def _document(header: Element, sender: Organ, about: Element | None) -> Particulars:
    number, notation = _text(header, "CodeNumber"), _text(header, "CodeNotation")
    signer = _first(header, "SignerInfo")
    title = [_text(signer, "Competence"), _text(signer, "Position")]
    places = _first(header, "ToPlaces")
    named = [_own(one) for one in _all(places, "Place")] if places is not None else []
    priority = _text(header, "Priority")
    level = int(priority) if priority in {"1", "2", "3"} else 0
    return Particulars(
        number=f"{number}/{notation}" if number and notation else number or notation,
        issued=_day(_text(header, "PromulgationDate")),
        kind=_text(header, "TypeName"),
        abstract=_text(header, "Subject"),
        issuer=sender.name,
        signer=_text(signer, "FullName"),
        signer_title=" ".join(filter(None, title)),
        recipients="; ".join(filter(None, named)),
        copies=_text(header, "PromulgationAmount"),
        pages=_text(header, "PageAmount"),
        urgency=PRIORITY[level],
        medium="electronic",
        organ=sender.code,
        edxml=_own(_child(header, "DocumentId")),
        reply_to=_text(about, "Code"),
    )


def _files(root: Element) -> tuple[tuple[tuple[str, bytes], ...], tuple[str, ...]]:
    """The attachments, and what is wrong with those that cannot be unpacked."""
    files, damaged = list[tuple[str, bytes]](), list[str]()
    holder = _first(root, "AttachmentEncoded")
    for one in list(_all(holder, "Attachment"))[:FILES_MAX]:
        name = _text(one, "AttachmentName") or _text(one, "Description")
        encoded = "".join(_text(one, "ContentTransferEncoded").split())
        try:
            data = _unpacked(base64.b64decode(encoded, validate=True))
        except (ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            damaged.append(f"{name}: {error}")  # RuntimeError: it is encrypted.
        else:
            files.append((name, data))
    return tuple(files), tuple(damaged)


def _unpacked(data: bytes) -> bytes:
    """The one file in a zip; what is no zip, or an Office document, as it stands."""
    if not data.startswith(b"PK\x03\x04"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        members = [info for info in packed.infolist() if not info.is_dir()]
        if len(members) != 1:
            return data
        with packed.open(members[0]) as file:
            content = file.read(FILE_MAX + 1)
    if len(content) > FILE_MAX:
        raise ValueError(f"larger than {FILE_MAX} bytes")
    return content


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _all(element: Element | None, name: str) -> Iterator[Element]:
    return (
        (one for one in element.iter() if _local(one) == name) if element is not None else iter(())
    )


def _first(element: Element | None, name: str) -> Element | None:
    return next(_all(element, name), None)


def _child(element: Element, name: str) -> Element | None:
    return next((one for one in element if _local(one) == name), None)


def _own(element: Element | None) -> str:
    return " ".join(nfc(element.text or "").split()) if element is not None else ""


def _text(element: Element | None, name: str) -> str:
    return _own(_first(element, name))


def _organ(element: Element | None) -> Organ:
    return Organ(_text(element, "OrganId"), _text(element, "OrganName"), _text(element, "Email"))


def _day(text: str) -> str:
    """``2019/01/17`` as ISO 8601; empty where it is no day."""
    for form in ("%Y/%m/%d", "%Y-%m-%d", "%d/%m/%Y"):
        try:
            return f"{datetime.strptime(text[:10], form):%Y-%m-%d}"  # noqa: DTZ007 - a day
        except ValueError:
            continue
    return ""


def _put(parent: Element, name: str, text: str | None = None) -> Element:
    element = SubElement(parent, f"{{{SPACE}}}{name}")
    element.text = text
    return element


def _started() -> tuple[Element, Element, Element]:
    root = Element(f"{{{SPACE}}}edXML")
    envelope = _put(root, "edXMLEnvelope")
    header = _put(envelope, "edXMLHeader")
    return root, envelope, header


def _put_organ(parent: Element, name: str, organ: Organ) -> None:
    at = _put(parent, name)
    _put(at, "OrganId", organ.code)
    if name == "From":
        _put(at, "OrganizationInCharge", organ.name)
    _put(at, "OrganName", organ.name)
    _put(at, "OrganAdd")
    _put(at, "Email", organ.email)
    for empty in ("Telephone", "Fax", "Website"):
        _put(at, empty)


def document_id(organ: str, issued: str, number: str) -> str:
    """``000.00.00.H57,2026/08/10,50/QĐ-SNgV``."""
    return f"{organ},{issued.replace('-', '/')},{number}"


def write_document(
    sender: Organ,
    to: Sequence[Organ],
    said: Particulars,
    now: datetime,
    files: Iterable[tuple[str, bytes]],
) -> bytes:
    """One of our documents for another records system."""
    root, envelope, header = _started()
    message = _put(header, "MessageHeader")
    _put_organ(message, "From", sender)
    for organ in to:
        _put_organ(message, "To", organ)
    id_ = said.edxml or document_id(sender.code, said.issued, said.number)
    _put(message, "DocumentId", id_)
    _put_message(message, said)
    _put_trace(header, sender, id_, now)
    body = _put(_put(envelope, "edXMLBody"), "edXMLManifest")
    body.set("version", "1.0")
    holder = _put(root, "AttachmentEncoded")
    for i, (name, data) in enumerate(files):
        _put_file(body, holder, f"cid:{i + 1}", name, data)
    return _bytes(root)


def _put_message(message: Element, said: Particulars) -> None:
    number = parse(said.number)
    code = _put(message, "Code")
    digits, _, rest = said.number.partition("-" if number and number.is_party else "/")
    _put(code, "CodeNumber", digits)
    _put(code, "CodeNotation", rest)
    place = _put(message, "PromulgationInfo")
    _put(place, "Place")
    _put(place, "PromulgationDate", said.issued.replace("-", "/"))
    kind = _put(message, "DocumentType")
    _put(kind, "Type", "1")
    _put(kind, "TypeName", said.kind)
    _put(message, "Subject", said.abstract)
    _put(message, "Content", said.abstract)
    signer = _put(message, "SignerInfo")
    _put(signer, "Competence")
    _put(signer, "Position", said.signer_title)
    _put(signer, "FullName", said.signer)
    _put(message, "DueDate")
    places = _put(message, "ToPlaces")
    for one in filter(None, said.recipients.split("; ")):
        _put(places, "Place", one)
    other = _put(message, "OtherInfo")
    level = PRIORITY.index(said.urgency) if said.urgency in PRIORITY else 0
    _put(other, "Priority", str(level))
    _put(other, "PromulgationAmount", said.copies)
    _put(other, "PageAmount", said.pages)
    if said.reply_to:
        _put(_put(message, "ResponseFor"), "Code", said.reply_to)


def _put_trace(header: Element, sender: Organ, id_: str, now: datetime) -> None:
    traces = _put(header, "TraceHeaderList")
    trace = _put(traces, "TraceHeader")
    _put(trace, "OrganId", sender.code)
    _put(trace, "Timestamp", f"{now:%Y/%m/%d %H:%M:%S}")
    business = _put(traces, "Bussiness")
    _put(business, "DocumentId", id_)
    _put(business, "BussinessDocType", BUSINESS["new"])
    _put(business, "BussinessDocReason", "Văn bản điện tử mới")
    _put(business, "Paper", "0")


def _put_file(body: Element, holder: Element, cid: str, name: str, data: bytes) -> None:
    reference, file = _put(body, "Reference"), _put(holder, "Attachment")
    for at in (reference, file):
        _put(at, "ContentId", cid)
        _put(at, "ContentType", "application/zip")
        _put(at, "Description", name)
        _put(at, "AttachmentName", name)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    _put(file, "ContentTransferEncoded", base64.b64encode(packed.getvalue()).decode())


def write_status(sender: Organ, about: Particulars, code: str, staff: str, now: datetime) -> bytes:
    """What became of a document we were sent: one of ``STATUS``."""
    root, _, header = _started()
    message = _put(header, "MessageHeader")
    _put_organ(message, "From", sender)
    answer = _put(message, "ResponseFor")
    _put(answer, "OrganId", about.organ)
    _put(answer, "Code", about.number)
    _put(answer, "DocumentId", about.edxml)
    _put(answer, "PromulgationDate", about.issued.replace("-", "/"))
    _put(_put(message, "StaffInfo"), "Staff", staff)
    _put(message, "StatusCode", code)
    _put(message, "Description", f"{staff}: {STATUS[code]}")
    _put(message, "Timestamp", f"{now:%Y/%m/%d %H:%M:%S}")
    return _bytes(root)


def _bytes(root: Element) -> bytes:
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text

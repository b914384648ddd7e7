"""Delivery status notifications (RFC 3464, 3461, 6522), in Vietnamese and English.

The notice is built from bytes of our own; what is returned of the message is cut from it as it
was, never parsed and written anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from hashlib import sha256
from typing import Literal, TypeAlias

from gateway.archive.commands import Peer, Rcpt, Receive
from gateway.archive.journal import Entry
from gateway.delivery.reasons import explained
from gateway.mail.message import Message
from gateway.mail.own import signed
from gateway.mail.services import Signer

Kind: TypeAlias = Literal["failed", "delayed", "delivered", "orphaned"]
"""``orphaned``: a failure that its sender must not be told of; the postmaster is."""
HEAD_MAX = 64 * 1024
"""How much of a header is returned."""
FULL_MAX = 1024 * 1024
"""The largest message that is returned whole, where RET=FULL asks for it."""
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")

_TEXTS: dict[Kind, tuple[str, str, str]] = {
    "failed": (
        "Không chuyển được thư / Undelivered",
        """Thư dưới đây không chuyển được đến người nhận sau:
{vi}
Thư vẫn được lưu dưới số {number}. Nếu cần, hãy kiểm tra địa chỉ rồi gửi lại.""",
        """The message below could not be delivered to these recipients:
{en}
It is kept under number {number}. Check the addresses, and send it again if need be.""",
    ),
    "delayed": (
        "Thư chuyển chậm / Delayed",
        """Thư dưới đây chưa chuyển được đến người nhận sau:
{vi}
Thư được lưu dưới số {number}. Hệ thống còn tiếp tục thử đến {until}; không phải gửi lại.""",
        """The message below has not been delivered to these recipients yet:
{en}
It is kept under number {number}. We keep trying until {until}; do not send it again.""",
    ),
    "delivered": (
        "Thư đã chuyển / Delivered",
        """Thư dưới đây đã được chuyển cho người nhận sau:
{vi}
Thư được lưu dưới số {number}.""",
        """The message below was handed over for these recipients:
{en}
It is kept under number {number}.""",
    ),
    "orphaned": (
        "Thư không chuyển được, không báo được người gửi / Undelivered, sender not told",
        """Thư số {number} không chuyển được đến người nhận sau, và không báo được cho người gửi
<{sender}>:
{vi}
Hãy xem `vanthu why {number}`.""",
        """Message {number} could not be delivered to these recipients, and its sender <{sender}>
cannot be told:
{en}
See `vanthu why {number}`.""",
    ),
}


@dataclass(frozen=True, slots=True)
class Fate:
    """How it stands with one recipient, and what the last server said."""

    recipient: str
    action: Literal["failed", "delayed", "delivered", "relayed"]
    status: str
    reply: str
    orcpt: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes the notice, and when. ``until``: when a delayed message is given up."""

    new_id: str
    hostname: str
    now: datetime
    until: datetime | None = None
    signer: Signer | None = None


def may_report(command: Receive) -> bool:
    """Whether the sender may be told: he is known to be the sender, and it is no notice itself."""
    return bool(command.sender) and command.is_null_ok and command.direction != "notice"


def report(
    kind: Kind, command: Receive, number: str, message: Message, fates: Sequence[Fate],
    to: str, writer: Writer,
) -> Entry:  # fmt: skip
    """A notice about a message, ready for the journal. ``to``: who is told."""
    raw = _raw(kind, command, number, message, fates, to, writer)
    raw = signed(raw, writer.signer, writer.now)
    notice = Receive(
        id=writer.new_id,
        at_ms=int(writer.now.timestamp() * 1000),
        state="accepted",
        direction="notice",
        peer=Peer("notice", "internal"),
        sender="",
        recipients=(Rcpt(to),),
        size=len(raw),
        sha256=sha256(raw).hexdigest(),
        subject=_subject(kind, command.subject),
        author=f"postmaster@{writer.hostname}",
        message_id=f"<{writer.new_id}@{writer.hostname}>",
        is_utf8=not to.isascii(),
        about=command.id,
    )
    return Entry(notice, (raw,), numbered=True)


def _subject(kind: Kind, subject: str) -> str:
    return f"{_TEXTS[kind][0]}: {subject}"[:200]


def _raw(
    kind: Kind, command: Receive, number: str, message: Message, fates: Sequence[Fate],
    to: str, writer: Writer,
) -> bytes:  # fmt: skip
    mark = f"=_vanthu_{writer.new_id}"
    parts = [
        ("text/plain; charset=utf-8", _text(kind, command, number, fates, writer)),
        ("message/delivery-status", _status(command, number, fates, writer)),
        _returned(kind, command, message),
    ]
    body = b"".join(
        f"--{mark}\r\nContent-Type: {type_}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
        + data
        + b"\r\n"
        for type_, data in parts
    )
    return _top(kind, command, to, mark, writer).encode() + body + f"--{mark}--\r\n".encode()


def _top(kind: Kind, command: Receive, to: str, mark: str, writer: Writer) -> str:
    host = writer.hostname
    subject = Header(_subject(kind, command.subject), "utf-8").encode(linesep="\r\n")
    about = command.message_id
    reference = f"In-Reply-To: {about}\r\n" if _MESSAGE_ID.fullmatch(about) else ""
    return (
        f"From: Mail Delivery System <postmaster@{host}>\r\nTo: <{to}>\r\n"
        f"Subject: {subject}\r\nDate: {format_datetime(writer.now)}\r\n"
        f"Message-ID: <{writer.new_id}@{host}>\r\n{reference}"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status;\r\n"
        f'\tboundary="{mark}"\r\n\r\n'
    )


def _text(
    kind: Kind, command: Receive, number: str, fates: Sequence[Fate], writer: Writer
) -> bytes:
    _, vietnamese, english = _TEXTS[kind]
    lines = {"vi": "", "en": ""}
    for fate in fates:
        reasons = dict(zip(("vi", "en"), explained(fate.status), strict=True))
        for language in lines:
            why = "" if kind == "delivered" else f": {reasons[language]}"
            lines[language] += f"  {fate.recipient}{why}\n    ({_said(fate)})\n"
    until = f"{writer.until:%d/%m/%Y %H:%M %Z}" if writer.until else ""
    told = {"number": number, "sender": command.sender, "until": until} | lines
    text = f"Kính gửi Ông/Bà,\n\n{vietnamese}\n\n--\n{english}\n".format(**told)
    return text.replace("\n", "\r\n").encode()


def _said(fate: Fate) -> str:
    has_status = fate.status in fate.reply
    return fate.reply if has_status else f"{fate.status} {fate.reply}"


def _status(command: Receive, number: str, fates: Sequence[Fate], writer: Writer) -> bytes:
    arrived = datetime.fromtimestamp(command.at_ms / 1000, writer.now.tzinfo)
    rows = [f"Reporting-MTA: dns; {writer.hostname}"]
    rows += [f"Original-Envelope-Id: {_plain(command.envid)}"] if command.envid else []
    rows += [f"Arrival-Date: {format_datetime(arrived)}", f"X-Vanthu-Number: {number}"]
    for fate in fates:
        rows += ["", *_fields(fate, writer)]
    return "\r\n".join([*rows, ""]).encode()


def _fields(fate: Fate, writer: Writer) -> list[str]:
    kind = "rfc822" if fate.recipient.isascii() else "utf-8"
    rows = [f"Original-Recipient: {_original(fate.orcpt)}"] if fate.orcpt else []
    rows += [f"Final-Recipient: {kind}; {fate.recipient}", f"Action: {fate.action}"]
    status = f"4.{fate.status.partition('.')[2]}" if fate.action == "delayed" else fate.status
    rows.append(f"Status: {status}")
    if host := _host(fate.via):
        rows.append(f"Remote-MTA: dns; {host}")
        rows.append(f"Diagnostic-Code: smtp; {_plain(fate.reply)}")
    else:
        rows.append(f"Diagnostic-Code: X-Vanthu; {_plain(fate.reply)}")
    rows.append(f"Last-Attempt-Date: {format_datetime(writer.now)}")
    if fate.action == "delayed" and writer.until is not None:
        rows.append(f"Will-Retry-Until: {format_datetime(writer.until)}")
    return rows


def _host(via: str) -> str:
    """The server's name in ``smtp://mx.example[192.0.2.1]:25 [TLSv1.3]``."""
    kind, _, rest = via.partition("://")
    if kind not in ("smtp", "lmtp"):
        return ""
    return _plain(
        rest.partition(" ")[0].partition("[")[0].rpartition(":")[0] or rest.partition("[")[0]
    )


def _original(orcpt: str) -> str:
    kind, _, text = orcpt.partition(";")
    return f"{_plain(kind)}; {_plain(_XTEXT.sub(lambda m: chr(int(m[1], 16)), text))}"


def _plain(text: str) -> str:
    """ASCII on one line: what others said must not become fields of ours."""
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text)


def _returned(kind: Kind, command: Receive, message: Message) -> tuple[str, bytes]:
    """The header, or the whole message where it failed and that was asked for (RFC 3461 4.3)."""
    is_plain = message.head.isascii()
    if kind == "failed" and command.ret == "FULL" and len(message) <= FULL_MAX:
        whole = bytes(message).removesuffix(b"\r\n")
        return ("message/rfc822" if is_plain else "message/global"), whole
    head = message.head[:HEAD_MAX].removesuffix(b"\r\n")
    return ("text/rfc822-headers" if is_plain else "message/global-headers"), head

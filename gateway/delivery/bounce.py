"""Delivery status notifications (RFC 3464, 3461, 6522), in Vietnamese and English.

The notice is built from bytes of our own; what is returned of the message is cut from it as it
was, never parsed and written anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from hashlib import sha256

from gateway.archive.commands import Peer, Rcpt, Receive
from gateway.archive.journal import Entry

HEAD_MAX = 64 * 1024
"""How much of a returned header is returned."""

_TEXT = """\
Kính gửi Ông/Bà,

Thư dưới đây không chuyển được đến người nhận sau:
{lines}
Thư vẫn được lưu dưới số {number}. Nếu cần, hãy kiểm tra địa chỉ rồi gửi lại.

--
The message below could not be delivered to these recipients:
{lines}
It is kept under number {number}. Check the addresses, and send it again if need be.
"""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One recipient who did not get it, and what the last server said."""

    recipient: str
    status: str
    reply: str
    orcpt: str = ""


def may_bounce(command: Receive) -> bool:
    """Whether the sender may be told: he is known to be the sender, and it is no notice itself."""
    return bool(command.sender) and command.is_null_ok and command.direction != "notice"


def bounce(
    command: Receive,
    number: str,
    head: bytes,
    failed: Sequence[Undelivered],
    *,
    new_id: str,
    hostname: str,
    now: datetime,
) -> Entry:
    """A failure notice to the sender, ready for the journal."""
    raw = _report(command, number, head, failed, new_id=new_id, hostname=hostname, now=now)
    subject = _subject(command.subject)
    notice = Receive(
        id=new_id,
        at_ms=int(now.timestamp() * 1000),
        state="accepted",
        direction="notice",
        peer=Peer("notice", "internal"),
        sender="",
        recipients=(Rcpt(command.sender),),
        size=len(raw),
        sha256=sha256(raw).hexdigest(),
        subject=subject,
        author=f"postmaster@{hostname}",
        message_id=f"<{new_id}@{hostname}>",
        is_utf8=not command.sender.isascii(),
        about=command.id,
    )
    return Entry(notice, (raw,), numbered=True)


def _subject(subject: str) -> str:
    return f"Không chuyển được thư / Undelivered: {subject}"[:200]


def _report(
    command: Receive,
    number: str,
    head: bytes,
    failed: Sequence[Undelivered],
    *,
    new_id: str,
    hostname: str,
    now: datetime,
) -> bytes:
    lines = "".join(f"  {f.recipient}: {f.reply}\n" for f in failed)
    text = _TEXT.format(lines=lines, number=number).replace("\n", "\r\n")
    rows = [f"Reporting-MTA: dns; {hostname}"]
    rows += [f"Original-Envelope-Id: {command.envid}"] if command.envid else []
    rows.append(f"X-Vanthu-Number: {number}")
    for one in failed:
        rows.append("")
        rows += [f"Original-Recipient: {one.orcpt}"] if one.orcpt else []
        kind = "rfc822" if one.recipient.isascii() else "utf-8"
        rows += [f"Final-Recipient: {kind}; {one.recipient}", "Action: failed"]
        rows += [f"Status: {one.status}", f"Diagnostic-Code: smtp; {one.reply}"]
    mark = f"=_vanthu_{new_id}"
    subject = Header(_subject(command.subject), "utf-8").encode(linesep="\r\n")
    top = (
        f"From: Mail Delivery System <postmaster@{hostname}>\r\nTo: <{command.sender}>\r\n"
        f"Subject: {subject}\r\nDate: {format_datetime(now)}\r\n"
        f"Message-ID: <{new_id}@{hostname}>\r\nIn-Reply-To: {command.message_id}\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status;\r\n"
        f'\tboundary="{mark}"\r\n\r\n'
    )
    parts = [
        ("text/plain; charset=utf-8", text.encode()),
        ("message/delivery-status", "\r\n".join([*rows, ""]).encode()),
        ("text/rfc822-headers", head[:HEAD_MAX].removesuffix(b"\r\n")),
    ]
    body = b"".join(
        f"--{mark}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
        + data
        + b"\r\n"
        for kind, data in parts
    )
    return top.encode() + body + f"--{mark}--\r\n".encode()

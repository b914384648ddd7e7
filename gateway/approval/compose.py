"""Mails of the desk, ready for the journal: bytes of our own, an original attached as it was."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from hashlib import sha256

from gateway.approval.office import Office
from gateway.archive.commands import Peer, Rcpt, Receive
from gateway.archive.journal import Entry
from gateway.mail.own import signed
from gateway.mail.text import one_line
from gateway.runtime.ids import new_id

NAME = "Bàn duyệt thư / Approval desk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One mail of the desk to one person."""

    to: str
    """His address."""
    subject: str
    text: str
    about: str = ""
    """The id of the message it is about."""
    thread: str = ""
    """The Message-ID that it answers, with its brackets."""
    message_id: str = ""
    """Its own; empty: a new one."""
    reply_to: str = ""
    links: tuple[tuple[str, str], ...] = ()
    """(label, mailto: URL): shown in the HTML alternative as things to tap."""
    original: bytes | None = None
    """A message to attach as it came."""
    urgent: bool = False
    name: str = NAME
    """Under which it is written."""


def notice(office: Office, mail: Notice, now: datetime) -> Entry:
    """A notice for the journal: kept under a number, owed to its reader."""
    id_ = new_id()
    message_id = mail.message_id or f"<{id_}@{office.hostname}>"
    raw = signed(_raw(office, mail, id_, message_id, now), office.signer, now)
    command = Receive(
        id=id_,
        at_ms=int(now.timestamp() * 1000),
        state="accepted",
        direction="notice",
        peer=Peer("notice", "internal"),
        sender="",
        recipients=(Rcpt(mail.to),),
        size=len(raw),
        sha256=sha256(raw).hexdigest(),
        subject=one_line(mail.subject, 500),
        author=office.desk,
        message_id=message_id,
        is_8bit=True,
        is_utf8=not mail.to.isascii(),
        about=mail.about,
    )
    return Entry(command, (raw,), numbered=True)


def _raw(office: Office, mail: Notice, id_: str, message_id: str, now: datetime) -> bytes:
    subject = Header(one_line(mail.subject, 300), "utf-8", header_name="Subject")
    name = Header(mail.name, "utf-8").encode(linesep="\r\n")
    head = [
        f"From: {name} <{office.desk}>",
        f"To: <{mail.to}>",
        f"Subject: {subject.encode(linesep=chr(13) + chr(10))}",
        f"Date: {format_datetime(now.astimezone(office.calendar.zone))}",
        f"Message-ID: {message_id}",
    ]
    if mail.thread:
        head += [f"In-Reply-To: {mail.thread}", f"References: {mail.thread}"]
    if mail.reply_to:
        head.append(f"Reply-To: <{mail.reply_to}>")
    if mail.urgent:
        head += ["Importance: high", "X-Priority: 1"]
    mark = f"=_vanthu_{id_}"
    head += ["Auto-Submitted: auto-generated", "MIME-Version: 1.0"]
    texts = _texts(mail, f"{mark}_a")
    if mail.original is None:
        return "\r\n".join(head).encode() + b"\r\n" + texts
    kind = "message/rfc822" if _head_is_ascii(mail.original) else "message/global"
    head.append(f'Content-Type: multipart/mixed;\r\n\tboundary="{mark}"')
    attached = (
        f"Content-Type: {kind}\r\nContent-Disposition: attachment;\r\n"
        '\tfilename="thu-goc.eml"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
    ).encode() + mail.original
    parts = (texts, attached)
    body = b"".join(f"--{mark}\r\n".encode() + part + b"\r\n" for part in parts)
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body + f"--{mark}--\r\n".encode()


def _head_is_ascii(raw: bytes) -> bool:
    end = raw.find(b"\r\n\r\n")
    return raw[: end if end >= 0 else len(raw)].isascii()


def _texts(mail: Notice, mark: str) -> bytes:
    """The text, and where there is something to tap an HTML alternative; with their own header."""
    plain = _part("plain", mail.text)
    if not mail.links:
        return plain
    buttons = " &nbsp; ".join(
        f'<a href="{html.escape(url, quote=True)}" style="display:inline-block;padding:12px 24px;'
        f'border:2px solid;border-radius:6px;font-size:18px">{html.escape(label)}</a>'
        for label, url in mail.links
    )
    shown = html.escape(mail.text)
    page = (
        '<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>'
        f'<p>{buttons}</p><pre style="white-space:pre-wrap;font-family:inherit">{shown}</pre>'
        f"<p>{buttons}</p></body></html>"
    )
    page = page.replace("><", ">\n<")
    inner = b"".join(
        f"--{mark}\r\n".encode() + part + b"\r\n" for part in (plain, _part("html", page))
    )
    kind = f'Content-Type: multipart/alternative;\r\n\tboundary="{mark}"\r\n\r\n'
    return kind.encode() + inner + f"--{mark}--\r\n".encode()


def _part(kind: str, text: str) -> bytes:
    import quopri

    data = quopri.encodestring(text.replace("\r\n", "\n").encode()).replace(b"\n", b"\r\n")
    head = f"Content-Type: text/{kind}; charset=utf-8\r\n"
    head += "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head.encode() + data

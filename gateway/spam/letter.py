"""What the nose reads of a message: its first bytes, its fields and its text, decoded, in bounds."""

from __future__ import annotations

import binascii
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.mail.text import base64_bytes, decode_words, to_text
from gateway.spam.fold import disguises, fold

RAW_BYTES = 3000
HEAD_BYTES = 2000
TEXT_BYTES = 48 * 1024
"""Text looked at, in windows; what is behind it is not read."""
_HEAD_READ = 8000
_PART_READ = 96 * 1024
_MESSAGE_READ = 512 * 1024
_PARTS = 40
_DEPTH = 8

_CTE = re.compile(rb"(?im)^content-transfer-encoding:[ \t]*\"?([\w-]+)")
_TYPE = re.compile(rb"(?im)^content-type:\s*\"?([\w.+/-]+)")
_BOUNDARY = re.compile(rb"(?i)boundary[ \t]*=[ \t]*(?:\"([^\"\r\n]+)\"|([^\s;\"]+))")
_CHARSET = re.compile(rb"(?i)charset[ \t]*=[ \t]*\"?([\w.:-]+)")
_NAME = re.compile(rb"(?i)name\*?\d?\*?=\"?([^\"\r\n;]+)")
_TAG = re.compile(
    r"<(?:script|style)\b.*?</(?:script|style)\s*>|<!--.*?-->|<[^>]{0,2000}>",
    re.DOTALL | re.IGNORECASE,
)
_LINK = re.compile(r"(?:href|src|action)\s*=\s*[\"']?\s*(?:https?:)?//([^\s\"'>]{1,200})", re.I)
_LINKS = 40


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as the nose knows it. It can be learnt from as well as smelled."""

    raw: bytes
    """The first ``RAW_BYTES`` as received, line ends as LF."""
    head: bytes
    """The fields, unfolded and decoded, UTF-8."""
    text: bytes
    """The text of all parts, without markup, folded, UTF-8; attachments by type and name."""
    links: bytes = b""
    """Hosts and paths that its markup leads to, one a line."""


def read_letter(raw: bytes | bytearray | memoryview) -> Letter:
    """Read a message of any shape. Never an exception; time is bounded whatever its size."""
    data = bytes(memoryview(raw)[:_MESSAGE_READ]).replace(b"\r\n", b"\n")
    head, body = _split(data)
    fields = re.sub(rb"\n[ \t]+", b" ", head[:_HEAD_READ]).decode("utf-8", "replace")
    text, links = _text(head, body)
    marks = disguises(text)
    folded = fold(text)
    if marks:
        folded = " ".join(f"[[{mark}]]" for mark in marks) + "\n" + folded
    return Letter(
        raw=data[:RAW_BYTES],
        head=decode_words(fields).encode("utf-8", "replace")[:HEAD_BYTES],
        text=folded.encode("utf-8", "replace")[:TEXT_BYTES],
        links="\n".join(links).lower().encode("utf-8", "replace"),
    )


def _text(head: bytes, body: bytes) -> tuple[str, list[str]]:
    out: list[str] = []
    links: list[str] = []
    size = 0
    for kind, text in _parts(head, body, 0):
        shown = text
        if kind == "text/html":
            links += _LINK.findall(text)[: _LINKS - len(links)]
            shown = _plain(text)
        elif not kind.startswith("text/"):
            shown = f" [[{kind} {text}]] "
        out.append(shown)
        size += len(shown)
        if size >= TEXT_BYTES or len(out) >= _PARTS:
            break
    return "\n".join(out)[:TEXT_BYTES], links


def _plain(markup: str) -> str:
    text = " ".join(_TAG.sub("", markup).split())
    return html.unescape(text) if "&" in text else text


def _parts(head: bytes, body: bytes, depth: int) -> Iterator[tuple[str, str]]:
    """(type, text) of every text part; (type, name) of every other."""
    found = _TYPE.search(head)
    kind = found[1].lower().decode() if found else "text/plain"
    if depth < _DEPTH and kind.startswith("multipart/") and (mark := _BOUNDARY.search(head)):
        for piece in body.split(b"--" + (mark[1] or mark[2]).strip(), _PARTS)[1:]:
            if piece.startswith(b"--"):
                break
            yield from _parts(*_split(piece.lstrip(b" \t").removeprefix(b"\n")), depth + 1)
    elif depth < _DEPTH and kind == "message/rfc822":
        inner, rest = _split(body)
        yield "text/plain", inner[:1500].decode("utf-8", "replace")
        yield from _parts(inner, rest, depth + 1)
    elif kind.startswith("text"):
        yield kind if "/" in kind else "text/plain", _decoded(head, body)
    else:
        name = _NAME.search(head)
        yield kind, name[1][:80].decode("utf-8", "replace") if name else ""


def _decoded(head: bytes, body: bytes) -> str:
    encoding = _CTE.search(head)
    data = body[:_PART_READ]
    match encoding[1].lower() if encoding else b"":
        case b"base64":
            data = base64_bytes(data)
        case b"quoted-printable":
            data = binascii.a2b_qp(data)
    charset = _CHARSET.search(head)
    return to_text(data, charset[1].decode() if charset else "")


def _split(data: bytes) -> tuple[bytes, bytes]:
    if data.startswith(b"\n"):
        return b"", data[1:]
    head, _, body = data.partition(b"\n\n")
    return head, body

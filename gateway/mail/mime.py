"""The parts of a message, as offsets into the bytes that came, and where programs may disagree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from gateway.mail.boundary import Buffer, Span, cut
from gateway.mail.decode import ENCODED, IDENTITY, flaws, pieces
from gateway.mail.limits import Limits
from gateway.mail.parameters import NONE, Valued, read_valued
from gateway.mail.text import decode_words, to_text
from gateway.runtime.once import once
from gateway.runtime.scan import find
from gateway.runtime.words import later

_CONTENT = re.compile(
    rb"^(content-(?:type|transfer-encoding|disposition|id))([ \t]*):([^\n]*(?:\n[ \t][^\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_ODD_CONTENT = re.compile(rb"content[-_ ](?:type|transfer-encoding)(?![ \t]*:)")
_SPOKEN_OF = re.compile(rb"\n([ \t]*)content")
"""In a header in lower case, with an LF before it."""
_INLINE_FILE = re.compile(
    rb"^(?:begin(?:-base64)? [0-7]{3,4} (?P<uu>[^\r\n]{1,255})"
    rb"|=ybegin [^\r\n]{0,100}name=(?P<y>[^\r\n]{1,255}))\r?\n",
    re.MULTILINE,
)
_LOOKS_ENCODED = re.compile(rb"\s*[A-Za-z0-9+/]{40,}={0,2}[ \t]*(?:\r?\n|$)|\s*begin [0-7]{3}")
_ALL_BASE64 = re.compile(
    rb"\s*(?:(?:[A-Za-z0-9+/]{40,76}\r?\n)+[A-Za-z0-9+/]{0,76}|[A-Za-z0-9+/]{60,76})={0,2}\s*"
)
_BLANK_LINE = re.compile(rb"\n[ \t]+\r?\n")
_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})
_HARMLESS = frozenset({"7-bit", "8-bit", "7bits", "8bits", "none", "plain", "utf-8", "us-ascii"})
INLINE_FILES_MAX = 50


@dataclass(frozen=True, slots=True)
class Part:
    """One part. ``head`` and ``body`` are offsets into ``source``.

    ``source`` is the message's own buffer, except within a message that was attached encoded.
    """

    source: Buffer
    index: int
    parent: int
    """The index of the part it lies in; -1 for the message itself."""
    depth: int
    head: Span
    body: Span
    content: Valued
    """Content-Type and its parameters."""
    placed: Valued
    """Content-Disposition and its parameters."""
    encoding: str
    names: tuple[str, ...] = ()
    """Every file name that some program would show, the most likely one first."""

    @property
    def type(self) -> str:
        """``text/plain``, in lower case."""
        return self.content.value

    @property
    def filename(self) -> str:
        """The name that most programs show; empty if it has none."""
        return self.names[0] if self.names else ""

    @property
    def raw(self) -> memoryview:
        """The body as it stands in the message."""
        return memoryview(self.source)[self.body[0] : self.body[1]]

    @property
    def is_leaf(self) -> bool:
        return not self.type.startswith("multipart/") and self.type not in _MESSAGES

    @property
    def is_attachment(self) -> bool:
        """A leaf that is a file to its reader, and not text that he reads in place."""
        if not self.is_leaf:
            return False
        if self.placed.value == "attachment" or self.names:
            return True
        return self.type not in {"text/plain", "text/html", "text/enriched", "text/calendar"}

    def pieces(self) -> Iterator[bytes]:
        """The decoded body, piece by piece."""
        return pieces(self.encoding, self.raw)

    def decoded(self, most: int = 1 << 40) -> bytes:
        """At most the first ``most`` bytes of the decoded body."""
        out, size = [], 0
        for piece in self.pieces():
            out.append(piece)
            size += len(piece)
            if size >= most:
                break
        return b"".join(out)[:most]

    def text(self, most: int = 1 << 40) -> str:
        """A text part as its reader sees it; ``most`` counts bytes."""
        return to_text(self.decoded(most), self.content.get("charset"))


@dataclass(frozen=True)
class Mime:
    """All parts of a message in order, containers before what they hold."""

    parts: tuple[Part, ...]
    doubts: tuple[str, ...]
    """Structure about which programs disagree."""

    @property
    def depth(self) -> int:
        return max(part.depth for part in self.parts)

    @property
    def leaves(self) -> Iterator[Part]:
        return (part for part in self.parts if part.is_leaf)

    @once
    def attachments(self) -> tuple[Part, ...]:
        """The files, in order."""
        return tuple(part for part in self.parts if part.is_attachment)

    @once
    def ambiguities(self) -> tuple[str, ...]:
        """Every doubt, those about transfer encodings among them; each once.

        Normal mail has none; whoever scans for harm should not trust a mail that has one.
        """
        coded = (part for part in self.leaves if part.encoding in ENCODED)
        found = (flaw for part in coded for flaw in flaws(part.encoding, part.raw))
        return tuple(dict.fromkeys((*self.doubts, *found)))


def read_mime(raw: Buffer, head_size: int, limits: Limits) -> Mime:
    """Walk a message's parts. Linear in its size, and never an exception."""
    walk = _Walk(limits, budget=8 * len(raw) + (1 << 20))
    walk.todo.append(_Entity(raw, 0, len(raw), -1, 0, "text/plain", head_size))
    while walk.todo:
        walk.enter(walk.todo.pop())
    if walk.longer - {boundary for boundary, _, _ in walk.boundaries}:
        walk.doubts.append(later("a boundary that is not quite a line"))
    return Mime(tuple(walk.parts), tuple(dict.fromkeys(walk.doubts)))


def _is_odd(head: bytes, begin: int, at: int) -> bool:
    """Whether a program may see such a field where another sees none, or one of another name."""
    if _ODD_CONTENT.match(head, at):
        return True
    if begin != at or not head.startswith(b"content-", at):
        return False
    before = head[head.rfind(b"\n", 0, max(0, begin - 1)) + 1 : max(0, begin - 1)]
    return bool(before) and before[0] not in b" \t\r" and b":" not in before


@dataclass(slots=True)
class _Entity:
    source: Buffer
    start: int
    end: int
    parent: int
    depth: int
    default: str
    head_end: int = -1


@dataclass(slots=True)
class _Walk:
    limits: Limits
    budget: int
    """Bytes that may still be searched; nested boundaries read the same bytes again."""
    parts: list[Part] = field(default_factory=list[Part])
    doubts: list[str] = field(default_factory=list[str])
    todo: list[_Entity] = field(default_factory=list[_Entity])
    boundaries: list[tuple[bytes, int, int]] = field(default_factory=list[tuple[bytes, int, int]])
    longer: set[bytes] = field(default_factory=set[bytes])

    def enter(self, at: _Entity) -> None:
        if len(self.parts) >= self.limits.mime_parts:
            self.doubts.append(later("more parts than are looked at"))
            return
        head_end = at.head_end if at.head_end >= 0 else _head_end(at.source, at.start, at.end)
        head = bytes(at.source[at.start : head_end])
        part = self._part(at, head, head_end)
        self.parts.append(part)
        if part.is_leaf:
            self._leaf(part)
        elif at.depth >= self.limits.mime_depth:
            self.doubts.append(later("parts deeper than are looked at"))
        elif part.type in _MESSAGES:
            self._message(part)
        else:
            self._multipart(part)

    def _part(self, at: _Entity, head: bytes, head_end: int) -> Part:
        fields = self._content_fields(head)
        content = self._valued(fields.get("content-type"))
        placed = self._valued(fields.get("content-disposition"))
        body = (head_end, at.end)
        encoding = self._encoding(fields.get("content-transfer-encoding", b""), at.source, body)
        if "/" not in content.value:
            if content.value.startswith("multipart") or content.parameters.get("boundary"):
                self.doubts.append(later("a multipart without its subtype"))
            content = Valued(at.default, content.parameters, content.doubts)
        names = self._names(content, placed)
        index = len(self.parts)
        span = (at.start, head_end)
        return Part(
            at.source, index, at.parent, at.depth, span, body, content, placed, encoding, names
        )

    def _content_fields(self, head: bytes) -> dict[str, bytes]:
        """The first field of each name, in lower case."""
        fields: dict[str, bytes] = {}
        lower = head.lower()
        if b"content" not in lower:
            return fields
        spoken_of = [(f.start(), f.end(1) - 1) for f in _SPOKEN_OF.finditer(b"\n" + lower)]
        starts = [at for begin, at in spoken_of if begin == at]
        for found in filter(None, (_CONTENT.match(head, at) for at in starts)):
            name, value = found[1].lower().decode(), found[3]
            if found[2]:
                self.doubts.append(later("a blank before the colon of a Content- field"))
            if fields.setdefault(name, value).strip().lower() != value.strip().lower():
                self.doubts.append(later("two fields {field}").format(field=name.title()))
        self._doubt_head(head, starts)
        if any(_is_odd(lower, begin, at) for begin, at in spoken_of):
            self.doubts.append(later("a Content- field, or the line before it, without a colon"))
        return fields

    def _doubt_head(self, head: bytes, starts: list[int]) -> None:
        if b"\0" in head:
            self.doubts.append(later("a NUL in a header"))
        if head.count(b"\r") != head.count(b"\r\n"):
            self.doubts.append(later("a bare CR in a header"))
        blank = _BLANK_LINE.search(head)
        if blank and any(at >= blank.end() and _CONTENT.match(head, at) for at in starts):
            self.doubts.append(later("an empty line of blanks above a Content- field"))

    def _valued(self, raw: bytes | None) -> Valued:
        if raw is None:
            return NONE
        valued = read_valued(raw)
        self.doubts += valued.doubts
        return valued

    def _encoding(self, raw: bytes, source: Buffer, body: Span) -> str:
        value = raw.decode("latin-1").strip().lower()
        if value in IDENTITY or value in ENCODED:
            return value
        if value in {"uuencode", "x-uue", "uue"}:
            return "x-uuencode"
        token = value.partition(";")[0].split("(")[0].strip(" \t\r\n\"'")
        if token in _HARMLESS or not _LOOKS_ENCODED.match(bytes(source[body[0] : body[0] + 4096])):
            return token if token in ENCODED else ""
        self.doubts.append(later("an unknown transfer encoding"))
        return next((known for known in ENCODED if known in value), "base64")

    def _names(self, content: Valued, placed: Valued) -> tuple[str, ...]:
        readings = (*placed.parameters.get("filename", ()), *content.parameters.get("name", ()))
        if not readings:
            return ()
        names = tuple(dict.fromkeys(n for n in (decode_words(r).strip() for r in readings) if n))
        endings = {name.rpartition(".")[2].lower().strip() for name in names if "." in name}
        if len(endings) > 1:
            self.doubts.append(later("file names that disagree"))
        return names

    def _leaf(self, part: Part) -> None:
        if part.type == "message/partial":
            self.doubts.append(later("a piece of a message"))
        if part.is_attachment and part.encoding not in {"base64", "quoted-printable"}:
            begin = bytes(part.source[part.body[0] : min(part.body[1], part.body[0] + 4096)])
            if _ALL_BASE64.fullmatch(begin):
                self.doubts.append(later("base64 under another transfer encoding"))
        if part.encoding in IDENTITY and part.type.startswith("text/"):
            source, (start, end) = part.source, part.body
            if find(source, b"begin", start, end) >= 0:  # So does yEnc's "=ybegin".
                self._inline_files(part)

    def _inline_files(self, part: Part) -> None:
        """Files in the manner of before MIME, which some programs still show as attachments."""
        source, (start, end) = part.source, part.body
        marks = list(islice(_INLINE_FILE.finditer(source, start, end), INLINE_FILES_MAX + 1))
        ends = [*(mark.start() for mark in marks[1:]), end]
        if len(marks) > INLINE_FILES_MAX or len(self.parts) + len(marks) > self.limits.mime_parts:
            self.doubts.append(later("more files in a text than are looked at"))
        for found, to in zip(marks[:INLINE_FILES_MAX], ends, strict=False):
            self.parts.append(
                Part(
                    source,
                    index=len(self.parts),
                    parent=part.index,
                    depth=part.depth + 1,
                    head=(found.start(), found.start()),
                    body=(found.start(), to),
                    content=Valued("application/octet-stream"),
                    placed=NONE,
                    encoding="x-uuencode" if found["uu"] else "x-yenc",
                    names=(to_text(found["uu"] or found["y"]).strip(),),
                )
            )

    def _message(self, part: Part) -> None:
        source, (start, end) = part.source, part.body
        if part.encoding not in IDENTITY:
            source = part.decoded(self.limits.message_bytes)
            start, end = 0, len(source)
            self.budget -= len(part.raw)
        self.todo.append(_Entity(source, start, end, part.index, part.depth + 1, "text/plain"))

    def _multipart(self, part: Part) -> None:
        source, (start, end) = part.source, part.body
        readings = part.content.parameters.get("boundary", ())
        self._doubt_multipart(part, readings)
        boundary = readings[0].rstrip().encode("utf-8", "surrogateescape") if readings else b""
        if not boundary:
            self.doubts.append(later("a multipart without a boundary"))
            return
        self.budget -= end - start
        if self.budget < 0:
            self.doubts.append(later("parts within parts beyond measure"))
            return
        if any(b == boundary and s <= start and end <= e for b, s, e in self.boundaries):
            self.doubts.append(later("a boundary used on two levels"))
        self.boundaries.append((boundary, start, end))
        found = cut(source, boundary, start, end)
        self.doubts += found.doubts
        self.longer |= found.longer
        default = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
        for child_start, child_end in reversed(found.spans):
            self.todo.append(
                _Entity(source, child_start, child_end, part.index, part.depth + 1, default)
            )

    def _doubt_multipart(self, part: Part, readings: tuple[str, ...]) -> None:
        if part.encoding in {"base64", "x-uuencode"}:
            self.doubts.append(later("an encoded multipart"))
        if len(readings) > 1:
            self.doubts.append(later("a boundary with more than one reading"))
        if readings and (readings[0] != readings[0].strip() or not readings[0].isprintable()):
            self.doubts.append(later("a boundary that begins or ends with blanks"))


def _head_end(source: Buffer, start: int, end: int) -> int:
    """Behind the empty line that ends a part's header."""
    if source[start : start + 2] == b"\r\n":
        return start + 2
    if source[start : start + 1] == b"\n":
        return start + 1
    best = end
    for mark in (b"\n\r\n", b"\n\n"):
        at = source.find(mark, start, best)
        best = at + len(mark) if at >= 0 else best
    return best

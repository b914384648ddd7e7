"""A message in the two canonical forms of DKIM, each made once however many signatures there are.

RFC 6376 3.4. ``bytes.replace`` walks a body ten times as fast as a regular expression.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from gateway.mail.message import Message

Form: TypeAlias = Literal["simple", "relaxed"]
Header: TypeAlias = tuple[bytes, bytes]
"""Name as written, and value from behind the colon to its last CR LF."""

_HASHES = {"sha256": hashlib.sha256}
"""RFC 8301 3.1 leaves nothing else."""
_NAME = re.compile(rb"[\x21-\x39\x3b-\x7e]+\Z")


class Malformed(Exception):
    """The header cannot be read in one way only, so no signature over it means anything."""


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376 3.4.4."""
    if body and not body.endswith(b"\r\n"):
        body += b"\r\n"
    body = _single_blanks(body)
    if b" \r\n" in body:
        body = body.replace(b" \r\n", b"\r\n")
    return _without_empty_end(body)


def _single_blanks(text: bytes) -> bytes:
    """Every run of blanks as one space."""
    if b"\t" in text:
        text = text.replace(b"\t", b" ")
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text


def simple_body(body: bytes) -> bytes:
    """RFC 6376 3.4.3."""
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    return _without_empty_end(body) or b"\r\n"


def _without_empty_end(body: bytes) -> bytes:
    end = len(body)
    while body.endswith(b"\r\n", 0, end):
        end -= 2
    return body[: end + 2] if end else b""


def relaxed_value(value: bytes) -> bytes:
    """RFC 6376 3.4.2, with the CR LF at the end."""
    if b"\x0b" in value or b"\x0c" in value:  # Python takes them for blanks, and the RFC does not.
        return _single_blanks(value.replace(b"\r\n", b"")).strip(b" ") + b"\r\n"
    return b" ".join(value.split()) + b"\r\n"


def without_signature(value: bytes) -> bytes:
    """A signature field with an empty ``b=`` (RFC 6376 3.5), all else as it was."""
    tags = value.split(b";")
    for at, tag in enumerate(tags):
        name, sign, _ = tag.partition(b"=")
        if sign and name.strip() == b"b":
            tags[at] = name + sign
    return b";".join(tags)


@dataclass
class Letter:
    """A message taken apart for signing or checking."""

    headers: tuple[Header, ...]
    body: bytes
    _bodies: dict[Form, bytes] = field(default_factory=dict)
    _digests: dict[tuple[Form, str], bytes] = field(default_factory=dict)
    _places: dict[bytes, list[int]] = field(default_factory=dict)
    _relaxed: dict[int, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, message: Message) -> Letter:
        """A message's letter, taken apart once for all who look at it.

        Malformed where a header line is no field, or has stray line ends or NULs.
        """
        return message.view(cls._taken_apart)

    @classmethod
    def _taken_apart(cls, message: Message) -> Letter:
        head = message.head
        if not head.count(b"\r") == head.count(b"\n") == head.count(b"\r\n") or b"\0" in head:
            raise Malformed("the header has a stray line end or a NUL")
        headers: list[Header] = []
        for _, raw in message.fields:
            name, colon, value = raw.partition(b":")
            if not colon or not _NAME.match(name):
                raise Malformed(f"{raw[:40]!r} is not a header field")
            headers.append((name, value))
        return cls(tuple(headers), bytes(message.body))

    def canonical_body(self, form: Form) -> bytes:
        if form not in self._bodies:
            self._bodies[form] = (relaxed_body if form == "relaxed" else simple_body)(self.body)
        return self._bodies[form]

    def body_digest(self, form: Form, algorithm: str) -> bytes:
        """The hash of the whole canonical body."""
        key = (form, algorithm)
        if key not in self._digests:
            self._digests[key] = _HASHES[algorithm](self.canonical_body(form)).digest()
        return self._digests[key]

    def header_digest(
        self, form: Form, algorithm: str, chosen: Iterable[bytes], signature: Header
    ) -> bytes:
        """The hash of the chosen fields (lower-case names, RFC 6376 5.4.2) and the signature's."""
        places, used, pieces = self.places, dict[bytes, int](), list[bytes]()
        for name in chosen:  # From the bottom up; one that is not there (any more) adds nothing.
            if (at := places.get(name)) is not None:
                nth = used[name] = used.get(name, 0) + 1
                if nth <= len(at):
                    pieces.append(self._field(form, at[-nth]))
        name, value = signature
        value = without_signature(value)
        if form == "relaxed":
            pieces.append(name.lower() + b":" + relaxed_value(value)[:-2])
        else:
            pieces.append(name + b":" + value.removesuffix(b"\r\n"))
        return _HASHES[algorithm](b"".join(pieces)).digest()

    @property
    def places(self) -> dict[bytes, list[int]]:
        """Where the fields of each lower-case name stand, top first."""
        if not self._places:
            for at, (name, _) in enumerate(self.headers):
                self._places.setdefault(name.lower(), []).append(at)
        return self._places

    def _field(self, form: Form, at: int) -> bytes:
        name, value = self.headers[at]
        if form == "simple":
            return name + b":" + value
        if at not in self._relaxed:
            self._relaxed[at] = name.lower() + b":" + relaxed_value(value)
        return self._relaxed[at]

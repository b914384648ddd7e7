"""A message as it came: bytes, with views on them that are made when first asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.utils import parseaddr
from functools import cached_property

from gateway.mail.address import NOBODY, Address
from gateway.mail.edit import AddHeader, DropHeader, Edit

_FIELD = re.compile(rb"(?:[^\r\n]|\r(?!\n))[^\n]*(?:\n[ \t][^\n]*)*\n?")
VIEW_MAX = 64 * 1024
"""Longest field value that is decoded for reading; the rest of it is left out of the view."""


@dataclass(frozen=True)
class Message:
    """The bytes as received. Lines end in CR LF, but nothing here relies on it.

    ``raw`` may be a ``bytearray`` handed over by the door so that it is not copied; whoever holds
    a Message only reads it.
    """

    raw: bytes | bytearray

    @classmethod
    def parse(cls, raw: bytes | bytearray) -> Message:
        return cls(raw)

    def __bytes__(self) -> bytes:
        return bytes(self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    @cached_property
    def head_size(self) -> int:
        """Where the body begins: behind the empty line, or at the end if there is none."""
        if self.raw[:2] == b"\r\n":
            return 2
        at = self.raw.find(b"\r\n\r\n")
        return at + 4 if at >= 0 else len(self.raw)

    @cached_property
    def head(self) -> bytes:
        """The header with the empty line that ends it."""
        return bytes(self.raw[: self.head_size])

    @property
    def body(self) -> memoryview:
        """Everything behind the empty line, without a copy."""
        return memoryview(self.raw)[self.head_size :]

    @cached_property
    def fields(self) -> tuple[tuple[str, bytes], ...]:
        """Every header field in order, as (lower-case name, whole raw field)."""
        return tuple(_split_fields(self.head))

    def all(self, name: str) -> tuple[bytes, ...]:
        """The raw values of every field of this name, top first, still folded and encoded."""
        wanted = name.lower()
        return tuple(raw.partition(b":")[2] for known, raw in self.fields if known == wanted)

    def header(self, name: str) -> str:
        """The first field of this name, unfolded and decoded; empty if there is none."""
        values = self.all(name)
        return decoded(values[0]) if values else ""

    @cached_property
    def author(self) -> tuple[str, Address]:
        """The display name and the address in ``From``, as a reader's mail program shows them."""
        name, text = parseaddr(self.header("From"))
        try:
            return name, Address.parse(text)
        except ValueError:
            return name, NOBODY

    def edited_head(self, edits: tuple[Edit, ...]) -> bytes:
        """The header after these edits, with its empty line; the body goes behind it unchanged."""
        added = [edit for edit in edits if isinstance(edit, AddHeader)]
        top = b"".join(f"{edit.name}: {edit.value}\r\n".encode() for edit in reversed(added))
        dropped = {(e.name.lower(), e.nth) for e in edits if isinstance(e, DropHeader)}
        return top + (self._without(dropped) if dropped else self.head)

    def edited(self, edits: tuple[Edit, ...]) -> Message:
        """This message after its header edits."""
        if not any(isinstance(edit, AddHeader | DropHeader) for edit in edits):
            return self
        return Message(b"".join((self.edited_head(edits), self.body)))

    def _without(self, dropped: set[tuple[str, int | None]]) -> bytes:
        seen: dict[str, int] = {}
        kept: list[bytes] = []
        for name, raw in self.fields:
            nth = seen.get(name, 0)
            seen[name] = nth + 1
            if (name, None) not in dropped and (name, nth) not in dropped:
                kept.append(raw)
        size = sum(len(raw) for _, raw in self.fields)
        return b"".join(kept) + self.head[size:]


def decoded(value: bytes) -> str:
    """A raw field value, unfolded, its RFC 2047 words decoded, as a reader would see it."""
    text = " ".join(value[:VIEW_MAX].decode("utf-8", "replace").split())
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, UnicodeError, ValueError):
        return text  # Mail need not be well-formed to be read.


def _split_fields(head: bytes) -> list[tuple[str, bytes]]:
    fields: list[tuple[str, bytes]] = []
    at = 0
    while found := _FIELD.match(head, at):
        raw = found[0]
        fields.append((_name(raw), raw))
        at = found.end()
    return fields


def _name(field: bytes) -> str:
    return field.partition(b":")[0].strip().lower().decode("latin-1")

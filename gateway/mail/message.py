"""A message as it came: bytes, with views on them that are made when first asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar, cast

from gateway.mail.address import NOBODY, Address
from gateway.mail.edit import AddHeader, DropHeader, Edit
from gateway.mail.limits import Limits
from gateway.mail.mailboxes import read_mailboxes
from gateway.mail.mime import Mime, read_mime
from gateway.mail.text import decode_words, to_text
from gateway.runtime.once import once

T = TypeVar("T")

_FIELD = re.compile(rb"(?:[^\r\n]|\r(?!\n))[^\n]*(?:\n[ \t][^\n]*)*\n?")
SENDER_FIELDS = ("From", "Sender", "Resent-From", "Resent-Sender")
_LIMITS = Limits()
NAME_USUAL = 40
VIEW_MAX = 64 * 1024
"""Longest field value that is decoded for reading; the rest of it is left out of the view."""


@dataclass(frozen=True)
class Message:
    """The bytes as received. Lines end in CR LF, but nothing here relies on it.

    ``raw`` may be a ``bytearray`` handed over by the door so that it is not copied; whoever holds
    a Message only reads it.
    """

    raw: bytes | bytearray
    limits: Limits = field(default=_LIMITS, compare=False, repr=False)
    """How many parts, how deep, are looked at."""

    @classmethod
    def parse(cls, raw: bytes | bytearray) -> Message:
        return cls(raw)

    def __bytes__(self) -> bytes:
        return bytes(self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    @once
    def head_size(self) -> int:
        """Where the body begins: behind the empty line, or at the end if there is none."""
        raw = self.raw
        if raw[:2] == b"\r\n" or raw[:1] == b"\n":
            return 2 if raw[:1] == b"\r" else 1
        wire = raw.find(b"\r\n\r\n")
        end = wire + 4 if wire >= 0 else len(raw)
        for bare in (b"\n\n", b"\n\r\n"):  # A file whose lines end in LF alone, or here and there.
            at = raw.find(bare, 0, end)
            end = at + len(bare) if at >= 0 else end
        return end

    @once
    def head(self) -> bytes:
        """The header with the empty line that ends it."""
        return bytes(self.raw[: self.head_size])

    @property
    def body(self) -> memoryview:
        """Everything behind the empty line, without a copy."""
        return memoryview(self.raw)[self.head_size :]

    @once
    def fields(self) -> tuple[tuple[str, bytes], ...]:
        """Every header field in order, as (lower-case name, whole raw field)."""
        return tuple(_split_fields(self.head))

    @once
    def mime(self) -> Mime:
        """The parts, as offsets, and every doubt about them."""
        return read_mime(self.raw, self.head_size, self.limits)

    def all(self, name: str) -> tuple[bytes, ...]:
        """The raw values of every field of this name, top first, still folded and encoded."""
        return tuple(self._values.get(name.lower(), ()))

    @once
    def _values(self) -> dict[str, list[bytes]]:
        """Raw values by lower-case name."""
        values: dict[str, list[bytes]] = {}
        for name, raw in self.fields:
            values.setdefault(name, []).append(raw.partition(b":")[2])
        return values

    def header(self, name: str) -> str:
        """The first field of this name, unfolded and decoded; empty if there is none."""
        values = self.all(name)
        return decoded(values[0]) if values else ""

    @once
    def author(self) -> tuple[str, Address]:
        """The display name and the address in ``From``, as a reader's mail program shows them."""
        return self.authors[0] if self.authors else ("", NOBODY)

    @once
    def authors(self) -> tuple[tuple[str, Address], ...]:
        """Everybody named in any ``From`` field; see ``mailboxes``."""
        return self.mailboxes("From")

    @property
    def sender_fields(self) -> dict[str, tuple[tuple[str, Address], ...]]:
        """Who else says that he sent it: each field of RFC 5322 3.6.2 and 3.6.6 there is."""
        present = {name for name, _ in self.fields}
        return {f: self.mailboxes(f) for f in SENDER_FIELDS if f.lower() in present}

    def mailboxes(self, name: str) -> tuple[tuple[str, Address], ...]:
        """Everybody named in any field of this name: (display name, address).

        What cannot be read, or lies behind the first ``VIEW_MAX`` bytes, is one more entry whose
        address is ``NOBODY``: whoever asks whether all are known gets a no.
        """
        found: list[tuple[str, Address]] = []
        for value in self.all(name):
            found += read_mailboxes(unfolded(value))
            if len(value) > VIEW_MAX:
                found.append(("", NOBODY))
        return tuple(found)

    def view(self, make: Callable[[Message], T]) -> T:
        """What ``make`` sees in it, made when first asked for: a room's own way to look at mail."""
        views: dict[object, object] = self.__dict__.setdefault("_views", {})
        if make not in views:
            views[make] = make(self)
        return cast("T", views[make])

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


def unfolded(value: bytes) -> str:
    """A raw field value on one line, its encoded words left as they are."""
    return " ".join(to_text(value[:VIEW_MAX]).split())


def decoded(value: bytes) -> str:
    """A raw field value, unfolded, its RFC 2047 words decoded, as a reader would see it."""
    return decode_words(unfolded(value))


def _split_fields(head: bytes) -> list[tuple[str, bytes]]:
    """Fields follow one another without gaps: nothing but the empty line at the end is none."""
    return [(_name(raw.partition(b":")[0]), raw) for raw in _FIELD.findall(head)]


def _name(said: bytes) -> str:
    return _known_name(said) if len(said) <= NAME_USUAL else _lower_name(said)


def _lower_name(said: bytes) -> str:
    return said.strip().lower().decode("latin-1")


_known_name = lru_cache(1024)(_lower_name)
"""All mail has the same few fields; what is longer than a name is not remembered."""

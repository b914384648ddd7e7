"""Which pages of two revisions are built of the same things, without drawing them."""

from __future__ import annotations

import io
from hashlib import blake2b

import pikepdf
from pikepdf import Array, Dictionary, Object, Stream

DEPTH_MAX = 24
_UPWARDS = frozenset({"/Parent", "/P", "/StructParent", "/StructParents", "/Popup", "/Dest", "/A"})
"""Keys that lead out of a page, or say nothing of how it looks."""


def unlike(before: bytes, after: bytes, first: int) -> list[int]:
    """Indices, from ``first`` on, of pages of which something that is drawn differs.

    ``pikepdf.PdfError`` where one of them is no file.
    """
    with pikepdf.open(io.BytesIO(before)) as old, pikepdf.open(io.BytesIO(after)) as new:
        one, other = _Digests(), _Digests()
        pages = zip(old.pages[first:], new.pages[first:], strict=False)
        return [
            index
            for index, (a, b) in enumerate(pages, start=first)
            if one.of(a.obj) != other.of(b.obj)
        ]


class _Digests:
    """Of objects with all that hangs below them; what several pages share is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], bytes] = {}

    def of(self, found: Object, depth: int = 0) -> bytes:
        """Equal for equal looks. Too deep or round in a circle: whatever is there is the same."""
        place = found.objgen if found.is_indirect else (0, 0)
        if place in self._known:
            return self._known[place]
        if depth > DEPTH_MAX:
            return b"deep"
        if place != (0, 0):
            self._known[place] = b"circle"
        digest = self._made(found, depth)
        if place != (0, 0):
            self._known[place] = digest
        return digest

    def _made(self, found: Object, depth: int) -> bytes:
        hashed = blake2b(digest_size=16)
        if isinstance(found, (Dictionary, Stream)):
            for key in sorted(set(found.keys()) - _UPWARDS):
                hashed.update(key.encode() + b"\0" + self._child(found[key], depth))
            if isinstance(found, Stream):
                hashed.update(found.read_raw_bytes())
        elif isinstance(found, Array):
            for item in found:
                hashed.update(b"\1" + self._child(item, depth))
        else:
            hashed.update(found.unparse())
        return hashed.digest()

    def _child(self, value: object, depth: int) -> bytes:
        """Numbers, booleans and strings come as Python's own."""
        return self.of(value, depth + 1) if isinstance(value, Object) else repr(value).encode()

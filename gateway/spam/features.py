"""From a letter to the places in the tables that speak about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gateway.spam.hashing import (
    FINE,
    LOOSE,
    Hashes,
    bounds,
    grams,
    hashed,
    lines,
    mixed,
    pairs,
    slots,
    words,
)
from gateway.spam.letter import Letter

WEIGHT_BITS = 20
COUNT_BITS = 19
WINDOW_BYTES = 3000
STRIDE_BYTES = 1500
WINDOWS = 16
"""Longer texts are looked at in this many windows and one, further apart."""
_COUNTED_BYTES = 6000
_LINK_BYTES = 1500
_LINKED = np.uint32(0xC2B2AE35)
_TAGGED = np.uint32(0x85EBCA6B)
_SHAPE = bytes.maketrans(b"123456789", b"000000000")


@dataclass(frozen=True, slots=True)
class Features:
    """Sorted places without doubles, one array for each view; ``windows`` has one or more."""

    raw: Hashes
    head: Hashes
    windows: tuple[Hashes, ...]
    head_words: Hashes
    text_words: Hashes


def features(letter: Letter) -> Features:
    """All that the models read of a letter; about 0.4 ms for one of a few kilobytes."""
    links = words(letter.links[:_LINK_BYTES], FINE)
    links = links * _LINKED + np.uint32(5)
    loose = words(letter.head, LOOSE)
    fine = words(letter.text[:_COUNTED_BYTES], FINE)
    return Features(
        raw=slots(grams(letter.raw), 0, WEIGHT_BITS),
        head=slots(np.concatenate([grams(letter.head), pairs(loose)]), 1, WEIGHT_BITS),
        windows=tuple(
            _window(letter.text[at : at + WINDOW_BYTES], links) for at in _begins(len(letter.text))
        ),
        head_words=slots(_field_words(letter.head), 3, COUNT_BITS),
        text_words=slots(np.concatenate([fine, links]), 4, COUNT_BITS),
    )


def _begins(size: int) -> list[int]:
    """Where the windows lie: padding can fill some of them, and never all."""
    if size <= WINDOW_BYTES:
        return [0]
    last = size - WINDOW_BYTES
    count = min(WINDOWS, -(-last // STRIDE_BYTES))
    return [last * n // count for n in range(count + 1)]


def _window(text: bytes, links: Hashes) -> Hashes:
    """Four-grams, six-grams, words in pairs, words with every digit made 0, and links."""
    four = grams(text)
    six = mixed(four[:-2]) * _TAGGED + four[2:] + np.uint32(9)
    begins, ends = bounds(text, LOOSE)
    plain = hashed(text, begins, ends)
    shapes = hashed(text.translate(_SHAPE), begins, ends)
    shaped = pairs(shapes) * _LINKED + np.uint32(77)
    return slots(np.concatenate([four, six, pairs(plain), shaped, links]), 2, WEIGHT_BITS)


def _field_words(head: bytes) -> Hashes:
    """Words of the header, each tagged with the name of its field."""
    begins, ends = bounds(head, FINE)
    found = hashed(head, begins, ends)
    if not len(found):
        return found
    starts = lines(head)
    names = found[np.minimum(np.searchsorted(begins, starts), len(found) - 1)]
    line = np.searchsorted(starts, begins, "right") - 1
    return found * _TAGGED + names[line]

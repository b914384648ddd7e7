"""Byte 4-grams and words of a text as numbers, all at once: arrays of 32-bit hashes."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Hashes: TypeAlias = NDArray[np.uint32]
Places: TypeAlias = NDArray[np.int64]

LONGEST: Final = 1 << 16
"""Bytes of one text that are hashed; longer ones are cut."""


def _constants(count: int, seed: int) -> Hashes:
    """Numbers that look random and are the same for ever (splitmix64)."""
    with np.errstate(over="ignore"):
        x = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x += np.uint64(seed)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return (x ^ (x >> np.uint64(31))).astype(np.uint32)


def _powers(base: int) -> Hashes:
    with np.errstate(over="ignore"):
        steps = np.full(LONGEST + 1, base, np.uint32)
        steps[0] = 1
        return np.multiply.accumulate(steps, dtype=np.uint32)


_BASE: Final = 0x01000193
_LETTER = _constants(256, 1)
_POWER = _powers(_BASE)
_INVERSE = _powers(pow(_BASE, -1, 1 << 32))
_PAIR = _constants(8, 2) | np.uint32(1)
_GOLDEN = np.uint32(0x9E3779B1)
_SALT = _constants(16, 3)


def _set(letters: bytes) -> NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[list(letters)] = True
    return table


_BLANK = bytes(range(33))
LOOSE: Final = _set(_BLANK + b"<>\"'(),;:=[]{}|")
"""What parts words in prose, and leaves addresses of pages whole."""
FINE: Final = _set(_BLANK + b"<>\"'(),;:=[]{}|/?&@#")
"""What parts words in fields and in addresses of pages."""


def grams(text: bytes) -> Hashes:
    """Every four neighbouring bytes of a text, as numbers; shorter texts are filled with zeros."""
    if len(text) < 4:  # noqa: PLR2004  # Four-grams.
        text = text.ljust(4, b"\0") if text else b""
    size = len(text) - 3
    if size <= 0:
        return np.empty(0, np.uint32)
    out = np.empty(size, np.uint32)
    for shift in range(4):
        part = np.frombuffer(text[shift : shift + ((len(text) - shift) & ~3)], "<u4")
        out[shift::4] = part
    return out


def bounds(text: bytes, parts: NDArray[np.bool_]) -> tuple[Places, Places]:
    """(where each word begins, where it ends) in a text of at most ``LONGEST`` bytes."""
    letters = np.frombuffer(text, np.uint8)
    inside = np.zeros(len(letters) + 2, np.bool_)
    np.logical_not(parts[letters], out=inside[1:-1])
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    return edges[::2], edges[1::2]


def summed(text: bytes) -> Hashes:
    """Running sums over a text, from which any piece of it is hashed."""
    letters = np.frombuffer(text, np.uint8)
    sums = np.zeros(len(letters) + 1, np.uint32)
    np.cumsum(_LETTER[letters] * _POWER[: len(letters)], dtype=np.uint32, out=sums[1:])
    return sums


def hashed(sums: Hashes, begins: Places, ends: Places) -> Hashes:
    """A number for each piece of a summed text; equal pieces have equal ones, wherever they are."""
    return mixed((sums[ends] - sums[begins]) * _INVERSE[begins])


def words(text: bytes, parts: NDArray[np.bool_]) -> Hashes:
    """The words of a text of at most ``LONGEST`` bytes, in order."""
    return hashed(summed(text), *bounds(text, parts))


def lines(text: bytes) -> Places:
    """Where each line begins."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
    return np.concatenate([np.zeros(1, np.int64), ends + 1])


def mixed(x: Hashes) -> Hashes:
    """Spread differences in the low bits over the high ones (a bijection)."""
    x = (x ^ (x >> np.uint32(15))) * _GOLDEN
    return x ^ (x >> np.uint32(13))


def pairs(hashes: Hashes, window: int = 5) -> Hashes:
    """Words alone, and pairs of words up to ``window`` apart (orthogonal sparse bigrams)."""
    out = [hashes]
    out += [
        hashes[:-gap] * _PAIR[gap] + hashes[gap:] + np.uint32(gap)
        for gap in range(1, min(window, len(hashes)))
    ]
    return np.concatenate(out)


def first_of_pairs(begins: Places, window: int = 5) -> Places:
    """Where the first word of each of ``pairs`` begins, in the same order."""
    return np.concatenate([begins, *(begins[:-gap] for gap in range(1, min(window, len(begins))))])


def placed(hashes: Hashes, salt: int, bits: int) -> Hashes:
    """Places in a table of ``2 ** bits``, in the order of the hashes."""
    x: Hashes = ((hashes ^ _SALT[salt]) * _GOLDEN) >> np.uint32(32 - bits)
    return x


def slots(hashes: Hashes, salt: int, bits: int) -> Hashes:
    """Sorted places in a table of ``2 ** bits``, each once."""
    return once(placed(hashes, salt, bits))


def once(places: Hashes) -> Hashes:
    """Sorted, without doubles. Sorts its argument in place."""
    if len(places) < 2:  # noqa: PLR2004  # Nothing to sort.
        return places
    places.sort()
    fresh = np.empty(len(places), np.bool_)
    fresh[0] = True
    np.not_equal(places[1:], places[:-1], out=fresh[1:])
    return places[fresh]

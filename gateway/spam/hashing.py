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
LETTER: Final = _constants(256, 1)
SHAPED_LETTER: Final = LETTER.copy()
"""As ``LETTER``, and all digits are alike."""
SHAPED_LETTER[ord("0") : ord("9") + 1] = LETTER[ord("0")]
_POWER = _powers(_BASE)
_INVERSE = _powers(pow(_BASE, -1, 1 << 32))
_PAIR = _constants(8, 2) | np.uint32(1)
_GOLDEN = np.uint32(0x9E3779B1)
_SALT = _constants(16, 3)
_HALF, _OTHER_HALF = np.uint32(15), np.uint32(13)
_FIRST = np.zeros(1, np.int64)


def _all_but(letters: bytes) -> NDArray[np.bool_]:
    table = np.ones(256, np.bool_)
    table[list(letters)] = False
    return table


_BLANK = bytes(range(33))
LOOSE: Final = _all_but(_BLANK + b"<>\"'(),;:=[]{}|")
"""What words in prose are made of; addresses of pages stay whole."""
FINE: Final = _all_but(_BLANK + b"<>\"'(),;:=[]{}|/?&@#")
"""What words in fields and in addresses of pages are made of."""


def grams(text: bytes) -> Hashes:
    """Every four neighbouring bytes of a text, as numbers; shorter texts are filled with zeros."""
    if len(text) < 4:  # noqa: PLR2004  # Four-grams.
        text = text.ljust(4, b"\0") if text else b""
    size = len(text) - 3
    if size <= 0:
        return np.empty(0, np.uint32)
    return np.ndarray((size,), "<u4", text, 0, (1,)).astype(np.uint32)


def bounds(text: bytes, parts: NDArray[np.bool_]) -> tuple[Places, Places]:
    """(where each word begins, where it ends) in a text of at most ``LONGEST`` bytes."""
    letters = np.frombuffer(text, np.uint8)
    inside = np.zeros(len(letters) + 2, np.bool_)
    inside[1:-1] = parts.take(letters)
    edges = (inside[1:] != inside[:-1]).nonzero()[0]
    return edges[::2], edges[1::2]


def summed(text: bytes, letters: Hashes = LETTER) -> Hashes:
    """Running sums over a text, from which any piece of it is hashed."""
    sums = np.zeros(len(text) + 1, np.uint32)
    out = sums[1:]
    np.multiply(letters.take(np.frombuffer(text, np.uint8)), _POWER[: len(text)], out=out)
    np.add.accumulate(out, out=out)
    return sums


def hashed(sums: Hashes, begins: Places, ends: Places) -> Hashes:
    """A number for each piece of a summed text; equal pieces have equal ones, wherever they are."""
    x = sums.take(ends)
    x -= sums.take(begins)
    x *= _INVERSE.take(begins)
    return mixed(x)


def words(text: bytes, parts: NDArray[np.bool_]) -> Hashes:
    """The words of a text of at most ``LONGEST`` bytes, in order."""
    return hashed(summed(text), *bounds(text, parts))


def lines(text: bytes) -> Places:
    """Where each line begins."""
    ends = (np.frombuffer(text, np.uint8) == ord("\n")).nonzero()[0]
    return np.concatenate([_FIRST, ends + 1])


def mixed(x: Hashes) -> Hashes:
    """Spread differences in the low bits over the high ones (a bijection)."""
    x = x ^ (x >> _HALF)
    x *= _GOLDEN
    x ^= x >> _OTHER_HALF
    return x


def pairs(hashes: Hashes, window: int) -> NDArray[np.uint32]:
    """(window, words): words alone, then pairs of words 1, 2 ... apart (orthogonal sparse bigrams).

    The last words stand in pairs with the end.
    """
    padded = np.zeros(len(hashes) + window, np.uint32)
    padded[: len(hashes)] = hashes
    out = hashes * _PAIR[:window, None]
    out += np.ndarray((window, len(hashes)), np.uint32, padded, 0, (4, 4))
    out[0] = hashes
    return out


def scattered(hashes: Hashes, salt: int) -> None:
    """Change hashes in place so that their high bits are places in a table, each salt's others."""
    hashes ^= _SALT[salt]
    hashes *= _GOLDEN

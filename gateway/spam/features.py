"""From a letter to the places in the tables that speak about it.

All features of a letter are numbers in one array, made, sorted and rid of doubles together: small
letters cost what the number of calls costs, not what their bytes do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.spam.hashing import (
    FINE,
    LOOSE,
    SHAPED_LETTER,
    Hashes,
    Places,
    bounds,
    grams,
    hashed,
    lines,
    mixed,
    pairs,
    scattered,
    summed,
)
from gateway.spam.letter import TEXT_BYTES, Letter

WEIGHT_BITS: Final = 20
COUNT_BITS: Final = 19
BLOCK_BYTES: Final = 224
"""Texts are added up by blocks of so many bytes."""
BLOCKS: Final = -(-TEXT_BYTES // BLOCK_BYTES)
LEARNT_BLOCKS: Final = 14
"""How much of a text is learnt from a letter: the stretch that smells most, about 3,000 bytes."""
_LEARNT_STEP: Final = 7
RAW, HEAD, TEXT = range(3)
IN_RAW: Final = BLOCKS + 2
"""The bytes of the header, in the cell behind it those of the body that are not in the header."""
IN_HEAD: Final = BLOCKS + 4
IN_LINKS: Final = BLOCKS + 6
CELLS: Final = BLOCKS + 7
"""Where a feature stands: a block of the text, or one of the three above."""

_LINK_BYTES: Final = 1500
_WINDOW: Final = 5
_LINKED: Final = np.uint32(0xC2B2AE35)
_TAGGED: Final = np.uint32(0x85EBCA6B)
_SHAPED: Final = np.uint32(77)
_LINK: Final = np.uint32(5)
_SIX: Final = np.uint32(9)
_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")

# A feature's key: the view or table it belongs to, its place there, and where it stands.
_UNIT_BITS: Final = 10
_BITS: Final = np.uint32(_UNIT_BITS)
_UNIT: Final = np.uint32((1 << _UNIT_BITS) - 1)
_UNIT_BYTES: Final = 28
_BLOCK_BITS: Final = np.uint32((BLOCK_BYTES // _UNIT_BYTES).bit_length() - 1)
_NEAR_UNITS: Final = np.uint32(16)
_UNIT_OF: Final = (np.arange(TEXT_BYTES) // _UNIT_BYTES).astype(np.uint32)
_COUNT_PLACE: Final = np.uint32((1 << COUNT_BITS) - 1)


def _tag(view: int, cell: int, bits: int) -> np.uint32:
    return np.uint32(view << (bits + _UNIT_BITS) | cell << int(_BLOCK_BITS))


_RAW_HEAD_TAG: Final = _tag(RAW, IN_RAW, WEIGHT_BITS)
_RAW_BODY_TAG: Final = _tag(RAW, IN_RAW + 1, WEIGHT_BITS)
_HEAD_TAG: Final = _tag(HEAD, IN_HEAD, WEIGHT_BITS)
_TEXT_TAG: Final = _tag(TEXT, 0, WEIGHT_BITS)
_LINK_TAG: Final = _tag(TEXT, IN_LINKS, WEIGHT_BITS)
_HEAD_WORD_TAG: Final = _tag(1, IN_HEAD, COUNT_BITS)
_LINK_WORD_TAG: Final = _tag(0, IN_LINKS, COUNT_BITS)


@dataclass(frozen=True, slots=True)
class Scented:
    """Features with where they stand, so that any stretch of the text can be judged alone.

    Sorted by place. One that stands in the text several times, far apart, is there as often.
    """

    places: Hashes
    cells: Places
    again: Places
    """Which of them are not the first of their like."""


@dataclass(frozen=True, slots=True)
class Features:
    """All that the models read of a letter."""

    blocks: int
    """How many blocks the text has, at least one."""
    marks: Scented
    """For the regressions: the place is one in all three tables, one behind the other. Four-grams
    of the bytes; four-grams and words in pairs of the header; four-grams, six-grams, words in
    pairs, and words with every digit made 0, of the text; words of the links."""
    words: Scented
    """The words that are counted, of text, header and links."""

    def begins(self) -> list[int]:
        """The blocks with which the stretches that can be learnt begin."""
        last = self.blocks - LEARNT_BLOCKS
        if last <= 0:
            return [0]
        count = -(-last // _LEARNT_STEP)
        return [last * n // count for n in range(count + 1)]

    def left_out(self, begin: int) -> Places:
        """Which marks are not learnt with the stretch of the text that begins at this block."""
        if self.blocks <= LEARNT_BLOCKS:
            return self.marks.again
        cells, places = self.marks.cells, self.marks.places
        out = (cells < BLOCKS) & ((cells < begin) | (cells >= begin + LEARNT_BLOCKS))
        kept = (~out).nonzero()[0]
        out[kept[1:][places[kept[1:]] == places[kept[:-1]]]] = True
        return out.nonzero()[0]

    def learnt(self, begin: int) -> Hashes:
        """The places of the marks that are learnt with this stretch, each once, sorted."""
        return np.delete(self.marks.places, self.left_out(begin))


def features(letter: Letter) -> Features:
    """All that the models read of a letter; about 0.3 ms for one of a few kilobytes.

    Header, text and links are gone through together, one behind the other.
    """
    head, text = letter.head, letter.text[:TEXT_BYTES]
    together = b"\n".join((head, text, letter.links[:_LINK_BYTES]))
    text_at = len(head) + 1
    parts = text_at, text_at + len(text) + 1
    sums = summed(together)
    begins, ends = bounds(together, FINE)
    fine = hashed(sums, begins, ends)
    c, d = begins.searchsorted(parts)
    links = fine[d:] * _LINKED
    links += _LINK
    units = _UNIT_OF.take(begins[c:d] - text_at)
    words = _counted(_field_words(head, begins[:c], fine[:c]), fine[c:d], links, units)
    begins, ends = bounds(together, LOOSE)
    a, b = begins.searchsorted(parts)
    loose = pairs(hashed(sums, begins[:b], ends[:b]), _WINDOW)
    text_pairs = [loose[:, a:]]
    if text.translate(_DIGITS) != text:
        shapes = hashed(summed(together, SHAPED_LETTER), begins[a:b], ends[a:b])
        text_pairs.append(pairs(shapes, _WINDOW) * _LINKED + _SHAPED)
    else:
        text_pairs.append(loose[:, a:] * _LINKED + _SHAPED)
    units = _UNIT_OF.take(begins[a:b] - text_at)
    marks = _marks(letter.raw, head, text, loose[:, :a], text_pairs, units, links)
    return Features(max(1, -(-len(text) // BLOCK_BYTES)), marks, words)


def _marks(
    raw: bytes,
    head: bytes,
    text: bytes,
    head_pairs: NDArray[np.uint32],
    text_pairs: list[NDArray[np.uint32]],
    units: Hashes,
    links: Hashes,
) -> Scented:
    four = grams(text)
    six = mixed(four[:-2])
    six *= _TAGGED
    six += four[2:]
    six += _SIX
    hashes = [grams(raw), grams(head), head_pairs.ravel(), four, six]
    hashes += [found.ravel() for found in text_pairs]
    hashes.append(links)
    edges = [0]
    for found in hashes:
        edges.append(edges[-1] + len(found))
    keys, tags = np.concatenate(hashes), np.empty(edges[-1], np.uint32)
    for view, begin, end in ((RAW, 0, 1), (HEAD, 1, 3), (TEXT, 3, len(hashes))):
        scattered(keys[edges[begin] : edges[end]], view)
    tags[: edges[1]] = _RAW_BODY_TAG
    tags[: max(0, raw.find(b"\n\n"))] = _RAW_HEAD_TAG
    tags[edges[1] : edges[3]] = _HEAD_TAG
    tags[edges[3] : edges[4]] = _UNIT_OF[: len(four)]
    tags[edges[4] : edges[5]] = _UNIT_OF[: len(six)]
    tags[edges[5] : edges[-2]].reshape(2 * _WINDOW, len(units))[:] = units
    tags[edges[3] : edges[-2]] |= _TEXT_TAG
    tags[edges[-2] :] = _LINK_TAG
    return _scented(keys, tags, WEIGHT_BITS)


def _counted(head: Hashes, text: Hashes, links: Hashes, units: Hashes) -> Scented:
    begin, end = len(head), len(head) + len(text)
    keys = np.concatenate([head, text, links])
    tags = np.empty(len(keys), np.uint32)
    scattered(keys[:begin], 3)
    scattered(keys[begin:], 4)
    tags[:begin] = _HEAD_WORD_TAG
    tags[begin:end] = units
    tags[end:] = _LINK_WORD_TAG
    found = _scented(keys, tags, COUNT_BITS)
    places = found.places & _COUNT_PLACE
    return Scented(places, found.cells, found.again)


def _scented(keys: Hashes, tags: Hashes, bits: int) -> Scented:
    """Hashes and where they stand as one array, sorted, without what stands behind its like.

    What is said over and over in one stretch, such as a ruled line, counts there once. The last
    place that anything stands in is far from the end of the unit's bits, so what is near in the
    sorted array is of one place.
    """
    keys >>= np.uint32(32 - bits)
    keys <<= _BITS
    keys |= tags
    keys.sort()
    if len(keys) > 1:
        far = np.empty(len(keys), np.bool_)
        far[0] = True
        np.greater_equal(keys[1:] - keys[:-1], _NEAR_UNITS, out=far[1:])
        keys = keys.take(far.nonzero()[0])  # In a third of the time of ``compress``.
    places = keys >> _BITS
    again = (places[1:] == places[:-1]).nonzero()[0]
    again += 1
    keys &= _UNIT
    keys >>= _BLOCK_BITS
    return Scented(places, keys.astype(np.int64), again)


def _field_words(head: bytes, begins: Places, found: Hashes) -> Hashes:
    """Words of the header, each tagged with the name of its field."""
    if not len(found):
        return found
    starts = lines(head)
    names = found.take(np.minimum(begins.searchsorted(starts), len(found) - 1))
    line = starts.searchsorted(begins, "right")
    line -= 1
    tagged = found * _TAGGED
    tagged += names.take(line)
    return tagged

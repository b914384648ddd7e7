"""From a letter to the places in the tables that speak about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gateway.spam.hashing import (
    FINE,
    LOOSE,
    Hashes,
    Places,
    bounds,
    first_of_pairs,
    grams,
    hashed,
    lines,
    mixed,
    once,
    pairs,
    placed,
    slots,
    summed,
    words,
)
from gateway.spam.letter import Letter

WEIGHT_BITS = 20
COUNT_BITS = 19
LEARNT_BYTES = 3000
"""How much of a text is learnt from a letter: the stretch that smells most."""
_STEP_BYTES = 1500
_LINK_BYTES = 1500
_LINKED = np.uint32(0xC2B2AE35)
_TAGGED = np.uint32(0x85EBCA6B)
_SHAPE = bytes.maketrans(b"123456789", b"000000000")
_NEAR_BYTES = 450


@dataclass(frozen=True, slots=True)
class Flow:
    """A text's features, each with where it stands, so that any stretch can be judged alone.

    Four-grams, six-grams, words in pairs, and words with every digit made 0; words for counting.
    """

    size: int
    """Bytes of the text."""
    places: Hashes
    """Sorted; one that stands several times, far apart, is there as often."""
    at: Places
    """The byte at which each of ``places`` begins."""
    words: Hashes
    words_at: Places
    """Rising."""

    def stretch(self, begin: int, size: int) -> Hashes:
        """The places of a stretch, sorted."""
        if begin == 0 and size >= self.size:
            return self.places
        return self.places[(self.at >= begin) & (self.at < begin + size)]


@dataclass(frozen=True, slots=True)
class Features:
    """All that the models read of a letter. Places are sorted and without doubles, the flow's not.

    ``links`` and ``link_words`` belong to every stretch of the text.
    """

    raw: Hashes
    head: Hashes
    head_words: Hashes
    flow: Flow
    links: Hashes
    link_words: Hashes

    @property
    def text_words(self) -> Hashes:
        return once(np.concatenate([self.flow.words, self.link_words]))

    def begins(self) -> list[int]:
        """Where the stretches that can be learnt begin."""
        last = self.flow.size - LEARNT_BYTES
        if last <= 0:
            return [0]
        count = -(-last // _STEP_BYTES)
        return [last * n // count for n in range(count + 1)]

    def learnt(self, begin: int) -> Hashes:
        """The places of one of these stretches."""
        return once(np.concatenate([self.flow.stretch(begin, LEARNT_BYTES), self.links]))


def features(letter: Letter) -> Features:
    """All that the models read of a letter; about 0.4 ms for one of a few kilobytes."""
    links = words(letter.links[:_LINK_BYTES], FINE)
    links = links * _LINKED + np.uint32(5)
    head = summed(letter.head)
    loose = hashed(head, *bounds(letter.head, LOOSE))
    return Features(
        raw=slots(grams(letter.raw), 0, WEIGHT_BITS),
        head=slots(np.concatenate([grams(letter.head), pairs(loose)]), 1, WEIGHT_BITS),
        head_words=slots(_field_words(letter.head, head), 3, COUNT_BITS),
        flow=_flow(letter.text),
        links=slots(links, 2, WEIGHT_BITS),
        link_words=slots(links, 4, COUNT_BITS),
    )


def _flow(text: bytes) -> Flow:
    four = grams(text)
    six = mixed(four[:-2]) * _TAGGED + four[2:] + np.uint32(9)
    begins, ends = bounds(text, LOOSE)
    sums = summed(text)
    plain = hashed(sums, begins, ends)
    shaped_text = text.translate(_SHAPE)
    shapes = plain if shaped_text == text else hashed(summed(shaped_text), begins, ends)
    shaped = pairs(shapes) * _LINKED + np.uint32(77)
    at = first_of_pairs(begins)
    places, where = _said_once(
        placed(np.concatenate([four, six, pairs(plain), shaped]), 2, WEIGHT_BITS),
        np.concatenate([np.arange(len(four)), np.arange(len(six)), at, at]),
    )
    fine_at, fine_ends = bounds(text, FINE)
    counted = placed(hashed(sums, fine_at, fine_ends), 4, COUNT_BITS)
    words, words_at = _said_once(counted, fine_at)
    order = np.argsort(words_at)
    return Flow(len(text), places, where, words[order], words_at[order])


def _said_once(places: Hashes, at: Places) -> tuple[Hashes, Places]:
    """Sorted by place and byte; without those that stand a little behind their like.

    What is said over and over in one stretch, such as a ruled line, counts there once.
    """
    keys = places.astype(np.int64) << 16 | at
    keys.sort()
    places, at = (keys >> 16).astype(np.uint32), keys & 0xFFFF
    if len(keys) < 2:  # noqa: PLR2004  # Nothing has its like.
        return places, at
    # Alike and near: keys that differ by less than the distance, in the lower half alone.
    fresh = np.ones(len(keys), np.bool_)
    fresh[1:] = (keys[1:] - keys[:-1] >= _NEAR_BYTES) | (places[1:] != places[:-1])
    return places[fresh], at[fresh]


def _field_words(head: bytes, sums: Hashes) -> Hashes:
    """Words of the header, each tagged with the name of its field."""
    begins, ends = bounds(head, FINE)
    found = hashed(sums, begins, ends)
    if not len(found):
        return found
    starts = lines(head)
    names = found[np.minimum(np.searchsorted(begins, starts), len(found) - 1)]
    line = np.searchsorted(starts, begins, "right") - 1
    return found * _TAGGED + names[line]

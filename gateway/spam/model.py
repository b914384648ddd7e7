"""Four small models of a letter, summed: three learn from their mistakes, one counts words.

Raw bytes, header and text each have a logistic regression over hashed features (AdaGrad steps,
trained when they err by more than a little); the fourth weighs word counts by Robinson's and
Fisher's chi-square. Their sum, each clipped, is the score; what the text says by itself is kept
beside it, so that a trusted header cannot outvote a text that is spam through and through.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gateway.spam.features import (
    CELLS,
    COUNT_BITS,
    IN_HEAD,
    IN_LINKS,
    IN_RAW,
    LEARNT_BLOCKS,
    WEIGHT_BITS,
    Features,
)
from gateway.spam.hashing import Hashes

Floats: TypeAlias = NDArray[np.float32]

RATE: Final = 0.010
"""Step of a feature that has not been trained yet."""
TONE: Final = 0.02
"""Errors below this teach nothing."""
HEAD_WORDS_SHARE: Final = 0.5
STRETCHES: Final = 1, 2, 4
"""Blocks of text that are judged by themselves, wherever they stand."""
SHORT: Final = 2000
"""Letters with fewer features take larger steps, so that a short one can be learnt at all."""
CLIP: Final = 8.0
TEXT_SHARE: Final = 1.4
"""The text's own model counts a little more than the others."""
COUNT_SCALE: Final = 6.0
_RARE: Final = 0.0178
_UNKNOWN: Final = 0.52
_BLAND: Final = 0.375
_NOTHING: Final = 1e-30
_WORDS_MAX: Final = 4096
_LOG_FACTORIAL: Final = np.array([math.lgamma(i + 1) for i in range(_WORDS_MAX)])
_RANK: Final = np.arange(_WORDS_MAX, dtype=np.float64)

_VIEWS: Final = np.arange(1, 4, dtype=np.uint32) << np.uint32(WEIGHT_BITS)
HAM, SPAM, TOLD = range(3)


@dataclass(slots=True)
class Tables:
    """All that was learnt. ``steps`` is only needed to learn more: AdaGrad's sums of squares."""

    weights: Floats
    """(3, 2 ** WEIGHT_BITS): raw, header, text."""
    counts: Floats
    """(2, 2 ** COUNT_BITS): in how many ham and spam letters a word was."""
    letters: NDArray[np.float64]
    """(2,): ham and spam letters counted."""
    steps: Floats | None = None

    @classmethod
    def empty(cls) -> Tables:
        return cls(
            np.zeros((3, 1 << WEIGHT_BITS), np.float32),
            np.zeros((2, 1 << COUNT_BITS), np.float32),
            np.zeros(2, np.float64),
            np.ones((3, 1 << WEIGHT_BITS), np.float32),
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the models say, in logits: above zero speaks for spam. See ``Gauge.score``."""

    raw: float
    head: float
    text: float
    words: float
    """Word counts of header and text."""
    text_words: float
    """Of the text alone."""
    raw_head: float = 0.0
    """The bytes of the header alone."""
    worst: float = -CLIP
    """The stretch of the text that smells most, as if there were no other."""
    worst_words: float = -CLIP
    """Word counts of the stretch that counts most, and of the header with half its weight."""

    @property
    def whole(self) -> float:
        """All of it, -35.2 to 35.2."""
        return (
            _clipped(self.raw)
            + _clipped(self.head)
            + _clipped(self.words)
            + TEXT_SHARE * _clipped(self.text)
        )

    @property
    def bared(self) -> float:
        """Header and worst stretch, as if there were no other text: what padding cannot hide."""
        return (
            _clipped(self.raw_head)
            + _clipped(self.head)
            + _clipped(self.worst_words)
            + TEXT_SHARE * _clipped(self.worst)
        )

    @property
    def content(self) -> float:
        """What the text says by itself, whoever sent it; -18 to 18."""
        return _clipped(self.text, 12.0) + _clipped(self.text_words, 6.0)


@dataclass(frozen=True, slots=True)
class Study:
    """What the regressions learn from one letter, and go over again."""

    places: Hashes
    begin: int
    """The block with which the part of the text begins that is learnt."""


class Model:
    """Judges letters by tables, and trains them."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def judge(self, f: Features) -> Judgement:
        """Judge the letter whole, and by the worst stretch of its text: no padding hides that."""
        said, cells = self._said(f)
        blocks, link = cells[: f.blocks], float(cells[IN_LINKS])
        left_out = f.left_out(self._most_telling(f, blocks))
        whole = float(said.sum() - said.take(left_out).sum())
        raw_head, head = float(cells[IN_RAW]), float(cells[IN_HEAD])
        raw = raw_head + float(cells[IN_RAW + 1])
        words, text_words, worst_words, head_words = _ratios(self._odds(f))
        return Judgement(
            raw=raw,
            head=head,
            text=whole - raw - head,
            words=words,
            text_words=text_words,
            raw_head=raw_head,
            worst=float(_stretches(blocks).max()) + link,
            worst_words=worst_words + HEAD_WORDS_SHARE * head_words,
        )

    def learn(self, f: Features, is_spam: bool, weight: float = 1.0) -> Study:
        """Take the letter's label in; ``weight`` scales the step."""
        _, cells = self._said(f)
        study = self.study(f, self._most_telling(f, cells[: f.blocks]))
        self.practise(study, is_spam, weight)
        label = int(is_spam)
        self.tables.counts[label][f.words.places] += np.float32(weight)
        self.tables.letters[label] += weight
        return study

    def study(self, f: Features, begin: int) -> Study:
        """What is learnt of a letter, with the part of its text that begins at this block."""
        return Study(f.learnt(begin), begin)

    def practise(self, study: Study, is_spam: bool, weight: float = 1.0) -> None:
        """One step for the three regressions; the word counts stay."""
        edges = study.places.searchsorted(_VIEWS)
        for begin, end in pairwise((0, *edges.tolist())):
            self._step(study.places[begin:end], is_spam, weight)

    def _said(self, f: Features) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The weight of each mark, and what is in each cell, added up."""
        said = self.tables.weights.reshape(-1).take(f.marks.places).astype(np.float64)
        return said, np.bincount(f.marks.cells, said, CELLS).astype(np.float64, copy=False)

    @staticmethod
    def _most_telling(f: Features, blocks: NDArray[np.float64]) -> int:
        begins = f.begins()
        if len(begins) == 1:
            return 0
        sums = np.concatenate([np.zeros(1), blocks.cumsum()])
        ends = [begin + LEARNT_BLOCKS for begin in begins]
        return begins[int((sums[ends] - sums[begins]).argmax())]

    def _step(self, x: Hashes, is_spam: bool, weight: float) -> None:
        if not len(x) or self.tables.steps is None:
            return
        weights, steps = self.tables.weights.reshape(-1), self.tables.steps.reshape(-1)
        logit = float(weights.take(x).sum())
        error = float(is_spam) - probability(logit)
        if abs(error) < TONE:
            return
        squares = steps[x] + np.float32(weight * error * error)
        steps[x] = squares
        size = RATE * weight * error * max(1.0, SHORT / (len(x) + 1))
        weights[x] += np.float32(size) / np.sqrt(squares)

    def _odds(self, f: Features) -> NDArray[np.float64]:
        """Robinson's word probabilities, added up for four sets of words: (3, 4).

        Minus the logs of the opposite and of the probability itself, and how many of the words say
        something at all; for all words, those of the text, those of the worst stretch of the text
        with the links, and those of the header.
        """
        ham_letters, spam_letters = self.tables.letters
        sets = np.zeros((3, 4))
        if not (ham_letters and spam_letters):
            return sets
        p = self._word_probabilities(f.words.places, spam_letters / ham_letters)
        tells = (abs(p - 0.5) > _BLAND).nonzero()[0]
        p = p.take(tells)
        odds = np.ones((3, len(p)))
        np.negative(np.log1p(-p), out=odds[HAM])
        np.negative(np.log(p), out=odds[SPAM])
        where = f.words.cells.take(tells)
        cells = np.empty((3, CELLS))
        for row, out in zip(odds, cells, strict=True):
            out[:] = np.bincount(where, row, CELLS)
        head, links, blocks = cells[:, IN_HEAD], cells[:, IN_LINKS], cells[:, : f.blocks]
        stretches = _stretches(blocks)
        sets[:, 0] = cells.sum(axis=1)
        if len(f.words.again):
            again = np.zeros(len(f.words.places), np.bool_)
            again[f.words.again] = True
            sets[:, 0] -= odds.take(again.take(tells).nonzero()[0], axis=1).sum(axis=1)
        sets[:, 1] = sets[:, 0] - head
        sets[:, 2] = stretches[:, (stretches[HAM] - stretches[SPAM]).argmax()] + links
        sets[:, 3] = head
        return sets

    def _word_probabilities(self, words: Hashes, more: float) -> NDArray[np.float64]:
        """How likely a letter with this word is spam; ``more`` spam than ham letters are known."""
        ham, spam = self.tables.counts.take(words, axis=1).astype(np.float64)
        share: NDArray[np.float64] = ham * more
        share += spam
        seen = ham
        seen += spam
        share += _NOTHING
        np.divide(spam, share, out=share)
        share *= seen
        share += _RARE * _UNKNOWN
        seen += _RARE
        share /= seen
        np.minimum(share, 1 - 1e-9, out=share)
        np.maximum(share, 1e-9, out=share)
        return share


def _stretches(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """What every one, two and four neighbouring blocks hold together, along the last axis."""
    length = blocks.shape[-1]
    if length == 1:
        return blocks
    sums = np.zeros((*blocks.shape[:-1], length + 1))
    np.add.accumulate(blocks, axis=-1, out=sums[..., 1:])
    longer = (min(size, length) for size in STRETCHES[1:])
    return np.concatenate(
        [blocks, *(sums[..., size:] - sums[..., :-size] for size in longer)], axis=-1
    )


def _ratios(odds: NDArray[np.float64]) -> list[float]:
    """Fisher's chi-square over sets of words, (3, sets), as log ratios, scaled."""
    told = np.minimum(odds[TOLD], _WORDS_MAX)
    survival = _log_survival(odds[:TOLD], told)
    ratios: list[float] = ((survival[SPAM] - survival[HAM]) / COUNT_SCALE).tolist()
    return ratios


def probability(logit: float) -> float:
    """The logistic function, without overflow."""
    return 1.0 / (1.0 + math.exp(-max(-35.0, min(35.0, logit))))


def _clipped(logit: float, bound: float = CLIP) -> float:
    return max(-bound, min(bound, logit))


def _log_survival(half: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log of the chi-square survival function at ``2 * half`` with ``2 * n`` degrees.

    ``half`` is (m, sets), ``n`` is (sets,); 0 where n is 0.
    """
    most = int(n.max())
    if not most:
        return np.zeros_like(half)
    half = np.maximum(half, 1e-9)[..., None]
    terms = _RANK[:most] * np.log(half)
    terms -= _LOG_FACTORIAL[:most]
    terms[:, _RANK[:most] >= n[:, None]] = -np.inf
    top = np.maximum(terms.max(axis=-1, keepdims=True), -1e300)
    terms -= top
    np.exp(terms, out=terms)
    total = top + np.log(np.maximum(terms.sum(axis=-1, keepdims=True), 1e-300)) - half
    found: NDArray[np.float64] = np.where(n > 0, np.minimum(0.0, total[..., 0]), 0.0)
    return found

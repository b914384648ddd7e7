"""Four small models of a letter, summed: three learn from their mistakes, one counts words.

Raw bytes, header and text each have a logistic regression over hashed features (AdaGrad steps,
trained when they err by more than a little); the fourth weighs word counts by Robinson's and
Fisher's chi-square. Their sum, each clipped, is the score; what the text says by itself is kept
beside it, so that a trusted header cannot outvote a text that is spam through and through.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gateway.spam.features import COUNT_BITS, WEIGHT_BITS, Features
from gateway.spam.hashing import Hashes

Floats: TypeAlias = NDArray[np.float32]

RATE: Final = 0.010
"""Step of a feature that has not been trained yet."""
TONE: Final = 0.02
"""Errors below this teach nothing."""
SHORT: Final = 2000
"""Letters with fewer features take larger steps, so that a short one can be learnt at all."""
CLIP: Final = 8.0
TEXT_SHARE: Final = 1.4
"""The text's own model counts a little more than the others."""
COUNT_SCALE: Final = 6.0
VETO: Final = 3.0
"""From here on the text's own score stands against the header's."""
_RARE: Final = 0.0178
_UNKNOWN: Final = 0.52
_BLAND: Final = 0.375
_WORDS_MAX: Final = 4096
_LOG_FACTORIAL: Final = np.array([math.lgamma(i + 1) for i in range(_WORDS_MAX)])
_RANK: Final = np.arange(_WORDS_MAX, dtype=np.float64)

RAW, HEAD, TEXT = range(3)


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
    """What the models say, in logits: above zero speaks for spam."""

    raw: float
    head: float
    text: float
    """The window of the text that smells most."""
    words: float
    """Word counts of header and text."""
    text_words: float
    window: int

    @property
    def content(self) -> float:
        """What the text says by itself, whoever sent it."""
        return _clipped(self.text, 12.0) + _clipped(self.text_words, 6.0)

    @property
    def score(self) -> float:
        """All together, between about -35 and 35."""
        total = _clipped(self.raw) + _clipped(self.head) + _clipped(self.words)
        total += TEXT_SHARE * _clipped(self.text)
        content = self.content
        return max(total, content) if content > VETO else total


class Model:
    """Judges letters by tables, and trains them."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def judge(self, f: Features) -> Judgement:
        weights = self.tables.weights
        texts = [float(weights[TEXT].take(window).sum()) for window in f.windows]
        window = max(range(len(texts)), key=texts.__getitem__)
        return Judgement(
            raw=float(weights[RAW].take(f.raw).sum()),
            head=float(weights[HEAD].take(f.head).sum()),
            text=texts[window],
            words=self._count(np.concatenate([f.head_words, f.text_words])),
            text_words=self._count(f.text_words),
            window=window,
        )

    def learn(self, f: Features, is_spam: bool, weight: float = 1.0) -> Judgement:
        """Take the letter's label in. Returns the judgement before; ``weight`` scales the step."""
        before = self.judge(f)
        self.practise(f, before, is_spam, weight)
        label = int(is_spam)
        counts = self.tables.counts[label]
        counts[f.head_words] += np.float32(weight)
        counts[f.text_words] += np.float32(weight)
        self.tables.letters[label] += weight
        return before

    def practise(self, f: Features, now: Judgement, is_spam: bool, weight: float = 1.0) -> None:
        """One step for the three regressions; the word counts stay. ``now`` is ``judge(f)``."""
        views = ((RAW, now.raw, f.raw), (HEAD, now.head, f.head))
        for view, logit, places in (*views, (TEXT, now.text, f.windows[now.window])):
            self._step(view, logit, places, is_spam, weight)

    def _step(self, view: int, logit: float, x: Hashes, is_spam: bool, weight: float) -> None:
        error = float(is_spam) - probability(logit)
        steps = self.tables.steps
        if abs(error) < TONE or not len(x) or steps is None:
            return
        squares = steps[view][x] + np.float32(weight * error * error)
        steps[view][x] = squares
        size = RATE * weight * error * max(1.0, SHORT / (len(x) + 1))
        self.tables.weights[view][x] += np.float32(size) / np.sqrt(squares)

    def _count(self, words: Hashes) -> float:
        """Fisher's chi-square over Robinson's word probabilities, as a log ratio, scaled."""
        ham_letters, spam_letters = self.tables.letters
        if not (ham_letters and spam_letters):
            return 0.0
        ham, spam = (counts.take(words) for counts in self.tables.counts)
        seen = ham + spam
        known = seen > 0
        ham = ham[known].astype(np.float64) / ham_letters
        spam = spam[known].astype(np.float64) / spam_letters
        seen = seen[known]
        p = (_RARE * _UNKNOWN + seen * (spam / (ham + spam))) / (_RARE + seen)
        p = np.clip(p[np.abs(p - 0.5) > _BLAND], 1e-9, 1 - 1e-9)[:_WORDS_MAX]
        if not len(p):
            return 0.0
        spammy = _log_survival(-float(np.log(p).sum()), len(p))
        hammy = _log_survival(-float(np.log1p(-p).sum()), len(p))
        return (spammy - hammy) / COUNT_SCALE


def probability(logit: float) -> float:
    """The logistic function, without overflow."""
    return 1.0 / (1.0 + math.exp(-max(-35.0, min(35.0, logit))))


def _clipped(logit: float, bound: float = CLIP) -> float:
    return max(-bound, min(bound, logit))


def _log_survival(half: float, n: int) -> float:
    """Log of the chi-square survival function at ``2 * half`` with ``2 * n`` degrees."""
    half = max(half, 1e-9)
    terms = _RANK[:n] * math.log(half) - _LOG_FACTORIAL[:n]
    top = float(terms.max())
    return min(0.0, top + math.log(float(np.exp(terms - top).sum())) - half)

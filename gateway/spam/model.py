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

from gateway.spam.features import COUNT_BITS, LEARNT_BYTES, WEIGHT_BITS, Features, Flow
from gateway.spam.hashing import Hashes

Floats: TypeAlias = NDArray[np.float32]

RATE: Final = 0.010
"""Step of a feature that has not been trained yet."""
TONE: Final = 0.02
"""Errors below this teach nothing."""
STRETCH: Final = 450
"""Bytes of text that are judged by themselves, wherever they stand."""
STRETCH_STEP: Final = 225
HEAD_WORDS_SHARE: Final = 0.5
PADDED: Final = 2.0
COLD: Final = 8000.0
COLD_LETTERS: Final = 500.0
"""A single stretch is believed less while few letters are known: see ``Judgement.padded``."""
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
    """What the models say, in logits: above zero speaks for spam."""

    raw: float
    head: float
    text: float
    words: float
    """Word counts of header and text."""
    text_words: float
    """Of the text alone."""
    worst: float = -CLIP
    """The stretch of the text that smells most, as if there were no other."""
    worst_words: float = -CLIP
    """Word counts of the stretch that counts most, and of the header with half its weight."""
    padded: float = PADDED
    """What the worst stretch alone has to smell more than the whole, before it is believed."""

    @property
    def content(self) -> float:
        """What the text says by itself, whoever sent it."""
        return _clipped(self.text, 12.0) + _clipped(self.text_words, 6.0)

    @property
    def score(self) -> float:
        """All together, between about -35 and 35."""
        sender = _clipped(self.raw) + _clipped(self.head)
        whole = sender + _clipped(self.words) + TEXT_SHARE * _clipped(self.text)
        bared = sender + _clipped(self.worst_words) + TEXT_SHARE * _clipped(self.worst)
        total = max(whole, bared - self.padded)
        return max(total, self.content) if self.content > VETO else total


@dataclass(frozen=True, slots=True)
class Study:
    """What the regressions learn from one letter, and go over again."""

    raw: Hashes
    head: Hashes
    text: Hashes
    begin: int
    """Where the part of the text begins that is learnt."""


class Model:
    """Judges letters by tables, and trains them."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def judge(self, f: Features) -> Judgement:
        """Judge the letter whole, and by the worst stretch of its text: no padding hides that."""
        weights = self.tables.weights
        begins = np.arange(0, max(1, f.flow.size - STRETCH_STEP), STRETCH_STEP)
        ends = np.minimum(begins + STRETCH, f.flow.size)
        sums = self._sums(f.flow)
        texts = sums[ends] - sums[begins]
        groups = f.flow.words, f.head_words, f.text_words, f.link_words
        odds = self._odds(np.concatenate(groups))
        first, behind = (np.searchsorted(f.flow.words_at, place) for place in (begins, ends))
        counts = odds[:, behind] - odds[:, first]
        counted = counts[:, int((counts[HAM] - counts[SPAM]).argmax())]
        edges = np.cumsum([len(group) for group in groups])
        head, text, links = (odds[:, edges[1:]] - odds[:, edges[:-1]]).T
        learnt = f.learnt(self._most_telling(f, sums))
        return Judgement(
            raw=float(weights[RAW].take(f.raw).sum()),
            head=float(weights[HEAD].take(f.head).sum()),
            text=float(weights[TEXT].take(learnt).sum()),
            words=_ratio(head + text),
            text_words=_ratio(text),
            worst=float(texts.max() + weights[TEXT].take(f.links).sum()),
            worst_words=_ratio(counted + links) + HEAD_WORDS_SHARE * _ratio(head),
            padded=PADDED + COLD / (COLD_LETTERS + float(self.tables.letters.sum())),
        )

    def learn(self, f: Features, is_spam: bool, weight: float = 1.0) -> Study:
        """Take the letter's label in; ``weight`` scales the step."""
        study = self.study(f, self._most_telling(f, self._sums(f.flow)))
        self.practise(study, is_spam, weight)
        label = int(is_spam)
        counts = self.tables.counts[label]
        counts[f.head_words] += np.float32(weight)
        counts[f.text_words] += np.float32(weight)
        self.tables.letters[label] += weight
        return study

    def study(self, f: Features, begin: int) -> Study:
        """What is learnt of a letter, with the part of its text that begins at this byte."""
        return Study(f.raw, f.head, f.learnt(begin), begin)

    def practise(self, study: Study, is_spam: bool, weight: float = 1.0) -> None:
        """One step for the three regressions; the word counts stay."""
        for view, places in ((RAW, study.raw), (HEAD, study.head), (TEXT, study.text)):
            self._step(view, places, is_spam, weight)

    def _most_telling(self, f: Features, sums: NDArray[np.float64]) -> int:
        begins = f.begins()
        if len(begins) == 1:
            return 0
        ends = [min(begin + LEARNT_BYTES, f.flow.size) for begin in begins]
        return begins[int((sums[ends] - sums[begins]).argmax())]

    def _sums(self, flow: Flow) -> NDArray[np.float64]:
        """The weights of all that begins before each byte of the text, added up."""
        weights = self.tables.weights[TEXT].take(flow.places)
        sums = np.zeros(flow.size + 1)
        np.cumsum(np.bincount(flow.at, weights, flow.size), out=sums[1:])
        return sums

    def _step(self, view: int, x: Hashes, is_spam: bool, weight: float) -> None:
        steps = self.tables.steps
        if not len(x) or steps is None:
            return
        logit = float(self.tables.weights[view].take(x).sum())
        error = float(is_spam) - probability(logit)
        if abs(error) < TONE:
            return
        squares = steps[view][x] + np.float32(weight * error * error)
        steps[view][x] = squares
        size = RATE * weight * error * max(1.0, SHORT / (len(x) + 1))
        self.tables.weights[view][x] += np.float32(size) / np.sqrt(squares)

    def _odds(self, words: Hashes) -> NDArray[np.float64]:
        """Robinson's word probabilities as sums over all words before each: (3, words + 1).

        Minus the logs of the opposite and of the probability itself, and how many of the words say
        something at all.
        """
        odds = np.zeros((3, len(words) + 1))
        ham_letters, spam_letters = self.tables.letters
        if not (ham_letters and spam_letters):
            return odds
        ham, spam = (counts.take(words) for counts in self.tables.counts)
        seen = ham + spam
        tells = np.flatnonzero(seen)
        ham, spam, seen = (x[tells].astype(np.float64) for x in (ham, spam, seen))
        share = spam / (spam + ham * (spam_letters / ham_letters))
        p = (_RARE * _UNKNOWN + seen * share) / (_RARE + seen)
        telling = np.abs(p - 0.5) > _BLAND
        p, at = np.clip(p[telling], 1e-9, 1 - 1e-9), tells[telling] + 1
        odds[HAM, at], odds[SPAM, at], odds[TOLD, at] = -np.log1p(-p), -np.log(p), 1.0
        return np.cumsum(odds, axis=1, out=odds)


def _ratio(odds: NDArray[np.float64]) -> float:
    """Fisher's chi-square over some words, as a log ratio, scaled."""
    count = min(int(odds[TOLD]), _WORDS_MAX)
    if not count:
        return 0.0
    spammy = _log_survival(float(odds[SPAM]), count)
    hammy = _log_survival(float(odds[HAM]), count)
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

"""Where the line is drawn, and what a score means: both learnt from scores given before learning.

A letter is judged whole, by its worst stretch, and by what its text says alone. Each has a line of
its own, which rises towards every good letter that it would have caught and sinks slowly while it
catches none: by as much in about a thousand good letters as one mistake lifts it, and faster while
few are known, since what a beginner thought says little. The score is the whole's, lifted where
another is over its line; so padding and a stolen account count as much as they can at the price of
a good letter in some thousands. The probability is a logistic curve over the score, fitted as
lessons come (Platt).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from gateway.spam.model import Judgement, probability

START: Final = 8.0
LOWEST: Final = 1.0
HIGHEST: Final = 20.0
"""A few good letters in ten thousand look like nothing but spam; the line does not follow them."""
MARGIN: Final = 1.0
LEAP: Final = 4.0
"""By so much one letter lifts the line at most: the nose learns from it, too, and its like are
seldom caught again."""
SINK: Final = 0.001
"""A thousand good letters lower the line by as much as one mistake lifts it."""
LEARNER: Final = 100
"""While few good letters are known, each lowers the lines by a share of so many more than they."""


@dataclass(frozen=True, slots=True)
class Lane:
    """How one of the other two lines moves, and what is made of a letter that lies near it."""

    start: float
    """The line's height before anything is known, and its greatest: single stretches, and the text
    alone, are believed when many letters are known."""
    lowest: float
    margin: float
    """By so much more than the good letter it caught the line rises."""
    nearer: float
    """By so much of the way to the lowest it sinks with each good letter."""
    early: float
    """The same while few are known: by so much shared by them and ``LEARNER`` more."""
    steep: float
    """What a logit below the line counts; a letter that is farther below than ``reach`` is judged
    as if there were no such line, so that the order of most letters stays the whole's."""
    reach: float

    def lift(self, over: float) -> float:
        """What a letter so far over its line has over the threshold."""
        if over >= 0:
            return over
        return self.steep * over if over > -self.reach else -math.inf

    def moved(self, line: float, score: float, weight: float, ham: int) -> float:
        """The line after a good letter of this score, of so many that are known."""
        if score > line:
            return line + weight * (min(score + self.margin, self.start) - line)
        nearer = max(self.nearer, self.early / (ham + LEARNER))
        return line - weight * nearer * (line - self.lowest)


BARED: Final = Lane(26.0, lowest=9.0, margin=5.0, nearer=0.0015, early=1.0, steep=1.2, reach=11.0)
CONTENT: Final = Lane(18.0, lowest=5.0, margin=5.0, nearer=0.0012, early=0.5, steep=4.0, reach=3.0)
_RATE: Final = 0.02


@dataclass(slots=True)
class Gauge:
    """The running lines, the curve, and how much is known."""

    threshold: float = START
    slope: float = 0.6
    shift: float = 0.0
    ham: int = 0
    spam: int = 0
    bared: float = BARED.start
    content: float = CONTENT.start

    def score(self, judged: Judgement) -> float:
        """All together, in logits, to be held against ``threshold``; between about -35 and 35."""
        bared = BARED.lift(judged.bared - self.bared)
        content = CONTENT.lift(judged.content - self.content)
        return max(judged.whole, self.threshold + max(bared, content))

    def note(self, judged: Judgement, is_spam: bool, weight: float = 1.0) -> None:
        """Take in what was thought of one letter before it was learnt."""
        score = self.score(judged)
        error = float(is_spam) - self.probability(score)
        self.slope = max(0.1, self.slope + weight * _RATE * error * score / 10)
        self.shift += weight * _RATE * error
        if is_spam:
            self.spam += 1
            return
        self.ham += 1
        self.threshold = self._whole(judged.whole, weight)
        self.bared = BARED.moved(self.bared, judged.bared, weight, self.ham)
        self.content = CONTENT.moved(self.content, judged.content, weight, self.ham)

    def probability(self, score: float) -> float:
        """How likely a letter of this score is spam."""
        return probability(self.slope * score + self.shift)

    def _whole(self, score: float, weight: float) -> float:
        if score > self.threshold:
            return self.threshold + weight * min(
                LEAP, min(score + MARGIN, HIGHEST) - self.threshold
            )
        sunk = self.threshold - weight * max(SINK, 1 / (self.ham + LEARNER))
        return max(LOWEST, sunk)

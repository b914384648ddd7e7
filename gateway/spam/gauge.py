"""Where the line is drawn, and what a score means: both learnt from scores given before learning.

A letter is judged whole, by its worst stretch, and by what its text says alone. Each has a line of
its own, which rises above every good letter that it would have caught and sinks slowly while it
catches none: by as much in about a thousand good letters as one mistake lifts it. The score is the
whole's, lifted where another is over its line; so padding and a stolen account count as much as
they can at the price of a good letter in some thousands. The probability is a logistic curve over
the score, fitted as lessons come (Platt).
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
SINK: Final = 0.001
"""A thousand good letters lower the line by as much as one mistake lifts it."""


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
    steep: float
    """What a logit below the line counts; a letter that is farther below than ``reach`` is judged
    as if there were no such line, so that the order of most letters stays the whole's."""
    reach: float

    def lift(self, over: float) -> float:
        """What a letter so far over its line has over the threshold."""
        if over >= 0:
            return over
        return self.steep * over if over > -self.reach else -math.inf

    def moved(self, line: float, score: float, weight: float) -> float:
        """The line after a good letter of this score."""
        if score > line:
            return line + weight * (min(score + self.margin, self.start) - line)
        return line - weight * self.nearer * (line - self.lowest)


BARED: Final = Lane(start=26.0, lowest=8.0, margin=5.0, nearer=0.0015, steep=1.5, reach=10.0)
CONTENT: Final = Lane(start=18.0, lowest=5.0, margin=5.0, nearer=0.0012, steep=4.0, reach=3.0)
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
        self.bared = BARED.moved(self.bared, judged.bared, weight)
        self.content = CONTENT.moved(self.content, judged.content, weight)

    def probability(self, score: float) -> float:
        """How likely a letter of this score is spam."""
        return probability(self.slope * score + self.shift)

    def _whole(self, score: float, weight: float) -> float:
        if score > self.threshold:
            return self.threshold + weight * (min(score + MARGIN, HIGHEST) - self.threshold)
        return max(LOWEST, self.threshold - weight * SINK)

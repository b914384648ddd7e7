"""Where the line is drawn, and what a score means: both learnt from scores given before learning.

The threshold rises above every good letter it would have caught, and sinks slowly while it catches
none; about one good letter in a thousand is what this settles at. The probability is a logistic
curve over the score, fitted as lessons come (Platt).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.spam.model import probability

START: Final = 8.0
LOWEST: Final = 1.0
HIGHEST: Final = 20.0
"""A few good letters in ten thousand look like nothing but spam; the line does not follow them."""
MARGIN: Final = 1.0
SINK: Final = 0.001
"""A thousand good letters lower the line by as much as one mistake lifts it."""
_RATE: Final = 0.02


@dataclass(slots=True)
class Gauge:
    """The running threshold, the curve, and how much is known."""

    threshold: float = START
    slope: float = 0.6
    shift: float = 0.0
    ham: int = 0
    spam: int = 0

    def note(self, score: float, is_spam: bool, weight: float = 1.0) -> None:
        """Take in one letter's score, as it was before the letter was learnt."""
        error = float(is_spam) - self.probability(score)
        self.slope = max(0.1, self.slope + weight * _RATE * error * score / 10)
        self.shift += weight * _RATE * error
        if is_spam:
            self.spam += 1
            return
        self.ham += 1
        if score > self.threshold:
            self.threshold += weight * (min(score + MARGIN, HIGHEST) - self.threshold)
        else:
            self.threshold -= weight * SINK
        self.threshold = max(LOWEST, self.threshold)

    def probability(self, score: float) -> float:
        """How likely a letter of this score is spam."""
        return probability(self.slope * score + self.shift)

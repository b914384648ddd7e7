"""How good a filter was over a stream: ROC area, spam missed for a given loss of good mail."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class Run:
    """One filter's scores over one stream, each given before its letter was learnt."""

    name: str
    truth: list[bool] = field(default_factory=list[bool])
    scores: list[float] = field(default_factory=list[float])
    caught: list[bool] = field(default_factory=list[bool])
    """What it says at its own threshold."""
    classify_ms: list[float] = field(default_factory=list[float])
    """CPU, its own processes' included."""
    learn_ms: list[float] = field(default_factory=list[float])
    memory: str = ""

    def note(self, is_spam: bool, score: float, caught: bool) -> None:
        self.truth.append(is_spam)
        self.scores.append(score)
        self.caught.append(caught)


def roca(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """100 (1 - AUC): how often a good letter outranks a bad one; ties count half. In percent."""
    values, places = np.unique(scores, return_inverse=True)
    ham = np.bincount(places[~truth], minlength=len(values)).astype(float)
    spam = np.bincount(places[truth], minlength=len(values)).astype(float)
    below = np.cumsum(spam) - spam
    wrong = float((ham * below).sum() + 0.5 * (ham * spam).sum())
    return 100 * wrong / float(ham.sum() * spam.sum())


def missed(truth: NDArray[np.bool_], scores: NDArray[np.float64], loss: float) -> float:
    """Percent of spam missed at the line that loses at most ``loss`` percent of good mail."""
    ham = np.sort(scores[~truth])[::-1]
    line = ham[min(int(len(ham) * loss / 100), len(ham) - 1)]
    return float(100 * np.mean(scores[truth] <= line))


def row(run: Run, skip: int = 0, most: int | None = None) -> list[str]:
    """1-ROCA%, sm@0.1, sm@0.5, and ham lost and spam missed at the filter's own threshold."""
    truth, scores = np.array(run.truth[skip:most]), np.array(run.scores[skip:most])
    caught = np.array(run.caught[skip:most])
    if truth.all() or not truth.any():
        return ["-"] * 5
    return [
        f"{roca(truth, scores):.4f}",
        f"{missed(truth, scores, 0.1):.2f}",
        f"{missed(truth, scores, 0.5):.2f}",
        f"{100 * caught[~truth].mean():.3f}",
        f"{100 * (~caught[truth]).mean():.2f}",
    ]

"""What the nose says about a message."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scent:
    """A learnt opinion, in logits; above zero speaks for spam. See ``gateway/spam``."""

    score: float
    """All models together, -35 to 35."""
    threshold: float
    """The line above which about one good letter in a thousand lies, here and now."""
    probability: float
    """The chance that it is spam, by the letters judged so far; only as good as they are many."""
    content: float
    """What the text says by itself, whoever sent it; -18 to 18."""
    parts: tuple[tuple[str, float], ...]
    """What each model says: ``raw``, ``head``, ``text``, ``words``."""
    ham: int
    """Good letters learnt here so far."""
    spam: int
    version: int

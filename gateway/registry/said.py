"""A value with its source: why we believe what the register says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Source(StrEnum):
    """Where a value was read, the most trustworthy first."""

    HAND = "hand"
    """A clerk wrote or confirmed it."""
    EDXML = "edxml"
    """The sending system's own data (QCVN 102:2016)."""
    SIGNATURE_FIELD = "signature-field"
    """What a visible signature field of the PDF shows."""
    TEXT = "text"
    """The text a reader sees, drawn by a program."""
    HIDDEN_TEXT = "hidden-text"
    """A text layer behind a picture: some OCR's reading, or a lie."""
    OCR = "ocr"
    """Read off a picture. Numbers in it are proposals."""
    SUBJECT = "subject"
    FILE_NAME = "file-name"
    BODY = "body"
    """The text of the mail it came with."""


SURE = 0.9
"""Confidence from which a value needs no second source."""
CONFIDENCE = {
    Source.HAND: 1.0,
    Source.EDXML: 0.98,
    Source.SIGNATURE_FIELD: 0.97,
    Source.TEXT: 0.95,
    Source.HIDDEN_TEXT: 0.4,
    Source.OCR: 0.4,
    Source.SUBJECT: 0.5,
    Source.FILE_NAME: 0.35,
    Source.BODY: 0.3,
}
"""What a value of each source is worth where nothing speaks for or against it."""
AGREED = 0.95
"""What two independent sources that agree are worth."""


@dataclass(frozen=True, slots=True)
class Value(Generic[T]):
    """One value as one source has it."""

    value: T
    source: Source
    confidence: float
    """0 to 1."""
    shown: str = ""
    """As it was printed, where that differs."""


@dataclass(frozen=True, slots=True)
class Said(Generic[T]):
    """All that was said of one field: agreeing sources together, conflicts side by side.

    Where sources that could each be right disagree, nothing is certain and ``is_conflict`` says so:
    both are shown to a person, none is chosen (``best`` is then only the likelier one).
    """

    values: tuple[Value[T], ...] = ()
    """The likeliest first."""
    is_conflict: bool = False

    @property
    def best(self) -> T | None:
        return self.values[0].value if self.values else None

    @property
    def source(self) -> Source | None:
        return self.values[0].source if self.values else None

    @property
    def confidence(self) -> float:
        return self.values[0].confidence if self.values else 0.0

    @property
    def is_certain(self) -> bool:
        """Whether it may be written into a book without asking anybody."""
        return bool(self.values) and not self.is_conflict and self.confidence >= SURE

    def __bool__(self) -> bool:
        return bool(self.values)


UNSAID: Said[Any] = Said()
"""What no source says."""


def value(said: T, source: Source, confidence: float | None = None, shown: str = "") -> Value[T]:
    """A value with what its source is worth, or with a confidence of its own."""
    worth = CONFIDENCE[source] if confidence is None else confidence
    return Value(said, source, worth, shown)


_ALIKE = frozenset({Source.OCR, Source.HIDDEN_TEXT})
"""Both read the same picture, perhaps by the same engine: that they agree says little."""


def weigh(values: Iterable[Value[T]], key: Callable[[T], object] = lambda v: v) -> Said[T]:
    """Values of one field from several sources as one field. ``key`` says which are the same.

    Two independent sources that agree are worth ``AGREED``. A weaker source that disagrees with
    one that is sure makes a conflict too: the clerk shall see that the subject says otherwise.
    """
    groups: dict[object, list[Value[T]]] = {}
    for one in values:
        groups.setdefault(key(one.value), []).append(one)
    ranked: list[Value[T]] = []
    for group in groups.values():
        first = max(group, key=lambda v: v.confidence)
        sources = {Source.OCR if v.source in _ALIKE else v.source for v in group}
        worth = max(first.confidence, AGREED) if len(sources) > 1 else first.confidence
        ranked.append(Value(first.value, first.source, worth, first.shown))
    ranked.sort(key=lambda v: -v.confidence)
    return Said(tuple(ranked), is_conflict=len(ranked) > 1)

"""The nose as the other rooms know it: it smells messages, and passes lessons on to the trainer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, time_ns

from gateway.mail.message import Message
from gateway.mail.scent import Scent
from gateway.spam import versions
from gateway.spam.features import features
from gateway.spam.lessons import Lesson, Lessons, Return
from gateway.spam.letter import read_letter
from gateway.spam.model import Model
from gateway.spam.versions import Learnt

LOOK_S = 1.0
"""How often a worker looks whether there is a new version."""


def wall_ms() -> int:
    """Milliseconds since 1970."""
    return time_ns() // 1_000_000


@dataclass(slots=True)
class Nose:
    """Reads the newest version in a folder; all workers share its memory."""

    folder: Path
    now_ms: Callable[[], int]
    tick: Callable[[], float] = monotonic
    _learnt: Learnt | None = field(init=False, default=None)
    _model: Model | None = field(init=False, default=None)
    _seen: int = field(init=False, default=0)
    """What was current when versions were looked through last."""
    _looked: float = field(init=False, default=-1e9)
    _lessons: Lessons = field(init=False)

    def __post_init__(self) -> None:
        self._lessons = Lessons(self.folder / "lessons")

    def smell(self, message: Message) -> Scent | None:
        """What is thought of a message, in about a millisecond. None while nothing was learnt."""
        learnt = self._newest()
        if learnt is None or self._model is None:
            return None
        judged = self._model.judge(features(read_letter(message)))
        gauge = learnt.gauge
        score = gauge.score(judged)
        return Scent(
            score=score,
            threshold=gauge.threshold,
            probability=gauge.probability(score),
            content=judged.content,
            parts=(
                ("raw", judged.raw),
                ("head", judged.head),
                ("text", judged.text),
                ("words", judged.words),
            ),
            ham=gauge.ham,
            spam=gauge.spam,
            version=learnt.label.version,
        )

    def teach(
        self, messages: Iterable[Message], is_spam: bool, teacher: str, weight: float = 1.0
    ) -> int:
        """Write lessons down for the trainer. Returns when they are on the disk; OSError if not.

        ``weight`` scales what is learnt from them: less for a user than for an admin.
        """
        at_ms = self.now_ms()
        lessons = tuple(
            Lesson(at_ms, is_spam, teacher, weight, read.raw, read.head, read.text, read.links)
            for read in map(read_letter, messages)
        )
        if lessons:
            self._lessons.append_all(lessons)
        return len(lessons)

    def return_to(self, version: int, actor: str) -> None:
        """Have the trainer forget what it learnt since a version; 0 is before all lessons."""
        usable = [number for number, label in versions.labels(self.folder).items() if label]
        if version and version not in usable:
            kept = ", ".join(map(str, usable)) or "none"
            raise ValueError(f"there is no version {version} to return to; kept are: {kept}")
        self._lessons.append(Return(self.now_ms(), version, actor))

    def _newest(self) -> Learnt | None:
        now = self.tick()
        if now - self._looked >= LOOK_S:
            self._looked = now
            number = versions.current(self.folder)
            if number != self._seen:
                learnt = versions.newest(self.folder)
                self._seen = number
                if learnt is not None:
                    self._learnt, self._model = learnt, Model(learnt.tables)
        return self._learnt

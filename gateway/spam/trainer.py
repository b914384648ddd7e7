"""The one who learns: takes lessons in the order they were written down, and publishes versions.

The same lessons always give the same tables, bit for bit: practice is drawn by the number of the
lesson. So nothing is lost when the trainer is killed: it starts from the last version and takes
the lessons behind it again.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.spam import versions
from gateway.spam.features import Features, features
from gateway.spam.gauge import Gauge
from gateway.spam.lessons import Lesson, Lessons, Return
from gateway.spam.model import Model, Study, Tables
from gateway.spam.versions import Label, Learnt

log = logging.getLogger(__name__)

PRACTISED: Final = 300
"""Old lessons kept at hand."""
REPEATED: Final = 3
"""Old lessons gone over again with each new one."""
DAY_MS: Final = 86_400_000
DAILY_WEIGHT: Final = 20.0
"""What one person's lessons may weigh together in a day; more is written down and not learnt."""
TRUSTED: Final = frozenset({"admin"})
"""Teachers without such a bound."""


class Busy(Exception):
    """Another trainer is at work in this folder."""


@dataclass(slots=True)
class Pupil:
    """A model that is learning, with all that learning needs. No files: see Trainer."""

    model: Model = field(default_factory=lambda: Model(Tables.empty()))
    gauge: Gauge = field(default_factory=Gauge)
    lessons: int = 0
    allowances: dict[str, float] = field(default_factory=dict[str, float])
    practice: deque[tuple[int, Study, bool, float]] = field(
        default_factory=lambda: deque(maxlen=PRACTISED)
    )
    """(position before it, what was learnt of it, label, weight) of the last lessons."""

    def take(self, lesson: Lesson, position: int = 0) -> bool:
        """Learn a lesson, unless its teacher has said enough for today."""
        if not self._allowed(lesson):
            return False
        found = features(lesson.letter)
        self.learn(found, lesson.is_spam, lesson.weight, position)
        return True

    def learn(self, found: Features, is_spam: bool, weight: float, position: int = 0) -> float:
        """Learn a letter and go over old ones. Returns its score before."""
        judged = self.model.judge(found)
        before = self.gauge.score(judged)
        study = self.model.learn(found, is_spam, weight)
        self.gauge.note(judged, is_spam, weight)
        for turn in range(min(REPEATED, len(self.practice))):
            drawn = _drawn(REPEATED * self.lessons + turn) % len(self.practice)
            _, old, label, old_weight = self.practice[drawn]
            self.model.practise(old, label, old_weight)
        self.practice.append((position, study, is_spam, weight))
        self.lessons += 1
        return before

    def _allowed(self, lesson: Lesson) -> bool:
        if lesson.teacher in TRUSTED:
            return True
        day = lesson.at_ms // DAY_MS
        key = f"{day} {lesson.teacher}"
        said = self.allowances.get(key, 0.0) + lesson.weight
        if said > DAILY_WEIGHT:
            return False
        fresh = {k: v for k, v in self.allowances.items() if int(k.partition(" ")[0]) >= day - 1}
        self.allowances = fresh | {key: said}
        return True


@dataclass(slots=True)
class Trainer:
    """The pupil of one folder. Only one can be open at a time."""

    folder: Path
    now_ms: Callable[[], int]
    pupil: Pupil = field(init=False)
    version: int = field(init=False, default=0)
    position: int = field(init=False, default=0)
    """Behind the last lesson taken."""
    refused: int = field(init=False, default=0)
    """Lessons not taken since the start, because their teacher had said enough."""
    _published: int = field(init=False, default=0)
    _lessons: Lessons = field(init=False)
    _fd: int = field(init=False, default=-1)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._fd = os.open(self.folder / "trainer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise Busy(f"{self.folder}: another trainer is at work") from None
        self._lessons = Lessons(self.folder / "lessons")
        self._load()

    def close(self) -> None:
        """Let another trainer in. What was not published is learnt again by it."""
        os.close(self._fd)

    def catch_up(self, most: int = 1000) -> int:
        """Take at most this many lessons that are waiting. Returns how many were read."""
        taken = 0
        for after, record in self._lessons.read(self.position):
            before, self.position = self.position, after
            match record:
                case Lesson():
                    self.refused += not self.pupil.take(record, before)
                case Return():
                    self._return(record.version)
            taken += 1
            if taken >= most:
                break
        return taken

    @property
    def is_ahead(self) -> bool:
        """Whether something was learnt that the workers cannot see yet."""
        return self.position > self._published

    def publish(self) -> int:
        """Write a new version for the workers. Returns its number."""
        pupil, gauge = self.pupil, self.pupil.gauge
        ham, spam = pupil.model.tables.letters
        self.version += 1
        label = Label(
            format="",
            version=self.version,
            at_ms=self.now_ms(),
            position=self.position,
            practised=tuple((at, study.begin) for at, study, *_ in pupil.practice),
            threshold=gauge.threshold,
            bared=gauge.bared,
            content=gauge.content,
            slope=gauge.slope,
            shift=gauge.shift,
            ham=gauge.ham,
            spam=gauge.spam,
            ham_counted=float(ham),
            spam_counted=float(spam),
            lessons=pupil.lessons,
            allowances=pupil.allowances,
            sha256="",
        )
        versions.write(self.folder, label, pupil.model.tables)
        self._published = self.position
        self._lessons.forget(
            min(
                min((*(at for at, _ in known.practised), known.position))
                for known in versions.labels(self.folder).values()
                if known is not None
            )
        )
        return self.version

    def _load(self) -> None:
        """Begin with what was learnt, or, if no version can be used, with all lessons kept."""
        learnt = versions.newest(self.folder, to_train=True)
        self.pupil = self._pupil(learnt)
        self.version = max((0, *versions.versions(self.folder)))
        if learnt is not None:
            self.position = learnt.label.position
            is_current = learnt.label.version == versions.current(self.folder)
            self._published = self.position if is_current else -1

    def _pupil(self, learnt: Learnt | None) -> Pupil:
        if learnt is None:
            return Pupil()
        label = learnt.label
        pupil = Pupil(Model(learnt.tables), learnt.gauge, label.lessons, dict(label.allowances))
        for position, begin in label.practised:
            lesson = self._lessons.at(position)
            if isinstance(lesson, Lesson):
                study = pupil.model.study(features(lesson.letter), begin)
                pupil.practice.append((position, study, lesson.is_spam, lesson.weight))
        return pupil

    def _return(self, version: int) -> None:
        """Go back to an older version; what cannot be gone back to is passed over."""
        if version == 0:
            self.pupil = Pupil()
        elif version in versions.versions(self.folder):
            try:
                learnt = versions.read(versions.path_of(self.folder, version), to_train=True)
            except versions.Damaged as error:
                log.warning("%s; there is no going back to it", error)
                return
            self.pupil = self._pupil(learnt)


def _drawn(turn: int) -> int:
    return (turn * 0x9E3779B1 & 0xFFFFFFFF) >> 7

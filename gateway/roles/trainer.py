"""The role that learns: from lessons, and from what people say about what is in quarantine."""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass, field
from time import monotonic

from gateway.roles.house import House
from gateway.spam import versions
from gateway.spam.nose import Nose, wall_ms
from gateway.spam.trainer import Busy, Trainer

log = logging.getLogger(__name__)

LOOK_S = 0.5
AT_ONCE = 50
"""Lessons taken before we look whether to stop."""
NICE = 10
SPAM = "spam"
"""A refusal from quarantine whose reason begins with this word teaches; others do not."""


@dataclass
class Teacher:
    """A thread that takes lessons and publishes versions. One at a time in a folder; others wait."""

    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    async def open(self, house: House) -> dict[str, int]:
        self._stop = threading.Event()
        work = _Work(house, self._stop)
        house.gauges["spam_lessons"] = ("Lessons learnt", lambda: work.lessons)
        self._thread = threading.Thread(target=work.run, name="trainer")
        self._thread.start()
        return {}

    async def renew(self, house: House) -> None:
        await self.close()
        await self.open(house)

    async def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()


@dataclass
class _Work:
    house: House
    stop: threading.Event
    lessons: int = 0

    def run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while not self.stop.is_set():
            try:
                self._learn()
            except Busy as error:
                log.info("trainer: %s; waiting for it to end", error)
            except (OSError, versions.Damaged) as error:
                log.error("trainer: %s", error)  # noqa: TRY400 - the place is in the text
            self.stop.wait(10.0)

    def _learn(self) -> None:
        settings, shelf = self.house.settings.spam, self.house.shelf
        words = Words(shelf, self.house.services.directory, settings.user_weight)
        nose = Nose(settings.folder, wall_ms)
        trainer = Trainer(settings.folder, wall_ms)
        published = monotonic()
        try:
            while not self.stop.wait(LOOK_S):
                words.pass_on(nose, settings.folder / "journal")
                while trainer.catch_up(AT_ONCE) and not self.stop.is_set():
                    self.lessons = trainer.pupil.lessons
                    if monotonic() - published > settings.publish_s:
                        published = self._publish(trainer)
                if trainer.is_ahead and monotonic() - published > settings.publish_s:
                    published = self._publish(trainer)
            if trainer.is_ahead:
                self._publish(trainer)
        finally:
            trainer.close()

    def _publish(self, trainer: Trainer) -> float:
        number = trainer.publish()
        log.info("trainer: version %d, %d lessons", number, trainer.pupil.lessons)
        return monotonic()

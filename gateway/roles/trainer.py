"""The role that learns: from lessons, and from what people say about what is in quarantine."""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import dataclass, field
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from gateway.archive.commands import Receive
from gateway.archive.journal import JournalError
from gateway.archive.shelf import Shelf
from gateway.mail.message import Message
from gateway.mail.people import Directory
from gateway.quarantine.chapter import Word, words_after
from gateway.roles.house import House, Role
from gateway.runtime.polite import give_way
from gateway.spam import versions
from gateway.spam.nose import Nose, wall_ms
from gateway.spam.settings import SpamSettings
from gateway.spam.trainer import Busy, Trainer

log = logging.getLogger(__name__)

LOOK_S = 0.5
AT_ONCE = 50
"""Lessons taken before we look whether to stop."""
NICE = 10
SPAM = "spam"
"""A refusal from quarantine whose reason begins with this word teaches; others do not."""


@dataclass
class Teacher(Role):
    """A thread that takes lessons and publishes versions; one in a folder, others wait."""

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
            await asyncio.to_thread(self._thread.join)


@dataclass
class _Work:
    house: House
    stop: threading.Event
    lessons: int = 0

    def run(self) -> None:
        give_way(NICE)
        while not self.stop.is_set():
            try:
                self._learn()
            except Busy as error:
                log.info("trainer: %s; waiting for it to end", error)
            except (OSError, SQLAlchemyError, JournalError, versions.Damaged) as error:
                log.error("trainer: %s", error)  # noqa: TRY400 - the place is in the text
            self.stop.wait(10.0)

    def _learn(self) -> None:
        settings, shelf = self.house.settings.spam, self.house.shelf
        nose = Nose(settings.folder, wall_ms)
        words = Said(shelf, self.house.services.directory, nose, settings)
        trainer = Trainer(settings.folder, wall_ms)
        published = monotonic()
        try:
            while not self.stop.wait(LOOK_S):
                words.pass_on()
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


@dataclass
class Said:
    """Makes lessons of what people said at the quarantine; each word once.

    Where it got to stands in a file beside the lessons. Killed between lesson and file, it gives
    the last few lessons again, which does little harm; it never leaves one out.
    """

    shelf: Shelf
    directory: Directory
    nose: Nose
    settings: SpamSettings

    def pass_on(self) -> None:
        """Write down what was said since the last time."""
        mark = self.settings.folder / "words"
        try:
            seq = int(mark.read_text(encoding="ascii"))
        except FileNotFoundError:
            seq = 0
        said = words_after(self.shelf.engine, seq)
        for word in said:
            if word.verdict == "release" or _is_about_spam(word):
                self._teach(word)
        if said:
            versions.put(mark, str(said[-1].seq).encode())

    def _teach(self, word: Word) -> None:
        found = self.shelf.queries.one(word.mail)
        if found is None:
            return
        record = self.shelf.queries.record(found)
        if isinstance(record.command, Receive) and record.command.sealed:
            return  # What it says is for nobody to learn from.
        message = Message(record.raw)
        is_user = self.directory.person(word.actor) is not None
        teacher, weight = (word.actor, self.settings.user_weight) if is_user else ("admin", 1.0)
        self.nose.teach([message], word.verdict != "release", teacher, weight)


def _is_about_spam(word: Word) -> bool:
    return word.verdict == "refuse" and word.reason.lower().startswith(SPAM)

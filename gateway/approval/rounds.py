"""The desk at work: it looks at the rows, does what is due, and writes it down; round by round.

Everything follows from the rows, and each piece of work is one batch for the journal: a crash
leaves it done or not done. So nothing is asked twice, and nothing that was decided is forgotten.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy.exc import SQLAlchemyError

from gateway.approval.book import Waiting
from gateway.approval.closing import announce, finish, ring
from gateway.approval.damage import block
from gateway.approval.decide import Damaged
from gateway.approval.desk import Desk
from gateway.approval.incoming import answer, hear
from gateway.approval.opening import ask_more, open_case, request_all, spend_tags
from gateway.archive.journal import Entry, Journal, JournalError

log = logging.getLogger(__name__)

POLL_S = 0.1
"""How often the rows are looked at when nobody wakes us."""
AGAIN_S = 60.0
"""When work that went wrong is tried again."""
ENDLESS = 30
"""So often one kind of work about one message is done in a row: chains and reminders take less."""
OFTEN_MAX = 10_000
NEWCOMERS_MS = 5_000
"""How often it is asked who may approve since a moment ago."""

Work: TypeAlias = tuple[str, Callable[[], list[Entry]], Waiting | None]
"""The message it is about, what makes its entries, and how it waits; None for a letter."""


@dataclass
class Rounds:
    """Works until it is stopped. One of these runs for an archive."""

    desk: Desk
    journal: Journal
    settled: Callable[[int], Awaitable[bool]]
    """Wait until the rows know of a record."""
    _later: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    """(kind of work, message) that went wrong, and when to try again (loop's time)."""
    _looked_ms: int = 0
    _often: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """(kind of work, message) and how often it was done: what never ends is a mistake of ours."""

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            busy = False
            try:
                busy = await self.round()
            except (JournalError, OSError, SQLAlchemyError) as error:
                log.error("approval: %s; trying again", error)  # noqa: TRY400
                await asyncio.sleep(1.0)
            if busy:
                continue
            try:
                await asyncio.wait_for(stop.wait(), POLL_S)
            except TimeoutError:
                continue

    async def round(self) -> bool:
        """All kinds of work once, in the order in which one leads to the next."""
        did = False
        for kind in (
            self._tags,
            self._new,
            self._letters,
            self._answers,
            self._approved,
            self._requests,
            self._newcomers,
            self._alarms,
            self._news,
        ):
            did |= await self._do(kind)
        return did

    async def _do(self, kind: Callable[[], Iterator[Work]]) -> bool:
        works = await asyncio.to_thread(lambda: list(kind()))
        last = 0
        for mail, make, row in works:
            entries = await self._made((kind.__name__, mail), make, row)
            if entries and self._is_endless(kind.__name__, mail):
                continue
            if entries:
                kept = await self.journal.append(entries)
                last = kept[-1].seq
        if last:
            await self.settled(last)
        return bool(last)

    def _is_endless(self, kind: str, mail: str) -> bool:
        """Whether the same work comes up again and again because it changes nothing."""
        times = self._often[kind, mail] = self._often.get((kind, mail), 0) + 1
        if len(self._often) > OFTEN_MAX:
            self._often.clear()
        if times <= ENDLESS:
            return False
        log.error("approval of mail %s: %s changes nothing; again in %.0f s", mail, kind, AGAIN_S)
        self._later[kind, mail] = asyncio.get_running_loop().time() + AGAIN_S
        self._often[kind, mail] = 0
        return True

    async def _made(
        self, work: tuple[str, str], make: Callable[[], list[Entry]], row: Waiting | None
    ) -> list[Entry]:
        now = asyncio.get_running_loop().time()
        if self._later.get(work, 0.0) > now:
            return []
        try:
            entries = await asyncio.to_thread(_sound, self.desk, make, row)
        except Damaged:  # All know; perhaps the right bytes come back.
            self._later[work] = now + AGAIN_S
            return []
        except Exception:  # One message may not stop the others; it stays where it is.
            log.exception("approval of mail %s goes wrong; again in %.0f s", work[1], AGAIN_S)
            self._later[work] = now + AGAIN_S
            return []
        self._later.pop(work, None)
        return entries

    def _tags(self) -> Iterator[Work]:
        for row in self.desk.book.new():
            yield row.mail, lambda row=row: spend_tags(self.desk, row), row  # type: ignore[misc]

    def _new(self) -> Iterator[Work]:
        for row in self.desk.book.new():
            yield row.mail, lambda row=row: open_case(self.desk, row), row  # type: ignore[misc]

    def _letters(self) -> Iterator[Work]:
        for mail, _ in self.desk.book.letters():
            yield mail, lambda mail=mail: hear(self.desk, mail), None  # type: ignore[misc]

    def _answers(self) -> Iterator[Work]:
        for mail, _ in self.desk.book.letters():
            yield mail, lambda mail=mail: answer(self.desk, mail), None  # type: ignore[misc]

    def _approved(self) -> Iterator[Work]:
        for row in self.desk.book.approved():
            yield row.mail, lambda row=row: finish(self.desk, row), row  # type: ignore[misc]

    def _requests(self) -> Iterator[Work]:
        for row in self.desk.book.to_request():
            yield row.mail, lambda row=row: request_all(self.desk, row), row  # type: ignore[misc]

    def _newcomers(self) -> Iterator[Work]:
        desk, now_ms = self.desk, self.desk.now_ms()
        if abs(now_ms - self._looked_ms) < NEWCOMERS_MS:
            return
        self._looked_ms = now_ms
        for row in desk.book.pending():
            if row.state == "pending" and row.requested == row.step and now_ms < row.expires_ms:
                may = [authority.approver for authority in desk.approvers(row)]
                new = [login for login in may if login not in row.approvers]
                if new:
                    yield row.mail, lambda row=row, new=new: ask_more(desk, row, new), row  # type: ignore[misc]

    def _alarms(self) -> Iterator[Work]:
        for row in self.desk.book.ringing(self.desk.now_ms()):
            yield row.mail, lambda row=row: ring(self.desk, row), row  # type: ignore[misc]

    def _news(self) -> Iterator[Work]:
        for row in self.desk.book.to_announce():
            yield row.mail, lambda row=row: announce(self.desk, row), row  # type: ignore[misc]


def _sound(desk: Desk, make: Callable[[], list[Entry]], row: Waiting | None) -> list[Entry]:
    """The work's entries; where the stored bytes are damaged, word to all who wait for them.
    Damaged once they have been told."""
    try:
        return make()
    except Damaged as error:
        if row is None or not (told := block(desk, row, str(error))):
            raise
        return told

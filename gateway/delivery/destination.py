"""One destination: its idle connections, how many there may be, and rest when it is away."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from aiosmtplib.errors import SMTPException, SMTPResponseException

from gateway.delivery.brake import Brake
from gateway.delivery.mx import NoServer
from gateway.delivery.outcome import Attempt, Letter, Origin, To
from gateway.delivery.route import Retry
from gateway.delivery.security import TlsFailed
from gateway.delivery.talker import Talker

log = logging.getLogger(__name__)

T = TypeVar("T")
RCPTS_MAX = 100
"""Recipients of one transaction; every server takes as many (RFC 5321 4.5.3.1.8)."""
USES_MAX = 100
"""Messages over one connection: a server behind a balancer wants to see us again."""
IDLE_S = 30.0
STUCK_S = 20.0
"""How long messages wait for a connection while none goes through."""
PROBE_S = 5.0
"""How long others wait while one message tries a server that was away."""
PROBE_MAX_S = 900.0
"""After which another may try, whatever became of that one."""
TROUBLE = (SMTPException, OSError, TlsFailed)
CLOSING = 421


@dataclass
class Rest:
    """Whether a destination is left alone. Times in seconds that never run backwards."""

    first_s: float
    longest_s: float
    failures: int = 0
    until: float = 0.0
    reason: str = ""
    _probe_ends: float = 0.0

    def left(self, now: float) -> float:
        """Seconds to wait; 0.0 lets one try, and keeps the others waiting until it is back."""
        if not self.failures:
            return 0.0
        if now < self.until:
            return self.until - now
        if now < self._probe_ends:
            return PROBE_S
        self._probe_ends = now + PROBE_MAX_S
        return 0.0

    def failed(self, now: float, reason: str) -> bool:
        """It could not be reached; whether that is news. Those that failed together count once."""
        self._probe_ends = 0.0
        if now < self.until:
            return False
        wait = min(self.first_s * 2.0 ** min(self.failures, 20), self.longest_s)
        self.failures += 1
        self.until, self.reason = now + wait, reason
        return True

    def reached(self) -> None:
        self.failures, self.until, self.reason, self._probe_ends = 0, 0.0, "", 0.0


@dataclass
class Destination:
    """A server, or the servers of a domain. ``connect`` gives a new connection to it."""

    name: str
    connect: Callable[[], Awaitable[Talker]]
    connections: int
    retry: Retry
    now: Callable[[], float]
    brake: Brake = field(default_factory=Brake)
    """Holds while what becomes of a message cannot be written down; until then none is sent."""
    rest: Rest = field(init=False)
    _idle: deque[Talker] = field(default_factory=deque)
    _slots: asyncio.Semaphore = field(init=False)
    _users: int = 0
    _moved: float = 0.0
    """When the last message went through, or the first of these began to wait."""

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.connections)
        self.rest = Rest(self.retry.rest_s, self.retry.rest_longest_s)

    async def deliver(
        self, letter: Letter, to: Sequence[To], *, is_urged: bool = False
    ) -> dict[str, Attempt]:
        """What became of it for each recipient. ``is_urged``: a person wants it tried now."""
        said: dict[str, Attempt] = {}
        if not self._users:
            self._moved = self.now()
        self._users += 1
        try:
            for at in range(0, len(to), RCPTS_MAX):
                some = to[at : at + RCPTS_MAX]
                if await self._has_slot():
                    try:
                        attempts = await self._in_turn(letter, some, is_urged=is_urged)
                    finally:
                        self._slots.release()
                else:
                    attempts = [self._stuck()] * len(some)
                said |= {one.address: a for one, a in zip(some, attempts, strict=True)}
        finally:
            self._users -= 1
        return said

    async def _has_slot(self) -> bool:
        """Wait for a connection; False where those before us have got no answer for too long:
        who waits here takes the place of messages that could go elsewhere."""
        while self._slots.locked():
            try:
                async with asyncio.timeout(STUCK_S):
                    return await self._slots.acquire()
            except TimeoutError:
                if self.now() - self._moved >= STUCK_S:
                    return False
        return await self._slots.acquire()

    async def _in_turn(self, letter: Letter, to: Sequence[To], *, is_urged: bool) -> list[Attempt]:
        left = self.rest.left(self.now())
        if left and not is_urged:
            return [self._resting(left)] * len(to)
        attempts = await self._try(letter, to)
        if any(attempt.result != "deferred" for attempt in attempts):
            self._moved = self.now()
        return attempts

    async def _try(self, letter: Letter, to: Sequence[To]) -> list[Attempt]:
        """Over an idle connection; if that has died in the meantime, over a new one."""
        while True:
            await self.brake.wait()
            talker = self._waiting(letter.origin)
            is_reused, is_done = talker is not None, False
            try:
                talker = talker or await self.connect()
                await talker.introduce(letter.origin)
                said = await talker.send(letter, to)
                is_done = True
            except NoServer as error:
                return [self._nowhere(error)] * len(to)
            except TROUBLE as error:
                if is_reused and talker is not None and not talker.is_sent:
                    continue
                return [self._away(error)] * len(to)
            finally:
                if talker is not None and not is_done:
                    talker.close()
            if talker.is_connected:
                self.rest.reached()
                self._keep(talker)
            elif all(one.result == "deferred" for one in said):
                self._note(said[0].reply)
            return said

    async def ask(self, work: Callable[[Talker], Awaitable[T]]) -> T:
        """Something short over a connection. NoServer, SMTPException, OSError, TlsFailed."""
        async with self._slots:
            if left := self.rest.left(self.now()):
                raise ConnectionError(self._resting(left).reply)
            while True:
                talker = self._waiting(Origin())
                is_reused, is_done = talker is not None, False
                try:
                    talker = talker or await self.connect()
                    answer = await work(talker)
                    is_done = True
                except (*TROUBLE, NoServer) as error:
                    if is_reused:
                        continue
                    self._note(_text(error))
                    raise
                finally:
                    if talker is not None and not is_done:
                        talker.close()
                self.rest.reached()
                self._keep(talker)
                return answer

    async def sweep(self) -> bool:
        """Close what has been idle too long; whether the destination can be forgotten."""
        before = self.now() - IDLE_S
        while self._idle and self._idle[0].idle_since < before:
            await _leave(self._idle.popleft())
        return not (self._idle or self._users or self.rest.failures)

    async def close(self) -> None:
        while self._idle:
            await _leave(self._idle.popleft())

    def _waiting(self, origin: Origin) -> Talker | None:
        """The connection that was used last and may be used for this."""
        for _ in range(len(self._idle)):
            talker = self._idle.pop()
            if not talker.is_connected:
                continue
            if talker.suits(origin):
                return talker
            self._idle.appendleft(talker)
        return None

    def _keep(self, talker: Talker) -> None:
        if not talker.is_connected:
            return
        if talker.uses >= USES_MAX:
            talker.close()
            return
        talker.idle_since = self.now()
        self._idle.append(talker)

    def _resting(self, left: float) -> Attempt:
        text = f"{self.name} is away and left alone for {left:.0f} s more: {self.rest.reason}"
        return Attempt("deferred", "4.4.1", text, self.name, was_asked=False, wait_s=left)

    def _stuck(self) -> Attempt:
        text = f"{self.name} has not answered for {STUCK_S:.0f} s; no more are sent there for now"
        return Attempt("deferred", "4.4.1", text, self.name, was_asked=False, wait_s=PROBE_S)

    def _nowhere(self, error: NoServer) -> Attempt:
        if error.is_final:
            self.rest.reached()
            return Attempt("failed", error.status, str(error), self.name)
        self._note(str(error))
        return Attempt("deferred", error.status, str(error), self.name)

    def _away(self, error: Exception) -> Attempt:
        text = _text(error)
        self._note(text)
        status = "4.7.5" if isinstance(error, TlsFailed) else "4.4.1"
        return Attempt("deferred", status, text, self.name)

    def _note(self, reason: str) -> None:
        if self.rest.failed(self.now(), reason):
            log.warning(
                "%s: %s; left alone for %.0f s",
                self.name,
                reason,
                self.rest.until - self.now(),
            )


async def _leave(talker: Talker) -> None:
    try:
        await talker.quit(timeout=2.0)
    except (SMTPException, OSError):
        talker.close()


def _text(error: Exception) -> str:
    """An error on one line."""
    match error:
        case SMTPResponseException():
            text = f"{error.code} {error.message}"
        case OSError(errno=int(number)) if number > 0:
            text = os.strerror(number)
        case _:
            text = str(error) or ("no answer in time" if isinstance(error, TimeoutError) else "")
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return "".join(c for c in line if c.isprintable())[:500] or type(error).__name__

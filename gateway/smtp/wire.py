"""One client's connection: bytes in and replies out, its clock, and waiting without tasks.

A push parser in aiosmtpd's SMTP class: commands are answered as they arrive, the answers to
pipelined ones leave together, and no task is made unless a filter or the journal has to be waited
for. aiosmtpd's own loop reads line by line and copies a message four times.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from enum import Enum, auto
from ipaddress import ip_address
from typing import Any, TypeVar, cast

from aiosmtpd.smtp import SMTP

from gateway.chain.filter import Stage
from gateway.chain.inspection import Inspection, at_once
from gateway.mail.session import Session, Tls
from gateway.mail.verdict import Defer, Reject, Verdict
from gateway.runtime.ids import new_id
from gateway.smtp.budget import Share
from gateway.smtp.data import DataDecoder
from gateway.smtp.door import Client, Crowd, Door

log = logging.getLogger(__name__)

T = TypeVar("T")

BUG = "451 4.3.0 Internal error, please try again later"
BUSY_BUFFER = 256 * 1024
"""What a client may send ahead while we are busy with its last command."""


class State(Enum):
    """What the next bytes are."""

    COMMAND = auto()
    DATA = auto()
    AUTH = auto()
    BUSY = auto()
    CLOSED = auto()


class Wire(SMTP):
    """One connection. ``_line`` is given each command line, ``_take`` the bytes of a message."""

    def __init__(
        self,
        door: Door,
        gone: Callable[[Wire], None],
        behind: tuple[Client, int] | None = None,
    ) -> None:
        """``behind``: the client and its port, where a proxy has named them."""
        # Not SMTP.__init__: it looks over itself and its handler by reflection, 0.5 ms a time.
        asyncio.StreamReaderProtocol.__init__(
            self, asyncio.StreamReader(loop=door.loop), loop=door.loop
        )
        self.loop = door.loop
        self.transport: asyncio.Transport | None = None
        self._door = door
        self._gone = gone
        self._behind = behind
        self._limits = door.limits
        self._state = State.BUSY
        self._buffer = bytearray()
        self._out: list[str] = []
        self._decoder: DataDecoder | None = None
        self._share = Share()
        self._stalled_at = 0.0
        """Since when the budget keeps a message from growing; 0: it does not."""
        self._counted: str | None = None
        self._commands = self._errors = self._noops = 0
        self._failed = ""
        self._auth: Callable[[bytes], None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_keeping = False
        self._deadline = 0.0
        self._data_began = 0.0
        self._data_bytes = 0

    # The connection.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name.
        peer = self.transport.get_extra_info("peername") or ("", 0)
        itself = ip_address(peer[0].partition("%")[0]) if peer[0] else None
        self._came_from, port = self._behind or (itself, peer[1])
        self._meet(self._came_from, port)
        now = self.loop.time()
        self._ends = now + self._limits.session_s
        self._deadline = now + self._limits.idle_s
        self._timer = self.loop.call_at(min(self._deadline, self._ends), self._tick)
        if refusal := self._enter():
            self._bye(refusal)
            return
        self._ask(Stage.CONNECT, self._walk.connect, self._greet)
        self._flush()

    def _meet(self, client: Client, port: int) -> None:
        """Begin anew, with nothing known but who it is."""
        door = self._door
        self._talk = Session(
            new_id(), "smtp", client, door.services, door.table.purpose, client_port=port
        )
        self._walk = Inspection(door.chain, self._talk)
        self._note_tls()

    def _enter(self) -> str:
        crowd, key = self._door.crowd, Crowd.key(self._talk.client)
        crowd.all += 1
        crowd.by_client[key] += 1
        self._counted = key
        if crowd.all > self._limits.connections:
            return "421 4.3.2 Too many connections, please try again later"
        if crowd.by_client[key] > self._limits.connections_per_client:
            return "421 4.7.0 Too many connections from your address, please try again later"
        return ""

    def _leave(self) -> None:
        if self._counted is None:
            return
        crowd = self._door.crowd
        crowd.all -= 1
        crowd.by_client[self._counted] -= 1
        if crowd.by_client[self._counted] <= 0:
            del crowd.by_client[self._counted]
        self._counted = None

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it.
        self._state = State.CLOSED
        self._timer.cancel()
        self._let_go()
        self._leave()
        if self._task is not None and not self._is_keeping:
            self._task.cancel()
        self._note_refused()
        self._gone(self)
        self.transport = None

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self._pause()  # Who does not read our replies is not read either.

    def resume_writing(self) -> None:
        if not self._stalled_at:
            self._unpause()

    @property
    def user(self) -> str:
        """Who has signed in; empty while nobody has."""
        return self._talk.user

    def finish(self) -> None:
        """We are stopping: say goodbye now, or as soon as the message under way is settled."""
        self._ends = 0.0
        if self._state in {State.COMMAND, State.AUTH}:
            self._bye("421 4.3.2 We are stopping, please try again later")

    def _tick(self) -> None:
        if self._state is State.CLOSED:
            return
        now = self.loop.time()
        due = min(self._deadline, self._ends)
        if now < due or self._state is State.BUSY or (self._stalled_at and now < self._ends):
            self._timer = self.loop.call_at(max(due, now + 1.0), self._tick)
            return
        self._bye("421 4.4.2 Time is up, please connect again")

    def data_received(self, data: bytes) -> None:
        try:
            self._received(data)
        except Exception:
            log.exception("session %s mail %s", self._talk.id, self._walk.transaction.id)
            self._bye(BUG.replace("451", "421", 1))

    def _line(self, line: bytes) -> None:
        """One command, without its line end."""
        raise AssertionError(line)

    def _take(self, data: bytes) -> None:
        """A piece of a message."""
        raise AssertionError(data)

    def _received(self, data: bytes) -> None:
        now = self.loop.time()
        self._deadline = now + self._limits.idle_s
        if self._state is State.DATA:
            self._take(data)
        else:
            self._buffer += data
        if self._state is State.BUSY:
            if len(self._buffer) > BUSY_BUFFER:
                self._pause()
            return
        self._run()

    def _run(self) -> None:
        buffer, limits = self._buffer, self._limits
        while buffer and ((state := self._state) is State.COMMAND or state is State.AUTH):
            end = buffer.find(b"\n")
            longest = limits.auth_line_bytes if state is State.AUTH else limits.command_bytes
            if end > longest or (end < 0 and len(buffer) > longest):
                self._bye("500 5.5.2 Line too long")
                return
            if end < 0:
                break
            line = bytes(buffer[:end])
            del buffer[: end + 1]
            if not end or line.find(b"\r") != end - 1 or b"\0" in line:
                self._bye("500 5.5.2 A line ends in CR LF, and CR, LF and NUL stand nowhere else")
                return
            self._line(line[:-1])
        self._flush()

    def _pause(self) -> None:
        if self.transport is not None:
            self.transport.pause_reading()

    def _unpause(self) -> None:
        if self.transport is not None and not self.transport.is_reading():
            self.transport.resume_reading()

    # Replies.

    def _say(self, reply: str) -> None:
        if reply[0] == "5":
            self._errors += 1
            if self._errors > self._limits.errors:
                self._bye("421 4.7.0 Too many errors")
                return
        self._out.append(reply)

    def _flush(self) -> None:
        if not self._out:
            return
        if self.transport is not None:
            self.transport.write(("\r\n".join(self._out) + "\r\n").encode("ascii", "replace"))
        self._out.clear()

    def _bye(self, reply: str) -> None:
        if self._state is State.CLOSED:
            return
        self._out.append(reply)
        self._flush()
        self._state = State.CLOSED
        self._buffer.clear()
        if self.transport is not None:
            self.transport.close()

    # Waiting for a filter or the journal, without a task where nobody waits.

    def _ask(
        self,
        stage: Stage,
        question: Callable[..., Coroutine[Any, Any, T]],
        then: Callable[[T], None],
        *args: object,
    ) -> None:
        if stage not in self._door.chain.waiting:
            then(at_once(question(*args)))
            return
        self._wait(question(*args), then)

    def _wait(self, walk: Coroutine[Any, Any, T], then: Callable[[T], None]) -> None:
        self._flush()
        self._state = State.BUSY
        self._task = self.loop.create_task(self._waited(walk, then))

    async def _waited(self, walk: Coroutine[Any, Any, T], then: Callable[[T], None]) -> None:
        try:
            then(await walk)
        except Exception:
            log.exception("session %s mail %s", self._talk.id, self._walk.transaction.id)
            self._ready(BUG)
        if self._state not in {State.BUSY, State.CLOSED}:
            self._resume()

    def _resume(self) -> None:
        """Go on with what the client has sent meanwhile."""
        self._unpause()
        if self._state is State.DATA:
            data = bytes(self._buffer)
            self._buffer.clear()
            self._flush()
            if data:
                self._take(data)
        self._run()
        if self._ends == 0.0:
            self.finish()

    def _ready(self, reply: str) -> None:
        """Say something, and be ready for the next command."""
        if self._state is not State.CLOSED:
            self._state = State.COMMAND
            self._say(reply)

    def _settle(self, verdict: Verdict, yes: str) -> bool:
        """Answer by a verdict; whether it was a yes."""
        if isinstance(verdict, (Reject, Defer)):
            self._failed = str(verdict.reply)
            self._ready(self._failed)
            return False
        self._ready(yes)
        return True

    def _greet(self, verdict: Verdict) -> None:
        if isinstance(verdict, (Reject, Defer)):
            code = "554" if isinstance(verdict, Reject) else "421"
            self._failed = f"{code} {verdict.reply.status} {verdict.reply.text}"
            self._bye(self._failed)
            return
        self._ready(f"220 {self._door.services.hostname} ESMTP")

    def _forget(self) -> None:
        self._note_refused()
        self._walk.reset()

    def _note_refused(self) -> None:
        """Keep what was refused in the archive, once for each transaction."""
        if self._failed:
            failed, self._failed = self._failed, ""
            self._door.refused(self._walk, failed)

    def _let_go(self) -> None:
        self._stalled_at = 0.0
        self._door.budget.free(self._share)

    def _note_tls(self) -> None:
        assert self.transport is not None
        cipher = self.transport.get_extra_info("cipher")
        self._talk.tls = Tls(cipher[1], cipher[0]) if cipher else None

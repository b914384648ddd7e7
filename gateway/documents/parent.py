"""One warm parent process, as the gateway sees it: started, asked, closed, or found dead."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from gateway.documents import huge
from gateway.documents.jail import Bounds
from gateway.documents.orders import Ending, Order, Ready, Setup

START_S = 60.0
GRACE_S = 5.0
"""How much longer than the parent the room waits for it to kill a reader."""
MESSAGE_BYTES = 65536
STEP = 1 << 18


class Away(Exception):
    """The readers' parent is not there; the document has not been read."""


@dataclass
class _Reading:
    """An answer that is still coming in."""

    ending: asyncio.Future[Ending]
    whole: asyncio.Future[None]
    parts: list[bytes] = field(default_factory=list)
    size: int = 0


class Parent:
    """Asked for one document at a time or several; ``Away`` wherever it has ended."""

    def __init__(
        self, process: subprocess.Popen[bytes], sock: socket.socket, bounds: Bounds
    ) -> None:
        self._process, self._sock, self._bounds = process, sock, bounds
        self._loop = asyncio.get_running_loop()
        self._open: dict[int, _Reading] = {}
        self._first: asyncio.Future[Ready] = self._loop.create_future()
        self._is_closed = False
        self._retiring = False
        self._ended: asyncio.Future[int] | None = None
        self.ready = Ready()
        self._loop.add_reader(sock.fileno(), self._hear)

    @classmethod
    async def start(cls, setup: Setup, bounds: Bounds) -> Parent:
        """A new process, warm and tried out. Away where it cannot be started."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        plain = json.dumps(msgspec.to_builtins(setup))
        command = [sys.executable, "-m", "gateway.documents.zygote", str(theirs.fileno()), plain]
        try:
            process = await asyncio.to_thread(_spawned, command, theirs.fileno())
        except OSError as error:
            ours.close()
            raise Away(f"the readers cannot be started: {error}") from error
        finally:
            theirs.close()
        parent = cls(process, ours, bounds)
        try:
            async with asyncio.timeout(START_S):
                parent.ready = await parent._first
        except (TimeoutError, Away) as error:
            await parent.close()
            raise Away(f"the readers did not start: {error or 'time-out'}") from error
        return parent

    @property
    def is_alive(self) -> bool:
        return not self._is_closed and self._process.poll() is None

    async def read(self, order: Order, data: bytes) -> tuple[list[bytes], Ending]:
        """A reader's lines, and how it ended. Away if the parent ends before that."""
        source = await asyncio.to_thread(_in_memory, data)
        answer, theirs = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(theirs, True)
        reading = _Reading(self._loop.create_future(), self._loop.create_future())
        self._open[order.id] = reading
        try:
            self._send(order, [source, theirs])
        finally:
            os.close(source)
            os.close(theirs)
        self._loop.add_reader(answer, self._take, answer, reading)
        try:
            async with asyncio.timeout(self._bounds.wall_s + GRACE_S):
                ending = await reading.ending
                await reading.whole
        except TimeoutError:
            self._kill()
            raise Away("the readers' parent answered no more and was killed") from None
        finally:
            self._open.pop(order.id, None)
            self._loop.remove_reader(answer)
            os.close(answer)
            self._rest()
        return b"".join(reading.parts).split(b"\n"), ending

    def retire(self) -> None:
        """Take no more work, and close when the last reader is done."""
        self._retiring = True
        self._rest()

    async def close(self) -> None:
        """The parent ends when its socket does, and its children with it."""
        self._shut("it was closed")
        assert self._ended is not None
        try:
            async with asyncio.timeout(GRACE_S):
                await asyncio.shield(self._ended)
        except TimeoutError:
            self._kill()
            await self._ended

    def _send(self, order: Order, fds: list[int]) -> None:
        try:
            socket.send_fds(self._sock, [msgspec.json.encode(order)], fds)
        except OSError as error:
            self._open.pop(order.id, None)
            self._shut(str(error))
            raise Away(f"the readers' parent has ended: {error}") from error

    def _hear(self) -> None:
        """A message of the parent: it is ready, or a reader has ended, or it has itself."""
        try:
            message = self._sock.recv(MESSAGE_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._shut(str(error))
            return
        if not message:
            self._shut("it ended")
            return
        told = msgspec.json.decode(message, type=Ready | Ending)
        if isinstance(told, Ready):
            self._first.set_result(told)
        elif (reading := self._open.get(told.id)) and not reading.ending.done():
            reading.ending.set_result(told)

    def _take(self, answer: int, reading: _Reading) -> None:
        """A piece of an answer; a reader that says too much is cut off, and gets SIGPIPE."""
        try:
            piece = os.read(answer, STEP)
        except BlockingIOError:
            return
        reading.size += len(piece)
        if piece and reading.size <= self._bounds.answer_bytes:
            reading.parts.append(piece)
            return
        self._loop.remove_reader(answer)
        if not reading.whole.done():
            reading.whole.set_result(None)

    def _shut(self, why: str) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()
        self._ended = self._loop.run_in_executor(None, self._process.wait)
        error = Away(f"the readers' parent has ended: {why}")
        waiting: list[asyncio.Future[Ending] | asyncio.Future[Ready]] = [
            reading.ending for reading in self._open.values()
        ]
        for future in (*waiting, self._first):
            if not future.done():
                future.set_exception(error)
                future.exception()  # Somebody may have given up waiting; that is no mistake.

    def _rest(self) -> None:
        if self._retiring and not self._open:
            self._shut("its settings changed")

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._shut("it was killed")


def _spawned(command: list[str], fd: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    environment.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", OMP_THREAD_LIMIT="1")
    environment["GLIBC_TUNABLES"] = huge.MALLOC
    return subprocess.Popen(  # noqa: S603 -- our own interpreter and module.
        command, pass_fds=[fd], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment
    )


def _in_memory(data: bytes) -> int:
    """The bytes in a file without a name, from its beginning."""
    fd = os.memfd_create("document", os.MFD_CLOEXEC)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd

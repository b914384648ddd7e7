"""The warm parent of the readers: imports everything once, then forks one jailed child a document.

Started by the room as ``python -m gateway.documents.zygote FD``. Over that socket it gets one
order a document (JSON, with two descriptors: the file, and a pipe for the answer) and tells how
each child ended. It never reads a document itself, and it has one thread.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import signal
import socket
import sys
import sysconfig
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from gateway.documents import huge
from gateway.documents.jail import Bounds, Grade, enter, planned
from gateway.documents.orders import Ending, Order, Ready, Setup

ORDER_BYTES = 65536
_FILES = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/fonts",
    "/dev/urandom",
    "/dev/random",
    "/dev/null",
    "/proc/sys/vm/overcommit_memory",
)
"""What a reader may read: programs, fonts, chance; no settings, no mail, no home."""


def readable() -> list[str]:
    """The paths that stay readable in the jail, with those of this Python."""
    own = [sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib", "platstdlib")]
    return [*_FILES, *own, str(Path(__file__).parents[1])]


@dataclass
class _Child:
    pid: int
    id: int
    began: float
    deadline: float


class Zygote:
    """Forks, waits, kills what takes too long, and tells."""

    def __init__(self, sock: socket.socket, setup: Setup) -> None:
        self._sock, self._setup = sock, setup
        self._bounds = Bounds(setup.memory_mib, setup.cpu_s, setup.wall_s)
        self._plan = planned(readable())
        self._silence = os.open("/dev/null", os.O_WRONLY)
        self._children: dict[int, _Child] = {}
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def run(self) -> None:
        """Until the room closes its end."""
        engines = self._warm()
        grade = self._tried()
        self._say(Ready(landlock=grade.landlock, seccomp=grade.seccomp, why=grade.why, **engines))
        while True:
            for fd, _ in self._poll.poll(self._patience_ms()):
                if fd != self._sock.fileno():
                    self._reap(fd)
                elif not self._take():
                    return
            now = time.monotonic()
            for fd, child in list(self._children.items()):
                if now >= child.deadline:
                    signal.pidfd_send_signal(fd, signal.SIGKILL)
                    self._reap(fd, is_late=True)

    def _warm(self) -> dict[str, str]:
        """Import and touch everything once, so that children inherit it."""
        from gateway.documents import reader

        engines = reader.prepare(self._setup)
        gc.collect()
        gc.freeze()
        with suppress(AttributeError):  # glibc alone has it.
            ctypes.CDLL(None).malloc_trim(0)  # A third less to copy at each fork.
        huge.collapse()
        return engines

    def _tried(self) -> Grade:
        """How strong the walls are: tried on a child that reads a small document inside them."""
        from gateway.documents import reader

        for plan in (self._plan, replace(self._plan, program=b"")):
            ours, theirs = os.pipe()
            pid = os.fork()
            if pid == 0:
                try:
                    grade = enter(self._bounds, plan)
                    reader.rehearse()
                    os.write(theirs, msgspec.json.encode(grade))
                finally:
                    os._exit(0)
            os.close(theirs)
            answer = os.read(ours, ORDER_BYTES)
            os.close(ours)
            os.waitpid(pid, 0)
            if answer:
                found = msgspec.json.decode(answer, type=Grade)
                was_killed = plan is not self._plan
                self._plan = plan
                why = "seccomp killed a reader"
                return Grade(found.landlock, False, why) if was_killed else found
        raise SystemExit("documents: a jailed reader cannot even read our own small PDF")

    def _patience_ms(self) -> int | None:
        if not self._children:
            return None
        first = min(child.deadline for child in self._children.values())
        return max(0, int((first - time.monotonic()) * 1000) + 1)

    def _take(self) -> bool:
        message, fds, _, _ = socket.recv_fds(self._sock, ORDER_BYTES, 2)
        if not message:
            return False
        order = msgspec.json.decode(message, type=Order)
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            self._become_child(order, *fds)
        for fd in fds:
            os.close(fd)
        fd = os.pidfd_open(pid)
        self._children[fd] = _Child(pid, order.id, began, began + self._setup.wall_s)
        self._poll.register(fd, select.POLLIN)
        return True

    def _become_child(self, order: Order, source: int, answer: int) -> None:
        """Never returns: reads one document, and ends."""
        code = 3
        try:
            self._sock.close()
            os.dup2(self._silence, 2)
            for fd in self._children:
                os.close(fd)
            if order.jailed:
                enter(self._bounds, self._plan)
            from gateway.documents import reader

            reader.read(order, source, answer)
            code = 0
        finally:
            os._exit(code)

    def _reap(self, fd: int, *, is_late: bool = False) -> None:
        child = self._children.pop(fd)
        self._poll.unregister(fd)
        _, status, used = os.wait4(child.pid, 0)
        os.close(fd)
        self._say(
            Ending(
                id=child.id,
                is_late=is_late,
                signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
                code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
                cpu_s=round(used.ru_utime + used.ru_stime, 4),
                wall_s=round(time.monotonic() - child.began, 4),
                rss_mib=used.ru_maxrss // 1024,
            )
        )

    def _say(self, message: Ready | Ending) -> None:
        self._sock.send(msgspec.json.encode(message))


def main() -> None:
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", OMP_THREAD_LIMIT="1")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the gateway, which then closes.
    sock = socket.socket(fileno=int(sys.argv[1]))
    setup = msgspec.json.decode(sys.argv[2], type=Setup)
    Zygote(sock, setup).run()
    os._exit(0)  # The libraries' own farewells are noise in the gateway's log.


if __name__ == "__main__":
    main()

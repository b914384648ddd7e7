"""A process gives up its rights: limits, no file but to read, no network, few system calls.

Own code over ctypes, since all of it is kernel interface: prctl(2), setrlimit(2), landlock(7),
seccomp(2). ``enter`` is called in a fresh child, just before it looks at a stranger's file.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from gateway.documents.syscalls import ARCHITECTURES, filter_program, for_process

MIB = 1024 * 1024
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 4, 38, 22
_SECCOMP_MODE_FILTER = 2
_SIGKILL = 9
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILES_BY_ABI = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many kinds of access to files each version of Landlock can forbid."""
_NET_SINCE, _SCOPE_SINCE = 4, 6
FILES_OPEN = 64
STACK_MIB = 16


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one child may use up."""

    memory_mib: int = 1024
    """Address space; the flate bomb of 5 KB asks for more, a 300-page scan for a quarter."""
    cpu_s: int = 15
    wall_s: float = 30.0
    answer_bytes: int = 8 * MIB


@dataclass(frozen=True, slots=True)
class Grade:
    """How strong the walls are here."""

    landlock: int = 0
    """Version of the kernel's interface; 0: files can be read (never written: see fsize)."""
    seccomp: bool = False
    why: str = ""
    """Why something is missing."""

    @property
    def is_full(self) -> bool:
        return self.landlock > 0 and self.seccomp

    def __str__(self) -> str:
        if self.is_full:
            return f"limits, Landlock {self.landlock}, seccomp"
        parts = ["limits"]
        parts += [f"Landlock {self.landlock}"] if self.landlock else []
        parts += ["seccomp"] if self.seccomp else []
        return f"{', '.join(parts)} only ({self.why or 'this kernel has no more'})"


_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """Walls drawn up beforehand by the parent, for all its children."""

    landlock: int = 0
    """Version of the kernel's interface; 0: there is none."""
    rules: int = -1
    """Landlock's ruleset, an open descriptor."""
    program: bytes = b""
    """The filter of system calls; empty: there is none."""


def planned(readable: Iterable[str]) -> Plan:
    """What this kernel can do: paths that stay readable, and system calls that stay allowed."""
    machine = platform.machine()
    program = filter_program(machine) if machine in ARCHITECTURES else b""
    return Plan(*_ruleset(readable), program)


def enter(bounds: Bounds, plan: Plan) -> Grade:
    """Give up everything, for good. What the kernel lacks is left out and told."""
    _libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    limit(bounds)
    closed = plan.landlock and _libc.syscall(_LANDLOCK_RESTRICT, plan.rules, 0) == 0
    version = plan.landlock if closed else 0
    if plan.rules >= 0:
        os.close(plan.rules)
    filtered = bool(plan.program) and _seccomp(plan.program)
    missing = [] if version else ["no Landlock in this kernel"]
    missing += [] if filtered else ["no seccomp filter for this machine"]
    return Grade(version, filtered, "; ".join(missing))


def limit(bounds: Bounds) -> None:
    """The limits that every kernel has; never more than those already set."""
    for what, most in (
        (resource.RLIMIT_AS, bounds.memory_mib * MIB),
        (resource.RLIMIT_CPU, bounds.cpu_s),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, FILES_OPEN),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_STACK, STACK_MIB * MIB),
    ):
        hard = resource.getrlimit(what)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (value, value))


def _ruleset(readable: Iterable[str]) -> tuple[int, int]:
    """Reading below these paths, and nothing else; no TCP, no signals out where it can say so."""
    version: int = _libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return 0, -1
    kinds = max(n for abi, n in _FILES_BY_ABI.items() if abi <= version)
    words = [(1 << kinds) - 1]
    words += [3] if version >= _NET_SINCE else []
    words += [3] if version >= _SCOPE_SINCE else []
    attributes = struct.pack(f"<{len(words)}Q", *words)
    rules = _libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return 0, -1
    for path in readable:
        with suppress(OSError):  # A path that is not there needs no leave.
            _allow(rules, path)
    return version, rules


def _allow(rules: int, path: str) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    access = _READ_FILE | _READ_DIR if os.path.isdir(path) else _READ_FILE  # noqa: PTH112
    _libc.syscall(_LANDLOCK_ADD, rules, 1, struct.pack("<QI", access, place), 0)
    os.close(place)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _seccomp(program_of_all: bytes) -> bool:
    code = for_process(program_of_all, os.getpid())
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    done: int = _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)
    return done == 0

"""Which system calls a jailed reader may make, as a filter program for seccomp(2).

An allow list: what it does not know kills the process. Reading, memory and time are allowed;
opening for writing, new processes, sockets, signals to others and new executable pages are not.
"""

from __future__ import annotations

import errno
import os
import struct
from dataclasses import dataclass

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
_X32 = 0x40000000
_PROT_EXEC = 4
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_TMPFILE & ~os.O_DIRECTORY
_FCNTL = (0, 1, 2, 3, 1030)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC; not F_SETOWN, which sends signals."""


@dataclass(frozen=True, slots=True)
class Architecture:
    audit: int
    """AUDIT_ARCH_… of linux/audit.h."""
    numbers: dict[str, int]


def _table(text: str) -> dict[str, int]:
    return {name: int(number) for name, _, number in (w.partition("=") for w in text.split())}


ARCHITECTURES = {
    "x86_64": Architecture(
        0xC000003E,
        _table(
            """read=0 write=1 open=2 close=3 stat=4 fstat=5 lstat=6 poll=7 lseek=8 mmap=9
            mprotect=10 munmap=11 brk=12 rt_sigaction=13 rt_sigprocmask=14 rt_sigreturn=15
            ioctl=16 pread64=17 readv=19 writev=20 access=21 select=23 sched_yield=24 mremap=25
            madvise=28 dup=32 nanosleep=35 getpid=39 socket=41 clone=56 fork=57 vfork=58
            execve=59 exit=60 uname=63 fcntl=72 getcwd=79 readlink=89 gettimeofday=96
            getrlimit=97 getrusage=98 sysinfo=99 times=100 getuid=102 getgid=104 geteuid=107
            getegid=108 getppid=110 sigaltstack=131 gettid=186 futex=202 sched_getaffinity=204
            getdents64=217 clock_gettime=228 clock_getres=229 clock_nanosleep=230 exit_group=231
            tgkill=234 openat=257 newfstatat=262 readlinkat=267 faccessat=269 pselect6=270
            ppoll=271 set_robust_list=273 prlimit64=302 getcpu=309 getrandom=318 membarrier=324
            statx=332 rseq=334 clone3=435 faccessat2=439"""
        ),
    ),
    "aarch64": Architecture(
        0xC00000B7,
        _table(
            """getcwd=17 dup=23 fcntl=25 ioctl=29 faccessat=48 openat=56 close=57 getdents64=61
            lseek=62 read=63 write=64 readv=65 writev=66 pread64=67 pselect6=72 ppoll=73
            readlinkat=78 newfstatat=79 fstat=80 exit=93 exit_group=94 futex=98
            set_robust_list=99 nanosleep=101 clock_gettime=113 clock_getres=114
            clock_nanosleep=115 sched_getaffinity=123 sched_yield=124 tgkill=131 sigaltstack=132
            rt_sigaction=134 rt_sigprocmask=135 rt_sigreturn=139 times=153 uname=160
            getrusage=165 getcpu=168 gettimeofday=169 getpid=172 getppid=173 getuid=174
            geteuid=175 getgid=176 getegid=177 gettid=178 sysinfo=179 socket=198 brk=214
            munmap=215 mremap=216 clone=220 execve=221 mmap=222 mprotect=226 madvise=233
            prlimit64=261 getrandom=278 membarrier=283 statx=291 rseq=293 clone3=435
            faccessat2=439"""
        ),
    ),
}
"""By the name that uname gives; numbers from the kernel's tables."""

_OWN = 0x7FFF_FFF7
"""Stands for the reader's process id, which is never so large (Linux: at most 2^22)."""
_REFUSED = ("socket", "clone", "clone3", "fork", "vfork", "execve")
"""Told EPERM, so that a library that tries can go on without."""


def filter_program(machine: str) -> bytes:
    """The filter as struct sock_filter[]; ``for_process`` puts in whose it is."""
    table = ARCHITECTURES[machine]
    left = dict(table.numbers)
    code = [_op(_LOAD, _ARCH_AT), _op(_EQUAL, table.audit, 1, 0), _op(_RETURN, _KILL)]
    code += [_op(_LOAD, _NUMBER_AT)]
    if machine == "x86_64":
        code += [_op(_AT_LEAST, _X32, 0, 1), _op(_RETURN, _KILL)]
    special = {name: [_refuse(errno.EPERM)] for name in _REFUSED}
    special["ioctl"] = [_refuse(errno.ENOTTY)]
    special["open"] = _unless_bits(1, _WRITING, errno.EACCES)
    special["openat"] = _unless_bits(2, _WRITING, errno.EACCES)
    special["mmap"] = special["mprotect"] = _unless_bits(2, _PROT_EXEC, errno.EPERM)
    special["prlimit64"] = [*_only(0, (0,), errno.EPERM), *_only(2, (0,), errno.EPERM)]
    special["tgkill"] = _only(0, (_OWN,), errno.EPERM)
    special["fcntl"] = _only(1, _FCNTL, errno.EPERM)
    for name, rule in special.items():
        if (number := left.pop(name, None)) is not None:
            body = rule if rule[-1] == _op(_RETURN, _ALLOW) or len(rule) == 1 else [*rule, _PASS]
            code += [_op(_EQUAL, number, 0, len(body)), *body]
    for number in left.values():
        code += [_op(_EQUAL, number, 0, 1), _PASS]
    return b"".join([*code, _op(_RETURN, _KILL)])


def for_process(program: bytes, pid: int) -> bytes:
    """The filter for the process of this id, which may signal itself alone."""
    return program.replace(_op(_EQUAL, _OWN, 1, 0), _op(_EQUAL, pid, 1, 0))


def _op(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value & 0xFFFFFFFF)


_PASS = _op(_RETURN, _ALLOW)


def _refuse(number: int) -> bytes:
    return _op(_RETURN, _ERRNO | number)


def _argument(n: int, high: int = 0) -> bytes:
    """Load the lower or the upper half of the n-th argument."""
    return _op(_LOAD, _ARGUMENTS_AT + 8 * n + 4 * high)


def _unless_bits(n: int, bits: int, number: int) -> list[bytes]:
    return [_argument(n), _op(_ANY_BIT, bits, 0, 1), _refuse(number), _PASS]


def _only(n: int, values: tuple[int, ...], number: int) -> list[bytes]:
    """Go on only where the n-th argument is one of these; otherwise refuse."""
    code = [_argument(n, high=1), _op(_EQUAL, 0, 1, 0), _refuse(number), _argument(n)]
    for at, value in enumerate(values):
        code.append(_op(_EQUAL, value, len(values) - at, 0))
    return [*code, _refuse(number)]

"""Tells systemd how we are: ready, stopping, still alive (sd_notify(3))."""

from __future__ import annotations

import os
import socket
import time

FIRST_FD = 3


def notify(state: str) -> bool:
    """Send a state such as ``READY=1``; False where no systemd listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.connect(address)
        sock.sendall(state.encode())
    return True


def reloading() -> bool:
    """Say that settings are being read again; ``READY=1`` ends it (``Type=notify-reload``)."""
    now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    return notify(f"RELOADING=1\nMONOTONIC_USEC={now_us}")


def watchdog_s() -> float:
    """How often systemd wants to hear ``WATCHDOG=1``: half of its patience; 0 for never."""
    return int(os.environ.get("WATCHDOG_USEC", "0")) / 2_000_000


def inherited() -> dict[str, list[socket.socket]]:
    """Listening sockets that systemd opened for us (sd_listen_fds(3)), by ``FileDescriptorName``.

    Empty where there are none, or where they were meant for another process. A unit with two
    addresses gives two sockets of one name.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return {}
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    found: dict[str, list[socket.socket]] = {}
    for at in range(int(os.environ.get("LISTEN_FDS", "0"))):
        os.set_inheritable(FIRST_FD + at, False)
        name = names[at] if at < len(names) else ""
        found.setdefault(name, []).append(socket.socket(fileno=FIRST_FD + at))
    return found

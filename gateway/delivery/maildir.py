"""Maildir: written whole in tmp/, synced, then renamed into new/ where it is seen."""

from __future__ import annotations

import os
import re
import socket
import time
from itertools import count
from pathlib import Path

from gateway.delivery.outcome import Attempt
from gateway.mail.address import Address

_SAFE = re.compile(r"[^A-Za-z0-9._+\-\u0080-\U0010ffff]")
_serial = count(1)
_host = socket.gethostname().replace("/", "_").replace(":", "_")


def folder_of(root: Path, address: Address) -> Path:
    """The Maildir of an address; no address leads out of ``root``."""
    parts = (_SAFE.sub("_", part) or "_" for part in (address.domain, address.local.lower()))
    return root.joinpath(*(part if part.strip(".") else "_" for part in parts))


def deliver(root: Path, to: Address, sender: str, head: bytes, body: memoryview) -> Attempt:
    """Put one message into a mailbox. It blocks: call it in a thread.

    A message that this mailbox has had already (Delivered-To names it) goes round in a circle.
    """
    via = f"maildir:{folder_of(root, to)}"
    mark = f"Delivered-To: {to}".lower().encode()
    if any(line.strip().lower() == mark for line in head.split(b"\n")):
        return Attempt("failed", "5.4.6", "the message goes round in a circle", via)
    top = f"Return-Path: <{sender}>\r\nDelivered-To: {to}\r\n".encode()
    try:
        _write(folder_of(root, to), [top, head, body])
    except OSError as error:
        return Attempt("deferred", "4.2.0", f"{error.strerror}: {error.filename or via}", via)
    return Attempt("delivered", "2.0.0", "written", via)


def _write(box: Path, pieces: list[bytes | memoryview]) -> None:
    for name in ("tmp", "new", "cur"):
        (box / name).mkdir(parents=True, exist_ok=True)
    size = sum(len(piece) for piece in pieces)
    name = f"{time.time():.6f}.P{os.getpid()}Q{next(_serial)}.{_host},S={size}"
    tmp, new = box / "tmp" / name, box / "new" / name
    try:
        with tmp.open("xb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fdatasync(file.fileno())
        tmp.rename(new)
    except OSError:
        tmp.unlink(missing_ok=True)
        raise
    folder = os.open(box / "new", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

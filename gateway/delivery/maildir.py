"""Maildir: written whole in tmp/, synced, then renamed into new/ where it is seen.

When it is said to be delivered, the message, its name and every folder above it are on the disk.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import time
from itertools import count
from pathlib import Path

from gateway.delivery.outcome import Attempt
from gateway.mail.address import Address

_UNSAFE = re.compile(r"[^A-Za-z0-9._+\-\u0080-\U0010ffff]")
_serial = count(1)
_host = socket.gethostname().replace("/", "_").replace(":", "_")
MODE = 0o700
"""Of the folders: a mailbox is nobody else's business."""
_FULL = {errno.EDQUOT: ("4.2.2", "the mailbox is full"), errno.ENOSPC: ("4.3.1", "no space left")}


def folder_of(root: Path, address: Address) -> Path:
    """The Maildir of an address. No address leads out of ``root``, and no two share a folder."""
    return root / _safe(address.domain) / _safe(address.local.lower())


def _safe(part: str) -> str:
    """Signs that mean something to a file system as ``%2F``."""
    text = _UNSAFE.sub(lambda found: _percent(found[0]), part)
    return text if text.strip(".") else _percent(text) or "%"


def _percent(text: str) -> str:
    return "".join(f"%{octet:02X}" for octet in text.encode())


def deliver(root: Path, to: Address, sender: str, head: bytes, body: memoryview) -> Attempt:
    """Put one message into a mailbox. It blocks: call it in a thread.

    A message that this mailbox has had already (Delivered-To names it) goes round in a circle.
    Whatever the disk says is tried again later: a full mailbox, a folder of somebody else's.
    """
    box = folder_of(root, to)
    via = f"maildir:{box}"
    mark = f"Delivered-To: {to}".lower().encode()
    if any(line.strip().lower() == mark for line in head.split(b"\n")):
        return Attempt("failed", "5.4.6", "the message goes round in a circle", via)
    top = f"Return-Path: <{sender}>\r\nDelivered-To: {to}\r\n".encode()
    try:
        _write(box, [top, head, body])
    except OSError as error:
        status, text = _FULL.get(error.errno or 0, ("4.2.0", error.strerror or str(error)))
        return Attempt("deferred", status, f"{text}: {error.filename or box}", via)
    return Attempt("delivered", "2.0.0", "written", via, success="delivered")


def _write(box: Path, pieces: list[bytes | memoryview]) -> None:
    for name in ("tmp", "new", "cur"):
        _make(box / name)
    size = sum(len(piece) for piece in pieces)
    name = f"{time.time():.6f}.P{os.getpid()}Q{next(_serial)}.{_host},S={size}"
    tmp, new = box / "tmp" / name, box / "new" / name
    try:
        with os.fdopen(os.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fdatasync(file.fileno())
        tmp.rename(new)
    except OSError:
        tmp.unlink(missing_ok=True)
        raise
    _sync(box / "new")


def _make(folder: Path) -> None:
    """A folder and those above it; each new one is on the disk before anything lies in it."""
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(mode=MODE, exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

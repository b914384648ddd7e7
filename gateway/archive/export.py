"""The archive in forms that other programs read: an mbox file, or a tree of folders."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from gateway.archive.commands import Receive
from gateway.archive.journal import Record
from gateway.archive.pen import VIETNAM

FOLDERS = {"in": "Đến", "out": "Đi", "internal": "Nội bộ", "notice": "Thông báo"}

NAME_BYTES_MAX = 180
"""Of a file's name in UTF-8; most file systems take 255."""

_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+')
_FROM = re.compile(rb"(?m)^(>*From )")


def to_mbox(records: Iterable[Record], file: BinaryIO) -> int:
    """Numbered messages in the form ``mboxrd``: ``From `` within a message gets one more ``>``.

    Lines end with LF, as such files want. Returns how many messages that were.
    """
    count = 0
    for record, command in _messages(records):
        at = time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(command.at_ms / 1000))
        sender = command.sender.replace(" ", "") or "MAILER-DAEMON"
        file.write(f"From {sender} {at}\n".encode())
        body = record.raw.replace(b"\r\n", b"\n")
        file.write(_FROM.sub(rb">\1", body))
        file.write(b"\n" if body.endswith(b"\n") else b"\n\n")
        count += 1
    return count


def to_tree(records: Iterable[Record], folder: Path) -> int:
    """Numbered messages as ``Đến/2026/08/2026-0000123 subject.eml``, byte for byte as received."""
    count = 0
    for record, command in _messages(records):
        month = datetime.fromtimestamp(command.at_ms / 1000, VIETNAM)
        place = folder / FOLDERS[command.direction] / f"{month:%Y}" / f"{month:%m}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{file_name(str(record.number), command.subject)}.eml").write_bytes(record.raw)
        count += 1
    return count


def file_name(number: str, subject: str) -> str:
    """Number and subject, safe on any file system: no path, no control, not too long."""
    return safe_name(f"{number} {subject}", NAME_BYTES_MAX)


def safe_name(text: str, most: int) -> str:
    """A text as a file's name: NFC, no path, no control, at most ``most`` bytes of UTF-8."""
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    name = " ".join(_UNSAFE.sub(" ", text).split())
    return name.encode()[:most].decode("utf-8", "ignore").rstrip(". ")


def _messages(records: Iterable[Record]) -> Iterator[tuple[Record, Receive]]:
    for record in records:
        if record.number is not None and isinstance(record.command, Receive):
            yield record, record.command

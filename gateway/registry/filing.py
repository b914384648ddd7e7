"""Where a document's file lies: ``Đến/2026/08/0007_50-QĐ-SNgV_V-v mời họp.pdf``.

A tree of folders that is read without this program (decision 50/QĐ-SNgV, articles 6.2 and 7.1a).
Everything in it can be made again from the archive.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from gateway.archive.export import NAME_BYTES_MAX, safe_name
from gateway.mail.number import clean_symbol
from gateway.registry.lines import Line
from gateway.registry.tables import BookTable

WIDTH = 4
"""Digits of the arrival number, so that names sort."""
FOLDER_BYTES_MAX = 100
_EMPTY = re.compile(r"(?:[_\- ]*_)[_\- ]*")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


def place(key: str, book: BookTable, line: Line, suffix: str) -> Path:
    """The folder and name of a line's file, below the folder of files."""
    year, month = line.date[:4], line.date[5:7]
    kind = line.said.kind or "Khác"
    parts = {"book": book.name or key, "year": str(line.year or year), "month": month, "kind": kind}
    folders = [
        safe_name(segment.format(**parts), FOLDER_BYTES_MAX) or "_"
        for segment in book.file_folder.split("/")
    ]
    return Path(*folders) / file_name(book.file_name, line, suffix)


def file_name(template: str, line: Line, suffix: str) -> str:
    """A name that any file system takes: NFC, no path, no control, at most 180 bytes."""
    arrival = f"{line.n:0{WIDTH}d}{line.suffix}" if line.n else ""
    number = clean_symbol(line.said.number).replace("/", "-")
    name = template.format(
        arrival=arrival, number=number, abstract=line.said.abstract, date=line.said.issued
    )
    name = _EMPTY.sub("_", name).strip("_ ")
    ending = suffix.lower() if _SUFFIX.fullmatch(suffix.lower()) else ".bin"
    return safe_name(name, NAME_BYTES_MAX) + ending


def save(root: Path, at: Path, data: bytes, before: str = "") -> bool:
    """Put a file there, whole or not at all; what was saved ``before`` under another name goes.

    False if it was there already. Safe to repeat after a crash.
    """
    target = root / at
    target.parent.mkdir(parents=True, exist_ok=True)
    is_new = not target.exists() or target.read_bytes() != data
    if is_new:
        scratch = target.with_name(f".{target.name[:40]}.{os.getpid()}.part")
        with scratch.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(target)
    if before and before != str(at):
        (root / before).unlink(missing_ok=True)
    return is_new

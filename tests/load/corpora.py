"""Open corpora of judged mail, read from the archive they lie in and kept nowhere else."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard

from tests.shared import HOME

FOLDER = HOME / "data/spam"


@dataclass(frozen=True, slots=True)
class Judged:
    """A message as received and what people said about it."""

    raw: bytes
    is_spam: bool


def archives() -> list[Path]:
    """The archives there are."""
    return sorted(FOLDER.glob("*.tar.zst"))


def read_all(archive: Path) -> dict[str, list[Judged]]:
    """Every corpus of an archive, in the order of its ``index.tsv`` (order, label, path, source).

    Line ends are made CR LF, as the door would hand them over.
    """
    indexes: dict[str, list[list[str]]] = {}
    files: dict[str, bytes] = {}
    for name, data in _members(archive):
        folder, _, rest = name.partition("/")[2].partition("/")
        if rest == "index.tsv":
            lines = data.decode().splitlines()
            indexes[folder] = [line.split("\t") for line in lines if line]
        elif rest.endswith(".eml"):
            files[f"{folder}/{rest}"] = data
    return {
        folder: [
            Judged(_wire(files[f"{folder}/{row[2]}"]), row[1] in {"spam", "1"})
            for row in rows
            if len(row) > 2 and f"{folder}/{row[2]}" in files
        ]
        for folder, rows in indexes.items()
    }


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with (
        archive.open("rb") as packed,
        zstandard.ZstdDecompressor().stream_reader(packed) as plain,
        tarfile.open(fileobj=plain, mode="r|") as tar,
    ):
        for member in tar:
            file = tar.extractfile(member) if member.isfile() else None
            if file is not None:
                yield member.name.removeprefix("./"), file.read()


def _wire(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

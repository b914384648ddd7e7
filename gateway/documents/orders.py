"""What the room and its readers say to one another."""

from __future__ import annotations

from typing import Any

import msgspec


class Setup(msgspec.Struct, frozen=True):
    """Said to the warm parent once, when it starts."""

    memory_mib: int = 1024
    cpu_s: int = 15
    wall_s: float = 30.0
    ca_folder: str = ""
    languages: str = "vie"
    second_engine: bool = True


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The warm parent's first word: how strong the walls are, and what can be read."""

    landlock: int = 0
    seccomp: bool = False
    why: str = ""
    ocr: str = ""
    """The OCR engine and its language; empty if there is none, ``ocr_why`` says why."""
    ocr_why: str = ""
    second: str = ""
    """The second engine, for number and date; empty if there is none, ``second_why`` says why."""
    second_why: str = ""
    authorities: str = ""
    """How many certificates and revocation lists the CA folder has, or what is wrong with it."""


class Order(msgspec.Struct, frozen=True):
    """One document to read; its bytes and a pipe for the answer come as descriptors."""

    id: int
    name: str
    now: str
    """ISO 8601; certificates are judged by it."""
    jailed: bool = True
    ocr: bool = True
    pictures: bool = False
    """Whether page 1 and the heading are wanted as small pictures, too."""
    max_pages: int = 300


class Ending(msgspec.Struct, frozen=True, tag="ending"):
    """How one child ended."""

    id: int
    is_late: bool
    signal: int
    code: int
    cpu_s: float
    wall_s: float
    rss_mib: int


class Found(msgspec.Struct, frozen=True):
    """One line of a reader's answer: fields of DocumentFacts that a stage found out.

    It is written as soon as the stage is done, so that what came before a crash is not lost.
    """

    stage: str
    facts: dict[str, Any]
    error: str = ""

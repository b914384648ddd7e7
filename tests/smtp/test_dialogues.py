"""Conversations in plain text, held over a real socket.

In a dialogue ``C:`` is what the client says, ``S:`` what it must be told (``*`` is anything), ``#``
a comment. ``C:`` lines in a row are sent in one piece, as a pipelining client does; ``\\xNN`` is a
byte. ``S: (closed)``: the server has hung up. ``> filters: …`` names the filters that judge.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path

import pytest

from gateway.api import Filter
from tests.smtp.test_conversation import Broken, HoldsOdd, NotBob, Office

DIALOGUES = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parent / "dialogues").glob("*.txt"))
}
CLOSED = "(closed)"
WAIT_S = 10.0
KNOWN: dict[str, type[Filter]] = {"not_bob": NotBob, "holds_odd": HoldsOdd, "broken": Broken}


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    here = Office()
    yield here
    for server in here.servers:
        await server.close()


def turns(text: str) -> list[tuple[str, list[str]]]:
    """(who, lines) in order."""
    spoken = [line for line in text.splitlines() if line.startswith(("C:", "S:"))]
    return [
        (who, [line[3:] for line in lines])
        for who, lines in groupby(spoken, key=lambda line: line[0])
    ]


def judges(text: str) -> list[Filter]:
    named = [line.partition(":")[2] for line in text.splitlines() if line.startswith("> filters:")]
    return [KNOWN[name.strip()]() for line in named for name in line.split(",")]


async def heard(reader: asyncio.StreamReader) -> str:
    async with asyncio.timeout(WAIT_S):
        try:
            line = await reader.readline()
        except ConnectionResetError:
            line = b""
    return line.decode("ascii").removesuffix("\r\n") if line else CLOSED


def as_bytes(lines: list[str]) -> bytes:
    data = "".join(f"{line}\r\n" for line in lines).encode()
    return re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), data)


@pytest.mark.parametrize("name", DIALOGUES)
async def test_a_dialogue(office: Office, name: str) -> None:
    text = DIALOGUES[name]
    spoken = turns(text)
    assert {who for who, _ in spoken} == {"C", "S"}
    reader, writer = await asyncio.open_connection("127.0.0.1", await office.open(*judges(text)))
    for who, lines in spoken:
        if who == "C":
            data = "".join(f"{line}\r\n" for line in lines).encode()
            writer.write(
                data.decode("unicode_escape").encode("latin-1") if b"\\x" in data else data
            )
            continue
        for wanted in lines:
            said = await heard(reader)
            assert fnmatchcase(said, wanted.replace("[", "[[]")), f"{said!r} for {wanted!r}"
    writer.close()

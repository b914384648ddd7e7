"""The fast search finds what Python's own finds."""

import random

import pytest

from gateway.runtime.scan import SHORT, count, find


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_it_finds_what_python_finds(kind: type[bytes | bytearray]) -> None:
    chance = random.Random(7)
    for _ in range(300):
        data = kind(chance.choices(b"\r\n.ab", k=chance.randrange(200)))
        needle = bytes(chance.choices(b"\r\n.ab", k=chance.choice([1, 2, 3, 5, SHORT + 1])))
        start, end = chance.randrange(250), chance.randrange(250)
        assert find(data, needle) == data.find(needle)
        assert find(data, needle, start) == data.find(needle, start)
        assert find(data, needle, start, min(end, len(data))) == data.find(
            needle, start, min(end, len(data))
        )
        assert count(data, needle) == data.count(needle)

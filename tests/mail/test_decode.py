"""Base64 in steps: the same bytes as all at once, wherever a step or a stranger cuts it."""

from __future__ import annotations

import base64
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.decode import pieces
from gateway.mail.text import base64_bytes

LINE = re.compile(rb".{1,76}", re.DOTALL)
JUNK = st.sampled_from([b"\r\n", b"\n", b"\r", b" ", b"!", b"\xff", b"\r\n\r\n", b"-", b"\0"])


def wrapped(data: bytes, ending: bytes) -> bytes:
    return b"".join(line + ending for line in LINE.findall(base64.b64encode(data)))


@given(st.binary(max_size=30_000), st.sampled_from([b"\r\n", b"\n", b""]))
@settings(max_examples=60, deadline=None)
def test_what_is_clean_is_read_whole(data: bytes, ending: bytes) -> None:
    assert b"".join(pieces("base64", memoryview(wrapped(data, ending)))) == data


@given(st.binary(max_size=12_000), st.lists(st.tuples(st.integers(0, 16_000), JUNK), max_size=8))
@settings(max_examples=100, deadline=None)
def test_what_programs_skip_is_skipped(data: bytes, odd: list[tuple[int, bytes]]) -> None:
    coded = base64.b64encode(data).rstrip(b"=")
    for at, junk in odd:
        coded = coded[:at] + junk + coded[at:]
    assert b"".join(pieces("base64", memoryview(coded))) == base64_bytes(coded)


def test_a_run_behind_a_padding_is_read_too() -> None:
    coded = base64.b64encode(b"x" * 7000) + b"\r\n" + base64.b64encode(b"y" * 9000)
    found = b"".join(pieces("base64", memoryview(coded)))
    assert found == b"x" * 7000 + b"y" * 9000


def test_a_beginning_costs_a_beginning() -> None:
    coded = memoryview(base64.b64encode(bytes(300_000)))
    assert len(next(pieces("base64", coded))) < 8192

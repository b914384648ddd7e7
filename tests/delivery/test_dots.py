"""Dots of a message on the wire, against a way to do it that is too plain to be wrong."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.dots import JOIN_MAX, stuffed

PIECES = st.lists(st.sampled_from([b"\r\n", b".", b"a", b"\r", b"\n", b"..", b"\r\n.\r\n"]))


def plainly(data: bytes) -> bytes:
    lines = data.split(b"\r\n")
    text = b"\r\n".join(b"." + line if line[:1] == b"." else line for line in lines)
    return text + (b".\r\n" if not data or data.endswith(b"\r\n") else b"\r\n.\r\n")


@given(PIECES, PIECES, st.booleans())
def test_every_dot_that_begins_a_line_is_stuffed(
    head: list[bytes], body: list[bytes], is_large: bool
) -> None:
    first, second = b"".join([*head, b"\r\n"]), b"".join(body)
    second += b"a" * JOIN_MAX if is_large else b""
    assert b"".join(stuffed(first, memoryview(second))) == plainly(first + second)


def test_a_large_body_is_not_copied() -> None:
    body = b"a" * 2 * JOIN_MAX
    _, piece, _ = stuffed(b"A: b\r\n\r\n", memoryview(body))
    assert isinstance(piece, memoryview)
    assert piece.obj is body

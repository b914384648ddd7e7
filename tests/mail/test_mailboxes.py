"""Who wrote it: every author that any mail program might show."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.address import Address
from gateway.mail.mailboxes import read_mailboxes
from gateway.mail.message import Message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lan <lan@x.vn>", [("Lan", "lan@x.vn")]),
        ("lan@x.vn (Lan (the clerk))", [("Lan (the clerk)", "lan@x.vn")]),
        ('"Lan, Mrs" <lan@x.vn>, b@y.vn', [("Lan, Mrs", "lan@x.vn"), ("", "b@y.vn")]),
        ("Office: lan@x.vn, Huy <huy@x.vn>;", [("", "lan@x.vn"), ("Huy", "huy@x.vn")]),
        ("=?utf-8?q?a=2C_b=3Cc=40d=3E?= <lan@x.vn>", [("a, b<c@d>", "lan@x.vn")]),
        ('"lan@x.vn" <evil@y.vn>', [("lan@x.vn", "evil@y.vn")]),
        ("Lan <lan@x.vn> <evil@y.vn>", [("Lan", "lan@x.vn"), ("Lan", "evil@y.vn")]),
        ("<@relay.vn:lan@x.vn>", [("", "lan@x.vn")]),
        ('Lan "O <lan@x.vn>', [('Lan " O', "lan@x.vn")]),
        ("(open Lan <lan@x.vn>", [("( open Lan", "lan@x.vn")]),
        ('(a "quote) <lan@x.vn>', [('a "quote', "lan@x.vn")]),
        ("undisclosed-recipients:;", []),
        ("Lan", [("Lan", "")]),
        ("", []),
    ],
)
def test_fields(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(name, str(address)) for name, address in read_mailboxes(text)] == expected


def test_two_from_fields_are_two_authors() -> None:
    message = Message(b"From: lan@x.vn\r\nSubject: a\r\nfrom : Huy <huy@x.vn>\r\n\r\n")
    assert [a.key for _, a in message.authors] == ["lan@x.vn", "huy@x.vn"]
    assert message.author == ("", Address.parse("lan@x.vn"))


def test_sender_fields() -> None:
    message = Message(b"From: lan@x.vn\r\nSender: a@b.vn\r\nResent-From: c@d.vn\r\n\r\n")
    assert set(message.sender_fields) == {"From", "Sender", "Resent-From"}


@pytest.mark.parametrize(
    "unit", ["(", '"', "<", ",", "a@b,", "(\\", '"\\', "=?", "x:", "(a)", "\0"]
)
def test_a_megabyte_of_anything_is_read_at_once(unit: str) -> None:
    message = Message(b"From: " + (unit * (1 << 20))[: 1 << 20].encode() + b"\r\n\r\n")
    began = process_time()
    assert message.authors[-1][1] == Address("", "")
    assert process_time() - began < 1


@given(st.text(max_size=80) | st.text('<>"(),;:@\\ a.', max_size=40))
def test_never_an_exception(text: str) -> None:
    assert isinstance(read_mailboxes(text), tuple)

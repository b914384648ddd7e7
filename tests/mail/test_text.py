"""Text of strangers: read whatever it is, and compared the way an eye compares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.text import base64_bytes, codec_name, decode_words, folded, to_text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nguyễn Thị Lan", "nguyen thi  lan"),
        ("Nguyễn Thị Lan", "Nguye\u0302\u0303n Thi\u0323 Lan"),
        ("Đỗ Đức", "DO DUC"),
        ("Lan Anh", "L\u0430n \u0410nh"),
        ("Lan\u200b Anh", "Lan Anh"),
        ("PHẠM", "\u03a1H\u1ea0M"),
        ("Ｌａｎ", "lan"),
    ],
)
def test_names_that_read_the_same(one: str, other: str) -> None:
    assert folded(one) == folded(other)


def test_names_that_do_not() -> None:
    assert folded("Lan") != folded("Lam")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=?utf-8?b?Tmd1eeG7hW4=?=", "Nguyễn"),
        ("=?utf-8?B?Tmd1eeG7?= =?utf-8?B?hW4=?=", "Nguyễn"),
        ("=?utf-8?q?a_b=2C?= c", "a b, c"),
        ("=?utf-8?q?a?=  =?iso-8859-1?q?=E9?=", "aé"),
        ("x =?windows-1258?q?=D0?= y", "x Đ y"),
        ("=?nonsense?q?abc?=", "abc"),
        ("=?utf-8*vi?q?abc?=", "abc"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("a =? b ?=", "a =? b ?="),
    ],
)
def test_encoded_words(text: str, shown: str) -> None:
    assert decode_words(text) == shown


@given(st.text(max_size=100) | st.from_regex(r"(=\?[a-z0-9*-]*\?[bq]\?[A-Za-z0-9=_+/]*\?= ?){1,4}"))
def test_no_encoded_word_is_an_exception(text: str) -> None:
    assert isinstance(decode_words(text), str)


@given(st.binary(max_size=60), st.text(max_size=20) | st.sampled_from(["utf-16", "utf-7", "hz"]))
def test_no_charset_is_an_exception(data: bytes, charset: str) -> None:
    assert isinstance(to_text(data, charset), str)


@pytest.mark.parametrize("name", ["idna", "punycode", "base64", "rot13", "zlib", "../x", ""])
def test_what_is_no_charset(name: str) -> None:
    assert codec_name(name) == ""


def test_vietnamese_windows_text() -> None:
    assert to_text("Sở Ngoại vụ".encode(), "us-ascii") == "Sở Ngoại vụ"
    assert to_text(b"S\xf5\xd2", "windows-1258") == "Sở"


def test_base64_in_pieces() -> None:
    assert base64_bytes(b"YQ==YWI=\r\nYWJj*YWJj!YQ") == b"aababcabca"

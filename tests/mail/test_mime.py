"""Parts as offsets: real mail, hostile mail, and mail that reads in two ways."""

from base64 import b64encode
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.message import Message
from tests.shared import shared


def tree(raw: bytes) -> list[tuple[int, str, str, bytes]]:
    return [
        (p.depth, p.type, p.filename, p.decoded() if p.is_leaf else b"")
        for p in Message(raw).mime.parts
    ]


NESTED = b"""From: a@b.vn
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="one"

preamble
--one
Content-Type: multipart/alternative; boundary=two

--two

plain
--two
Content-Type: text/html; charset=windows-1258
Content-Transfer-Encoding: quoted-printable

S=F5=D2 =
end
--two--
--one
Content-Type: application/pdf; name="a.pdf"
Content-Disposition: attachment;
 filename*0*=utf-8'vi'c%C3%B4ng%20;
 filename*1="van.pdf"
Content-Transfer-Encoding: base64

YWJj
ZGVm
--one
Content-Type: message/rfc822

Subject: inner

body
--one--
epilogue
"""


@pytest.mark.parametrize("line", [b"\n", b"\r\n"])
def test_a_nested_message(line: bytes) -> None:
    raw = NESTED.replace(b"\n", line)
    assert tree(raw) == [
        (0, "multipart/mixed", "", b""),
        (1, "multipart/alternative", "", b""),
        (2, "text/plain", "", b"plain"),
        (2, "text/html", "", b"S\xf5\xd2 end"),
        (1, "application/pdf", "công van.pdf", b"abcdef"),
        (1, "message/rfc822", "", b""),
        (2, "text/plain", "", b"body"),
    ]
    mime = Message(raw).mime
    assert mime.ambiguities == ()
    assert mime.parts[3].text() == "Sở end"
    assert [p.filename for p in mime.attachments] == ["công van.pdf"]


def test_a_part_is_a_slice_of_what_came() -> None:
    raw = NESTED.replace(b"\n", b"\r\n")
    for part in Message(raw).mime.parts:
        assert part.source is raw
        assert part.head[1] == part.body[0]
        assert raw[slice(*part.body)] == part.raw


def test_text_with_a_file_of_before_mime() -> None:
    raw = b"Subject: x\n\nhello\nbegin 644 cat.txt\n#0V%T\n`\nend\n"
    assert tree(raw)[1] == (1, "application/octet-stream", "cat.txt", b"Cat")


def test_an_encoded_attached_message_is_walked_into() -> None:
    inner = b64encode(b"Content-Type: text/html\n\n<p>")
    raw = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + inner
    assert tree(raw)[1] == (1, "text/html", "", b"<p>")


@pytest.mark.shared
def test_every_suite_mail() -> None:
    paths = sorted(shared("data/suites/mime").rglob("*.eml"))
    assert len(paths) > 300
    for path in paths:
        raw = path.read_bytes()
        began = process_time()
        message = Message(raw)
        assert message.mime.parts
        assert message.mime.ambiguities is not None
        assert all(p.decoded(1 << 20) is not None for p in message.mime.parts)
        assert message.authors is not None
        assert bytes(message) == raw
        assert process_time() - began < 2, path


@given(
    st.binary(max_size=400)
    | st.lists(
        st.sampled_from(
            [
                *NESTED.splitlines(keepends=True),
                b"--one--\r\n",
                b"content-type:multipart/digest;boundary=\n",
                b"Content-Transfer-Encoding: x-uuencode\n",
                b"begin 644 a\n",
                b"\0\r",
            ]
        ),
        max_size=30,
    ).map(b"".join)
)
def test_never_an_exception(raw: bytes) -> None:
    mime = Message(raw).mime
    assert mime.ambiguities is not None
    for part in mime.parts:
        assert 0 <= part.head[0] <= part.head[1] == part.body[0] <= part.body[1] <= len(part.source)
        assert part.parent < part.index
        assert isinstance(part.text(100), str)


MEGABYTE = 1 << 20
HEAD = b"Content-Type: multipart/mixed; boundary=b\n\n"


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"--b\n\n" * (MEGABYTE // 5),
        HEAD + b"--bx\n" * (MEGABYTE // 5),
        HEAD + b"--b" * (MEGABYTE // 3),
        HEAD + b"\n--b\nContent-Type: multipart/mixed; boundary=b\n" * (MEGABYTE // 48),
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(20000)
        ),
        b"Content-Type: message/rfc822\n\n" * (MEGABYTE // 31),
        b"Content-Type: " + b"(" * MEGABYTE,
        b"Content-Type: a/b; " + b"a=b;" * (MEGABYTE // 4),
        b'Content-Type: a/b; x="' + b"\\" * 16000,
        b"Content-Type: a/b" + b"\n " * (MEGABYTE // 2),
        b"Content-Type: a/b\n" * (MEGABYTE // 18),
        b"Content-\n" * (MEGABYTE // 9),
        b"content-type\n \n" * (MEGABYTE // 15),
        b"a\n" * (MEGABYTE // 2) + b"content-type: a/b",
        b"Content-Transfer-Encoding: base64\n\n" + b"=" * MEGABYTE,
        b"Content-Transfer-Encoding: base64\n\n" + b"A=" * (MEGABYTE // 2),
        b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=\r" * (MEGABYTE // 2),
        b"Content-Transfer-Encoding: quoted-printable\n\n= " + b" " * MEGABYTE,
        b"\n" + b"begin 644 a\n" * (MEGABYTE // 12),
        b"\n" + b"\nbegin " * (MEGABYTE // 7),
        b"\n" + b"=ybegin " * (MEGABYTE // 8),
        b"\r" * MEGABYTE,
        b"Subject: " + b"=?utf-8?q?" * (MEGABYTE // 10),
        b"Content-Disposition: a; " + b"filename*0=a;" * 1200,
    ],
    ids=range(24),
)
def test_hostile_mail_takes_no_more_time_than_its_size(raw: bytes) -> None:
    began = process_time()
    message = Message(raw)
    assert message.mime.ambiguities is not None
    assert message.header("Subject") is not None
    for part in message.mime.parts[:50]:
        part.decoded()
    assert process_time() - began < 2


def test_normal_mail_is_not_ambiguous() -> None:
    letter = b'Content-Type: text/plain; charset="utf-8"\r\n\r\nXin ch\xc3\xa0o\r\n'
    assert Message(letter).mime.ambiguities == ()

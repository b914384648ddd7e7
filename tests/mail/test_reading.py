"""Which parts of a mail are documents, and that each is read once."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.mail.message import Message
from gateway.mail.papers import DocumentFacts
from gateway.mail.reading import PAPERS_MAX, PICTURE_BYTES, papers_of, unread_papers
from gateway.mail.session import Mail
from tests.papers import KnownDocuments

PART = b'--b\r\nContent-Type: %s\r\nContent-Disposition: attachment; filename="%s"\r\n\r\n%s\r\n'


def with_files(mail: Mail, room: KnownDocuments | None, *files: tuple[bytes, bytes, bytes]) -> Mail:
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    raw = head + b"".join(PART % file for file in files) + b"--b--\r\n"
    session = mail.session
    session.services = replace(session.services, documents=room)
    return Mail(mail.transaction, Message(raw))


async def test_documents_are_known_by_name_or_by_bytes(mail: Callable[..., Mail]) -> None:
    room = KnownDocuments({"a.pdf": DocumentFacts(name="a.pdf", size=1, sha256="", page_count=3)})
    letter = with_files(
        mail(),
        room,
        (b"application/pdf", b"a.pdf", b"x"),
        (b"application/octet-stream", b"b", b"junk %PDF-1.4"),
        (b"image/png", b"logo.png", b"x"),
        (b"image/png", b"c.png", b"x" * PICTURE_BYTES),
        (b"application/octet-stream", b"d.DOC. ", b"x"),
    )
    papers = await papers_of(letter)
    assert [paper.name for paper in papers] == ["a.pdf", "b", "c.png", "d.DOC."]
    assert papers[0].facts.page_count == 3
    assert await papers_of(letter) is papers
    assert len(room.asked) == 4


async def test_too_many_documents_are_counted(mail: Callable[..., Mail]) -> None:
    files = [(b"application/pdf", b"%d.pdf" % n, b"x") for n in range(PAPERS_MAX + 2)]
    letter = with_files(mail(), KnownDocuments(), *files)
    assert len(await papers_of(letter)) == PAPERS_MAX
    assert unread_papers(letter) == 2


async def test_without_a_room_the_filter_says_what_to_configure(mail: Callable[..., Mail]) -> None:
    letter = with_files(mail(), None, (b"application/pdf", b"a.pdf", b"x"))
    with pytest.raises(LookupError, match=r"\[documents\] in vanthu.toml"):
        await papers_of(letter)


async def test_documents_in_an_archive_are_read_too(mail: Callable[..., Mail]) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("in/cv.pdf", b"x")
        packed.writestr("x.bin", b"%PDF-1.7")
        packed.writestr("y.txt", b"x")
    room = KnownDocuments()
    letter = with_files(mail(), room, (b"application/zip", b"a.zip", out.getvalue()))
    papers = await papers_of(letter)
    assert [paper.name for paper in papers] == ["a.zip/in/cv.pdf", "a.zip/x.bin"]

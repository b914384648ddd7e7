"""Files by what they are, not by what they are called."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from base64 import b64encode
from collections.abc import Callable
from inspect import isawaitable

import pytest

from filters.attachments import IN_THREAD_BYTES, Attachments
from gateway.api import ATTACHMENTS, Hold, Mail, Pass, Reject, Stage, Verdict
from tests.filters.conftest import Letter

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
EXE = b"MZ\x90\x00" + b"\0" * 56 + b"\x80\0\0\0" + b"\0" * 64 + b"PE\0\0L\x01" + b"\0" * 200
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def zipped(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def tarred(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def locked(data: bytes) -> bytes:
    """A ZIP whose members say that they are encrypted."""
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark) + offset
        data = data[:at] + bytes([data[at] | 1]) + data[at + 1 :]
    return data


def attached(letter: Letter, name: str, data: bytes, declared: str = "application/x-y") -> Mail:
    text = (
        "From: a@b.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n"
        f'see below\n--b\nContent-Type: {declared}; name="{name}"\n'
        f'Content-Disposition: attachment; filename="{name}"\n'
        "Content-Transfer-Encoding: base64\n\n" + b64encode(data).decode() + "\n--b--\n"
    )
    return letter(text)


Judge = Callable[[str, bytes], Verdict | None]


@pytest.fixture
def judge(letter: Letter) -> Judge:
    def judged(name: str, data: bytes) -> Verdict | None:
        return Attachments().judge(attached(letter, name, data))

    return judged


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pdf", PDF),
        ("a.docx", zipped(("word/document.xml", b"<w/>"), ("word/media/printer1.bin", b"\1\2"))),
        ("a.zip", zipped(("công văn.pdf", PDF))),
        ("a.txt", b"hello"),
        ("a.doc", OLE),
        ("a.tar.gz", gzip.compress(tarred("a.txt", b"hello"))),
    ],
)
def test_what_offices_send(judge: Judge, name: str, data: bytes) -> None:
    assert judge(name, data) is None


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("a.exe", b"hello", ".exe"),
        ("a.exe. ", b"hello", ".exe"),
        ("a.pdf.EXE", b"hello", ".exe"),
        ("a.exe::$DATA", b"hello", ".exe"),
        ("a.pdf", EXE, "x-dosexec"),
        ("fdp.\u202eexe.pdf", PDF, "backwards"),
        ("a.js", b"alert(1)", ".js"),
        ("a.txt", b"#!/bin/sh\nrm -rf ~\n", "shellscript"),
        ("a.zip", zipped(("b.txt", b"x"), ("c.scr", b"x")), "a.zip/c.scr"),
        ("a.zip", zipped(("b.txt", EXE)), "a program"),
        ("a.zip", zipped(("b.zip", zipped(("c.zip", zipped(("d.exe", EXE)))))), "c.zip/d.exe"),
        ("a.tgz", gzip.compress(tarred("x/b.exe", EXE)), "b.exe"),
        ("a.tar.bz2", bz2.compress(tarred("b.exe", EXE)), "b.exe"),
        ("a.tar.xz", lzma.compress(tarred("b.exe", EXE)), "b.exe"),
        ("a.gz", gzip.compress(b"x") + gzip.compress(EICAR), "EICAR"),
        ("a.txt", EICAR, "EICAR"),
        ("a.zip", zipped(("b", EICAR)), "EICAR"),
    ],
)
def test_programs_are_refused(judge: Judge, name: str, data: bytes, what: str) -> None:
    verdict = judge(name, data)
    assert isinstance(verdict, Reject), verdict
    assert what in verdict.reason


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("a.docm", zipped(("word/document.xml", b"")), "macros"),
        ("a.docx", zipped(("word/vbaProject.bin", OLE)), "macros"),
        ("a.doc", OLE + "_VBA_PROJECT".encode("utf-16-le"), "macros"),
        ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le"), "password"),
        ("a.pdf", PDF.replace(b"/Root", b"/Encrypt 5 0 R/Root"), "password"),
        ("a.zip", locked(zipped(("b.pdf", PDF))), "password"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + b"\0" * 50, "7z cannot"),
        ("a.zip", zipped(("b.txt", b"x" * 1000))[:60], "a.zip: "),
        ("a.zip", zipped(("b.txt", bytes(40 << 20))), "unpacks to more"),
        ("a.zip", zipped(*((f"{n}.txt", b"") for n in range(1001))), "more files"),
    ],
)
def test_what_a_person_must_look_at(judge: Judge, name: str, data: bytes, what: str) -> None:
    verdict = judge(name, data)
    assert isinstance(verdict, Hold), verdict
    assert what in verdict.reason


def test_archives_too_deep(judge: Judge) -> None:
    data = zipped(("a.txt", b"x"))
    for _ in range(6):
        data = zipped(("a.zip", data))
    verdict = judge("a.zip", data)
    assert isinstance(verdict, Hold)
    assert "archives within archives" in verdict.reason


def test_a_rar_tells_its_names(judge: Judge) -> None:
    name = b"b.exe"
    file = b"\0\0\x74\0\x80" + (32 + len(name)).to_bytes(2, "little") + bytes(19)
    file += len(name).to_bytes(2, "little") + bytes(4) + name
    rar = b"Rar!\x1a\x07\x00" + b"\0\0\x73\0\0\x0d\0" + bytes(6) + file
    verdict = judge("a.rar", rar)
    assert isinstance(verdict, Reject)
    assert "a.rar/b.exe" in verdict.reason


def test_a_false_name_is_marked(judge: Judge) -> None:
    verdict = judge("a.pdf", b"<!DOCTYPE html><html><body>hi</body></html>")
    assert isinstance(verdict, Pass)
    assert verdict.edits


def test_facts_for_those_behind(letter: Letter) -> None:
    mail = attached(letter, "a.zip", zipped(("b.pdf", PDF)))
    Attachments().judge(mail)
    (known,) = mail.transaction.facts[ATTACHMENTS]
    assert known.real == "application/zip"
    assert known.inside == ("a.zip/b.pdf",)
    assert len(known.digest) == 64


def test_ambiguous_mail_is_held(letter: Letter) -> None:
    text = "From: a@b.example\nContent-Type: text/plain\nContent-Type: multipart/mixed\n\nhello"
    assert isinstance(Attachments().judge(letter(text)), Hold)


async def test_much_is_read_in_a_thread(letter: Letter) -> None:
    chosen = Attachments()
    assert chosen.waits_at(Stage.MESSAGE)
    answer = chosen.message(attached(letter, "a.exe", bytes(IN_THREAD_BYTES)))
    assert isawaitable(answer)
    assert isinstance(await answer, Reject)
    assert isinstance(chosen.message(attached(letter, "a.exe", b"x")), Reject)


@pytest.mark.parametrize("noise", range(0, 200, 7))
def test_broken_archives_are_no_exception(judge: Judge, noise: int) -> None:
    for whole in (zipped(("a.txt", b"hello" * 50)), tarred("a", b"x"), gzip.compress(b"x" * 500)):
        data = bytearray(whole)
        for at in range(4, len(data), 201 - noise):
            data[at] ^= 0xA5
        judge("a.zip", bytes(data))
        judge("a.rar", b"Rar!\x1a\x07\x01\x00" + bytes(data))
        judge("a.rar", b"Rar!\x1a\x07\x00" + bytes(data))

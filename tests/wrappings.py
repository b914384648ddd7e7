"""A file in every wrapping in which a mail can bring it, and in some in which it should not."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import io
import lzma
import quopri
import tarfile
import zipfile
from collections.abc import Iterator

EICAR = (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$H+H*").encode()
TOP = b"From: a@client.example\r\nTo: so@songoaivu.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"


def part(data: bytes, *, coded: str = "base64", name: str = "a.com", more: str = "") -> bytes:
    """One part with its header."""
    bodies = {
        "base64": base64.encodebytes(data).replace(b"\n", b"\r\n"),
        "quoted-printable": quopri.encodestring(data).replace(b"\n", b"\r\n"),
        "7bit": data + b"\r\n",
        "binary": data + b"\r\n",
        "x-uuencode": _uuencoded(data, name),
    }
    head = f'Content-Type: application/octet-stream; name="{name}"\r\n'
    head += f"Content-Transfer-Encoding: {coded}\r\n{more}"
    head += f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    return head.encode() + bodies[coded]


def multipart(*parts: bytes, mark: str = "b", kind: str = "mixed") -> bytes:
    """Header and body of a multipart of these."""
    body = b"".join(b"--" + mark.encode() + b"\r\n" + p + b"\r\n" for p in parts)
    end = b"--" + mark.encode() + b"--\r\n"
    return f'Content-Type: multipart/{kind}; boundary="{mark}"\r\n\r\n'.encode() + body + end


TEXT = b"Content-Type: text/plain\r\n\r\nHello\r\n"


def _uuencoded(data: bytes, name: str) -> bytes:
    lines = b"".join(binascii.b2a_uu(data[i : i + 45]) for i in range(0, len(data), 45))
    return f"begin 644 {name}\n".encode() + lines + b"`\nend\n"


def packed(data: bytes, name: str = "a.com") -> dict[str, bytes]:
    """The file within archives, by the archive's name."""
    zipped = _zip({name: data})
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return {
        "a.zip": zipped,
        "twice.zip": _zip({"inner.zip": zipped}),
        "deep.zip": _zip({"one.zip": _zip({"two.zip": zipped})}),
        "a.tar": tar.getvalue(),
        "a.tar.gz": gzip.compress(tar.getvalue()),
        "a.gz": gzip.compress(data),
        "a.bz2": bz2.compress(data),
        "a.xz": lzma.compress(data),
        "in-zip.gz": gzip.compress(zipped),
        "a.docx": _zip({"word/media/a.com": data, "[Content_Types].xml": b"<Types/>"}),
    }


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def wrapped(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(what it is, the message): all well formed."""
    for coded in ("base64", "quoted-printable", "7bit", "binary", "x-uuencode"):
        yield coded, TOP + multipart(TEXT, part(data, coded=coded))
    yield "the whole body", TOP + part(data)
    yield "in the text", TOP + b"Content-Type: text/plain\r\n\r\n" + data + b"\r\n"
    yield "uuencoded in the text", TOP + b"\r\nHello\r\n\r\n" + _uuencoded(data, "a.com")
    yield "as an image", TOP + multipart(TEXT, part(data, name="a.jpg"))
    yield "without a name", TOP + multipart(TEXT, part(data, name=""))
    inner = TOP + multipart(TEXT, part(data), mark="inner")
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" + inner
    yield "in a forwarded message", TOP + multipart(TEXT, forwarded)
    deep = part(data)
    for level in range(5):
        deep = multipart(TEXT, deep, mark=f"level{level}")
    yield "five levels down", TOP + deep
    yield "beside a related part", TOP + multipart(TEXT, part(data), kind="related")
    for name, archive in packed(data).items():
        yield name, TOP + multipart(TEXT, part(archive, name=name))


def doubtful(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Messages that two programs read in different ways, one of which sees the file."""
    coded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    whole = part(data)
    body = multipart(TEXT, whole)
    head, _, rest = body.partition(b"\r\n\r\n")
    plain = b"Content-Type: text/plain\r\n"
    yield "text first, multipart second", TOP + plain + body
    yield "multipart first, text second", TOP + head + b"\r\n" + plain + b"\r\n" + rest
    yield "two boundaries", TOP + body.replace(b'boundary="b"', b'boundary="c"; boundary="b"', 1)
    yield "two boundaries turned", TOP + body.replace(b'"b"', b'"b"; boundary="c"', 1)
    yield "a boundary in a comment", TOP + body.replace(b'"b"', b'b (boundary="c")', 1)
    yield "no closing boundary", TOP + body.removesuffix(b"--b--\r\n")
    yield (
        "behind the closing boundary",
        TOP + multipart(TEXT) + b"--b\r\n" + whole + b"\r\n--b--\r\n",
    )
    yield (
        "before the first boundary",
        TOP + body.replace(b"\r\n\r\n--b", b"\r\n\r\n" + whole + b"\r\n--b", 1),
    )
    yield "blanks behind the boundary", TOP + body.replace(b"--b\r\n", b"--b   \r\n")
    yield "signs behind the boundary", TOP + body.replace(b"--b\r\n", b"--bx\r\n")
    yield "a boundary that is nowhere", TOP + body.replace(b'"b"', b'"zz"', 1)
    yield "a part with the same boundary", TOP + multipart(TEXT, multipart(TEXT, whole))
    yield (
        "an encoded multipart",
        TOP + head + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(rest),
    )
    for says in ("8bit", "base64x", "bAse64 ", "uuencode", '"base64"', "base64 (x)"):
        said = whole.replace(b"Encoding: base64", f"Encoding: {says}".encode())
        yield f"encoding {says}", TOP + multipart(TEXT, said)
    twice = whole.replace(
        b"Encoding: base64", b"Encoding: 7bit\r\nContent-Transfer-Encoding: base64"
    )
    yield "two encodings", TOP + multipart(TEXT, twice)
    turned = whole.replace(
        b"Encoding: base64", b"Encoding: base64\r\nContent-Transfer-Encoding: 7bit"
    )
    yield "two encodings turned", TOP + multipart(TEXT, turned)
    for told, dirty in (
        ("strange signs in base64", coded.replace(b"A", b"A*!", 3)),
        ("blanks in base64", b" ".join(coded[i : i + 1] for i in range(len(coded)))),
        ("padding within base64", base64.b64encode(data[:10]) + base64.b64encode(data[10:])),
        ("text before base64", b"=\r\n" + coded),
    ):
        yield told, TOP + multipart(TEXT, whole.replace(coded, dirty + b"\r\n"))
    yield "bare line feeds", (TOP + body).replace(b"\r\n", b"\n")
    yield "a bare CR in the header", TOP + b"X: y\rContent-Type: text/plain\r\n" + body
    yield "a folded type", TOP + body.replace(b"multipart/mixed", b"\r\n multipart/mixed", 1)
    yield "a NUL in the type", TOP + body.replace(b"multipart/mixed", b"multipart/mi\0xed", 1)
    yield "a blank before the colon", TOP + body.replace(b"Content-Type:", b"Content-Type :", 1)
    yield "no MIME-Version", TOP.replace(b"MIME-Version: 1.0\r\n", b"") + body
    partial = b'Content-Type: message/partial; id="x"; number=1; total=1\r\n\r\n'
    yield "message/partial", TOP + partial + TOP + body
    yield "type without subtype", TOP + body.replace(b"multipart/mixed", b"multipart", 1)
    yield "an unknown multipart", TOP + body.replace(b"multipart/mixed", b"multipart/x", 1)

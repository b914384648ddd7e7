"""Letters with a PDF in them, for the load."""

from __future__ import annotations

import io
import os
from base64 import encodebytes
from pathlib import Path

import pikepdf
from pikepdf import Name, Stream

from gateway.documents import sample

LETTERS = 20
"""As many differ: what is remembered of one is no help with the next."""
WIDE = 500
HEAD = """\
From: Phòng Văn thư <someone@example.org>
To: <{to}>
Subject: Gửi văn bản số {n}
Date: Sun, 22 Nov 2026 13:00:00 +0700
Message-ID: <pdf-{n}@load.example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=-{n}-="

--=-{n}-=
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Kính gửi Quý cơ quan văn bản kèm theo.
--=-{n}-=
Content-Type: application/pdf; name="van-ban-{n}.pdf"
Content-Disposition: attachment; filename="van-ban-{n}.pdf"
Content-Transfer-Encoding: base64

"""


def pdf(size: int) -> bytes:
    """A sound PDF of about ``size`` bytes: a page of text with a noisy picture on it."""
    with pikepdf.open(io.BytesIO(sample.pdf())) as made:
        high = size // WIDE
        picture = Stream(made, os.urandom(WIDE * high))
        picture.Type, picture.Subtype = Name.XObject, Name.Image
        picture.Width, picture.Height, picture.BitsPerComponent = WIDE, high, 8
        picture.ColorSpace = Name.DeviceGray
        page = made.pages[0]
        page.add_resource(picture, Name.XObject, Name.Noise)
        page.contents_add(Stream(made, b"q 200 0 0 200 100 300 cm /Noise Do Q"))
        out = io.BytesIO()
        made.save(out)
    return out.getvalue()


def with_pdf(folder: Path, size: int, to: str) -> list[Path]:
    """Write letters that carry PDFs of about ``size`` bytes; their files."""
    paths = [folder / f"{n}.eml" for n in range(LETTERS)]
    for n, path in enumerate(paths):
        text = HEAD.format(n=n, to=to).encode() + encodebytes(pdf(size)) + f"--=-{n}-=--\n".encode()
        path.write_bytes(text.replace(b"\n", b"\r\n"))
    return paths

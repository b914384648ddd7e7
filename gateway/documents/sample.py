"""Small PDFs of our own, to warm the readers on and to try the jail with."""

from __future__ import annotations

import io

NOW = "2026-01-01T00:00:00+07:00"
_CONTENT = b"BT /F 12 Tf 60 760 Td (So: 01/QD-VT) Tj ET 60 700 200 1 re f"

_PAGE = (
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F"
    b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>>>>>>>"
)


def pdf() -> bytes:
    """One page with a line of text."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        _PAGE,
        b"<</Length %d>>stream\n%s\nendstream" % (len(_CONTENT), _CONTENT),
    ]
    out, places = b"%PDF-1.7\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
    return out + b"trailer<</Root 1 0 R/Size 5>>\nstartxref\n%d\n%%%%EOF\n" % start


def scan() -> bytes:
    """An A4 page that is a picture: grey paper with a red patch, 100 dpi."""
    from PIL import Image

    image = Image.new("RGB", (827, 1169), (250, 250, 245))
    image.paste((200, 30, 30), (450, 900, 550, 1000))
    out = io.BytesIO()
    image.save(out, "PDF", resolution=100.0)
    return out.getvalue()

"""PDFs made here and now: sound ones, and hostile ones that do nothing if they are opened."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from functools import cache

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from gateway.documents import sample

A4 = (595, 842)
_FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def plain() -> bytes:
    """One page with a line of text."""
    return sample.pdf()


def changed(change: Callable[[Pdf], None], data: bytes | None = None) -> bytes:
    """A sound PDF to which something was done."""
    with pikepdf.open(io.BytesIO(data or plain())) as pdf:
        change(pdf)
        out = io.BytesIO()
        as_it_is = pikepdf.StreamDecodeLevel.none  # A bomb is not unpacked to be packed again.
        objects = pikepdf.ObjectStreamMode.generate
        pdf.save(
            out, object_stream_mode=objects, stream_decode_level=as_it_is, compress_streams=False
        )
        return out.getvalue()


def with_action(action: Dictionary) -> bytes:
    def add(pdf: Pdf) -> None:
        pdf.Root.OpenAction = action

    return changed(add)


def with_javascript() -> bytes:
    return with_action(Dictionary(S=Name.JavaScript, JS=String("app.alert(1);")))


def with_hidden_name() -> bytes:
    """JavaScript whose names are written with #xx, in a file that needs no repair."""
    action = b"<</S/J#61vaScript/#4aS(app.alert\\(1\\))>>"
    return _grown(plain(), b"<</Type/Catalog/Pages 2 0 R/OpenAction", action, b">>")


def _grown(data: bytes, head: bytes, middle: bytes, tail: bytes) -> bytes:
    """The same file with another catalogue, as an incremental update."""
    at = len(data)
    start = data.rfind(b"startxref")
    before = int(data[start + 9 :].split()[0])
    out = data + b"1 0 obj" + head + middle + tail + b"\nendobj\n"
    table = len(out)
    out += b"xref\n1 1\n%010d 00000 n \n" % at
    trailer = b"trailer<</Root 1 0 R/Size 5/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
    return out + trailer % (before, table)


def with_embedded() -> bytes:
    def add(pdf: Pdf) -> None:
        pdf.attachments["run.exe"] = b"MZ" + bytes(100)

    return changed(add)


def with_launch() -> bytes:
    return with_action(Dictionary(S=Name.Launch, F=String("calc.exe")))


def with_unc_link() -> bytes:
    link = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Link,
        Rect=[0, 0, 100, 100],
        A=Dictionary(S=Name.URI, URI=String("\\\\127.0.0.1\\share\\x")),
    )

    def add(pdf: Pdf) -> None:
        pdf.pages[0].obj.Annots = Array([link])

    return changed(add)


def with_xfa() -> bytes:
    def add(pdf: Pdf) -> None:
        pdf.Root.AcroForm = Dictionary(Fields=Array([]), XFA=pdf.make_stream(b"<xdp/>"))

    return changed(add)


def encrypted(password: str) -> bytes:
    with pikepdf.open(io.BytesIO(plain())) as pdf:
        out = io.BytesIO()
        pdf.save(out, encryption=pikepdf.Encryption(owner="owner", user=password))
        return out.getvalue()


@cache
def flate_bomb(size: int = 1100 << 20) -> bytes:
    """A content stream that unpacks to ``size`` bytes; packed twice it takes some KB."""
    packer = zlib.compressobj(9, wbits=-15)
    # Flushed in full, a block is packed by itself: one is made, and repeated.
    block = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    count = size >> 20 << 20
    low, high = 1 + 32 * count, count + 32 * count * (count + 1) // 2
    checksum = high % 65521 << 16 | low % 65521  # Adler-32 of so many blanks (RFC 1950).
    packed = b"\x78\xda" + block * (size >> 20) + b"\x03\0" + checksum.to_bytes(4, "big")
    content = zlib.compress(packed, 9)

    def add(pdf: Pdf) -> None:
        stream = pdf.make_stream(b"")
        stream.write(content, filter=Array([Name.FlateDecode, Name.FlateDecode]))
        pdf.pages[0].Contents = stream

    return changed(add)


def picture_bomb() -> bytes:
    """A picture that says it is 60,000 pixels wide and high."""
    with Pdf.new() as pdf:
        picture = pdf.make_stream(zlib.compress(bytes(10)))
        picture.stream_dict.update(
            Dictionary(
                Type=Name.XObject,
                Subtype=Name.Image,
                Width=60000,
                Height=60000,
                BitsPerComponent=1,
                ColorSpace=Name.DeviceGray,
                Filter=Name.FlateDecode,
            )
        )
        page = Dictionary(
            Type=Name.Page,
            MediaBox=[0, 0, *A4],
            Resources=Dictionary(XObject=Dictionary(I=picture)),
            Contents=pdf.make_stream(b"q 595 0 0 842 0 0 cm /I Do Q"),
        )
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
        out = io.BytesIO()
        pdf.save(out)
        return out.getvalue()


def nested(depth: int = 20_000) -> bytes:
    """Arrays within arrays, deeper than any stack."""
    return _grown(plain(), b"<</Type/Catalog/Pages 2 0 R/X", b"[" * depth + b"]" * depth, b">>")


def many_pages(count: int) -> bytes:
    with Pdf.new() as pdf:
        for _ in range(count):
            pdf.add_blank_page()
        out = io.BytesIO()
        pdf.save(out)
        return out.getvalue()


def with_field(text: str) -> bytes:
    """A page on which a signature field shows a text, as signing tools draw numbers."""

    def add(pdf: Pdf) -> None:
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name("/Times-Roman"))
        shown = pdf.make_stream(f"BT /F 11 Tf 2 4 Td ({text}) Tj ET".encode())
        shown.stream_dict.update(
            Dictionary(
                Type=Name.XObject,
                Subtype=Name.Form,
                BBox=[0, 0, 60, 20],
                Resources=Dictionary(Font=Dictionary(F=font)),
            )
        )
        widget = Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Sig,
            T=String("Number"),
            Rect=[85, 755, 145, 775],
            AP=Dictionary(N=shown),
            F=4,
        )
        kept = pdf.make_indirect(widget)
        pdf.pages[0].obj.Annots = Array([kept])
        pdf.Root.AcroForm = Dictionary(Fields=Array([kept]), SigFlags=3)

    return changed(add)


def scan(
    *, dpi: int = 200, grey: bool = False, seal: bool = True, blown_up: bool = False, text: str = ""
) -> bytes:
    """A page that is a picture: lines of strokes on noisy paper, and a red ring."""
    import numpy as np

    made = dpi // 2 if blown_up else dpi
    width, height = round(8.27 * made), round(11.69 * made)
    chance = np.random.default_rng(7)
    noise = chance.normal(0, 3, (height, width, 1))
    paper = np.clip(np.array([248, 246, 240]) + noise, 0, 255).astype(np.uint8)
    image = Image.fromarray(paper)
    draw = ImageDraw.Draw(image)
    unit = made / 25.4
    for row in range(30, 180, 6):
        for at in range(25, 185, 3):
            left, top = at * unit, row * unit
            slope = (at * 7 + row) % 5 * unit * 0.4
            draw.line((left, top, left + slope, top + 3 * unit), (20, 20, 25), max(1, made // 70))
    if text:
        font = ImageFont.truetype(_FONT, round(5 * unit))
        draw.rectangle((20 * unit, 10 * unit, 190 * unit, 28 * unit), (248, 246, 240))
        draw.text((30 * unit, 12 * unit), text, (10, 10, 15), font)
    if seal:
        ring = (110 * unit, 220 * unit, 145 * unit, 255 * unit)
        draw.ellipse(ring, outline=(205, 30, 45), width=round(2 * unit))
    image = image.filter(ImageFilter.GaussianBlur(0.6))  # As every lens does.
    if grey:
        image = image.convert("L").convert("RGB")
    if blown_up:
        image = image.resize((width * 2, height * 2), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    image.save(out, "PDF", resolution=float(dpi), quality=90)
    return out.getvalue()

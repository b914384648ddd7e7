"""Papers that come as JPEG, PNG or TIFF: read as the scans they are, in real readers."""

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pypdfium2 as pdfium
import pytest
import pytest_asyncio
from PIL import Image

from gateway.documents.room import GlassRoom
from gateway.documents.settings import DocumentsTable
from gateway.mail.papers import FileKind, PageKind
from gateway.registry.document import read_document
from tests.documents import pdfs

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room() -> AsyncIterator[GlassRoom]:
    at = datetime(2026, 11, 24, 8, tzinfo=UTC)
    opened = GlassRoom(DocumentsTable(), lambda: at, with_pictures=True)
    yield opened
    await opened.close()


def paper() -> Image.Image:
    data = pdfs.scan(text="So: 21/QD-VT")
    return pdfium.PdfDocument(data)[0].render(scale=200 / 72).to_pil()  # type: ignore[no-any-return]


def saved(image: Image.Image, form: str, **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **more)
    return out.getvalue()


@pytest.mark.parametrize(
    ("form", "kind"), [("JPEG", FileKind.JPG), ("PNG", FileKind.PNG), ("TIFF", FileKind.TIFF)]
)
async def test_a_paper_is_read_as_a_scan(room: GlassRoom, form: str, kind: FileKind) -> None:
    facts = await room.facts(saved(paper(), form, dpi=(200, 200)), "a.bin")
    assert facts.ended.how == "done", facts.ended
    assert facts.kind is kind
    assert facts.page_count == 1
    assert facts.pages[0].kind is PageKind.SCAN
    assert facts.pages[0].dpi == pytest.approx(200, abs=2)
    assert facts.pages[0].seal_mm2 > 25
    assert facts.heading.startswith(b"\x89PNG")
    if not facts.is_ocr_missing:
        assert any("21/Q" in line.text for line in facts.ocr)


async def test_a_fax_of_two_pages(room: GlassRoom) -> None:
    one = paper().convert("1")
    data = saved(one, "TIFF", save_all=True, append_images=[one], compression="group4")
    facts = await room.facts(data, "fax.tif")
    assert facts.ended.how == "done", facts.ended
    assert facts.page_count == 2
    assert facts.pages[1].chroma < 0.1
    assert facts.pages[0].width_mm == pytest.approx(210, abs=1)


async def test_a_photograph_turned_by_its_camera(room: GlassRoom) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = paper().transpose(Image.Transpose.ROTATE_90)
    facts = await room.facts(saved(turned, "JPEG", exif=exif), "photo.jpg")
    assert facts.pages[0].height_mm > facts.pages[0].width_mm


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (300, 120), (250, 250, 250)),
        Image.new("RGB", (1600, 1200), (40, 80, 40)),
        Image.new("RGB", (1600, 2200), (255, 255, 255)),
    ],
    ids=["logo", "night", "empty"],
)
async def test_what_is_no_paper_is_not_read(room: GlassRoom, image: Image.Image) -> None:
    facts = await room.facts(saved(image, "PNG"), "logo.png")
    assert facts.ended.how == "done", facts.ended
    assert facts.is_open
    assert facts.page_count == 0
    assert not facts.ocr
    assert not read_document(facts).speaks


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
async def test_a_broken_picture_is_said_to_be_broken(room: GlassRoom, form: str) -> None:
    whole = saved(paper(), form)
    facts = await room.facts(whole[: len(whole) // 2], "cut.bin")
    assert facts.ended.how == "done", facts.ended
    assert not facts.is_open
    assert facts.damage


async def test_a_bomb_of_pixels_is_refused(room: GlassRoom) -> None:
    bomb = saved(Image.new("1", (60_000, 50_000)), "PNG")
    facts = await room.facts(bomb, "bomb.png")
    assert not facts.is_open
    assert "DecompressionBomb" in facts.damage

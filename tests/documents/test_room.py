"""The glass room with real readers: facts of all kinds of files, and nothing that ends the room."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from gateway.documents.answer import facts_from
from gateway.documents.orders import Ending
from gateway.documents.parent import Away
from gateway.documents.room import GlassRoom
from gateway.documents.settings import DocumentsTable
from gateway.mail.papers import Belief, DocumentFacts, FileKind, PageKind
from tests.documents import pdfs
from tests.shared import shared

pytestmark = pytest.mark.asyncio(loop_scope="module")


def now() -> datetime:
    return datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room() -> AsyncIterator[GlassRoom]:
    opened = GlassRoom(DocumentsTable(cpu_s=5, wall_s=10.0), now, with_pictures=True)
    yield opened
    await opened.close()


async def test_a_sound_file(room: GlassRoom) -> None:
    facts = await room.facts(pdfs.plain(), "a.pdf")
    assert (facts.kind, facts.version, facts.page_count, facts.is_open) == (
        FileKind.PDF,
        "1.7",
        1,
        True,
    )
    page = facts.pages[0]
    assert page.kind is PageKind.DIGITAL
    assert page.belief is Belief.VISIBLE
    assert page.text.strip() == "So: 01/QD-VT"
    assert page.spans[0].font == "Times-Roman"
    assert page.spans[0].box[0] == pytest.approx(21.2, abs=0.5)
    assert facts.preview.startswith(b"\x89PNG")
    assert facts.ended.how == "done"


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (pdfs.with_javascript, "javascript"),
        (pdfs.with_hidden_name, "javascript"),
        (pdfs.with_launch, "launch"),
        (pdfs.with_embedded, "embedded-file"),
        (pdfs.with_unc_link, "unc-link"),
        (pdfs.with_xfa, "xfa"),
    ],
)
async def test_what_acts_is_found(room: GlassRoom, make: Callable[[], bytes], kind: str) -> None:
    facts = await room.facts(make(), "a.pdf")
    assert facts.acts(kind), facts.active
    assert not facts.damage


async def test_a_field_shows_the_number(room: GlassRoom) -> None:
    facts = await room.facts(pdfs.with_field("50"), "a.pdf")
    field = facts.fields[0]
    assert (field.kind, field.text, field.page) == ("sig", "50", 1)
    assert field.box[0] == pytest.approx(85 * 25.4 / 72, abs=0.5)


async def test_passwords(room: GlassRoom) -> None:
    closed = await room.facts(pdfs.encrypted("secret"), "a.pdf")
    assert (closed.encryption, closed.is_open) == ("password", False)
    open_ = await room.facts(pdfs.encrypted(""), "b.pdf")
    assert (open_.encryption, open_.is_open) == ("owner", True)


async def test_scans_are_measured(room: GlassRoom) -> None:
    facts = await room.facts(pdfs.scan(), "scan.pdf")
    page = facts.pages[0]
    assert facts.is_scan
    assert page.dpi == pytest.approx(200, abs=1)
    assert page.chroma > 1.5
    assert page.seal_mm2 > 25
    assert page.seal[0] == pytest.approx(110, abs=3)
    blown = await room.facts(pdfs.scan(blown_up=True), "scan2.pdf")
    assert blown.pages[0].dpi == pytest.approx(200, abs=1)
    assert facts.sharpness > 2 * blown.sharpness
    grey = await room.facts(pdfs.scan(grey=True, seal=False), "scan3.pdf")
    assert grey.pages[0].chroma < 1.5
    assert grey.pages[0].seal_mm2 == 0


@pytest.mark.parametrize(
    "make",
    [
        pdfs.flate_bomb,
        pdfs.picture_bomb,
        pdfs.nested,
        lambda: pdfs.many_pages(400),
        lambda: pdfs.plain()[:300],
        lambda: b"%PDF-1.7\n" + bytes(range(256)) * 50,
        lambda: b"",
        lambda: b"PK\x03\x04" + b"word/" * 20,
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le") * 90,
        lambda: b"{\\rtf1" + b"{" * 100_000,
    ],
    ids=[
        *("flate", "picture", "nested", "pages", "cut", "noise", "empty", "zip", "ole", "rtf"),
    ],
)
async def test_hostile_files_get_an_answer(room: GlassRoom, make: Callable[[], bytes]) -> None:
    data = make()
    facts = await room.facts(data, "hostile.pdf")
    assert facts.size == len(data)
    after = await room.facts(pdfs.plain(), "good.pdf")
    assert after.ended.how == "done"


async def test_a_bomb_ends_its_reader_and_no_more(room: GlassRoom) -> None:
    parent = (await room._ready())._process.pid
    facts = await room.facts(pdfs.flate_bomb(), "bomb.pdf")
    assert facts.ended.how in {"killed", "time-out", "error"}
    assert facts.is_open, "what was found out before the end is kept"
    assert (await room._ready())._process.pid == parent


async def test_asked_twice_it_is_read_once(room: GlassRoom) -> None:
    data = pdfs.with_field("77")
    one, other = await asyncio.gather(room.facts(data, "a.pdf"), room.facts(data, "b.pdf"))
    assert (one.name, other.name) == ("a.pdf", "b.pdf")
    assert one.ended == other.ended


async def test_who_gives_up_waiting_does_not_stop_the_reading(room: GlassRoom) -> None:
    data = pdfs.with_field("78")
    waiting = asyncio.create_task(room.facts(data, "a.pdf"))
    await asyncio.sleep(0)
    waiting.cancel()
    facts = await room.facts(data, "a.pdf")
    assert facts.fields[0].text == "78"


async def test_the_parent_is_started_again(room: GlassRoom) -> None:
    process = (await room._ready())._process
    os.kill(process.pid, signal.SIGKILL)
    facts = await room.facts(pdfs.with_field("79"), "a.pdf")
    assert facts.ended.how == "done"
    assert (await room._ready())._process.pid != process.pid


async def test_a_parent_killed_at_work_costs_one_try(room: GlassRoom) -> None:
    process = (await room._ready())._process
    reading = asyncio.create_task(room.facts(pdfs.scan(dpi=300), "slow.pdf"))
    await asyncio.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    facts = await reading
    assert facts.ended.how == "done"
    assert facts.is_scan


async def test_too_many_wait() -> None:
    busy = GlassRoom(DocumentsTable(waiting=1), now)
    busy._waiting = 1
    facts = await busy.facts(pdfs.plain(), "a.pdf")
    assert facts.ended.how == "away"
    await busy.close()


async def test_a_slow_reader_is_killed() -> None:
    hasty = GlassRoom(DocumentsTable(wall_s=0.05), now)
    facts = await hasty.facts(pdfs.scan(dpi=300), "slow.pdf")
    await hasty.close()
    assert facts.ended.how == "time-out"


async def test_where_a_jail_is_demanded_and_missing_nothing_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strict = GlassRoom(DocumentsTable(need_jail=True), now)
    monkeypatch.setattr("gateway.documents.room._is_jailed", lambda ready: False)
    with pytest.raises(Away, match="need_jail"):
        await strict.start()
    facts = await strict.facts(pdfs.plain(), "a.pdf")
    assert facts.ended.how == "away"
    await strict.close()


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe",
        b"{}",
        b'{"stage":"x","facts":{"pages":"no"}}',
        b'{"stage":"x","facts":{"name":"other","pages":[{"number":"1"}]}}',
        b'{"stage":"x","facts":{"page_count":1e400}}',
        b"[" * 10_000,
    ],
)
async def test_a_reader_that_lies_is_not_believed(line: bytes) -> None:
    plain = DocumentFacts(name="a.pdf", size=3, sha256="00")
    ending = Ending(1, False, 0, 0, 0.1, 0.1, 10)
    facts = facts_from([line], ending, plain)
    assert facts.name == "a.pdf"
    assert facts.ended.how == "error"


@pytest.mark.shared
@pytest.mark.parametrize("name", ["S045.pdf", "S065.pdf", "S016.pdf"])
async def test_real_scans_are_read_to_their_end(room: GlassRoom, name: str) -> None:
    """On some of them the engine grumbles, and must find a place to do so inside the jail."""
    path = shared("data/vn/files") / name
    facts = await room.facts(await asyncio.to_thread(path.read_bytes), name)
    assert facts.ended.how == "done"
    assert facts.ocr or facts.is_ocr_missing


async def test_the_readers_are_ready_before_the_first_document() -> None:
    early = GlassRoom(DocumentsTable(warm_s=0.01, ocr=False), now)
    early.warm_up()
    assert early._warming is not None
    await early._warming
    assert early._parent is not None
    assert early._parent.is_alive
    await early.close()


async def test_a_room_closed_before_it_is_warm_leaves_nothing() -> None:
    brief = GlassRoom(DocumentsTable(), now)
    brief.warm_up()
    await brief.close()
    assert brief._parent is None

"""A program that is told what happens in the books: signed, in order, until it has taken it."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.archive.registering import Assignee, Direct, Progress
from gateway.archive.shelf import Shelf
from gateway.cli.demo import make
from gateway.delivery.post import Post, TryAgain
from gateway.directory.lookup import People
from gateway.mail.services import Services
from gateway.registry.edxml import read_edxml
from gateway.registry.evidence import STAMPED
from gateway.registry.hooks import HookTable
from gateway.roles import hooks
from gateway.roles.chapters import chapters
from gateway.roles.house import House
from gateway.settings.errors import Mistakes
from gateway.settings.read import read_settings
from tests.conftest import FakeNotepad
from tests.registry.desk import NOON, Clerk
from tests.registry.office import AGENCY, CONFIG, letter, mail

SECRET = b"0123456789abcdef0123"


class At:
    def now(self) -> datetime:
        return datetime(2026, 8, 10, 5, tzinfo=UTC)


@dataclass
class Program:
    """The other end: answers in turn what it is told to, 200 in the end, and keeps what it took."""

    answers: list[int] = field(default_factory=list)
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    more: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        headers = {name.lower(): value for name, value in headers.items()}
        body = await reader.readexactly(int(headers["content-length"]))
        answer = self.answers.pop(0) if self.answers else 200
        self.asked.append((headers, body))
        if answer == 200:
            self.taken.append((headers, body))
        writer.write(b"HTTP/1.1 %d X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n" % answer)
        await writer.drain()
        writer.close()
        self.more.set()

    async def was_asked(self, times: int) -> None:
        while len(self.asked) < times:
            self.more.clear()
            await self.more.wait()

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.taken]


@asynccontextmanager
async def program(*answers: int) -> AsyncIterator[Program]:
    made = Program(list(answers))
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@dataclass
class Office:
    house: House
    clerk: Clerk
    folder: Path

    async def tell(self, other: Program, until: int, **more: Any) -> None:
        """Tell the program, until it was asked so often."""
        secret = self.folder / "s.secret"
        secret.write_bytes(SECRET + b"\n")
        table = HookTable(url=f"http://127.0.0.1:{other.port}/hook", secret=secret, **more)
        stop = asyncio.Event()
        running = asyncio.create_task(
            hooks.Told(self.house, "qlvb", table, self.folder / "mark").run(stop)
        )
        try:
            async with asyncio.timeout(20):
                await other.was_asked(until)
        finally:
            stop.set()
            await running


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(CONFIG, tmp_path_factory.mktemp("made"))


@pytest.fixture
def office(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(hooks, "FIRST_S", 0.01)
    monkeypatch.setattr(hooks, "LOOK_S", 0.01)
    settings = read_settings(config)
    shelf = Shelf(tmp_path / "data", applies=True, chapters=chapters())
    services = Services(directory=People(settings.directory), clock=At(), notepad=FakeNotepad())
    (tmp_path / "mark").write_text("0 0\n", encoding="ascii")
    yield Office(House(settings, services, shelf), Clerk(shelf), tmp_path)
    shelf.close()


def handled(clerk: Clerk) -> str:
    id_ = clerk.arrive(number="12/SNV-VP", abstract="V/v mời họp", issuer="Sở Nội vụ")
    lead = (Assignee("unit:lanhsu", "lead"),)
    clerk.say(Direct(id_, NOON, "binh", direction="Xem xét", assignees=lead, due="2026-08-20"))
    clerk.say(Progress(id_, NOON, "minh", "done", who="unit:lanhsu"))
    return id_


async def test_each_event_once_in_order_signed_with_what_it_is_about(office: Office) -> None:
    id_ = handled(office.clerk)
    async with program() as other:
        await office.tell(other, 3)
        assert [said["event"] for said in other.said] == ["register", "direct", "done"]
        first, second, _ = other.said
        assert first["line"]["id"] == id_
        assert first["line"]["number"] == "01"
        assert first["line"]["document"]["number"] == "12/SNV-VP"
        assert second["line"]["direction_text"] == "Xem xét"
        (who,) = second["assignees"]
        assert (who["who"], who["role"], who["due"]) == ("unit:lanhsu", "lead", "2026-08-20")
        for headers, body in other.taken:
            at, mac = (
                part[2:] for part in headers["vanthu-signature"].replace("v1", "v").split(",")
            )
            made = hmac.new(SECRET, f"{at}.".encode() + body, sha256).hexdigest()
            assert mac.lstrip("=") == made
        office.clerk.arrive(number="13/SNV-VP", abstract="khác")
        await office.tell(other, 4)
    assert [said["event"] for said in other.said] == ["register", "direct", "done", "register"]


async def test_what_is_not_taken_comes_again_and_keeps_its_place(office: Office) -> None:
    """Answers that promise nothing, a redirect among them, are failures; one nobody will ever take
    is left out; a program that begins again is not told twice."""
    handled(office.clerk)
    async with program(500, 503, 301, 200, 422) as other:
        await office.tell(other, 6)
    ids = [headers["vanthu-id"] for headers, _ in other.asked]
    assert ids[:4] == [ids[0]] * 4
    assert [said["event"] for said in other.said] == ["register", "done"]


async def test_a_new_hook_hears_nothing_of_what_was_before_and_only_what_it_wants(
    office: Office,
) -> None:
    handled(office.clerk)
    (office.folder / "mark").unlink()
    async with program() as other:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await office.tell(other, 1)
        handled(office.clerk)
        office.clerk.reserve(abstract="Quy chế")
        await office.tell(other, 1, events=("reserve",))
    assert [said["event"] for said in other.said] == ["reserve"]


async def test_a_document_and_its_states_in_edxml(office: Office) -> None:
    raw = letter("V/v mời họp", cv_pdf=b"%PDF-1.7 x")
    office.clerk.put(mail(1, raw, AGENCY))
    handled(office.clerk)
    async with program() as other:
        await office.tell(other, 3, form="edxml", organ="H57.12=Sở Ngoại vụ")
    document, assigned, done = (read_edxml(body) for _, body in other.taken)
    assert document.document.number == "12/SNV-VP"
    assert [(one.code, one.name) for one in document.to] == [("H57.12", "Sở Ngoại vụ")]
    assert (assigned.status, done.status) == ("04", "06")


async def test_of_what_bears_a_secrecy_stamp_a_line_is_all_that_is_told(office: Office) -> None:
    office.clerk.arrive(number="01/SNgV", abstract="đoàn khách kín", note=STAMPED)
    async with program() as other:
        await office.tell(other, 1)
        assert "kín" not in other.taken[0][1].decode()
        (office.folder / "mark").write_text("0 0\n", encoding="ascii")
        office.clerk.arrive(number="02/SNgV", abstract="thường")
        await office.tell(other, 2, form="edxml")
    assert read_edxml(other.taken[1][1]).document.number == "02/SNgV"


async def test_nothing_leaves_in_clear_and_no_unknown_certificate_is_believed(
    config: Path, tmp_path: Path
) -> None:
    import ssl

    with pytest.raises(ValidationError, match="https"):
        HookTable(url="http://qlvb.example/hook", secret=Path("s"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(config / "demo.pem", config / "demo.key")
    made = Program()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(TryAgain, match="certificate verify failed"):
            await Post(f"https://localhost:{port}/", SECRET)("1-1", "use", "text/plain", b"x", 1)
        assert made.asked == []
        known = Post(f"https://localhost:{port}/", SECRET, config / "demo.pem")
        assert await known("1-1", "use", "text/plain", b"x", 1) == "taken"
    with pytest.raises(TryAgain):
        await known("1-1", "use", "text/plain", b"x", 1)


def test_a_secret_that_is_not_there_or_not_kept_is_a_mistake(config: Path, tmp_path: Path) -> None:
    import shutil

    folder = shutil.copytree(config, tmp_path / "config")
    text = (folder / "books.toml").read_text(encoding="utf-8")
    more = '\n[hooks.qlvb]\nurl = "https://qlvb.example/"\nsecret = "qlvb.secret"\nbooks = ["x"]\n'
    (folder / "books.toml").write_text(text + more, encoding="utf-8")
    with pytest.raises(Mistakes, match=r"there is no 'x' in books\.toml"):
        read_settings(folder)
    (folder / "books.toml").write_text(text + more.replace('"x"', '"den"'), encoding="utf-8")
    with pytest.raises(Mistakes, match="cannot be read"):
        read_settings(folder)
    (folder / "qlvb.secret").write_bytes(SECRET)
    (folder / "qlvb.secret").chmod(0o644)
    with pytest.raises(Mistakes, match="chmod"):
        read_settings(folder)
    (folder / "qlvb.secret").chmod(0o600)
    assert read_settings(folder).books.hooks["qlvb"].secret == folder / "qlvb.secret"

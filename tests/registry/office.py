"""The shipped office: its people, its books, and letters to it."""

import tomllib
from email.message import EmailMessage
from pathlib import Path

from gateway.archive.journal import Entry
from gateway.directory.lookup import People
from gateway.directory.tables import Tables
from gateway.mail.papers import Documents
from gateway.registry.registrar import Registrar
from gateway.registry.tables import BooksTable
from gateway.registry.texts import FtsTexts, texts_path
from tests.archive.samples import receive
from tests.registry.desk import Clerk

CONFIG = Path(__file__).parents[2] / "config"
AGENCY, UNIT = "so@songoaivu.example", "lanhsu@songoaivu.example"


def people() -> Tables:
    return Tables.read(tomllib.loads((CONFIG / "directory.toml").read_text(encoding="utf-8")))


def books(files: Path | None = None) -> BooksTable:
    text = (CONFIG / "books.toml").read_text(encoding="utf-8")
    tables = BooksTable.read(tomllib.loads(text), people())
    return tables.model_copy(update={"files": files})


def letter(subject: str = "Thư trao đổi", **files: bytes) -> bytes:
    """A letter with files; their names are keywords, with ``_`` for the dot before the ending."""
    message = EmailMessage()
    message["From"], message["Subject"] = "Sở Nội vụ <sonoivu@tinh.example>", subject
    message.set_content("Kính gửi: Sở Ngoại vụ\n")
    for name, data in files.items():
        stem, _, ending = name.rpartition("_")
        message.add_attachment(
            data, maintype="application", subtype="octet-stream", filename=f"{stem}.{ending}"
        )
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def mail(n: int, raw: bytes, *to: str, **more: object) -> Entry:
    return Entry(receive(n, *(to or (AGENCY,)), **more), (raw,), numbered=True)


class Desk(Clerk):
    """A clerk beside whom the registrar works."""

    def registrar(self, folder: Path, documents: Documents | None = None) -> Registrar:
        async def settled(_: int) -> bool:
            self.catch_up()
            return True

        return Registrar(
            journal=self.shelf.journal,
            engine=self.shelf.engine,
            settled=settled,
            texts=FtsTexts(texts_path(folder)),
            books=books(folder / "files"),
            people=people(),
            directory=People(people()),
            documents=documents,
        )


async def work(registrar: Registrar) -> None:
    """Until there is nothing new."""
    while await registrar.work_some():
        pass

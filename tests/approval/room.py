"""The desk over a real archive, with a clock that is moved by hand, and the people who write."""

from __future__ import annotations

import asyncio
import email
import re
import struct
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from zlib import crc32

from gateway.approval.book import Book, Waiting
from gateway.approval.codes import FOR_THE_DESK
from gateway.approval.decide import How
from gateway.approval.desk import Desk
from gateway.approval.office import Office
from gateway.approval.rounds import Rounds
from gateway.approval.tables import ApprovalTable
from gateway.archive.commands import Peer
from gateway.archive.journal import Entry
from gateway.archive.queries import Found, Wanted
from gateway.archive.record import RECORD_BYTES, read_head
from gateway.archive.shelf import Shelf
from gateway.directory.lookup import People
from gateway.directory.tables import Tables
from gateway.identity.keyring import Keyring
from gateway.roles.chapters import chapters
from tests.approval.played import DESK, DOMAIN, answer, code_in, directory, text_in
from tests.archive.samples import entry, mail_id
from tests.conftest import FakeNotepad

MONDAY = datetime(2026, 8, 3, 2, 0, tzinfo=UTC)
"""9:00 in Hà Nội."""
END = datetime(2026, 8, 4, 10, 0, tzinfo=UTC)
"""The end of the next working day."""
ROUNDS_MAX = 20


def office(rules: str = "", people: str = "") -> Office:
    table = ApprovalTable.read(tomllib.loads(rules))
    known = Tables.read(tomllib.loads(people or directory(1)))
    return Office.of(People(known), table, DESK)


@dataclass
class Hands:
    """A clock that stands where it was put."""

    at: datetime = MONDAY

    def now(self) -> datetime:
        return self.at


@dataclass
class Room:
    """The desk, its archive, and the people who write to it."""

    folder: Path
    hands: Hands = field(default_factory=Hands)
    count: int = 0
    drawn: int = 0

    def __post_init__(self) -> None:
        self.shelf = Shelf(self.folder, applies=True, sync=False, chapters=chapters())
        self.rounds = self.under(office())

    def under(self, rules: Office) -> Rounds:
        """The same desk under other rules, as after a reload."""
        desk = Desk(
            office=rules, book=Book(self.shelf.engine), queries=self.shelf.queries,
            keyring=Keyring(()), notepad=FakeNotepad(), clock=self.hands,
            random=self.chance,
        )  # fmt: skip
        self.rounds = Rounds(desk, self.shelf.journal, self._settled)
        return self.rounds

    def chance(self, size: int) -> bytes:
        self.drawn += 1
        return sha256(b"%d" % self.drawn).digest()[:size]

    async def _settled(self, _: int) -> bool:
        assert self.shelf.applier
        self.shelf.applier.catch_up()
        return True

    def work(self) -> None:
        """Rounds until there is nothing left to do."""

        async def all_of_it() -> None:
            for _ in range(ROUNDS_MAX):
                if not await self.rounds.round():
                    return
            raise AssertionError("the desk never comes to rest")

        assert self.shelf.applier
        self.shelf.applier.catch_up()
        asyncio.run(all_of_it())

    def put(self, login: str, sender: str, to: str, raw: bytes, **more: object) -> str:
        self.count += 1
        peer = Peer("smtp", "submission", user=login, tls="TLSv1.3")
        given = {
            "peer": peer, "sender": sender, "direction": "out", "sha256": sha256(raw).hexdigest(),
            "at_ms": int(self.hands.at.timestamp() * 1000),
        }  # fmt: skip
        self.shelf.journal.append_now([entry(self.count, raw, to, **given | more)])
        return mail_id(self.count)

    def submit(self, subject: str = "Thư mời", login: str = "c0") -> str:
        """A held mail of the unit, and what the desk does about it at once."""
        raw = (
            f"From: u0@{DOMAIN}\r\nTo: <a@mofa.example>\r\nSubject: {subject}\r\n"
            f"Message-ID: <{self.count}@{DOMAIN}>\r\n\r\nNội dung tờ trình\r\n"
        ).encode()
        held = {"state": "held", "desks": ("approval",)}
        mail = self.put(login, f"u0@{DOMAIN}", "a@mofa.example", raw, **held)
        self.work()
        return mail

    def write(self, login: str, first: str = "DUYỆT", verb: str = "duyet") -> None:
        """This person answers with the newest code of a verb that he got."""
        to = self.code(login, verb)
        raw = answer(login, to, first, None, "link")
        self.put(login, f"{login}@{DOMAIN}", to, raw, state="discarded", reason=FOR_THE_DESK)
        self.work()

    def code(self, login: str, verb: str) -> str:
        found = [m for m in self.mails(login) if re.search(rf"{verb}-[0-9a-z]{{26}}@", text_in(m))]
        return code_in(found[-1], verb)

    def mails(self, local: str, about: str = "") -> list[EmailMessage]:
        """What the desk has written to a mailbox, oldest first, as far as a subject says so."""
        found = self.shelf.queries.find(Wanted(recipient=f"{local}@{DOMAIN}", direction="notice"))
        raws = [self.shelf.queries.record(one).raw for one in sorted(found, key=lambda f: f.seq)]
        read = [email.message_from_bytes(raw, policy=policy.default) for raw in raws]
        return [m for m in read if about in str(m["Subject"])]

    def after(self, at: datetime) -> None:
        self.hands.at = at
        self.work()

    def row(self, mail: str) -> Waiting:
        row = Book(self.shelf.engine).ask(mail)
        assert row
        return row

    def story(self, mail: str) -> list[tuple[str, bool]]:
        """Kinds of what happened to it, and whether each counted."""
        return [(h.kind, h.counted) for h in self.shelf.queries.why(self.found(mail))]

    def found(self, mail: str) -> Found:
        found = self.shelf.queries.one(mail)
        assert found
        return found

    def stays(self, mail: str, state: str = "pending") -> bool:
        """Held, and nobody outside is owed it."""
        owed = [due.seq for due in self.shelf.queries.due(2**53, 99)]
        held = self.found(mail).state == "held" and self.found(mail).seq not in owed
        return held and self.row(mail).state == state

    def leaves(self, mail: str) -> bool:
        return self.found(mail).state == "accepted" and self.row(mail).state == "queued"


def without(*logins: str) -> str:
    """The directory after these people were disabled."""
    people = directory(1)
    for login in logins:
        people = people.replace(f"[people.{login}]", f"[people.{login}]\ndisabled = true")
    return people


def flip(room: Room, mail: str, *, hides: bool) -> Callable[[], None]:
    """Turn one bit of the stored text; with ``hides`` the record's own checks are made to fit.

    Returns what puts everything back.
    """
    record = room.shelf.queries.record(room.found(mail))
    (path,) = (room.folder / "journal").glob("*.seg")
    before = path.read_bytes()
    data = bytearray(before)
    at = data.index(record.raw)
    data[at + len(record.raw) - 5] ^= 1
    if hides:
        head = read_head(bytes(data), record.offset, record.offset)
        digest = sha256(data[at : at + len(record.raw)]).digest()
        front = head.front.replace(record.digest, digest)
        meta = record.offset + RECORD_BYTES
        crc = crc32(data[meta : meta + head.meta_bytes], crc32(head.chain, crc32(front)))
        data[record.offset : meta] = front + struct.pack("<32sI", head.chain, crc)

    def write(whole: bytes) -> None:
        with path.open("r+b") as file:
            file.write(whole)

    write(bytes(data))
    return lambda: write(before)


def approve(room: Room, mail: str, login: str = "l0") -> None:
    """A word that counts, before the desk has done what follows from it."""
    desk = room.rounds.desk
    word = desk.decider.word(room.row(mail), login, "approve", desk.now(), How("test", "password"))
    room.shelf.journal.append_now([Entry(word)])
    assert room.shelf.applier
    room.shelf.applier.catch_up()
    assert room.row(mail).state == "approved"

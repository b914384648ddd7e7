"""The role that keeps the quarantine: tells people what is held, hears them, lets go of the old."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.approval.answer import machine_sign
from gateway.approval.code_rows import VERB_ANY, flaw, look_up
from gateway.approval.codes import hashed, new_decision_code
from gateway.approval.compose import Notice, notice
from gateway.approval.office import Office
from gateway.archive.approvals import Code, IssueCodes, SpendCode
from gateway.archive.commands import Decide, Receive
from gateway.archive.journal import Entry, Record
from gateway.archive.queries import Found, Wanted
from gateway.mail.address import Address
from gateway.mail.day import clock
from gateway.mail.message import Message
from gateway.mail.people import Mailbox
from gateway.mail.verdict import Desk
from gateway.offline.recheck import recheck
from gateway.quarantine import digest
from gateway.quarantine.boxes import JUNK, RELEASE, Coded, coded
from gateway.quarantine.chapter import letters_after
from gateway.quarantine.digest import Item
from gateway.quarantine.reasons import in_words, is_pressing
from gateway.roles.alone import Alone, rounds
from gateway.roles.contained import tell_contained
from gateway.roles.house import House, Role
from gateway.runtime.words import speaking, tr
from gateway.spam import versions

log = logging.getLogger(__name__)

LOOK_S = 1.0
OLD_LOOK_S = 600.0
CODE_DAYS = 14
NAME = "Thư rác đang giữ / Quarantine"
DIGESTED, ROUND = "quarantine-digest", "quarantine-round"
AT_ONCE, QUIET = "quarantine-pressing", "quarantine-pressing-told"
PRESSING_LOOK_S = 5.0
QUIET_S = 900.0
"""Of dispatches and petitions a keeper is told at once, but no oftener than this for one box."""


def quarantine() -> Role:
    """Makes rounds until it is closed."""
    return Alone("quarantine.lock", _work)


async def _work(house: House, stop: asyncio.Event) -> None:
    await rounds("quarantine", Rounds(house).make, stop, LOOK_S)


@dataclass
class Rounds:
    """What is to be done again and again."""

    house: House
    last: datetime | None = None
    """When it was looked last; at the start, when people were told last."""
    old: float = -1e9
    pressing: float = -1e9
    contained: float = -1e9

    async def make(self) -> None:
        """Hear who has written, tell what is held if it is time, let go of what is old."""
        now = self.house.services.clock.now()
        await self.hear(now)
        times = [clock(text) for text in self.house.settings.spam.digest]
        if digest.due(self.last or self._told_last(now), now, times):
            await self.tell(now)
            stamp = str(int(now.timestamp()))
            self.house.services.notepad.put(ROUND, "", stamp, 400 * 86400.0)
        elif times and now.timestamp() - self.pressing > PRESSING_LOOK_S:
            self.pressing = now.timestamp()
            await self.tell(now, at_once=True)
        self.last = now
        if now.timestamp() - self.contained > PRESSING_LOOK_S:
            self.contained = now.timestamp()
            await tell_contained(self.house, self._office(), now)
        if now.timestamp() - self.old > OLD_LOOK_S:
            self.old = now.timestamp()
            await self.let_go(now)

    def _told_last(self, now: datetime) -> datetime:
        """A check time that passed while we were away is made up for."""
        stamp = self.house.services.notepad.get(ROUND, "")
        return datetime.fromtimestamp(int(stamp), UTC) if stamp else now

    async def tell(self, now: datetime, *, at_once: bool = False) -> None:
        """A digest to each keeper of each mailbox for which something new is held.

        ``at_once``: only of what may be a dispatch or a petition, whose term runs; the next digest
        tells of it again.
        """
        boxes: dict[str, tuple[Mailbox, list[Found]]] = {}
        for found in await asyncio.to_thread(self._held, now, at_once):
            for address, state in found.recipients:
                box = self.house.services.directory.mailbox(Address.parse(address))
                if box is not None and state == "held":
                    boxes.setdefault(box.address.key, (box, []))[1].append(found)
        for key, (box, new) in boxes.items():
            if fresh := self._fresh(key, new, at_once):
                for login in sorted(box.keepers):
                    entries = list(self._digest(login, box, fresh, now))
                    if entries:
                        await self.house.shelf.journal.append(entries)
                self._told(key, new, at_once)

    def _fresh(self, key: str, held: list[Found], at_once: bool) -> list[Found]:
        """What to tell of: all that is held if any of it is new; at once, what is new alone."""
        pad = self.house.services.notepad
        kinds = (DIGESTED, AT_ONCE) if at_once else (DIGESTED,)
        told = max(int(pad.get(kind, key) or 0) for kind in kinds)
        new = [one for one in held if one.seq > told]
        if not at_once:
            return held if new else []
        return [] if pad.get(QUIET, key) else new

    def _told(self, key: str, held: list[Found], at_once: bool) -> None:
        pad, newest = self.house.services.notepad, str(max(one.seq for one in held))
        pad.put(AT_ONCE if at_once else DIGESTED, key, newest, 400 * 86400.0)
        if at_once:
            pad.put(QUIET, key, "1", QUIET_S)

    def _held(self, now: datetime, at_once: bool) -> list[Found]:
        wanted = Wanted(desk=Desk.QUARANTINE, limit=5000)
        if at_once:
            since_ms = int((now - timedelta(days=1)).timestamp() * 1000)
            wanted = Wanted(desk=Desk.QUARANTINE, since_ms=since_ms, limit=500)
        rows = self.house.shelf.queries.find(wanted)
        rows = [row for row in rows if row.sealing != "enclosed"]  # The officer's: contained.py.
        rows = [row for row in rows if is_pressing(row)] if at_once else rows
        return sorted(rows, key=lambda f: (not is_pressing(f), -f.seq))

    def _digest(
        self, login: str, box: Mailbox, found: list[Found], now: datetime
    ) -> Iterator[Entry]:
        """The mail to one keeper, and the codes in it."""
        office = self._office()
        to = office.address_of(login)
        if to is None:
            return
        items, codes = [], []
        for one in found[: digest.MOST]:
            code = new_decision_code(secrets.token_bytes)
            codes.append(Code(hashed(code), one.id, login, VERB_ANY))
            items.append(self._item(one, code))
        mail = Notice(
            to=str(to),
            subject=digest.subject(str(box.address), items),
            text=digest.text(str(box.address), items, len(found) - len(items)),
            name=NAME,
        )
        expires = now + timedelta(days=CODE_DAYS)
        at_ms, expires_ms = (int(t.timestamp() * 1000) for t in (now, expires))
        yield Entry(IssueCodes(Desk.QUARANTINE, at_ms, expires_ms, tuple(codes)))
        yield notice(office, mail, now)

    def _item(self, found: Found, code: str) -> Item:
        domain = self.house.services.desk_domain
        command = self.house.shelf.queries.record(found).command
        assert isinstance(command, Receive)
        return Item(
            at=datetime.fromtimestamp(found.at_ms / 1000, UTC),
            author=found.author or found.sender or "<>",
            subject=found.subject,
            number=found.number,
            why=tuple(in_words(command)),
            is_pressing=is_pressing(found),
            release=f"{RELEASE}-{code}@{domain}",
            junk=f"{JUNK}-{code}@{domain}",
        )

    async def hear(self, now: datetime) -> None:
        """The letters to the quarantine that nobody has heard yet, each once."""
        mark = self.house.settings.spam.folder / "letters"
        try:
            seq = int(mark.read_text(encoding="ascii"))
        except FileNotFoundError:
            seq = 0
        for letter in await asyncio.to_thread(letters_after, self.house.shelf.engine, seq):
            found = self.house.shelf.queries.one(letter.mail)
            if found is not None:
                record = await asyncio.to_thread(self.house.shelf.queries.record, found)
                await self._heard(record, now)
            mark.parent.mkdir(parents=True, exist_ok=True)
            await asyncio.to_thread(versions.put, mark, str(letter.seq).encode())

    async def _heard(self, record: Record, now: datetime) -> None:
        command = record.command
        assert isinstance(command, Receive)
        message = Message(record.raw)
        headers = {name: message.header(name) for name, _ in message.fields}
        kinds = [part.type for part in message.mime.parts]
        if sign := machine_sign(headers, kinds, command.sender):
            log.info("quarantine: %s was not written by a person: %s", command.id, sign)
            return
        for rcpt in command.recipients:
            said = coded(Address.parse(rcpt.address).local)
            if said is not None:
                await self._spend(said, command, now)

    async def _spend(self, said: Coded, command: Receive, now: datetime) -> None:
        """Spend the code and say its owner's word; not for a virus, and not for a bad code."""
        shelf, login, at_ms = self.house.shelf, command.peer.user, int(now.timestamp() * 1000)
        hash_ = hashed(said.code)
        with shelf.engine.connect() as connection:
            code = look_up(connection, hash_)
        about = shelf.queries.one(code.mail) if code is not None else None
        wrong = flaw(code, Desk.QUARANTINE, code.mail if code else "", login, VERB_ANY, at_ms)
        if about is None or wrong:
            log.warning("quarantine: mail %s of %s: %s", command.id, login, wrong)
            return
        if said.verb == "release":
            record = await asyncio.to_thread(shelf.queries.record, about)
            why = await recheck(self.house.settings.chains, self.house.services, record)
            if why:
                await shelf.journal.append(list(self._sorry(login, about, why, now)))
                return
        reason = "spam" if said.verb == "refuse" else ""
        words = (
            SpendCode(Desk.QUARANTINE, hash_, login, VERB_ANY, at_ms, "smtp", said.verb),
            Decide(about.id, Desk.QUARANTINE, said.verb, login, at_ms, reason),
        )
        kept = await shelf.journal.append([Entry(word) for word in words])
        await shelf.settled(kept[-1].seq)  # So that the code is known to be spent.

    def _sorry(self, login: str, about: Found, why: str, now: datetime) -> Iterator[Entry]:
        office = self._office()
        to = office.address_of(login)
        if to is None:
            return
        told = []
        for language in ("vi", "en"):
            with speaking(language):
                told.append(tr("{subject} ({number}) is not released: {why}",
                               subject=about.subject, number=about.number, why=why))  # fmt: skip
        subject = f"Không chuyển được thư / Not released: {about.subject}"
        text = "\n\n".join(told) + "\n"
        yield notice(office, Notice(to=str(to), subject=subject, text=text, name=NAME), now)

    async def let_go(self, now: datetime) -> None:
        """Drop what nobody has said a word about for so long; the archive keeps it."""
        days = self.house.settings.spam.keep_days
        until_ms = int((now - timedelta(days=days)).timestamp() * 1000)
        wanted = Wanted(desk=Desk.QUARANTINE, until_ms=until_ms, limit=1000)
        old = await asyncio.to_thread(self.house.shelf.queries.find, wanted)
        at_ms, reason = int(now.timestamp() * 1000), f"held for {days} days"
        words = [Decide(f.id, Desk.QUARANTINE, "expire", "", at_ms, reason) for f in old]
        if words:
            await self.house.shelf.journal.append([Entry(word) for word in words])

    def _office(self) -> Office:
        settings, services = self.house.settings, self.house.services
        return Office.of(
            services.directory, settings.approval, settings.server.hostname, services.signer
        )

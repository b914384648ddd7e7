"""Tells the security officers, and who keeps the mailbox, that something was contained."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.approval.compose import Notice, notice
from gateway.approval.office import Office
from gateway.archive.journal import Entry
from gateway.archive.queries import Found, Wanted
from gateway.mail.address import Address
from gateway.mail.verdict import Desk
from gateway.roles.house import House
from gateway.runtime.words import speaking, tr

TOLD = "contained-told"
NAME = "Bảo vệ bí mật nhà nước / State secrets"
KEPT_S = 400 * 86400.0


async def tell_contained(house: House, office: Office, now: datetime) -> None:
    """One letter to each of them for each message that nobody was told of yet.

    It says who wrote to whom, and nothing of what was written (law 117/2025/QH15, article 5).
    """
    told = int(house.services.notepad.get(TOLD, "") or 0)
    since_ms = int((now - timedelta(days=1)).timestamp() * 1000)
    wanted = Wanted(desk=Desk.QUARANTINE, since_ms=since_ms, limit=500)
    held = await asyncio.to_thread(house.shelf.queries.find, wanted)
    new = [found for found in held if found.sealing and found.seq > told]
    if not new:
        return
    entries = [entry for found in new for entry in _letters(house, office, found, now)]
    if entries:
        await house.shelf.journal.append(entries)
    newest = max(found.seq for found in new)
    house.services.notepad.put(TOLD, "", str(newest), KEPT_S)


def _letters(house: House, office: Office, found: Found, now: datetime) -> Iterator[Entry]:
    logins = set(house.settings.secrecy.officers)
    for address, _ in found.recipients:
        box = house.services.directory.mailbox(Address.parse(address))
        logins |= set(box.keepers) if box is not None else set()
    for login in sorted(logins):
        to = office.address_of(login)
        if to is not None:
            mail = Notice(to=str(to), subject=_subject(found), text=_text(found), name=NAME,
                          about=found.id, urgent=True)  # fmt: skip
            yield notice(office, mail, now)


def _subject(found: Found) -> str:
    said = []
    for language in ("vi", "en"):
        with speaking(language):
            said.append(tr("A letter with a secrecy stamp was contained"))
    return f"{' / '.join(said)} ({found.number})"


def _text(found: Found) -> str:
    pages = []
    for language in ("vi", "en"):
        with speaking(language):
            pages.append("\n".join(_page(found)))
    return "\n\n--\n\n".join(pages) + "\n"


def _page(found: Found) -> Iterator[str]:
    to = ", ".join(address for address, _ in found.recipients)
    yield tr(
        "Number {number}, from {sender} to {to}, bears a secrecy stamp. It was not delivered, and "
        "nothing shows what it says.",
        number=found.number, sender=found.author or found.sender or "<>", to=to,
    )  # fmt: skip
    yield tr("Ask its sender to use the proper channel: state secrets must not be sent by mail.")
    if found.sealing == "enclosed":
        yield tr(
            "It is encrypted for the security officer, who opens it with his key: "
            "vanthu secrecy open {number}",
            number=found.number,
        )
        yield tr(
            "If it is no secret, he lets it go on: vanthu secrecy release {number}",
            number=found.number,
        )
    else:
        yield tr("It lies in the archive as it came: no certificate is set ([secrecy]).")

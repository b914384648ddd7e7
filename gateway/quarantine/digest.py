"""The mail that tells a keeper what is held for a mailbox, with an address to tap for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from gateway.runtime.words import speaking, tr, trn

OFFICE = ZoneInfo("Asia/Ho_Chi_Minh")
MOST = 50
"""Letters in one digest; the others are counted."""


@dataclass(frozen=True, slots=True)
class Item:
    """One held letter, as a digest shows it."""

    at: datetime
    author: str
    subject: str
    number: str
    why: tuple[str, ...]
    is_pressing: bool
    release: str
    """The address that releases it."""
    junk: str
    """The address that says it is spam."""


def due(last: datetime, now: datetime, times: Sequence[time]) -> bool:
    """Whether a check time lies behind ``last`` and not behind ``now``."""
    here = now.astimezone(OFFICE)
    moments = [datetime.combine(here.date(), at, OFFICE) for at in times]
    return any(last < moment <= now for moment in moments)


def subject(box: str, items: Sequence[Item]) -> str:
    """In both languages."""
    said = []
    for language in ("vi", "en"):
        with speaking(language):
            said.append(trn("{n} letter held for {box}", "{n} letters held for {box}",
                            len(items), box=box))  # fmt: skip
    return " / ".join(dict.fromkeys(said))


def text(box: str, items: Sequence[Item], more: int) -> str:
    """The digest, first in Vietnamese and then in English."""
    pages = []
    for language in ("vi", "en"):
        with speaking(language):
            pages.append(_page(box, items, more))
    return "\n\n--\n\n".join(pages) + "\n"


def _page(box: str, items: Sequence[Item], more: int) -> str:
    lines = [
        tr("These letters for {box} are held as likely spam.", box=box),
        tr("To receive one, send an empty mail to the first address below it, signed in as "
           "yourself; to say that it is spam, to the second."),
        "",
    ]  # fmt: skip
    for item in items:
        mark = tr("[MAY BE A DISPATCH OR A PETITION] ") if item.is_pressing else ""
        lines += [
            f"* {mark}{item.subject or '-'}",
            f"  {item.author}  {item.at.astimezone(OFFICE):%d/%m/%Y %H:%M}  {item.number}",
            *(f"  - {why}" for why in item.why[:4]),
            "  " + tr("receive it: {address}", address=item.release),
            "  " + tr("it is spam: {address}", address=item.junk),
            "",
        ]
    if more:
        lines.append(trn("{n} more letter is held.", "{n} more letters are held.", more))
    return "\n".join(lines)

"""``vanthu find``: documents by number in any spelling, by arrival number, by words; messages too.

The rights are those of ``--as``. Without it the operator asks: he finds lines and messages by
number and people, and is not told what documents say.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date, datetime, time

from sqlalchemy import select

from gateway.archive import schema as archive
from gateway.archive.commands import ArchiveNumber
from gateway.archive.queries import Found, Wanted
from gateway.cli.books import Opened, add_asker, line_text, opened
from gateway.cli.look import line
from gateway.cli.office import OFFICE, printed, when
from gateway.registry.lookup import LIMIT, Hit, Letter
from gateway.runtime.words import tr

OVER = 10
"""Times as many messages are fetched as are shown, since some are not for whoever asks."""

MATCHED = {
    "arrival": "số đến",
    "number": "số, ký hiệu",
    "maybe": "số, ký hiệu (chưa xác nhận)",
    "symbol": "ký hiệu",
    "year": "năm",
    "day": "ngày",
    "words": "nội dung",
    "file": "trong tệp",
}


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", help=tr("a number in any spelling, an id, or words"))
    for name in ("sender", "recipient", "subject", "state"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--since", type=date.fromisoformat, help=tr("a day: 2026-08-10"))
    parser.add_argument("--until", type=date.fromisoformat, help=tr("the day after the last"))
    parser.add_argument(
        "--limit", type=int, default=0, help=tr("how many of each; of bare digits the newest 10")
    )
    parser.add_argument("--json", action="store_true")
    add_asker(parser)
    parser.set_defaults(work=_find)


def _find(chosen: argparse.Namespace) -> int:
    text = " ".join(chosen.words)
    with opened(chosen) as at:
        hits = at.lookup.find(at.asker, text, chosen.limit) if text else []
        letters = at.lookup.letters(at.asker, text, chosen.limit or LIMIT) if text else []
        rows = _messages(at, chosen, text)
    seen = {row.seq for row in rows}
    letters = [letter for letter in letters if letter.seq not in seen]
    if chosen.json:
        printed([*hits, *letters, *rows], as_json=True)
    else:
        _tell(hits, letters, rows)
    return 0 if hits or letters or rows else 1


def _tell(hits: list[Hit], letters: list[Letter], rows: list[Found]) -> None:
    for hit in hits:
        why = ", ".join(MATCHED[one] for one in hit.matched)
        sys.stdout.write(f"{line_text(hit.line)}  [{why}]\n")
    if hits:
        sys.stdout.write(tr("`vanthu register show ID` opens one of these.") + "\n")
    for letter in letters:
        sys.stdout.write(
            f"{letter.number:13} {letter.id} {when(letter.at_ms)} {letter.sender}: "
            f"{letter.subject}  [{MATCHED['file']}]\n"
        )
    printed(map(line, rows), as_json=False)


def _messages(at: Opened, chosen: argparse.Namespace, text: str) -> list[Found]:
    """Messages of the archive that fit and that he may read."""
    number = text if _is_archive_number(text) else ""
    wanted = Wanted(
        sender=chosen.sender,
        recipient=chosen.recipient,
        subject=chosen.subject,
        state=chosen.state,
        since_ms=_ms(chosen.since),
        until_ms=_ms(chosen.until),
        limit=(chosen.limit or LIMIT) * (1 if at.asker.is_operator else OVER),
        words="" if number else text,
        number=number,
    )
    rows = at.shelf.queries.find(wanted)
    if not at.asker.is_operator:
        mail = archive.mails.c
        may_read = at.lookup.rights.may_read_mail(at.asker)
        with at.lookup.engine.connect() as connection:
            fits = select(mail.seq).where(mail.seq.in_([row.seq for row in rows]), may_read)
            allowed = set(connection.execute(fits).scalars())
        rows = [row for row in rows if row.seq in allowed][: chosen.limit or LIMIT]
    at.lookup.viewed(at.asker, "messages", [row.id for row in rows], text)
    return rows


def _ms(day: date | None) -> int:
    return int(datetime.combine(day, time(), OFFICE).timestamp() * 1000) if day else 0


def _is_archive_number(text: str) -> bool:
    try:
        ArchiveNumber.parse(text)
    except ValueError:
        return False
    return True

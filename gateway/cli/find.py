"""``vanthu find``: documents by number in any spelling, by arrival number, by words; messages too.

The rights are those of ``--as``. Without it the operator asks: he finds lines and messages by
number and people, and is told neither subjects nor what documents say.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date, datetime, time

from gateway.archive.commands import ArchiveNumber
from gateway.archive.queries import Found, Wanted
from gateway.cli.books import COVERED, Opened, add_asker, covered, line_text, opened
from gateway.cli.look import line
from gateway.cli.office import OFFICE, printed, when
from gateway.mail.wanted import readings
from gateway.registry.lookup import LIMIT, Hit, Letter
from gateway.registry.rights import Forbidden
from gateway.runtime.words import later, tr

OVER = 10
"""Times as many messages are fetched as are shown, since some are not for whoever asks."""

MATCHED = {
    "arrival": later("arrival number"),
    "number": later("number and symbol"),
    "maybe": later("number and symbol (not confirmed)"),
    "symbol": later("symbol"),
    "year": later("year"),
    "day": later("day"),
    "words": later("words of the line"),
    "file": later("inside a file"),
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
        _must_not_guess(at, chosen, text)
        hits = at.lookup.find(at.asker, text, chosen.limit) if text else []
        letters = at.lookup.letters(at.asker, text, chosen.limit or LIMIT) if text else []
        rows = _messages(at, chosen, text)
    seen = {row.seq for row in rows}
    letters = [letter for letter in letters if letter.seq not in seen]
    if chosen.json:
        printed([*hits, *letters, *rows], as_json=True)
    else:
        _tell(hits, letters, rows, chosen.limit)
    return 0 if hits or letters or rows else 1


def _must_not_guess(at: Opened, chosen: argparse.Namespace, text: str) -> None:
    """Who may not read what is said may not ask which mail says it, either."""
    is_plain = not text or _is_archive_number(text) or bool(readings(text))
    if at.asker.is_blind and (chosen.subject or not is_plain):
        raise Forbidden(tr("By words and subjects: --as LOGIN, or --break-glass REASON"))


def _tell(hits: list[Hit], letters: list[Letter], rows: list[Found], limit: int) -> None:
    for hit in hits:
        why = ", ".join(tr(MATCHED[one]) for one in hit.matched)
        sys.stdout.write(f"{line_text(hit.line)}  [{why}]\n")
    if hits:
        sys.stdout.write(tr("`vanthu register show ID` opens one of these.") + "\n")
    if any(hit.matched in {("number",), ("arrival",)} for hit in hits) and not limit:
        sys.stdout.write(
            tr("Of bare digits the newest are shown; say the symbol or the year, or --limit N.")
            + "\n"
        )
    for letter in letters:
        sys.stdout.write(
            f"{letter.number:13} {letter.id} {when(letter.at_ms)} {letter.sender}: "
            f"{letter.subject}  [{tr(MATCHED['file'])}]\n"
        )
    printed(map(line, rows), as_json=False)
    if any(row.subject == COVERED for row in rows):
        sys.stderr.write(covered() + "\n")


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
        limit=(chosen.limit or LIMIT) * (OVER if at.asker.login else 1),
        words="" if number else text,
        other_words=() if number else at.names.variants(text),
        number=number,
    )
    if wanted.words and at.asker.is_blind:
        return []
    rows = at.shelf.queries.find(wanted)
    rows = at.readable(rows)[: chosen.limit or LIMIT]
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

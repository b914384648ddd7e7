"""``vanthu report``: what a month's mail, approvals and documents came to (article 8)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.office import OFFICE, printed, shelf
from gateway.runtime.words import tr

if TYPE_CHECKING:
    from gateway.offline.report import Line, Month
    from gateway.registry.printing import Head

FORMS = (".pdf", ".xlsx", ".csv")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--month", default="", help=tr("2026-08; left out: the last that is over"))
    parser.add_argument("--unit", default="", help=tr("key of one unit in directory.toml"))
    parser.add_argument("--persons", action="store_true", help=tr("the mailboxes of persons, too"))
    parser.add_argument("--out", type=Path, help=tr("a file to write: .pdf, .xlsx or .csv"))
    parser.add_argument("--json", action="store_true", help=tr("lines of JSON"))
    parser.set_defaults(work=_report)


def _report(chosen: argparse.Namespace) -> int:
    from gateway.directory.lookup import People
    from gateway.offline.report import Month, report
    from gateway.settings.books import read_books

    if chosen.out is not None and chosen.out.suffix.lower() not in FORMS:
        raise ValueError(tr("{file}: the name ends in .pdf, .xlsx or .csv", file=chosen.out))
    today = datetime.now(OFFICE).date()
    try:
        month = Month.parse(chosen.month) if chosen.month else Month.before(today)
    except ValueError:
        raise ValueError(tr("{text} is no month, such as 2026-08", text=chosen.month)) from None
    tables, books = read_books(chosen.config)
    if chosen.unit and chosen.unit not in tables.units:
        units = ", ".join(tables.units)
        raise LookupError(tr("no unit {unit}; there are: {all}", unit=chosen.unit, all=units))
    with shelf(chosen) as opened:
        lines = report(opened, People(tables), month, today, persons=chosen.persons)
    if chosen.unit:
        lines = [line for line in lines if line.unit == chosen.unit]
    if chosen.out is None:
        return _shown(lines, month, as_json=chosen.json)
    from gateway.registry.printing import Head

    _write(chosen.out, lines, month, Head(books.office, books.office.name))
    sys.stdout.write(tr("{file} is written", file=chosen.out) + "\n")
    return 0


def _shown(lines: Sequence[Line], month: Month, *, as_json: bool) -> int:
    """On the screen: each line with what is not zero."""
    from gateway.offline.report_sheets import headings, name, title

    if as_json:
        whole = [{"month": str(month), "kind": one.kind, "name": one.name} for one in lines]
        rows = [row | asdict(one.counts) for row, one in zip(whole, lines, strict=True)]
        return printed(rows, as_json=True)
    sys.stdout.write(f"{title(month)}\n")
    for line in lines:
        counts = list(asdict(line.counts).values())
        told = [f"{text}: {n:g}" for text, n in zip(headings()[1:], counts, strict=True) if n]
        sys.stdout.write(f"{name(line)}\n      {'; '.join(told) or '–'}\n")
    return 0


def _write(file: Path, lines: Sequence[Line], month: Month, head: Head) -> None:
    from gateway.offline.report_sheets import to_csv, to_pdf, to_xlsx

    match file.suffix.lower():
        case ".pdf":
            data = to_pdf(head, lines, month)
        case ".xlsx":
            data = to_xlsx(lines, month)
        case _:
            data = to_csv(lines)
    file.write_bytes(data)

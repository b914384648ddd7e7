"""``vanthu archive``: list, verify, export, pack, back it up and bring it back."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gateway.archive.commands import ArchiveNumber, Receive
from gateway.archive.export import to_mbox, to_tree
from gateway.archive.journal import Record
from gateway.archive.renewal import bring_back, compare, rebuild
from gateway.cli.office import settings, shelf
from gateway.mail.message import Message
from gateway.roles.chapters import chapters
from gateway.runtime.words import tr, trn

STEP = 1000
"""Records between two signs of progress."""


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action = actions.add_parser("list", help=tr("a line for each numbered message"))
    action.add_argument(
        "--field",
        default="number",
        help=tr("what to list, commas between: number, n, id, or a header field's name"),
    )
    action.set_defaults(work=_list)
    action = actions.add_parser("verify", help=tr("read everything again; tell what is wrong"))
    action.add_argument("--rows", action="store_true", help=tr("compare the index, too"))
    action.set_defaults(work=_verify)
    action = actions.add_parser("rebuild", help=tr("make the index again (the gateway stopped)"))
    action.set_defaults(work=_rebuild)
    action = actions.add_parser("export", help=tr("a tree of folders, or an mbox file"))
    action.add_argument("target", type=Path)
    action.set_defaults(work=_export)
    action = actions.add_parser("pack", help=tr("compress finished segments now"))
    action.set_defaults(work=_pack)
    action = actions.add_parser("backup", help=tr("copy what is new to a folder"))
    action.add_argument("target", type=Path)
    action.set_defaults(work=_backup)
    action = actions.add_parser("restore", help=tr("put a backup in place (the gateway stopped)"))
    action.add_argument("backup", type=Path)
    action.add_argument("--above", type=ArchiveNumber.parse, help=tr("the highest number given"))
    action.set_defaults(work=_restore)


def _rebuild(chosen: argparse.Namespace) -> int:
    done = rebuild(settings(chosen).server.data, chapters())
    sys.stdout.write(trn("{n} record folded", "{n} records folded", done) + "\n")
    return 0


def _export(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        records = opened.journal.follow(0, with_raw=True)
        if chosen.target.suffix == ".mbox":
            with chosen.target.open("xb") as file:
                count = to_mbox(records, file)
        else:
            count = to_tree(records, chosen.target)
    told = trn("{n} message in {place}", "{n} messages in {place}", count, place=chosen.target)
    sys.stdout.write(told + "\n")
    return 0


def _pack(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        done = sum(1 for _ in opened.journal.pack(older_than_s=0))
    sys.stdout.write(trn("{n} segment packed", "{n} segments packed", done) + "\n")
    return 0


def _backup(chosen: argparse.Namespace) -> int:
    with shelf(chosen) as opened:
        copied = dict(opened.journal.back_up(chosen.target))
    total = sum(copied.values())
    told = trn(
        "{n} segment in {place}, {total} bytes copied",
        "{n} segments in {place}, {total} bytes copied",
        len(copied),
        place=chosen.target,
        total=total,
    )
    sys.stdout.write(told + "\n")
    return 0


def _restore(chosen: argparse.Namespace) -> int:
    manifest = bring_back(chosen.backup, settings(chosen).server.data, chosen.above)
    told = tr("{n} records restored; start the gateway", n=manifest.last)
    sys.stdout.write(told + "\n")
    return 0


def _list(chosen: argparse.Namespace) -> int:
    """One line for each numbered message, in the order of the journal."""
    names = chosen.field.split(",")
    needs_raw = not {"number", "n", "id"}.issuperset(names)
    with shelf(chosen) as opened:
        for record in opened.journal.follow(0, with_raw=needs_raw):
            if record.number is not None:
                texts = [_field(record, name) for name in names]
                if all(texts):
                    sys.stdout.write(" ".join(texts) + "\n")
    return 0


def _field(record: Record, name: str) -> str:
    match name:
        case "number":
            return str(record.number)
        case "n":
            return str(record.number.n) if record.number else ""
        case "id":
            return record.command.id if isinstance(record.command, Receive) else ""
        case _:
            return Message(record.raw).header(name)


def _verify(chosen: argparse.Namespace) -> int:
    wrong = 0
    with shelf(chosen) as opened:
        last = max(opened.journal.last, 1)
        for seq, what in opened.journal.verify():
            if what:
                wrong += 1
                sys.stdout.write(tr("record {seq}: {what}", seq=seq, what=what) + "\n")
            elif seq % STEP == 0 and sys.stderr.isatty():
                told = tr("{done} of {last} records", done=seq, last=last)
                sys.stderr.write("\r" + told)
    if chosen.rows:
        for difference in compare(settings(chosen).server.data, chapters()):
            wrong += 1
            sys.stdout.write(f"{difference}\n")
    if wrong:
        sys.stdout.write(trn("{n} record wrong", "{n} records wrong", wrong) + "\n")
    else:
        sys.stdout.write(trn("{n} record in order", "{n} records in order", last) + "\n")
    return 1 if wrong else 0

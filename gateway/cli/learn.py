"""``vanthu learn``: teach the nose from mail in files, and look after what it has learnt."""

from __future__ import annotations

import argparse
import getpass
import mailbox
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gateway.cli.office import settings, when
from gateway.mail.message import Message
from gateway.runtime.words import tr, trn

AT_ONCE = 50
"""Letters that are written down with one sync."""
BAR = 30


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for kind in ("spam", "ham"):
        page = actions.add_parser(kind, help=f"learn these as {kind}: mbox, Maildir, folder, .eml")
        page.add_argument("places", nargs="+", type=Path)
        page.set_defaults(work=_learn, is_spam=kind == "spam")
    page = actions.add_parser(
        "list", help=tr("versions that are kept, and how many lessons each knows")
    )
    page.set_defaults(work=_list)
    page = actions.add_parser("return", help=tr("forget what was learnt since a version (0: all)"))
    page.add_argument("version", type=int)
    page.set_defaults(work=_return)
    page = actions.add_parser("export", help=tr("copy the newest version into a file"))
    page.add_argument("file", type=Path)
    page.set_defaults(work=_export)


def _learn(chosen: argparse.Namespace) -> int:
    from gateway.spam.nose import Nose, wall_ms

    nose = Nose(settings(chosen).spam.folder, wall_ms)
    letters = [letter for place in chosen.places for letter in _letters(place)]
    done = 0
    for begin in range(0, len(letters), AT_ONCE):
        batch = [Message(read()) for read in letters[begin : begin + AT_ONCE]]
        done += nose.teach(batch, chosen.is_spam, "admin")
        _progress(done, len(letters))
    text = trn("{n} letter is written down; the running trainer learns it.",
               "{n} letters are written down; the running trainer learns them.", done)  # fmt: skip
    sys.stdout.write(text + "\n")
    return 0 if done else 1


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        full = BAR * done // max(1, total)
        sys.stderr.write(f"\r[{'#' * full}{'.' * (BAR - full)}] {done}/{total}")
        if done >= total:
            sys.stderr.write("\n")


def _letters(place: Path) -> Iterator[Any]:
    """What reads each letter of an mbox, a Maildir, a folder of files, or of one file."""
    if not place.exists():
        raise LookupError(tr("there is no {place}", place=place))
    if place.is_dir() and (place / "cur").is_dir() and (place / "new").is_dir():
        files: Iterable[Path] = (p for part in ("cur", "new") for p in (place / part).iterdir())
    elif place.is_dir():
        files = (path for path in place.rglob("*") if path.is_file())
    elif _begins(place) == b"From ":
        box = mailbox.mbox(place, create=False)
        for key in box.keys():  # noqa: SIM118 - a mailbox iterates over messages.
            yield lambda key=key, box=box: box.get_bytes(key)
        return
    else:
        files = [place]
    for path in sorted(files):
        yield path.read_bytes


def _begins(place: Path) -> bytes:
    with place.open("rb") as file:
        return file.read(5)


def _list(chosen: argparse.Namespace) -> int:
    from gateway.spam import versions

    folder = settings(chosen).spam.folder
    kept = versions.labels(folder)
    for number, label in kept.items():
        mark = "*" if number == versions.current(folder) else " "
        known = tr("of another release, or damaged: it is passed over")
        if label is not None:
            line = tr("line {threshold}", threshold=f"{label.threshold:.1f}")
            known = f"{when(label.at_ms)}  ham {label.ham:7}  spam {label.spam:7}  {line}"
        sys.stdout.write(f"{mark} {number:6} {known}\n")
    if not kept:
        sys.stdout.write(tr("Nothing was learnt yet.") + "\n")
    return 0


def _return(chosen: argparse.Namespace) -> int:
    from gateway.spam.nose import Nose, wall_ms

    Nose(settings(chosen).spam.folder, wall_ms).return_to(chosen.version, getpass.getuser())
    sys.stdout.write(tr("The running trainer goes back to it, and learns on from there.") + "\n")
    return 0


def _export(chosen: argparse.Namespace) -> int:
    from gateway.spam import versions

    folder = settings(chosen).spam.folder
    number = versions.current(folder)
    if not number:
        raise LookupError(tr("Nothing was learnt yet."))
    shutil.copyfile(versions.path_of(folder, number), chosen.file)
    sys.stdout.write(f"{chosen.file}\n")
    return 0

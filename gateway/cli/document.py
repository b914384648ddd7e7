"""``vanthu document FILE``: all that is found out about a file, in words or as JSON."""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gateway.cli.office import settings
from gateway.mail.paper_words import described
from gateway.mail.papers import DocumentFacts
from gateway.runtime.words import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--text", action="store_true", help=tr("its text, page by page, too"))
    parser.add_argument("--pictures", type=Path, help=tr("a folder for page 1 and the heading"))
    parser.set_defaults(work=_document)


def _document(chosen: argparse.Namespace) -> int:
    asyncio.run(_read(chosen))
    return 0


async def _read(chosen: argparse.Namespace) -> None:
    from gateway.documents.room import GlassRoom
    from gateway.intake import utc_now

    pictures = bool(chosen.pictures or chosen.json)
    room = GlassRoom(settings(chosen).documents, utc_now, with_pictures=pictures)
    try:
        for path in chosen.files:
            facts = await room.facts(path.read_bytes(), path.name)
            if chosen.pictures:
                _save(facts, chosen.pictures)
            if chosen.json:
                sys.stdout.write(as_json(facts) + "\n")
            else:
                sys.stdout.writelines(f"{line}\n" for line in in_words(facts, text=chosen.text))
    finally:
        await room.close()


def _save(facts: DocumentFacts, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in (("page1", facts.preview), ("heading", facts.heading)):
        if picture:
            (folder / f"{facts.sha256[:12]}-{name}.png").write_bytes(picture)


def as_json(facts: DocumentFacts) -> str:
    """One line; pictures in base64."""
    plain = msgspec.to_builtins(facts, builtin_types=(bytes,))
    for name in ("preview", "heading"):
        plain[name] = base64.b64encode(plain[name]).decode()
    return json.dumps(plain, ensure_ascii=False)


def in_words(facts: DocumentFacts, *, text: bool = False) -> Iterator[str]:
    """What a person wants to know, a line each."""
    from gateway.documents.soundness import flaws_of

    yield f"{facts.name}: {facts.kind}, {facts.size} B"
    for line in described(facts):
        yield f"  {line}"
    for flaw in flaws_of(facts):
        yield f"  ! {flaw.rule}: {flaw.said}"
        yield f"      {flaw.advice}"
    if text:
        for page in facts.pages:
            yield f"--- {page.number}"
            yield page.text

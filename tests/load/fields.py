"""How many fields of real documents are read right, by source: ``make bench-documents``.

Reads ``data/vn/labels.jsonl`` beside the project (``VANTHU_SHARED``) and the documents through the
glass room, as the gateway does; where a document was left out for its size, its text layer as
``pdftotext -layout`` draws it ("drawn"). Columns are share right / number of documents.
``confident``: numbers that would be written into a book without asking, and how many are wrong;
the other numbers are proposals. Last, what reading took (user and system time of the readers).
Of those with a text layer, two fifths were not looked at while the rules were written:
``--part unseen``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from gateway.documents.room import GlassRoom
from gateway.documents.settings import DocumentsTable
from gateway.mail.number import parse, symbol_key
from gateway.mail.papers import Belief, DocumentFacts, FileKind, PageFacts, PageKind
from gateway.mail.text import folded
from gateway.registry.document import Document, read_document
from tests.shared import HOME

FIELDS = (
    "number",
    "symbol",
    "date",
    "month",
    "type",
    "issuer",
    "abstract",
    "abstract-60",
    "signer",
    "recipients",
)
GOALS = {"number": 0.99, "date": 0.99, "type": 0.99, "issuer": 0.99, "abstract": 0.97}
CPU_GOALS = {"scans": 1.5, "born digital": 0.2}
SEEN = 3
"""Of five parts, those whose documents were read by eye while the rules were written."""

Label = dict[str, Any]


def plain(text: str | None) -> str:
    """For comparing: accents, case and signs aside."""
    return re.sub(r"[\W_]+", " ", folded(text or "")).strip()


def f1(found: Sequence[str], wanted: Sequence[str]) -> float:
    a, b = {plain(one) for one in found}, {plain(one) for one in wanted}
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0


def marks(said: Document, label: Label) -> dict[str, float]:
    """1 for each field that is right, 0 for one that is not; what is not labelled is left out."""
    wanted = parse(label["number_symbol"])
    day, month = said.day.best, said.month.best
    abstract = plain(said.abstract.best)
    kind = said.kind.best.key if said.kind.best else None
    found: dict[str, float] = {
        "number": bool(wanted and said.number.best and said.number.best.key == wanted.key),
        "symbol": symbol_key(said.symbol.best or "") == symbol_key(label["symbol"]),
        "date": (day.isoformat() if day else None) == label["date"],
        "type": kind == label["doc_type"],
        "issuer": plain(said.issuer.best) == plain(label["issuer"]),
        "abstract": abstract == plain(label["abstract"]),
        "abstract-60": abstract[:60] == plain(label["abstract"])[:60],
        "signer": plain("; ".join(sorted(said.signer.best or ()))) == plain(label["signer"]),
    }
    if label["date"]:
        found["month"] = bool(month) and label["date"].startswith(
            "{}-{:02}".format(*month or (0, 0))
        )
    if label["recipients"] is not None:
        found["recipients"] = f1(said.recipients.best or (), label["recipients"])
    return found


async def documents(folder: Path, labels: list[Label]) -> AsyncIterator[tuple[Label, str, Any]]:
    """Each label with where its text comes from, and the document's facts."""
    room = GlassRoom(DocumentsTable(), lambda: datetime.now(UTC))
    await room.start()
    try:
        for label in labels:
            if label["file"] and (folder / label["file"]).exists():
                file = folder / label["file"]
                yield label, file.suffix[1:], await room.facts(file.read_bytes(), file.name)
            elif label["text_file"]:
                yield label, "drawn", drawn((folder / label["text_file"]).read_text())
    finally:
        await room.close()


def drawn(text: str) -> DocumentFacts:
    """A document of which only the text is there."""
    page = PageFacts(number=1, kind=PageKind.DIGITAL, text=text, belief=Belief.VISIBLE)
    return DocumentFacts(name="x", size=0, sha256="", kind=FileKind.PDF, pages=(page,))


def is_seen(label: Label) -> bool:
    return int(label["sha256"][:2], 16) % 5 < SEEN


async def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--part", choices=("all", "seen", "unseen"), default="all")
    asked.add_argument("--names", action="store_true", help="give file names as the mail would")
    asked.add_argument("--wrong", action="store_true", help="print what is wrong")
    chosen = asked.parse_args()
    folder = HOME / "data/vn"
    labels = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]
    if chosen.part != "all":
        labels = [one for one in labels if is_seen(one) == (chosen.part == "seen")]
    table: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    certain: dict[str, list[bool]] = defaultdict(list)
    spent: dict[str, list[float]] = {"scans": [], "born digital": []}
    async for label, form, facts in documents(folder, labels):
        is_scan = label["text_layer"] not in {"word", "good"}
        source = f"{label['source']}, {'scan' if is_scan else form}"
        if form == "pdf":
            spent["scans" if is_scan else "born digital"].append(facts.ended.cpu_s)
        name = Path(label["origin_path"]).name if chosen.names else "x"
        said = read_document(facts, name=name)
        for field, right in marks(said, label).items():
            table[source][field].append(right)
            if chosen.wrong and right < 1:
                print(f"  {label['id']} {field}: {getattr(said, _attribute(field)).best!r}")
        if said.number.is_certain and said.number.best:
            wanted = parse(label["number_symbol"])
            certain[source].append(bool(wanted and said.number.best.key == wanted.key))
    tell(table, certain)
    for kind, values in spent.items():
        if values:
            told = f"median {median(values):.2f}, most {max(values):.2f}"
            print(f"CPU-s of a reader, {kind}: {told} ({len(values)}); goal {CPU_GOALS[kind]}")


def _attribute(field: str) -> str:
    return {"date": "day", "type": "kind", "abstract-60": "abstract"}.get(field, field)


def tell(table: dict[str, dict[str, list[float]]], certain: dict[str, list[bool]]) -> None:
    print(f"{'source':30}" + "".join(f"{field:>12}" for field in FIELDS) + "   confident, wrong")
    for source in sorted(table):
        _row(source, table[source], certain[source])
    for name, is_one in (("text layer", False), ("scans", True)):
        rows = [fields for source, fields in table.items() if source.endswith("scan") is is_one]
        sure = [x for s, found in certain.items() if s.endswith("scan") is is_one for x in found]
        _row(
            name, {field: [x for row in rows for x in row.get(field, [])] for field in FIELDS}, sure
        )
    print("goals, text layer: " + ", ".join(f"{k} {v:.0%}" for k, v in GOALS.items()), end="")
    print(", signer 99%, recipients F1 95%; scans: symbol 95%, month 95%; confident and wrong: 0")


def _row(name: str, found: Mapping[str, list[float]], sure: list[bool]) -> None:
    cells = "".join(f"{_cell(found.get(field, [])):>12}" for field in FIELDS)
    print(f"{name:30}{cells}   {len(sure)}, {sure.count(False)}")


def _cell(marks: list[float]) -> str:
    return f"{sum(marks) / len(marks):.1%}/{len(marks)}" if marks else "-"


if __name__ == "__main__":
    asyncio.run(main())

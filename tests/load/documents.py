"""Documents read in the glass room: verdicts, and what reading costs.

``python -m tests.load.documents [folder]`` prints, for a folder with ``expected.json`` and
``pki/`` (by default the shared one), whether each verdict is the expected one, the CPU time of a
reader for born-digital and for scanned files, and what the jail adds to the same work.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from shutil import copy
from typing import Any

from gateway.documents import reader
from gateway.documents.jail import Bounds
from gateway.documents.orders import Order, Setup
from gateway.documents.parent import Parent
from gateway.documents.room import GlassRoom, walls
from gateway.documents.settings import DocumentsTable
from tests.documents import office, pdfs
from tests.shared import HOME

OFFICE = "Sở Nông nghiệp và Môi trường"
UNSAID = "Gửi văn bản"
ROUNDS = 15
ORDER = Order(1, "a.pdf", office.NOW.isoformat())
SINK = os.open("/dev/null", os.O_WRONLY)


async def main(folder: Path) -> int:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as trusted:
        for name in ("root.crt", "sub.crt"):
            if (folder / "pki" / name).exists():
                copy(folder / "pki" / name, trusted)
        room = GlassRoom(DocumentsTable(ca_folder=Path(trusted)), office.At().now)
        print(f"readers: {walls(await room.start())}")
        wrong = await _verdicts(room, folder, expected)
        await room.close()
    await _overhead()
    return min(wrong, 1)


async def _verdicts(room: GlassRoom, folder: Path, expected: dict[str, Any]) -> int:
    cpu: dict[str, list[float]] = {"born digital": [], "scanned": []}
    right = hard = 0
    for name, wanted in sorted(expected.items()):
        facts = wanted.get("facts") or {}
        subject = facts.get("subject", UNSAID)
        data = await asyncio.to_thread((folder / name).read_bytes)
        found = await office.said(room, name, data, office=OFFICE, subject=subject)
        is_right = agrees(wanted, found)
        right += is_right
        hard += not is_right and bool(wanted.get("known_hard"))
        used = found.paper.facts.ended.cpu_s
        if found.paper.facts.pages:
            cpu["scanned" if found.paper.facts.is_scan else "born digital"].append(used)
        told = f"{found.verdict} {', '.join(found.rules)}"
        mark = "ok" if is_right else "hard" if wanted.get("known_hard") else "WRONG"
        print(f"{mark:5} {name:30} {used:6.3f} s  {told}")
    print(f"\nverdict with a right reason: {right} of {len(expected)} ({hard} known to be hard)")
    for kind, values in cpu.items():
        if values:
            spread = f"median {statistics.median(values):.3f}, most {max(values):.3f}"
            print(f"CPU-s of a reader, {kind}: {spread} ({len(values)} files)")
    return len(expected) - right - hard


def agrees(wanted: dict[str, Any], found: office.Said) -> bool:
    """As expected with one of the reasons; or the other right answer, with the truth read."""
    reasons = {office.rule(code) for code in wanted["reasons"]}
    if found.verdict == wanted["verdict"]:
        return not reasons or bool(reasons & set(found.rules))
    other, truth = wanted.get("alt"), wanted.get("doc") or {}
    if not other or found.verdict != other["verdict"] or "number" not in truth:
        return False
    read = (found.checked.number, found.checked.day)
    return read == (truth["number"], truth["date"])


async def _overhead() -> None:
    """The same work three ways, in turn: here and warm, in a child, in a jailed child. CPU-ms.

    A child's figure holds what its parent spends on forking and reaping it.
    """
    reader.prepare(Setup())
    data = pdfs.with_field("50")
    parent = await Parent.start(Setup(), Bounds())
    spent: list[list[float]] = [[], [], []]
    for number in range(3 * ROUNDS):
        spent[0].append(_here(data))
        for way, jailed in ((1, False), (2, True)):
            order = Order(2 * number + way, "a.pdf", office.NOW.isoformat(), jailed=jailed)
            spent[way].append(await _child(parent, order, data))
    await parent.close()
    here, child, jail = (statistics.median(values) * 1000 for values in spent)
    print(f"\none small PDF, CPU-ms: here {here:.1f}, in a child {child:.1f}, jailed {jail:.1f}")
    print(f"the sandbox over the work itself: {jail - here:.1f} CPU-ms (goal 10)")


def _here(data: bytes) -> float:
    source, began = _source(data), time.process_time()
    reader.read(ORDER, source, SINK)
    os.close(source)
    return time.process_time() - began


async def _child(parent: Parent, order: Order, data: bytes) -> float:
    before = _ran(parent)
    _, ending = await parent.read(order, data)
    return ending.cpu_s + _ran(parent) - before


def _ran(parent: Parent) -> float:
    """Seconds that the parent was on a processor."""
    told = Path(f"/proc/{parent._process.pid}/schedstat").read_text(encoding="ascii")
    return int(told.split()[0]) / 1e9


def _source(data: bytes) -> int:
    source = os.memfd_create("document")
    os.write(source, data)
    os.lseek(source, 0, os.SEEK_SET)
    return source


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else HOME / "data" / "pdf"
    sys.exit(asyncio.run(main(chosen)))

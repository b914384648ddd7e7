"""Two clerks number at once and are killed at any moment: no number twice, none skipped.

Each clerk is a process with an archive of its own opened on the same folder. It takes down a number
on its pipe only after the rows know of it; whatever was taken down must be in the books for good.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import select

from gateway.archive.renewal import compare, rebuild
from gateway.archive.shelf import Shelf
from gateway.registry import schema
from gateway.registry.chapter import Books

ROUNDS = int(os.environ.get("ROUNDS", "3"))
ROUND_S = 1.2

CLERK = """
import itertools, os, sys
from pathlib import Path
from gateway.archive.journal import Entry
from gateway.archive.registering import Arrive, Insert, Reserve, Void
from gateway.archive.shelf import Shelf
from gateway.registry.chapter import Books
from gateway.registry.ledger import day_of, line
from gateway.runtime.ids import new_id

shelf = Shelf(Path(sys.argv[1]), applies=True, chapters=[Books()])
for i in itertools.count():
    id_, at = new_id(), 1_790_000_000_000 + i
    day = day_of(at)
    if i % 3:
        said = Reserve(id_, at, sys.argv[2], "di", "so", "qd", day, "QĐ-SNgV")
    else:
        said = Arrive(id_, at, sys.argv[2], "den", "so", day, number_now=True)
    kept = shelf.journal.append_now([Entry(said)])
    while shelf.queries.applied() < kept[-1].seq:
        shelf.applier.catch_up()
    with shelf.engine.connect() as connection:
        found = line(connection, id_)
    print(found.book, found.n, id_, flush=True)
    if i % 7 == 0:
        shelf.journal.append_now([Entry(Void(id_, at, sys.argv[2], "thử"))])
"""


def clerk(folder: Path, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CLERK, str(folder), name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _first_line(one: subprocess.Popen[str]) -> str:
    assert one.stdout
    return one.stdout.readline()


def numbers(folder: Path) -> dict[str, tuple[str, int]]:
    """(book, number) of each line, by its id; the rows as the journal gives them."""
    shelf = Shelf(folder, applies=True, chapters=[Books()])
    assert shelf.applier
    shelf.applier.catch_up()
    entry = schema.entries.c
    with shelf.engine.connect() as connection:
        rows = connection.execute(select(entry.id, entry.book, entry.n)).all()
    shelf.close()
    return {row.id: (row.book, row.n) for row in rows}


def test_two_clerks_who_are_killed(tmp_path: Path) -> None:
    chance, taken = random.Random(ROUNDS), dict[str, tuple[str, int]]()
    for round_ in range(ROUNDS):
        clerks = [clerk(tmp_path, name) for name in ("lan", "hoa")]
        heard = [_first_line(one) for one in clerks]
        time.sleep(chance.random() * ROUND_S)
        for one in clerks:
            time.sleep(chance.random() * 0.05)
            one.send_signal(signal.SIGKILL)
        for first, one in zip(heard, clerks, strict=True):
            out, _ = one.communicate()
            for text in [first, *out.splitlines()]:
                words = text.split(" ")
                if len(words) == 3 and len(words[2]) == 16:
                    assert words[2] not in taken
                    taken[words[2]] = (words[0], int(words[1]))
        found = numbers(tmp_path)
        for id_, number in taken.items():
            assert found[id_] == number, (round_, id_)
        for book in ("den", "di"):
            given = sorted(n for b, n in found.values() if b == book)
            assert given == list(range(1, len(given) + 1)), (round_, book)
    assert len(taken) > ROUNDS
    assert list(compare(tmp_path, [Books()])) == []
    before = numbers(tmp_path)
    rebuild(tmp_path, [Books()])
    assert numbers(tmp_path) == before
    sys.stdout.write(f"{ROUNDS} rounds, {len(taken)} of {len(before)} numbers taken down\n")

"""How long a look-up takes at 10,000 and at 1,000,000 lines, side by side in one run.

    python -m tests.load.lookup [lines…]

Goal: p99 <= 5 ms at 1,000,000, and at most 1.5 times the p50 at 10,000. Rows are written in bulk,
by the same functions that make them in the fold. Every kind of question has its own row. Beside
the time by the clock stands the processor's: what the first has more is the machine's other work.
"""

import random
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from gateway.archive.shelf import Shelf
from gateway.directory.tables import Tables
from gateway.mail.text import folded
from gateway.registry import schema
from gateway.registry.chapter import Books
from gateway.registry.ledger import key_rows, keys_of
from gateway.registry.lookup import Lookup
from gateway.registry.rights import Asker, Rights
from gateway.registry.tables import BooksTable
from gateway.registry.texts import START, FtsTexts, texts_path

CONFIG = Path(__file__).parents[2] / "config"
SIZES = (10_000, 1_000_000)
ASKED = 1000
ROUNDS = 3
BATCH = 20_000
YEARS = range(2017, 2027)
ISSUERS = [
    f"{kind}{body}"
    for kind in ("", "QĐ-", "TB-", "KH-", "BC-", "TTr-", "GM-")
    for body in ("UBND", "SNV", "SYT", "STC", "SGDĐT", "STTTT", "BNG", "BNV", "VPCP", "BCA", "TU")
]
SAID = """phối hợp tổ chức đón đoàn đại biểu cấp cao sang thăm làm việc ban hành quy chế quản lý
hoạt động đối ngoại kế hoạch triển khai thực hiện nghị quyết báo cáo kết quả công tác biên giới"""
WORDS = SAID.split()


def rows(count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Lines of ten years: an arrival book that fills evenly, from 77 kinds of symbol."""
    arrivals = dict.fromkeys(YEARS, 0)
    for seq in range(1, count + 1):
        year = YEARS[(seq - 1) * len(YEARS) // count]
        arrivals[year] += 1
        day = date(year, 1, 1) + timedelta(days=chance.randrange(365))
        symbol = chance.choice(ISSUERS)
        row: dict[str, Any] = {column.name: "" for column in schema.entries.columns}
        row |= {"seq": seq, "id": f"E{seq}", "book": "den", "unit": "so", "direction": "in"}
        row |= {"year": year, "n": arrivals[year], "state": "registered", "width": 0}
        row |= {"came_ms": seq, "at_ms": seq, "date": day.isoformat(), "issued": day.isoformat()}
        row |= {"number": f"{chance.randrange(1, 6000):02d}/{symbol}", "issuer": symbol}
        row["abstract"] = " ".join(chance.choices(WORDS, k=14))
        yield row | keys_of(row)


def fill(folder: Path, count: int, known: list[str]) -> Shelf:
    """An archive with that many lines; some of their numbers are put into ``known``."""
    shelf = Shelf(folder, applies=True, chapters=[Books()])
    texts = FtsTexts(texts_path(folder))
    made = rows(count, random.Random(7))
    while batch := list(islice(made, BATCH)):
        known += [row["number"] for row in batch[:: max(1, len(batch) // 200)]]
        with shelf.engine.begin() as connection:
            connection.execute(insert(schema.entries), batch)
            connection.execute(insert(schema.keys), [key for row in batch for key in key_rows(row)])
        if batch[0]["seq"] <= WORDS_MAX:
            texts.fill([(row["seq"], folded(row["abstract"])) for row in batch], [], START)
    texts.close()
    return shelf


WORDS_MAX = 100_000


def questions(count: int, known: list[str]) -> dict[str, Callable[[random.Random], str]]:
    """Kinds of question, each as a person types it."""

    def number(chance: random.Random) -> str:
        return chance.choice(known)

    def missing(chance: random.Random) -> str:
        return f"{chance.randrange(7000, 9000)}/{chance.choice(ISSUERS)}"

    def loose(chance: random.Random) -> str:
        return folded(number(chance)).replace("/", " ").replace("-", " ")

    def dated(chance: random.Random) -> str:
        return f"số {number(chance)} ngày {chance.randrange(1, 29)}/8/{chance.choice(YEARS)}"

    def bare(chance: random.Random) -> str:
        return str(chance.randrange(1, 6000))

    def arrival(chance: random.Random) -> str:
        return f"số đến {chance.randrange(1, count // 10)}/{chance.choice(YEARS)}"

    def words(chance: random.Random) -> str:
        start = chance.randrange(len(WORDS) - 3)
        return " ".join(WORDS[start : start + 3])

    return {
        "50/QĐ-SNgV": number,
        "50 qd sngv": loose,
        "… ngày 21/8/2017": dated,
        "50": bare,
        "not there": missing,
        "số đến 50/2017": arrival,
        "three words": words,
    }


@dataclass(frozen=True)
class Took:
    """One round of look-ups: milliseconds by the clock and of the processor, lines found."""

    p50: float
    p99: float
    cpu_p50: float
    cpu_p99: float
    found: float


def measured(lookup: Lookup, kind: Callable[[random.Random], str], login: str) -> Took:
    chance, took, cpu, found = random.Random(11), list[float](), list[float](), 0
    asker = Asker(login)
    for _ in range(ASKED):
        text = kind(chance)
        start, cpu_start = time.perf_counter(), time.thread_time()
        found += len(lookup.find(asker, text))
        cpu.append(1000 * (time.thread_time() - cpu_start))
        took.append(1000 * (time.perf_counter() - start))
    took, cpu = sorted(took), sorted(cpu)
    middle, last = ASKED // 2, ASKED * 99 // 100
    return Took(took[middle], took[last], cpu[middle], cpu[last], found / ASKED)


def main() -> None:
    sizes = tuple(int(text.replace("_", "")) for text in sys.argv[1:]) or SIZES
    people = Tables.read(tomllib.loads((CONFIG / "directory.toml").read_text(encoding="utf-8")))
    table = tomllib.loads((CONFIG / "books.toml").read_text(encoding="utf-8"))
    rights = Rights(people, BooksTable.read(table, people))
    with tempfile.TemporaryDirectory() as root:
        opened: dict[int, tuple[Shelf, Lookup, FtsTexts]] = {}
        asked: dict[int, dict[str, Callable[[random.Random], str]]] = {}
        for size in sizes:
            start = time.perf_counter()
            folder = Path(root) / str(size)
            known: list[str] = []
            shelf, texts = fill(folder, size, known), FtsTexts(texts_path(folder))
            asked[size] = questions(size, known)
            opened[size] = (shelf, Lookup(shelf.engine, rights, texts, lambda _: None), texts)
            print(f"{size:>9,} lines written in {time.perf_counter() - start:.0f} s")
        print(f"{'question':20} {'asker':6} {'lines':>9} {'found':>5}   p50    p99    cpu p50 p99")
        for name in asked[sizes[0]]:
            for login in ("binh", "lan"):
                _table(name, login, opened, asked)
        for shelf, _, texts in opened.values():
            texts.close()
            shelf.close()


def _table(
    name: str,
    login: str,
    opened: dict[int, tuple[Shelf, Lookup, FtsTexts]],
    asked: dict[int, dict[str, Callable[[random.Random], str]]],
) -> None:
    """One kind of question at each size, in turn; the median of the rounds."""
    rounds: dict[int, list[Took]] = {size: [] for size in opened}
    for _ in range(ROUNDS):
        for size, (_, lookup, _) in opened.items():
            rounds[size].append(measured(lookup, asked[size][name], login))
    least: list[float] = []
    for size, told in rounds.items():
        figures = [sorted(column)[ROUNDS // 2] for column in zip(*map(astuple, told), strict=True)]
        least = least or figures
        p50, p99, cpu_p50, cpu_p99, found = figures
        print(
            f"{name:20} {login:6} {size:>9,} {found:5.1f} {p50:6.2f} {p99:6.2f}   {cpu_p50:6.2f} "
            f"{cpu_p99:6.2f}   p50 {p50 / least[0]:.2f}x, cpu {cpu_p50 / least[2]:.2f}x"
        )


if __name__ == "__main__":
    main()

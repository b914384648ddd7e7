"""The nose beside bogofilter on the open corpora: `make bench-spam`.

Every letter is judged and then learnt with its true label, in the order of the corpus, by each
filter. `python -m tests.load.spam [--most N] [--corpus NAME] [--alone] [--no-attacks]`. Corpora
are read from the archives in `shared/data/spam` (`VANTHU_SHARED` names another place).
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from shutil import which
from time import process_time

from gateway.mail.message import Message
from gateway.roles.tuning import tune
from gateway.spam.features import features
from gateway.spam.letter import read_letter
from gateway.spam.model import Tables
from gateway.spam.trainer import Pupil
from tests.load.attacks import attack
from tests.load.corpora import Judged, archives, read_all
from tests.load.scores import Run, row

HEADS = "1-ROCA%", "sm@0.1", "sm@0.5", "hm%", "sm%"


def nose(stream: Sequence[Judged]) -> Run:
    """Ours, as the trainer does it: a letter is learnt and three old ones are gone over again."""
    run, pupil = Run("vanthu"), Pupil()
    for judged in stream:
        begin = process_time()
        found = features(read_letter(Message(judged.raw)))
        score = pupil.gauge.score(pupil.model.judge(found))
        read = process_time()
        run.note(judged.is_spam, score, score > pupil.gauge.threshold)
        pupil.learn(found, judged.is_spam, 1.0)
        run.classify_ms.append(1000 * (read - begin))
        run.learn_ms.append(1000 * (process_time() - read))
    run.memory = f"tables {_bytes(pupil.model.tables) / 2**20:.0f} MiB, trainer's steps included"
    return run


def _bytes(tables: Tables) -> int:
    held = (tables.weights, tables.counts, tables.steps)
    return sum(array.nbytes for array in held if array is not None)


def bogofilter(stream: Sequence[Judged]) -> Run:
    """Debian's, with its own settings: a process to judge each letter, another to learn it."""
    run = Run("bogofilter")
    with tempfile.TemporaryDirectory(prefix="vanthu-bogofilter-") as folder:
        settings = Path(folder) / "more-digits.cf"
        settings.write_text(
            f"bogofilter_dir={folder}\nspamicity_formats=%.12e, %.12e, %.12e\n"
            "header_format=%h: %1.1c %p\n"
        )
        base = ["bogofilter", "-c", str(settings), "--db-transaction=no"]
        for judged in stream:
            begin = _children()
            done = subprocess.run([*base, "-v"], input=judged.raw, capture_output=True, check=False)
            read = _children()
            word = done.stdout.split()
            score = float(word[2]) if len(word) > 2 else 0.5
            run.note(judged.is_spam, score, done.returncode == 0)
            teach = [*base, "-s" if judged.is_spam else "-n"]
            subprocess.run(teach, input=judged.raw, capture_output=True, check=True)
            run.classify_ms.append(1000 * (read - begin))
            run.learn_ms.append(1000 * (_children() - read))
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    run.memory = f"word list {size / 2**20:.0f} MiB"
    return run


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def tell(name: str, runs: Sequence[Run]) -> None:
    """The table of one corpus."""
    size, spam = len(runs[0].truth), sum(runs[0].truth)
    print(f"\n{name}: {size} letters, {spam} of them spam, learnt one by one")
    parts = ("all", 0, None), ("first 500", 0, 500), ("after 1000", 1000, None)
    for part, skip, most in parts:
        print(f"  {part:12}" + "".join(f"{head:>9}" for head in HEADS))
        for run in runs:
            print(f"  {run.name:12}" + "".join(f"{cell:>9}" for cell in row(run, skip, most)))
    for run in runs:
        judged = sorted(run.classify_ms)
        print(
            f"  {run.name:12}{sum(judged) / len(judged):.2f} ms CPU to judge (p50 "
            f"{judged[len(judged) // 2]:.2f}, p99 {judged[len(judged) * 99 // 100]:.2f}), "
            f"{sum(run.learn_ms) / len(run.learn_ms):.2f} ms to learn; {run.memory}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, help="letters of each corpus")
    parser.add_argument("--corpus", action="append", help="only these")
    parser.add_argument("--alone", action="store_true", help="without bogofilter")
    parser.add_argument("--no-attacks", action="store_true")
    chosen = parser.parse_args()
    tune()  # As the processes that judge do.
    found = archives()
    if not found:
        raise SystemExit("no corpora: set VANTHU_SHARED to the folder that holds data/spam")
    beside = not chosen.alone and which("bogofilter") is not None
    for archive in found:
        for name, stream in read_all(archive).items():
            if chosen.corpus and name not in chosen.corpus:
                continue
            letters = stream[: chosen.most]
            tell(name, [nose(letters), *([bogofilter(letters)] if beside else [])])
            if not chosen.no_attacks and len(letters) > 2500:
                attack(name, letters, beside=beside)


if __name__ == "__main__":
    main()

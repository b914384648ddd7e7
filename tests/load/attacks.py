"""What a sender can do who knows how the filter works: padding, and a stolen account's header.

Both filters learn the first part of a stream; spam of the rest is altered and judged at the line
that loses 0.5 % of the rest's good mail, and by ours at the line it has drawn for itself, too.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from gateway.mail.message import Message
from gateway.spam.features import features
from gateway.spam.letter import read_letter
from gateway.spam.trainer import Pupil
from tests.load.corpora import Judged

Score = Callable[[bytes], float]
Change = Callable[[bytes], bytes]
SPAM = 400
HAM = 700
LOSS = 0.005
_OF_BODY = re.compile(rb"^(content-|mime-)", re.IGNORECASE)
_LEFT_OUT = re.compile(rb"^(content-|mime-|lines:|status:)", re.IGNORECASE)


def attack(name: str, stream: Sequence[Judged], *, beside: bool) -> None:
    """Print the table of what is missed."""
    known, rest = stream[: len(stream) * 7 // 10], stream[len(stream) * 7 // 10 :]
    random = Random(5)
    ham = [judged.raw for judged in rest if not judged.is_spam]
    spam = [judged.raw for judged in rest if judged.is_spam]
    random.shuffle(ham)
    random.shuffle(spam)
    ham, spam = ham[:HAM], spam[:SPAM]
    good = [judged.raw for judged in known if not judged.is_spam]
    changes = _changes(good, random)
    pupil = _taught(known)
    with tempfile.TemporaryDirectory(prefix="vanthu-bogofilter-") as folder:
        filters: dict[str, Score] = {"vanthu": lambda raw: _smelled(pupil, raw)}
        if beside:
            filters["bogofilter"] = _bogofilter(Path(folder), known)
        lines = {filter_: _line([score(raw) for raw in ham]) for filter_, score in filters.items()}
        print(f"\n{name}: spam missed when altered, {len(spam)} letters, 0.5 % of good mail lost")
        print(f"  {'':34}" + "".join(f"{filter_:>12}" for filter_ in filters) + "   own line")
        for told, change in changes.items():
            altered = [change(raw) for raw in spam]
            scored = {f: [score(raw) for raw in altered] for f, score in filters.items()}
            cells = "".join(f"{_share(scored[f], lines[f]):11.1f}%" for f in filters)
            own = _share(scored["vanthu"], pupil.gauge.threshold)
            print(f"  {told:34}{cells} {own:9.1f}%")


def _share(scores: list[float], line: float) -> float:
    return 100 * sum(score <= line for score in scores) / len(scores)


def _line(ham: list[float]) -> float:
    return sorted(ham, reverse=True)[int(len(ham) * LOSS)]


def _taught(known: Sequence[Judged]) -> Pupil:
    pupil = Pupil()
    for judged in known:
        pupil.learn(features(read_letter(Message(judged.raw))), judged.is_spam, 1.0)
    return pupil


def _smelled(pupil: Pupil, raw: bytes) -> float:
    return pupil.gauge.score(pupil.model.judge(features(read_letter(Message(raw)))))


def _bogofilter(folder: Path, known: Sequence[Judged]) -> Score:
    settings = folder / "more-digits.cf"
    settings.write_text(
        f"bogofilter_dir={folder}\nspamicity_formats=%.12e, %.12e, %.12e\n"
        "header_format=%h: %1.1c %p\n"
    )
    base = ["bogofilter", "-c", str(settings), "--db-transaction=no"]
    for is_spam, flag in ((True, "-s"), (False, "-n")):
        letters = (judged.raw for judged in known if judged.is_spam == is_spam)
        mbox = b"".join(
            b"From x@y Sun Apr  8 13:07:32 2007\n"
            + re.sub(rb"(?m)^From ", b">From ", raw)
            + b"\n\n"
            for raw in (letter.replace(b"\r\n", b"\n") for letter in letters)
        )
        subprocess.run([*base, "-M", flag], input=mbox, capture_output=True, check=True)

    def score(raw: bytes) -> float:
        done = subprocess.run([*base, "-v"], input=raw, capture_output=True, check=False)
        word = done.stdout.split()
        return float(word[2]) if len(word) > 2 else 0.5

    return score


def _changes(good: list[bytes], random: Random) -> dict[str, Change]:
    seen: dict[str, int] = {}
    for raw in good[:2500]:
        for word in set(re.findall(r"[a-z]{4,12}", _text(raw)[:3000].lower())):
            seen[word] = seen.get(word, 0) + 1
    lexicon = [word for word, count in seen.items() if count >= 25] or list(seen)
    bodies = [text[:4000] for text in map(_text, good[-1500:]) if len(text) > 2500] or [" "]

    def words(count: int) -> str:
        return " ".join(random.choice(lexicon) for _ in range(count))

    return {
        "written anew, no padding": _rebuilt,
        "50 good words behind": lambda raw: _rebuilt(raw, after="\n" + words(50)),
        "300 good words behind": lambda raw: _rebuilt(raw, after="\n" + words(300)),
        "300 good words before": lambda raw: _rebuilt(raw, words(300) + "\n"),
        "1000 good words before": lambda raw: _rebuilt(raw, words(1000) + "\n"),
        "a good letter's text behind": lambda raw: _rebuilt(
            raw, after="\n" + random.choice(bodies)
        ),
        "a good letter's text before": lambda raw: _rebuilt(raw, random.choice(bodies) + "\n"),
        "stolen account: a good header": lambda raw: _stolen(random.choice(good), raw),
    }


def _text(raw: bytes) -> str:
    leaves = Message(raw).mime.leaves
    return "\n".join(part.text(60_000) for part in leaves if part.type.startswith("text/"))


def _rebuilt(raw: bytes, before: str = "", after: str = "") -> bytes:
    message = Message(raw)
    kind = "html" if b"<html" in raw.lower() else "plain"
    head = b"".join(field for _, field in message.fields if not _LEFT_OUT.match(field))
    mime = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    return head + (mime + before + _text(raw) + after).encode("utf-8", "replace")


def _stolen(good: bytes, bad: bytes) -> bytes:
    """A spam's body, as it stands, under the header of a good letter."""
    head = b"".join(f for _, f in Message(good).fields if not _LEFT_OUT.match(f))
    message = Message(bad)
    mime = b"".join(field for _, field in message.fields if _OF_BODY.match(field))
    return head + mime + b"\r\n" + bytes(message.body)

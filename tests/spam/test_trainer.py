"""Lessons, versions, and a trainer that may be killed at any moment."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

from gateway.spam import versions
from gateway.spam.lessons import Lesson, Lessons
from gateway.spam.nose import Nose
from gateway.spam.trainer import DAILY_WEIGHT, Busy, Trainer
from tests.spam.made_up import letter, made_up


def now_ms() -> int:
    return 1_790_000_000_000


def lesson(number: int, *, teacher: str = "admin", weight: float = 1.0) -> Lesson:
    is_spam = bool(number % 2)
    read = letter(number, is_spam=is_spam)
    return Lesson(now_ms(), is_spam, teacher, weight, read.raw, read.head, read.text, read.links)


def train(folder: Path) -> Trainer:
    trainer = Trainer(folder, now_ms)
    while trainer.catch_up():
        pass
    return trainer


def digest(folder: Path) -> str:
    trainer = train(folder)
    trainer.publish()
    trainer.close()
    return versions.read(versions.path_of(folder, versions.current(folder))).label.sha256


def test_lessons_come_back_as_they_were(tmp_path: Path) -> None:
    lessons = Lessons(tmp_path)
    wanted = [lesson(number) for number in range(5)]
    ends = [lessons.append(record) for record in wanted]
    assert [record for _, record in Lessons(tmp_path).read(0)] == wanted
    assert [record for _, record in Lessons(tmp_path).read(ends[2])] == wanted[3:]
    assert lessons.at(ends[1]) == wanted[2]


@pytest.mark.parametrize("cut", [1, 5, 9, 100])
def test_what_a_killed_writer_left_is_cut_off(tmp_path: Path, cut: int) -> None:
    end = Lessons(tmp_path).append(lesson(1))
    Lessons(tmp_path).append(lesson(2))
    name = next(tmp_path.glob("*.lessons"))
    os.truncate(name, name.stat().st_size - cut)
    assert Lessons(tmp_path).end == end
    Lessons(tmp_path).append(lesson(3))
    assert [record for _, record in Lessons(tmp_path).read(0)] == [lesson(1), lesson(3)]


def test_a_worker_sees_what_was_published(tmp_path: Path) -> None:
    ticks = iter(range(0, 1000, 2))
    nose = Nose(tmp_path, now_ms, lambda: float(next(ticks)))
    assert nose.smell(made_up(1, is_spam=True)) is None
    nose.teach((made_up(n, is_spam=True) for n in range(40)), True, "admin")
    nose.teach((made_up(n, is_spam=False) for n in range(40)), False, "admin")
    trainer = train(tmp_path)
    assert trainer.is_ahead
    assert trainer.publish() == 1
    assert not trainer.is_ahead
    bad, good = (nose.smell(made_up(99, is_spam=is_spam)) for is_spam in (True, False))
    assert bad is not None
    assert good is not None
    assert bad.score > 0 > good.score
    assert (bad.ham, bad.spam, bad.version) == (40, 40, 1)


def test_only_one_trainer_is_at_work(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path, now_ms)
    with pytest.raises(Busy):
        Trainer(tmp_path, now_ms)
    trainer.close()
    Trainer(tmp_path, now_ms).close()


def test_the_same_lessons_give_the_same_tables_however_they_were_cut(tmp_path: Path) -> None:
    for cuts in ((60,), (7, 20, 33)):
        folder = tmp_path / str(len(cuts))
        lessons = Lessons(folder / "lessons")
        for number in range(60):
            lessons.append(lesson(number))
            if number in cuts:
                digest(folder)
    assert digest(tmp_path / "1") == digest(tmp_path / "3")


def test_going_back_forgets_what_came_after(tmp_path: Path) -> None:
    nose = Nose(tmp_path, now_ms)
    nose.teach((made_up(n, is_spam=bool(n % 2)) for n in range(20)), True, "admin")
    before = digest(tmp_path)
    nose.teach((made_up(n, is_spam=True) for n in range(100, 120)), False, "admin")
    assert digest(tmp_path) != before
    nose.return_to(1, "lan")
    assert digest(tmp_path) == before
    assert versions.current(tmp_path) == 3
    with pytest.raises(ValueError, match="kept are: 1, 2, 3"):
        nose.return_to(77, "lan")


def test_one_person_cannot_teach_more_than_his_share_in_a_day(tmp_path: Path) -> None:
    many = tuple(lesson(number, teacher="lan", weight=0.5) for number in range(60))
    Lessons(tmp_path / "lessons").append_all(many)
    trainer = train(tmp_path)
    assert trainer.refused == 60 - DAILY_WEIGHT / 0.5
    others = tuple(lesson(number, teacher="minh", weight=0.5) for number in range(4))
    Lessons(tmp_path / "lessons").append_all(others)
    trainer.catch_up()
    assert trainer.refused == 60 - DAILY_WEIGHT / 0.5
    trainer.close()


def spoil(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_in_place_of_a_damaged_version_the_one_before_it_learns_on(tmp_path: Path) -> None:
    quiet, hurt = tmp_path / "quiet", tmp_path / "hurt"
    for number in range(3):
        for folder in (quiet, hurt):
            Lessons(folder / "lessons").append(lesson(number))
            digest(folder)
    path = versions.path_of(hurt, 3)
    spoil(path, 100_000)
    with pytest.raises(versions.Damaged, match="checksum"):
        versions.read(path, to_train=True)
    assert digest(hurt) == digest(quiet)
    assert versions.current(hurt) == 4
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(versions.Damaged, match="bytes long"):
        versions.read(path)


def test_after_a_change_of_format_all_lessons_that_are_kept_are_learnt_anew(tmp_path: Path) -> None:
    nose = Nose(tmp_path, now_ms, iter(range(0, 1000, 2)).__next__)
    nose.teach((made_up(n, is_spam=bool(n % 2)) for n in range(20)), True, "admin")
    before = digest(tmp_path)
    path = versions.path_of(tmp_path, 1)
    page = b'{"format":"vanthu-nose 2 20/19","version":1}'
    path.write_bytes(page.ljust(64 * 1024, b"\0") + path.read_bytes()[64 * 1024 :])
    assert nose.smell(made_up(1, is_spam=True)) is None
    with pytest.raises(ValueError, match="kept are: none"):
        nose.return_to(1, "lan")
    assert digest(tmp_path) == before
    assert versions.current(tmp_path) == 2
    scent = nose.smell(made_up(1, is_spam=True))
    assert scent is not None
    assert scent.version == 2
    assert versions.labels(tmp_path)[1] is None


def test_old_versions_and_their_lessons_are_let_go(tmp_path: Path) -> None:
    for number in range(versions.KEPT + 3):
        Lessons(tmp_path / "lessons").append(lesson(number))
        digest(tmp_path)
    assert len(versions.versions(tmp_path)) == versions.KEPT


def test_killed_while_training_nothing_is_lost(tmp_path: Path) -> None:
    for name in ("killed", "quiet"):
        lessons = Lessons(tmp_path / name / "lessons")
        lessons.append_all(tuple(lesson(number) for number in range(240)))
    killed, kills = tmp_path / "killed", 0
    for delay_s in (0.35, 0.5, 0.7, 0.9, 1.2):
        kills += _killed(killed, delay_s)
    assert kills, "the trainer was always done before it could be killed"
    assert digest(killed) == digest(tmp_path / "quiet")


def _killed(folder: Path, delay_s: float) -> bool:
    """Train in a process of its own, publish all the time, be killed. Whether it was at work."""
    child = subprocess.Popen([sys.executable, "-c", _TRAIN, str(folder)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    began = monotonic()
    while monotonic() - began < delay_s and child.poll() is None:
        sleep(0.01)
    at_work = child.poll() is None
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    return at_work


_TRAIN = """
import sys
from pathlib import Path
from gateway.spam.trainer import Trainer
trainer = Trainer(Path(sys.argv[1]), lambda: 0)
print("ready", flush=True)
while trainer.catch_up(5):
    trainer.publish()
"""

"""A hundred deciders at once, and kill -9 with approvals in flight."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.approval.book import Book
from gateway.archive.queries import Wanted
from tests.approval.played import DOMAIN, Office, answer, code_in

DECIDERS = 100
BY_COMMAND = 8
"""Of them on the command line; each starts a process of its own."""
ROUNDS = 4


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    played = Office.furnish(tmp_path, 1)
    played.start()
    yield played
    played.stop()


def test_a_hundred_decide_at_once_and_one_wins(tmp_path: Path) -> None:
    office = Office.furnish(tmp_path, 34)
    logins = [f"{role}{n}" for n in range(34) for role in "ldc"][3 : 3 + DECIDERS]
    assert len(logins) >= DECIDERS - 1
    rules = f'[mailboxes."u0@{DOMAIN}"]\nsteps = [{{ by = "{",".join(logins)}" }}]\n'
    (office.config / "approval.toml").write_text(rules)
    office.start()
    try:
        _all_at_once(office, logins)
    finally:
        office.stop()


def _all_at_once(office: Office, logins: list[str]) -> None:
    mail = office.submit(0, "Thư trăm người")
    codes = {}
    for n, login in enumerate(logins):
        verb = "tuchoi" if n % 3 == 0 else "duyet"
        codes[login] = (verb, code_in(office.request(login, "Thư trăm người"), verb))
    by_mail, by_command = logins[BY_COMMAND:], logins[:BY_COMMAND]
    for login in by_mail:
        office.client(login)

    def write(login: str) -> None:
        verb, to = codes[login]
        word = "DUYỆT" if verb == "duyet" else "TỪ CHỐI"
        office.send(login, f"{login}@{DOMAIN}", [to], answer(login, to, word, None, "link"))

    def command(login: str) -> None:
        verb = ["grant"] if codes[login][0] == "duyet" else ["refuse", "--reason", "không"]
        office.command("approve", verb[0], mail, *verb[1:], "--as", login)

    with ThreadPoolExecutor(40) as pool:
        told = [pool.submit(command, login) for login in by_command]
        told += [pool.submit(write, login) for login in by_mail]
        for one in told:
            one.result()
    shelf = office.opened()
    book = Book(shelf.engine)
    office.wait(lambda: not book.letters(), "letters were not answered")
    words = book.decisions(mail)
    assert len(words) == len(logins)
    assert sum(word.counted for word in words) == 1
    (won,) = (word for word in words if word.counted)
    assert all(won.approver in word.why_not for word in words if not word.counted)
    office.becomes(mail, "queued" if won.decision == "approve" else "rejected")
    found = shelf.queries.one(mail)
    assert found
    released = [h for h in shelf.queries.why(found) if h.kind == "released" and h.counted]
    assert len(released) == (won.decision == "approve")
    shelf.close()


def test_killed_with_approvals_in_flight(office: Office) -> None:
    chance, sent = random.Random(4), dict[str, str]()
    for turn in range(ROUNDS):
        for n in range(3):
            subject = f"Thư {turn}.{n}"
            sent[subject] = office.submit(0, subject)
        time.sleep(chance.random() * 0.3)
        if turn % 2:
            office.kill()
            office.start()
        for n in range(3):
            subject = f"Thư {turn}.{n}"
            to = code_in(office.request("l0", subject), "duyet")
            office.send("l0", f"l0@{DOMAIN}", [to], answer("l0", to, "DUYỆT", None, "link"))
        time.sleep(chance.random() * 0.2)
        office.kill()
        office.start()
    for mail in sent.values():
        office.becomes(mail, "queued")
    office.wait(lambda: office.command("queue", "empty").returncode == 0, "still owed")
    shelf = office.opened()
    for subject, mail in sent.items():
        found = shelf.queries.one(mail)
        assert found
        story = shelf.queries.why(found)
        assert [h.kind for h in story].count("released") == 1, subject
        assert sum(h.kind.startswith("approve") and h.counted for h in story) == 1
        notices = shelf.queries.find(Wanted(about=mail, recipient=f"d0@{DOMAIN}"))
        asked = [n for n in notices if n.subject.startswith("[Chờ duyệt")]
        assert len(asked) == 1, subject
        assert office.about("a@mofa.example", subject)
    shelf.close()
    verified = office.command("archive", "verify")
    assert verified.returncode == 0, verified.stdout

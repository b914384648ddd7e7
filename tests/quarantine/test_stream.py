"""A stream of mail through the whole gateway, with people who say what is spam and what is not."""

from __future__ import annotations

import json
import signal
import smtplib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.load.corpora import archives, read_all
from tests.quarantine.test_quarantine import BOX, wait_for_lessons
from tests.roles.test_relay import Gateway, configure, start
from tests.shared import shared
from tests.spam.made_up import letter_bytes

Letter = tuple[bytes, bool]
"""The bytes, and whether it is spam."""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    config, *ports = configure(tmp_path)
    for name, changes in {
        "chains.toml": (
            ("enough_ham = 300", "enough_ham = 50"),
            ("enough_spam = 50", "enough_spam = 30"),
        ),
        "vanthu.toml": (
            ("publish_s = 30.0", "publish_s = 0.3"),
            ("[limits]", "[limits]\nconnections_per_client = 500"),
        ),
    }.items():
        text = (config / name).read_text(encoding="utf-8")
        for before, after in changes:
            text = text.replace(before, after)
        (config / name).write_text(text, encoding="utf-8")
    running = start(config, *ports)
    yield running
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(60) == 0


@dataclass
class Told:
    """What became of a stream."""

    delivered: int
    ham_held: int
    """Good letters that had to be released."""
    spam_through: int
    spam_held: int
    spam_refused: int = 0
    """At the door, by other filters: no author, a program attached."""


def learn(gateway: Gateway, letters: Sequence[Letter]) -> None:
    """Give the first letters as files, as an admin would."""
    for kind, wanted in (("spam", True), ("ham", False)):
        folder = gateway.config.parent / kind
        folder.mkdir()
        for number, (raw, is_spam) in enumerate(letters):
            if is_spam is wanted:
                (folder / f"{number}.eml").write_bytes(raw)
        assert gateway.command("learn", kind, str(folder)).returncode == 0
    wait_for_lessons(gateway, len(letters))


def hand_in(gateway: Gateway, letters: Sequence[Letter], told: Told) -> dict[str, bool]:
    """The numbers under which they were kept, with whether each is spam."""
    numbers: dict[str, bool] = {}
    for begin in range(0, len(letters), 10):
        with smtplib.SMTP("127.0.0.1", gateway.inbound) as client:
            client.ehlo("client.example")
            for raw, is_spam in letters[begin : begin + 10]:
                client.mail("citizen@example.net")
                client.rcpt("lan@songoaivu.example")
                code, text = client.data(raw)
                if code != 250:
                    assert is_spam, text
                    told.spam_refused += 1
                    continue
                numbers[text.decode().split(" as ")[1].split()[0]] = is_spam
    gateway.settle()
    return numbers


def correct(gateway: Gateway, numbers: dict[str, bool], told: Told) -> None:
    """What people do: release the good, say of the others in quarantine and mailbox: spam."""
    listed = gateway.command("quarantine", "list", "--json").stdout.splitlines()
    held = {json.loads(line)["number"] for line in listed}
    good = [n for n in held if not numbers[n]]
    bad = [n for n in held if numbers[n]]
    through = [n for n, is_spam in numbers.items() if is_spam and n not in held]
    told.ham_held += len(good)
    told.spam_held += len(bad)
    told.spam_through += len(through)
    if good:
        assert gateway.command("quarantine", "release", *good).returncode == 0
    if bad + through:
        assert gateway.command("quarantine", "learn", "spam", *bad, *through).returncode == 0
    gateway.settle()


def run(gateway: Gateway, letters: Sequence[Letter], known: int, batch: int) -> Told:
    """Learn some, then take the rest in batches; count at the end."""
    learn(gateway, letters[:known])
    told, rest = Told(0, 0, 0, 0), letters[known:]
    for begin in range(0, len(rest), batch):
        correct(gateway, hand_in(gateway, rest[begin : begin + batch], told), told)
    told.delivered = len(list((gateway.config.parent / BOX).iterdir()))
    ham = sum(not is_spam for _, is_spam in rest)
    assert told.delivered == ham + told.spam_through, "no good letter stays away"
    assert told.spam_held + told.spam_through + told.spam_refused == len(rest) - ham
    assert gateway.command("quarantine", "list", "--json").stdout == ""
    return told


def test_a_few_hundred_letters(gateway: Gateway) -> None:
    letters = [(letter_bytes(n, is_spam=n % 3 == 0), n % 3 == 0) for n in range(360)]
    told = run(gateway, letters, known=120, batch=80)
    assert told.spam_held > 4 * told.spam_through
    assert told.ham_held <= 2


@pytest.mark.shared
def test_two_thousand_letters_of_real_mail(gateway: Gateway) -> None:
    shared("data/spam/spam_dev.tar.zst")
    stream = read_all(archives()[0])["modern_mix_early"][:2000]
    told = run(gateway, [(one.raw, one.is_spam) for one in stream], known=600, batch=350)
    print(told)  # noqa: T201 -- the figures are what it is for.
    assert told.spam_held + told.spam_refused > 2 * told.spam_through
    assert told.ham_held <= 14

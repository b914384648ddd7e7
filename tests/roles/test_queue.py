"""A hand on what waits for a server that is away, over the whole gateway."""

import json
import smtplib
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.cli.main import main
from tests.ports import free_port
from tests.roles.test_relay import Gateway, configure, start

OWN = "lan@songoaivu.example"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    config, *ports = configure(tmp_path_factory.mktemp("queue"))
    routes = (config / "routes.toml").read_text(encoding="utf-8")
    first = f'[[routes]]\nto = ["*@*.away.example"]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {free_port()}'  # noqa: E501
    (config / "routes.toml").write_text(f"{first}\n\n{routes}", encoding="utf-8")
    running = start(config, *ports)
    yield running
    running.process.terminate()
    assert running.process.wait(40) == 0


@dataclass
class Hands:
    """Runs commands in this process: each would load for a second in one of its own."""

    gateway: Gateway
    capsys: pytest.CaptureFixture[str]

    def run(self, *words: str) -> tuple[int, str, str]:
        """Exit status, output, errors."""
        status = main(["--config", str(self.gateway.config), *words])
        said = self.capsys.readouterr()
        return status, said.out, said.err

    def done(self, *words: str) -> str:
        status, out, err = self.run(*words)
        assert status == 0, out + err
        return out

    def listed(self, *words: str) -> list[dict[str, object]]:
        lines = self.done("queue", "list", "--json", *words).splitlines()
        return [json.loads(line) for line in lines]

    def states(self, number: str) -> dict[str, str]:
        lines = self.done("queue", "show", "--json", number).splitlines()
        return {row["address"]: row["state"] for row in map(json.loads, lines)}


@pytest.fixture
def hands(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> Hands:
    return Hands(gateway, capsys)


def submit(gateway: Gateway, *to: str) -> str:
    context = ssl.create_default_context(cafile=gateway.config / "demo.pem")
    with smtplib.SMTP("localhost", gateway.submission) as client:
        client.starttls(context=context)
        client.login("lan", "secret")
        client.mail(OWN)
        for address in to:
            client.rcpt(address)
        code, text = client.data(f"From: {OWN}\r\nSubject: out\r\n\r\nhello\r\n")
    assert code == 250
    return text.decode().split(" as ")[1].split()[0]


def test_what_waits_is_listed_stopped_and_given_up(gateway: Gateway, hands: Hands) -> None:
    one = submit(gateway, "x@a.away.example", "y@b.away.example")
    two = submit(gateway, "z@b.away.example")
    for _ in range(200):
        time.sleep(0.05)
        rows = hands.listed("--destination", ".away.example")
        if len(rows) == 3 and all(row["reply"] for row in rows):
            break
    assert {row["state"] for row in rows} == {"deferred"}
    assert all("refused" in str(row["reply"]) for row in rows)
    tallies = hands.listed("--by", "destination", "--destination", ".away.example")
    assert {t["key"]: t["recipients"] for t in tallies} == {
        "a.away.example": 1,
        "b.away.example": 2,
    }

    status, _, said = hands.run("queue", "hold", "--destination", "b.away.example")
    assert (status, "--yes" in said) == (1, True)
    hands.done("queue", "hold", "--destination", "b.away.example", "--yes", "--reason", "is moving")
    assert hands.states(one) == {"x@a.away.example": "deferred", "y@b.away.example": "stopped"}
    assert hands.states(two) == {"z@b.away.example": "stopped"}
    hands.done("queue", "release", two)
    assert hands.states(two) != {"z@b.away.example": "stopped"}
    story = hands.done("why", one)
    assert "is moving [y@b.away.example]" in story

    hands.done("queue", "drop", two)
    assert hands.states(two) == {"z@b.away.example": "dropped"}
    hands.done("queue", "fail", one, "--reason", "the office has closed")
    gateway.settle()
    assert set(hands.states(one).values()) == {"failed"}
    folder = gateway.config.parent / "data/mail/songoaivu.example/lan/new"
    (report,) = folder.iterdir()
    text = report.read_text()
    assert "the office has closed" in text
    assert text.count("Action: failed") == 2
    assert "z@b" not in text


def test_nothing_fits(hands: Hands) -> None:
    hands.done("queue", "flush")
    assert hands.run("queue", "drop", "--sender", "nobody", "--yes")[0] == 1
    assert hands.run("queue", "drop")[0] == 1
    with pytest.raises(SystemExit):
        hands.run("queue", "list", "--older", "soon")


def test_where_mail_would_go(hands: Hands) -> None:
    alias = hands.done("route", "vanthu@songoaivu.example")
    assert alias.startswith("maildir: ")
    assert alias.endswith(", so@songoaivu.example\n")
    assert hands.done("route", "x@a.away.example").startswith("smtp: 127.0.0.1:")
    assert hands.done("tls") == ""
    assert json.loads(hands.done("tls", "--json"))["policies"] == []


def test_a_route_whose_file_is_missing_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, *_ = configure(tmp_path)
    text = '\n[[routes]]\nkind = "smarthost"\nhost = "h.example"\ncredentials = "no.secret"\n'
    with (config / "routes.toml").open("a", encoding="utf-8") as file:
        file.write(text)
    assert main(["--config", str(config), "check"]) == 1
    assert "no.secret" in capsys.readouterr().err

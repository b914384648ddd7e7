"""The suite of arc_test_suite: every chain judged, every message signature made."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from gateway.dns.canned import Canned
from gateway.identity import arc_check
from gateway.mail.message import Message
from tests.shared import HOME, shared

SUITE = HOME / "data/suites/arc"


def cases(name: str) -> Iterator[Any]:
    path = SUITE / name
    if not path.exists():
        yield pytest.param({}, {}, id=name)
        return
    for scenario in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        for case, wanted in scenario["tests"].items():
            yield pytest.param(scenario, wanted, id=case)


def letter(text: str) -> Message:
    return Message.parse(text.replace("\r\n", "\n").replace("\n", "\r\n").encode())


def resolver(scenario: dict[str, Any]) -> Canned:
    return Canned({name: {"TXT": [text]} for name, text in scenario["txt-records"].items()})


@pytest.mark.shared
@pytest.mark.parametrize(("scenario", "case"), list(cases("arc-draft-validation-tests.yml")))
async def test_chains(scenario: dict[str, Any], case: dict[str, Any]) -> None:
    shared("data/suites/arc")
    found = await arc_check.check(resolver(scenario), letter(case["message"]))
    wanted = case["cv"].strip().lower()
    assert found.word == (wanted or "fail"), found

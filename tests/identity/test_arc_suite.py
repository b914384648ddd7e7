"""The suite of arc_test_suite: every chain judged, every message signature made."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from dkim.util import parse_tag_value

from gateway.dns.canned import Canned
from gateway.identity import arc_check
from gateway.identity.canonical import Letter
from gateway.identity.keyring import KeyEntry, OwnKey
from gateway.identity.signing import seal
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


@pytest.mark.shared
@pytest.mark.parametrize(("scenario", "case"), list(cases("arc-draft-sign-tests.yml")))
def test_message_signatures(scenario: dict[str, Any], case: dict[str, Any]) -> None:
    shared("data/suites/arc")
    private = load_pem_private_key(scenario["privatekey"].encode(), None)
    assert isinstance(private, RSAPrivateKey)
    entry = KeyEntry(
        domain=scenario["domain"], selector=scenario["sel"], file="x", signs_from=date(2020, 1, 1)
    )
    made = seal(
        Letter.of(letter(case["message"])),
        OwnKey(entry, private),
        case["srv-id"],
        case["t"],
        case["sig-headers"].encode().split(b":"),
        standardize=True,
    )
    fields = {field.name: parse_tag_value(field.value.encode()) for field in made[1:]}
    for name, wanted in (("ARC-Message-Signature", case["AMS"]),):
        expected = parse_tag_value("".join(wanted.split()).encode())
        if not expected:
            assert name not in fields
            continue
        for tag in (b"b", b"bh"):
            assert b"".join(fields[name][tag].split()) == expected[tag]

"""The suites that come with RFC 4408 and RFC 7208, every case of them."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
import yaml

from gateway.dns.canned import AWAY, Canned
from gateway.identity.spf import Question, check
from tests.shared import HOME, shared

SUITES = ("rfc7208-tests.yml", "rfc4408-tests.yml")


def cases() -> Iterator[Any]:
    for suite in SUITES:
        path = HOME / "data/suites/spf" / suite
        if not path.exists():
            yield pytest.param({}, {}, id=suite)
            continue
        for scenario in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            for name, case in scenario["tests"].items():
                yield pytest.param(scenario["zonedata"], case, id=f"{suite[:7]}-{name}")


def zone(written: dict[str, list[Any]]) -> Canned:
    """The suites' way to write a zone: what is given as type SPF is TXT too, unless it says no."""
    names: dict[str, dict[str, list[Any]]] = {}
    for name, records in written.items():
        types = names.setdefault(str(name), {})
        for record in records:
            if record == "TIMEOUT":
                types[AWAY] = []
                continue
            ((kind, value),) = record.items()
            if value == "TIMEOUT":
                types[kind] = [AWAY]
            else:
                types.setdefault(kind, []).append(_value(kind, value))
        spf = types.pop("SPF", [])
        if spf and "TXT" not in types:
            types["TXT"] = spf
        types["TXT"] = [t for t in types.get("TXT", []) if t != b"NONE"]
        if not types["TXT"]:
            del types["TXT"]
    return Canned(names)


def _value(kind: str, value: Any) -> Any:
    match kind:
        case "TXT" | "SPF":
            text = value if isinstance(value, str) else "".join(value)
            return text.encode("utf-8")
        case "MX":
            return f"{value[0]} {value[1]}"
        case _:
            return str(value)


@pytest.mark.shared
@pytest.mark.parametrize(("zonedata", "case"), list(cases()))
async def test_suite(zonedata: dict[str, Any], case: dict[str, Any]) -> None:
    shared("data/suites/spf")
    sender = case["mailfrom"] or f"postmaster@{case['helo']}"
    question = Question(ip_address(case["host"]), case["helo"], sender, "receiver.example", 0)
    found = await check(zone(zonedata), question)
    wanted = case["result"] if isinstance(case["result"], list) else [case["result"]]
    assert found.word in wanted, found
    if case.get("explanation") not in {None, "DEFAULT"}:
        assert found.explanation == case["explanation"]
    elif case.get("explanation") == "DEFAULT":
        assert found.explanation == ""

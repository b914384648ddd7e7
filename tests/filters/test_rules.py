"""Rules without Python: who, what, when, then."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filters.rules import Rules
from gateway.api import Accept, Defer, Desk, Fact, Hold, Mail, Pass, Reject, Verdict, rules_from
from gateway.chain.patterns import any_match, matcher
from gateway.chain.rule import CHEAPEST_FIRST, When
from gateway.chain.rulebook import read_rules
from gateway.mail.facts import POINTS
from tests.filters.conftest import CONFIG, OURS, Letter, StoppedClock

TEXT = (
    "From: Bà Hoa <hoa@mofa.example>\nSubject: =?utf-8?q?C=C3=B4ng_v=C4=83n_KH=E1=BA=A8N?=\n"
    "X-Priority: 1 (high)\nContent-Type: text/plain; charset=utf-8\n\nXin chào các bạn\n"
)


@pytest.fixture
def mail(letter: Letter) -> Mail:
    return letter(TEXT, "hoa@mofa.example", f"lanhsu@{OURS}")


def ask(mail: Mail, *rules: dict[str, Any], **lists: set[str]) -> Verdict | None:
    named = [{"name": f"r{n}", "then": {"verdict": "hold"}, **r} for n, r in enumerate(rules)]
    kept = {name: frozenset(known) for name, known in lists.items()}
    return Rules(rules=rules_from(named), lists=kept).message(mail)


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({"sender": ["hoa@mofa.example"]}, True),
        ({"sender": ["*@mofa.example", "x@y.z"]}, True),
        ({"sender": ["*@*.mofa.example"]}, False),
        ({"sender": ["re:^hoa@"]}, True),
        ({"sender": ["list:p"]}, True),
        ({"recipient": ["list:p"]}, False),
        ({"author_name": ["ba hoa"]}, True),
        ({"subject": ["*khan*"]}, True),
        ({"subject": ["khẩn"]}, False),
        ({"subject": ["re:khẩn$"]}, True),
        ({"subject": ["re:^khẩn"]}, False),
        ({"header": {"x-priority": ["1*"]}}, True),
        ({"header": {"x-priority": ["1*"], "x-other": ["*"]}}, False),
        ({"text": ["*xin chao*"]}, True),
        ({"charset": ["utf-8"]}, True),
        ({"login": ["*"]}, False),
        ({"unit": ["lanhsu"]}, True),
        ({"unit": ["vanphong"]}, False),
        ({"client": ["192.0.2.0/24"]}, True),
        ({"client": ["2001:db8::/32"]}, False),
        ({"direction": ["in", "out"]}, True),
        ({"direction": ["internal"]}, False),
        ({"has_attachment": False}, True),
        ({"has_attachment": True}, False),
        ({"larger_bytes": 10}, True),
        ({"smaller_bytes": 10}, False),
        ({"results": {"spf": ["pass", "neutral"]}}, True),
        ({"results": {"spf": ["fail"]}}, False),
        ({"results": {"dmarc": ["pass"]}}, False),
        ({"points_over": 2.0}, True),
        ({"points_over": 3.0}, False),
        ({"days": ["tue"]}, True),
        ({"days": ["sat", "sun"]}, False),
        ({"hours": ["14:30-15:30"]}, True),
        ({"hours": ["07:30-11:30", "13:00-15:00"]}, False),
        ({"any": [{"subject": ["x"]}, {"charset": ["utf-8"]}]}, True),
        ({"any": [{"subject": ["x"]}, {"charset": ["x"]}]}, False),
        ({"all": [{"subject": ["*van*"]}, {"charset": ["utf-8"]}]}, True),
        ({"all": [{"subject": ["*van*"]}, {"charset": ["x"]}]}, False),
        ({"not": {"subject": ["x"]}}, True),
        ({"not": {"subject": ["*van*"]}}, False),
        ({"sender": ["*"], "not": {"any": [{"login": ["lan"]}, {"days": ["tue"]}]}}, False),
    ],
)
def test_conditions(mail: Mail, when: dict[str, Any], fits: bool) -> None:
    mail.transaction.facts[Fact[str]("spf")] = "pass"
    mail.transaction.facts[POINTS] = 2.5
    assert isinstance(ask(mail, {"if": when}, p={"@mofa.example"}), Hold) is fits


def test_the_matched_text_is_told(mail: Mail) -> None:
    verdict = ask(mail, {"if": {"subject": ["*khan*"], "larger_bytes": 5}})
    assert isinstance(verdict, Hold)
    assert verdict.reason.startswith("the rule 'r0'; ")
    assert "subject 'Công văn KHẨN'" in verdict.reason


def test_every_fitting_rule_counts_and_a_hold_stays(mail: Mail) -> None:
    verdict = ask(
        mail,
        {"then": {"verdict": "approval", "add_header": {"X-A": "1"}}},
        {"then": {"add_recipient": [f"so@{OURS}"]}},
        {"then": {"verdict": "accept"}},
        {"then": {"verdict": "reject"}},
    )
    assert isinstance(verdict, Hold)
    assert verdict.desk is Desk.APPROVAL
    assert len(verdict.edits) == 2


def test_priority_decides_who_is_first(mail: Mail) -> None:
    reject, accept = {"verdict": "reject", "reply": "No"}, {"verdict": "accept"}
    assert isinstance(ask(mail, {"then": reject}, {"then": accept}), Reject)
    assert isinstance(ask(mail, {"then": reject}, {"then": accept, "priority": 1}), Accept)
    stop = {"then": {"stop": True}, "priority": 9}
    assert isinstance(ask(mail, {"then": reject}, stop), Pass)


def test_replies(mail: Mail) -> None:
    verdict = ask(mail, {"then": {"verdict": "defer", "status": "4.2.1", "reply": "Later"}})
    assert isinstance(verdict, Defer)
    assert str(verdict.reply) == "450 4.2.1 Later"


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ({"valid_from": "2026-11-24", "valid_until": "2026-11-24"}, True),
        ({"valid_from": "2026-11-25"}, False),
        ({"valid_until": "2026-11-23"}, False),
        ({"enabled": False}, False),
    ],
)
def test_when_it_counts(mail: Mail, given: dict[str, Any], counts: bool) -> None:
    assert isinstance(ask(mail, given), Hold) is counts


def test_the_day_is_that_of_ha_noi() -> None:
    (rule,) = rules_from([{"name": "r", "valid_from": "2026-11-25", "then": {}}])
    assert rule.counts_at(StoppedClock(datetime(2026, 11, 24, 17, 0, tzinfo=UTC)).now())
    assert not rule.counts_at(datetime(2026, 11, 24, 16, 59, tzinfo=UTC))


def test_observed_rules_only_tell(mail: Mail) -> None:
    verdict = ask(mail, {"mode": "observe", "then": {"verdict": "reject"}})
    assert isinstance(verdict, Pass)
    assert "its word would be: reject" in verdict.reason
    assert not verdict.edits


def test_the_demo_is_right(mail: Mail) -> None:
    rules = Rules.model_validate_json('{"file": "rules.toml"}', context={"folder": CONFIG})
    assert rules.rules[0].priority == 100
    assert rules.lists["partners"]
    assert rules.message(mail) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[rules]]\nname = "a"\nthen = {verdict = "holt"}', "3: rule 'a': then.verdict:"),
        (
            '[[rules]]\nname = "a"\nthen = {}\n[rules.if]\nsubject = ["re:("]',
            ":5: rule 'a': if.subj",
        ),
        (
            '[[rules]]\nname = "a"\nthen = {}\n[[rules]]\nname = "b"\nthem = {}',
            ":6: rule 'b': them:",
        ),
        ('[[rules]]\nname = "a"\nthen = {}\nif = {hours = ["9-8"]}', ":4: rule 'a': if.hours"),
        ('[[rules]]\nname = "a"\nthen = {verdict = "reject", reply = "nô"}', "ASCII"),
        ('[[rules]]\nname = "a"\nthen = {add_header = {"X Y" = "b"}}', "not a header field name"),
        ('[[rules]]\nname = "a"\nthen = {}\nif = {}', "always true"),
        ('[lists]\na = "nosuch.txt"', "nosuch.txt: No such file"),
        ("[[rules]\n", "rules.toml: "),
        ("rule = 1", "rules.toml: rule: "),
    ],
)
def test_mistakes_name_rule_key_and_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "rules.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"rules\.toml|nosuch") as caught:
        read_rules(tmp_path / "rules.toml")
    assert told in str(caught.value)
    with pytest.raises(ValidationError):
        Rules.model_validate_json('{"file": "rules.toml"}', context={"folder": tmp_path})


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ([{"name": "a", "if": {"sender": ["list:x"]}, "then": {}}], "no list 'x'"),
        ([{"name": "a", "then": {}}, {"name": "a", "then": {}}], "two rules"),
    ],
)
def test_mistakes_across_rules(rules: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Rules(rules=rules_from(rules))


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_pattern_is_an_exception_later(pattern: str, text: str) -> None:
    try:
        asks = matcher(pattern)
    except ValueError:
        return
    assert asks(text) in {True, False}


def test_hostile_globs_and_texts() -> None:
    assert any_match(("*a*a*a*a*a*a*a*b",), ("a" * 20000,)) is None
    assert any_match(("re:(a+)+$",), ("a" * 20000 + "b",)) is None


def test_no_key_of_a_condition_is_left_out_when_it_is_asked() -> None:
    assert set(CHEAPEST_FIRST) == set(When.model_fields)

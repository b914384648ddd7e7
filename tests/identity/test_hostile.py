"""Nothing made to be taken for another is; nothing makes a check fall over or wander off."""

from __future__ import annotations

import pytest

from filters.dmarc import Dmarc
from gateway.api import Defer, Hold, Pass, Reject
from gateway.dns.canned import Canned
from tests.identity import hostile
from tests.identity.office import judged, results, walk

QUESTIONS_MAX = 120
"""Of one message: SPF may ask for 10 servers with 10 names each, DKIM for 8 keys."""
CASES = list(hostile.cases())


@pytest.mark.parametrize(
    ("letter", "zone"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
async def test_no_pass_no_exception_no_end_of_questions(
    letter: bytes, zone: dict[str, dict[str, list[object]]]
) -> None:
    dns = Canned(zone)
    outcome = await judged(walk(dns), letter)
    told = [finding.verdict.reason for finding in outcome.findings]
    assert not [reason for reason in told if " failed: " in reason], told
    assert isinstance(outcome.verdict, Reject | Defer | Hold), outcome
    assert len(dns.asked) <= QUESTIONS_MAX
    for reason in told:
        assert reason.isprintable(), reason


@pytest.mark.parametrize(
    ("letter", "zone"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
async def test_where_nothing_is_refused_nothing_passes_either(
    letter: bytes, zone: dict[str, dict[str, list[object]]]
) -> None:
    """Under an admin who only looks on, the results that the server behind us sees say no pass."""
    lenient = Dmarc.model_validate_json(
        '{"on_reject": "pass", "on_quarantine": "pass", "no_author": "pass", "temperror": "pass"}'
    )
    outcome = await judged(walk(zone, settings={"dmarc": lenient}), letter)
    assert isinstance(outcome.verdict, Pass), outcome
    said = results(outcome)
    assert said
    for method in ("dkim", "dmarc", "arc", "spf"):
        assert f"{method}=pass" not in said, said

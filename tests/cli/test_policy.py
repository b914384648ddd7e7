"""``vanthu dns check`` reads the policy that a sender would read, and holds it against the MX."""

import pytest

from gateway.cli.policy import look_at_policy
from gateway.delivery.sts import PolicyAway
from gateway.dns.canned import AWAY, Canned
from gateway.identity.published import State

ZONE = {
    "_mta-sts.example.vn": {"TXT": ["v=STSv1; id=1"]},
    "example.vn": {"MX": ["10 mx1.example.vn", "20 mx2.example.vn"]},
}
POLICY = "version: STSv1\nmode: {mode}\nmax_age: 604800\n"


async def looked(text: str, zone: object = ZONE) -> tuple[State, str] | None:
    async def fetch(domain: str) -> bytes:
        assert domain == "example.vn"
        if text == "away":
            raise PolicyAway("mta-sts.example.vn cannot be asked")
        return text.encode()

    line = await look_at_policy(Canned(zone), fetch, "example.vn")  # type: ignore[arg-type]
    return (line.state, line.text) if line else None


@pytest.mark.parametrize(
    ("mode", "names", "state", "piece"),
    [
        ("enforce", ["mx1.example.vn", "mx2.example.vn"], State.GOOD, "mode: enforce"),
        ("enforce", ["*.example.vn"], State.GOOD, "mx: *.example.vn"),
        ("enforce", ["mx1.example.vn"], State.WRONG, "mx2.example.vn"),
        ("testing", ["*.example.vn"], State.ADVICE, "testing"),
        ("none", [], State.ADVICE, "none"),
        ("strict", ["*.example.vn"], State.WRONG, "strict"),
    ],
)
async def test_a_policy(mode: str, names: list[str], state: State, piece: str) -> None:
    text = POLICY.format(mode=mode) + "".join(f"mx: {name}\n" for name in names)
    told = await looked(text)
    assert told
    assert told[0] is state
    assert piece in told[1]


async def test_a_policy_that_is_away_or_not_published() -> None:
    told = await looked("away")
    assert told
    assert (told[0], "cannot be asked" in told[1]) == (State.WRONG, True)
    assert await looked("away", {"example.vn": ZONE["example.vn"]}) is None
    away = await looked("away", {"_mta-sts.example.vn": {AWAY: []}})
    assert away
    assert away[0] is State.AWAY

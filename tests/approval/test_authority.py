"""Who may approve what, and when: the matrix of leaders, deputies and mandates."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.approval.authority import (
    Authority,
    Capacity,
    Delegation,
    NotAllowed,
    approvers,
    authority_of,
    check_delegation,
)
from gateway.mail.address import Address
from gateway.mail.people import ApprovalPolicy, Mailbox, MailboxKind, Person, Unit
from tests.conftest import FakeDirectory

NOW = datetime(2026, 8, 5, 9, 0, tzinfo=UTC)
BOX = Mailbox(
    Address.parse("vanphong@example.vn"),
    MailboxKind.UNIT,
    "Văn phòng",
    "vp",
    frozenset({"clerk"}),
    ApprovalPolicy.REQUIRED,
)
MANDATE = Delegation(
    "d1", "head", "minh", Capacity.TUQ, NOW, NOW + timedelta(hours=8), basis="12/QĐ-SNgV"
)


class Office(FakeDirectory):
    """A head, a deputy and two others in one unit."""

    def __init__(self, *disabled: str) -> None:
        logins = ("head", "deputy", "minh", "clerk")
        super().__init__(
            Person(x, x, "vp", "", frozenset(), disabled=x in disabled) for x in logins
        )

    def unit(self, key: str) -> Unit | None:
        return Unit("vp", "Văn phòng", "head", ("deputy",)) if key == "vp" else None


def test_the_leader_comes_first_then_deputies_then_mandates() -> None:
    assert approvers(Office(), BOX, [MANDATE], NOW) == (
        Authority("head", Capacity.SELF),
        Authority("deputy", Capacity.KT),
        Authority("minh", Capacity.TUQ, "d1", "12/QĐ-SNgV"),
    )


def test_disabled_people_and_unknown_units_approve_nothing() -> None:
    assert approvers(Office("head", "deputy"), BOX, [], NOW) == ()
    assert approvers(Office(), replace(BOX, unit="gone"), [MANDATE], NOW) == ()


def test_a_mandate_ends_on_the_minute_and_says_so() -> None:
    last = MANDATE.ends - timedelta(seconds=1)
    assert authority_of(Office(), BOX, [MANDATE], "minh", last).capacity is Capacity.TUQ
    with pytest.raises(NotAllowed, match="ended at 17:00"):
        authority_of(Office(), BOX, [MANDATE], "minh", MANDATE.ends)


def test_a_mandate_for_another_mailbox_does_not_reach_this_one() -> None:
    other = replace(MANDATE, mailboxes=frozenset({"khac@example.vn"}))
    with pytest.raises(NotAllowed, match="does not cover vanphong@"):
        authority_of(Office(), BOX, [other], "minh", NOW)


def test_a_revoked_mandate_is_none() -> None:
    revoked = replace(MANDATE, revoked_at=NOW)
    with pytest.raises(NotAllowed):
        authority_of(Office(), BOX, [revoked], "minh", NOW)


def test_a_clerk_is_no_approver() -> None:
    with pytest.raises(NotAllowed, match="not an approver"):
        authority_of(Office(), BOX, [MANDATE], "clerk", NOW)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"holder": "head"}, "oneself"),
        ({"ends": NOW}, "period"),
        ({"basis": " "}, "mandate"),
        ({"capacity": Capacity.SELF}, "cannot|not something"),
    ],
)
def test_what_the_decree_does_not_know_is_refused(changed: dict[str, object], why: str) -> None:
    bad = Delegation(**{**_fields(MANDATE), **changed})  # type: ignore[arg-type]
    with pytest.raises(NotAllowed, match=why):
        check_delegation(bad, [], NOW)


def test_a_mandate_may_not_be_passed_on() -> None:
    passed = replace(MANDATE, id="d2", lender="minh", holder="clerk")
    with pytest.raises(NotAllowed, match="passed on"):
        check_delegation(passed, [MANDATE], NOW)
    check_delegation(passed, [], NOW)


def _fields(value: Delegation) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__slots__}

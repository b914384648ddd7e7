"""Which word at the approval desk counted: found in journal order, the same at every rebuild."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.approval.codes import FOR_THE_DESK
from gateway.approval.rows import asks, decisions, letters, tags
from gateway.approval.verdicts import ask_of
from gateway.archive.approvals import (
    Alarm,
    Ask,
    BreakGlass,
    Code,
    Handled,
    IssueCodes,
    IssueTag,
    Lend,
    Rang,
    Release,
    Requested,
    Revoke,
    Say,
    SpendCode,
    SpendTag,
    Step,
)
from gateway.archive.commands import Command, Decide
from gateway.archive.journal import Entry
from gateway.archive.queries import Found
from gateway.archive.renewal import compare
from gateway.archive.shelf import Shelf
from gateway.roles.chapters import chapters
from tests.archive.samples import AT, entry, letter, mail_id

DAY = 86_400_000


class Desk:
    """A journal that is folded after each word."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = Shelf(folder, applies=True, chapters=chapters())

    def put(self, *commands: Command | Entry) -> None:
        entries = [c if isinstance(c, Entry) else Entry(c) for c in commands]
        self.shelf.journal.append_now(entries)
        assert self.shelf.applier
        self.shelf.applier.catch_up()

    def held(self, n: int, *desks: str) -> str:
        raw = letter(n)
        digest = sha256(raw).hexdigest()
        more = {"state": "held", "desks": desks or ("approval",), "sha256": digest}
        self.put(entry(n, raw, **more))
        return digest

    def asked(self, n: int, **more: Any) -> Ask:
        digest = self.held(n)
        given: dict[str, Any] = {
            "mail": mail_id(n), "kind": "hold", "at_ms": AT, "box": "so@example.vn",
            "unit": "so", "author": "lan", "digest": digest, "envelope": "e",
            "steps": (Step("leader"),), "expires_ms": AT + DAY,
        }  # fmt: skip
        ask = Ask(**given | more)
        self.put(ask)
        return ask

    def state(self, n: int) -> str:
        with self.shelf.engine.connect() as connection:
            row = ask_of(connection, mail_id(n))
        return str(row.state) if row else ""

    def found(self, n: int) -> Found:
        found = self.shelf.queries.one(mail_id(n))
        assert found
        return found

    def told(self, n: int) -> list[tuple[str, str, str, bool]]:
        events = self.shelf.queries.why(self.found(n))
        return [(h.kind, h.actor, h.text, h.counted) for h in events][2:]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.shelf.close()
    assert list(compare(tmp_path, chapters())) == []


def yes(ask: Ask, actor: str = "binh", **more: Any) -> Say:
    given: dict[str, Any] = {
        "mail": ask.mail, "verdict": "approve", "actor": actor, "at_ms": AT + 1000,
        "capacity": "self", "digest": ask.digest, "envelope": ask.envelope,
    }  # fmt: skip
    return Say(**given | more)


def test_the_first_word_counts_and_the_release_completes_it(desk: Desk) -> None:
    ask = desk.asked(1)
    desk.put(yes(ask), yes(ask, "tuan", capacity="KT"), yes(ask, verdict="refuse"))
    assert desk.state(1) == "approved"
    assert desk.found(1).state == "held"
    desk.put(Release(ask.mail, ask.digest, AT + 2000, (("Approved-By", "binh"),)))
    assert desk.state(1) == "queued"
    assert desk.found(1).state == "accepted"
    assert desk.found(1).added == (("Approved-By", "binh"),)
    assert [owed.added for owed in desk.shelf.queries.due(AT + DAY, 9)] == [desk.found(1).added]
    story = desk.told(1)
    assert ("approve (self)", "binh", f"sha256 {ask.digest}", True) in story
    late = [text for _, _, text, counted in story if not counted]
    assert late == ["already approved by binh at 21:13 on 21/09/2026"] * 2


def test_a_plain_release_does_not_count_at_this_desk(desk: Desk) -> None:
    ask = desk.asked(1)
    desk.put(Decide(ask.mail, "approval", "release", "root", AT))
    desk.put(Release(ask.mail, ask.digest, AT))
    assert (desk.state(1), desk.found(1).state) == ("pending", "held")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"digest": "0" * 64}, "stored message is not the one"),
        ({"envelope": "other"}, "stored message is not the one"),
        ({"at_ms": AT + DAY + 1}, "expired"),
        ({"actor": "lan"}, "nobody approves what he has sent"),
        ({"delegation": "d9", "capacity": "TUQ"}, "no such delegation"),
        ({"code": "0" * 64}, "code is not of this message"),
        ({"capacity": "king"}, "no capacity"),
        ({"step": 1}, "step is done"),
    ],
)
def test_words_that_do_not_count(desk: Desk, more: dict[str, Any], why: str) -> None:
    ask = desk.asked(1)
    desk.put(yes(ask, **more))
    assert desk.state(1) == "pending"
    assert why in desk.told(1)[-1][2]


def test_a_code_is_of_one_hold_one_person_one_verb_and_works_once(desk: Desk) -> None:
    first, second = desk.asked(1), desk.asked(2)
    codes = (
        Code("a1", first.mail, "binh", "approve"),
        Code("r1", first.mail, "binh", "refuse"),
        Code("a2", second.mail, "binh", "approve"),
    )
    desk.put(IssueCodes("approval", AT, AT + DAY, codes))
    desk.put(
        yes(first, code="a2"),
        yes(first, code="r1"),
        yes(first, "tuan", code="a1"),
        yes(second, code="a1"),
    )
    assert (desk.state(1), desk.state(2)) == ("pending", "pending")
    desk.put(yes(first, code="a1"), yes(first, code="a1"))
    assert (desk.state(1), desk.state(2)) == ("approved", "pending")


def test_a_step_needs_as_many_as_it_says_and_the_next_one_comes_after(desk: Desk) -> None:
    ask = desk.asked(1, steps=(Step("leader", 2), Step("keepers")))
    desk.put(Requested(ask.mail, 0, ("binh", "tuan"), AT))
    desk.put(yes(ask), yes(ask), yes(ask, "hoa", step=1))
    assert desk.state(1) == "pending"
    desk.put(yes(ask, "tuan", capacity="KT"), yes(ask, "hoa", capacity="clerk", step=1))
    assert desk.state(1) == "approved"


def test_the_leaders_own_mail_is_his_approval_only_where_policy_says_so(desk: Desk) -> None:
    mine, strict = desk.asked(1, author="binh", own=True), desk.asked(2, author="binh")
    desk.put(yes(mine, channel="own"), yes(strict, channel="own"))
    assert (desk.state(1), desk.state(2)) == ("approved", "pending")


def test_delegations_count_in_their_time_and_scope_alone(desk: Desk) -> None:
    def lend(id_: str, begins: int, ends: int, *boxes: str, holder: str = "minh") -> Lend:
        when = {"begins_ms": begins, "ends_ms": ends, "at_ms": AT - DAY, "actor": "binh"}
        return Lend(id_, "binh", holder, "TUQ", mailboxes=boxes, basis="12/QĐ-SNgV", **when)  # type: ignore[arg-type]

    desk.put(lend("past", AT - DAY, AT), lend("other", AT, AT + DAY, "x@example.vn"))
    desk.put(lend("gone", AT, AT + DAY), Revoke("gone", "binh", AT + 500))
    desk.put(Lend("passed", "minh", "tuan", "TL", AT, AT + DAY, "minh", AT + 1, basis="x"))
    ask = desk.asked(1)
    for id_ in ("past", "other", "gone", "passed"):
        desk.put(yes(ask, "minh", delegation=id_, capacity="TUQ"))
        desk.put(yes(ask, "tuan", delegation=id_, capacity="TL"))
    assert desk.state(1) == "pending"
    desk.put(lend("good", AT, AT + DAY, "so@example.vn"))
    desk.put(yes(ask, "minh", delegation="good", capacity="TUQ"))
    assert desk.state(1) == "approved"


def test_a_mandate_is_not_passed_on(desk: Desk) -> None:
    mandate = Lend("d1", "binh", "minh", "TUQ", AT, AT + DAY, "binh", AT, basis="12/QĐ")
    desk.put(mandate, Lend("d2", "minh", "tuan", "TL", AT, AT + DAY, "minh", AT + 1, basis="x"))
    ask = desk.asked(1)
    desk.put(yes(ask, "tuan", delegation="d2", capacity="TL"))
    assert desk.state(1) == "pending"


def test_two_people_break_the_glass_and_neither_is_the_sender(desk: Desk) -> None:
    ask = desk.asked(1)

    def broken(who: str, why: str = "fire") -> BreakGlass:
        return BreakGlass(ask.mail, who, AT, why, ask.digest, ask.envelope)

    desk.put(broken("hoa", ""), broken("lan"), broken("hoa"), broken("hoa"))
    assert desk.state(1) == "pending"
    desk.put(broken("minh"))
    assert desk.state(1) == "approved"


def test_a_refusal_an_end_and_a_withdrawal_close_it(desk: Desk) -> None:
    refused, expired, taken = desk.asked(1), desk.asked(2), desk.asked(3)
    desk.put(yes(refused, verdict="refuse", comment="sai nơi nhận"))
    desk.put(yes(expired, "", verdict="expire"), yes(taken, "hoa", verdict="withdraw"))
    assert [desk.state(n) for n in (1, 2, 3)] == ["rejected", "pending", "pending"]
    desk.put(yes(expired, "", verdict="expire", at_ms=AT + DAY))
    desk.put(yes(taken, "lan", verdict="withdraw"))
    assert [desk.found(n).state for n in (1, 2, 3)] == ["declined", "expired", "withdrawn"]
    desk.put(yes(refused), yes(taken), Release(refused.mail, refused.digest, AT))
    assert desk.found(1).state == "declined"


def test_a_new_version_takes_the_place_of_the_one_that_waits(desk: Desk) -> None:
    old = desk.asked(1)
    desk.asked(2, before=old.mail, supersedes=True)
    assert (desk.state(1), desk.found(1).state) == ("superseded", "withdrawn")
    desk.put(yes(old))
    assert desk.state(1) == "superseded"
    desk.asked(3, before=mail_id(2), supersedes=True, author="minh")
    assert desk.state(2) == "pending"


def test_an_alarm_rings_once(desk: Desk) -> None:
    alarms = (Alarm(AT + 1, "remind"), Alarm(AT + 2, "expire"))
    ask = desk.asked(1, alarms=alarms)
    desk.put(Rang(ask.mail, 0, AT + 1), Rang(ask.mail, 0, AT + 1))
    with desk.shelf.engine.connect() as connection:
        row = ask_of(connection, ask.mail)
        assert row
        assert (row.rung, row.next_ms) == (1, AT + 2)


def test_a_tag_is_spent_once_on_the_same_manifest_and_by_the_right_unit(desk: Desk) -> None:
    desk.put(entry(1, state="discarded", reason=FOR_THE_DESK, sha256="d"))
    draft = Ask(
        mail_id(1), "draft", AT, "so@example.vn", "so", "lan", "d", "e", "m1:x",
        steps=(Step("leader"),), expires_ms=AT + DAY,
    )  # fmt: skip
    desk.put(draft, yes(draft), IssueTag(draft.mail, "t", AT, AT + DAY))
    assert desk.state(1) == "tagged"
    for n, box, manifest, why in (
        (2, "so@example.vn", "m1:y", "not the one that was approved"),
        (3, "lanhsu@example.vn", "m1:x", "tag is for so@example.vn"),
        (4, "so@example.vn", "m1:x", ""),
        (5, "so@example.vn", "m1:x", "tag was used for"),
    ):
        digest = desk.held(n)
        desk.put(SpendTag(mail_id(n), "t", box, "lan", AT, digest, "e", manifest))
        assert desk.state(n) == ("new" if why else "approved")
        assert why in desk.told(n)[-1][2]
    with desk.shelf.engine.connect() as connection:
        said = connection.execute(select(decisions).where(decisions.c.mail == mail_id(4))).one()
        assert (said.approver, said.channel, said.manifest) == ("binh", "tag", "m1:x")
        assert connection.execute(select(tags.c.spent_on)).scalar_one() == mail_id(4)


def test_letters_to_the_desk_are_handled_once(desk: Desk) -> None:
    desk.put(entry(1, state="discarded", reason=FOR_THE_DESK), entry(2, state="discarded"))
    desk.put(Handled(mail_id(1), AT, "help"), Handled(mail_id(1), AT, "again"))
    with desk.shelf.engine.connect() as connection:
        assert [
            tuple(r) for r in connection.execute(select(letters.c.mail, letters.c.handled))
        ] == [(mail_id(1), "help")]
        assert connection.execute(select(asks)).first() is None


def test_another_desks_code_moves_its_mail_once(desk: Desk) -> None:
    desk.held(1, "quarantine")
    desk.put(IssueCodes("quarantine", AT, AT + DAY, (Code("q", mail_id(1), "lan", "release"),)))
    desk.put(SpendCode("quarantine", "q", "hoa", "release", AT))
    assert desk.found(1).state == "held"
    desk.put(SpendCode("quarantine", "q", "lan", "release", AT))
    assert desk.found(1).state == "accepted"
    assert [counted for *_, counted in desk.told(1)] == [False, True]

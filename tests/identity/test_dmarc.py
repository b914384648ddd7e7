"""DMARC over records of our own: whose policy counts, what it asks, and who may override it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from filters.dmarc import Dmarc
from gateway.api import AddHeader, Defer, Hold, Message, Pass, Reject
from gateway.dns.canned import AWAY, Canned, Zone
from gateway.identity import dmarc
from gateway.identity.keyring import Keyring, new_keys
from gateway.identity.signing import KeyringSigner
from gateway.mail.origin import DkimResult, DmarcResult, SpfResult, Word
from tests.identity.office import LETTER, NOW, REFUSE, judged, results, walk

HERE = {"phong.so.example.vn": {"A": ["192.0.2.1"]}}
SUB = b"From: Lan <lan@phong.so.example.vn>\r\n\r\nHello\r\n"


async def checked(
    zone: Zone,
    letter: bytes = LETTER,
    spf: SpfResult | None = None,
    dkim: tuple[DkimResult, ...] = (),
) -> DmarcResult:
    return await dmarc.check(Canned(zone), Message(letter), spf, dkim)


def policy(tags: str, name: str = "example.vn") -> dict[str, dict[str, list[str]]]:
    return {f"_dmarc.{name}": {"TXT": [f"v=DMARC1; {tags}"]}}


@pytest.mark.parametrize(
    ("letter", "zone", "asked"),
    [
        (LETTER, policy("p=reject"), "reject"),
        (LETTER, policy("p=quarantine"), "quarantine"),
        (LETTER, policy("p=none"), "none"),
        (LETTER, policy("p=reject; t=y"), "quarantine"),
        (LETTER, policy("p=reject; pct=0"), "quarantine"),
        (LETTER, policy("p=oops; rua=mailto:x@example.vn"), "none"),
        (SUB, policy("p=reject; sp=quarantine"), "quarantine"),
        (SUB, policy("p=none; sp=reject") | HERE, "reject"),
        (SUB, policy("p=none; np=reject"), "reject"),
        (SUB, policy("p=none; np=reject") | HERE, "none"),
        (SUB, policy("p=none") | policy("p=reject", "phong.so.example.vn"), "reject"),
    ],
)  # fmt: skip
async def test_what_a_domain_asks(letter: bytes, zone: Zone, asked: str) -> None:
    found = await checked(zone, letter)
    assert (found.word, found.disposition) == (Word.FAIL, asked), found


@pytest.mark.parametrize(
    ("tags", "spf", "dkim", "wanted"),
    [
        ("p=reject", "example.vn", "", Word.PASS),
        ("p=reject", "mail.example.vn", "", Word.PASS),
        ("p=reject; aspf=s", "mail.example.vn", "", Word.FAIL),
        ("p=reject", "other.vn", "", Word.FAIL),
        ("p=reject", "", "so.example.vn", Word.PASS),
        ("p=reject; adkim=s", "", "so.example.vn", Word.FAIL),
        ("p=reject", "", "vn", Word.FAIL),
        ("p=reject", "other.vn", "example.vn", Word.PASS),
    ],
)
async def test_alignment(tags: str, spf: str, dkim: str, wanted: Word) -> None:
    found = await checked(
        policy(tags),
        spf=SpfResult(Word.PASS, spf) if spf else None,
        dkim=(DkimResult(Word.PASS, dkim),) if dkim else (),
    )
    assert found.word is wanted


DEEP = b"From: a@p.so.tinh.gov.vn\r\n\r\nHello\r\n"
SUFFIX = policy("p=none; sp=reject; np=quarantine", "gov.vn")
THERE = {"p.so.tinh.gov.vn": {"A": ["192.0.2.1"]}}


@pytest.mark.parametrize(
    ("letter", "zone", "asked", "where"),
    [
        (SUB, policy("p=reject", "so.example.vn"), "reject", "so.example.vn"),
        (SUB, policy("p=none") | policy("p=reject", "so.example.vn"), "none", "example.vn"),
        (
            SUB,
            policy("p=none") | policy("p=reject; psd=n", "so.example.vn"),
            "reject",
            "so.example.vn",
        ),
        (SUB, policy("p=reject", "vn") | HERE, "reject", "vn"),
        (DEEP, SUFFIX | THERE, "reject", "gov.vn"),
        (DEEP, SUFFIX, "quarantine", "gov.vn"),
        (DEEP, SUFFIX | policy("p=none", "tinh.gov.vn"), "none", "tinh.gov.vn"),
        (LETTER, policy("p=reject; psd=y"), "reject", "example.vn"),
        (SUB, policy("p=none; sp=reject; psd=y") | HERE, "reject", "example.vn"),
        (LETTER, {"_dmarc.example.vn": {"TXT": ["V = DMARC1 ; p = Reject"]}}, "reject", None),
        (LETTER, policy("sp=reject; rua=mailto:x@example.vn"), "none", None),
        (SUB, policy("p=reject; sp=oops"), "reject", "example.vn"),
    ],
)
async def test_the_walk_up_the_tree(
    letter: bytes, zone: Zone, asked: str, where: str | None
) -> None:
    found = await checked(zone, letter)
    assert (found.word, found.disposition) == (Word.FAIL, asked), found
    assert where is None or (found.policy and found.policy.domain == where)


@pytest.mark.parametrize(
    ("zone", "other", "wanted"),
    [
        (policy("p=reject"), "other.phong.so.example.vn", Word.PASS),
        (policy("p=reject") | policy("p=none; psd=n", "so.example.vn"), "example.vn", Word.FAIL),
        (policy("p=reject") | policy("p=none; psd=n", "b.example.vn"), "b.example.vn", Word.FAIL),
        (policy("p=reject; psd=y"), "so.example.vn", Word.PASS),
        (policy("p=reject; psd=y"), "b.example.vn", Word.FAIL),
        (policy("p=reject", "phong.so.example.vn"), "example.vn", Word.FAIL),
        (policy("p=reject", "vn"), "b.vn", Word.FAIL),
        (policy("p=reject", "vn"), "example.vn", Word.PASS),
    ],
)
async def test_whose_signature_is_the_organisations(zone: Zone, other: str, wanted: Word) -> None:
    found = await checked(zone, SUB, dkim=(DkimResult(Word.PASS, other),))
    assert found.word is wanted, found


def test_a_walk_has_eight_steps_at_most() -> None:
    assert dmarc.walked("a.b.vn") == ("a.b.vn", "b.vn", "vn")
    eight = dmarc.walked("1.2.3.4.5.6.7.8")
    assert eight[:2] == ("1.2.3.4.5.6.7.8", "2.3.4.5.6.7.8")
    long = dmarc.walked(".".join(map(str, range(30))))
    assert len(long) == 8
    assert long[1] == "23.24.25.26.27.28.29"


async def test_no_reports_and_no_policy_ask_for_nothing() -> None:
    assert (await checked(policy("sp=reject"))).word is Word.NONE
    assert (await checked(policy("p=oops; rua=nobody"))).word is Word.NONE


async def test_silence_above_hurts_only_where_it_counts() -> None:
    away: Zone = {"_dmarc.vn": {AWAY: []}, "_dmarc.example.vn": {"TXT": ["v=DMARC1; p=reject"]}}
    exact = (DkimResult(Word.PASS, "example.vn"),)
    assert (await checked(away, dkim=exact)).word is Word.PASS
    assert (await checked(away)).word is Word.FAIL
    assert (await checked(away, SUB)).word is Word.TEMPERROR


async def test_no_policy_and_two_policies_are_none() -> None:
    assert (await checked({})).word is Word.NONE
    two = {"_dmarc.example.vn": {"TXT": ["v=DMARC1; p=reject"] * 2}}
    assert (await checked(two)).word is Word.NONE
    assert (await checked({"_dmarc.example.vn": {"TXT": ["v=spf1 -all"]}})).word is Word.NONE


@pytest.mark.parametrize(("asked", "wanted"), [("reject", Reject), ("quarantine", Hold)])
async def test_what_is_asked_is_done(asked: str, wanted: type[object]) -> None:
    outcome = await judged(walk(policy(f"p={asked}")), LETTER)
    assert isinstance(outcome.verdict, wanted)


@pytest.mark.parametrize(
    "zone", [REFUSE | {"example.vn": {AWAY: []}}, {"_dmarc.example.vn": {AWAY: []}}]
)
async def test_silence_is_never_a_pass(zone: Zone) -> None:
    assert isinstance((await judged(walk(zone), LETTER)).verdict, Defer)
    points = Dmarc.model_validate_json('{"temperror": "points"}')
    outcome = await judged(walk(zone, settings={"dmarc": points}), LETTER)
    assert isinstance(outcome.verdict, Pass)
    assert any(point.name == "dmarc-temperror" and point.value > 0 for point in outcome.points)
    assert "dmarc=temperror" in results(outcome)


def forwarded(folder: Path, said: str) -> tuple[bytes, Zone]:
    """A letter that a list has sealed and then changed."""
    keys = new_keys(folder, "lists.example", date(2026, 1, 1))
    signer = KeyringSigner(Keyring.load(folder))
    field = AddHeader("Authentication-Results", f"mx.lists.example;\r\n\tdmarc={said}")
    message = Message(LETTER).edited((field,))
    message = message.edited(signer.seal(message, "lists.example", NOW))
    return bytes(message), {key.record_name: {"TXT": [key.record]} for key in keys}


TRUSTING = {"dmarc": Dmarc.model_validate_json('{"trusted_sealers": ["lists.example"]}')}


async def test_the_word_of_a_trusted_forwarder_counts(tmp_path: Path) -> None:
    letter, keys = forwarded(tmp_path, "pass header.from=example.vn")
    zone = REFUSE | dict(keys)
    outcome = await judged(walk(zone, settings=TRUSTING), letter)
    assert isinstance(outcome.verdict, Pass)
    assert "arc=pass" in results(outcome)
    assert "dmarc=fail (p=reject dis=none)" in results(outcome)
    assert any("trusted_forwarder" in f.verdict.reason for f in outcome.findings)
    assert isinstance((await judged(walk(zone), letter)).verdict, Reject)
    changed = letter.replace(b"Hello", b"Hallo")
    assert isinstance((await judged(walk(zone, settings=TRUSTING), changed)).verdict, Reject)


async def test_a_forwarder_who_saw_it_fail_is_believed_too(tmp_path: Path) -> None:
    letter, keys = forwarded(tmp_path, "fail header.from=example.vn")
    outcome = await judged(walk(REFUSE | dict(keys), settings=TRUSTING), letter)
    assert isinstance(outcome.verdict, Reject)


async def test_a_list_that_we_know_must_have_signed(tmp_path: Path) -> None:
    keys = new_keys(tmp_path, "lists.example", date(2026, 1, 1))
    signer = KeyringSigner(Keyring.load(tmp_path))
    message = Message(b"List-Id: Ban tin <tin.lists.example>\r\n" + LETTER)
    letter = bytes(message.edited(signer.sign(message, "lists.example", NOW)))
    zone = REFUSE | {key.record_name: {"TXT": [key.record]} for key in keys}
    known = {"dmarc": Dmarc.model_validate_json('{"known_lists": ["tin.lists.example"]}')}
    outcome = await judged(walk(zone, settings=known), letter)
    assert isinstance(outcome.verdict, Pass), outcome
    assert any("mailing_list" in f.verdict.reason for f in outcome.findings)
    unsigned = await judged(walk(zone, settings=known), bytes(message))
    assert isinstance(unsigned.verdict, Reject)
    assert isinstance((await judged(walk(zone), letter)).verdict, Reject)

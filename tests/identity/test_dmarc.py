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

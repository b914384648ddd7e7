"""SPF, DKIM, DMARC, our results field and our signature, one after the other over one letter."""

from datetime import date
from pathlib import Path

from filters.sign import Sign
from gateway.api import AddHeader, DropHeader, Pass, Reject, Word
from gateway.dns.canned import AWAY, Canned, Zone
from gateway.identity import arc_check
from gateway.identity.keyring import new_keys
from gateway.mail.verdict import Defer
from tests.identity.office import LETTER, REFUSE, judged, walk


async def test_what_we_sign_is_verified_and_stands_behind_its_author(tmp_path: Path) -> None:
    made = new_keys(tmp_path, "example.vn", date(2026, 11, 24))
    sent = await judged(walk({}, tmp_path, user="lan"), LETTER)
    leaving = bytes(sent.message.edited(sent.edits))
    assert leaving.count(b"DKIM-Signature:") == 2
    zone = REFUSE | {key.record_name: {"TXT": [key.record]} for key in made}
    came = await judged(walk(zone), leaving)
    assert came.verdict == Pass()
    (field,) = [e for e in came.edits if isinstance(e, AddHeader)]
    assert field.value.count("dkim=pass") == 2
    assert "dmarc=pass" in field.value
    for broken in (leaving.replace(b"Hello", b"Hallo"), b"Subject: more\r\n" + leaving):
        assert isinstance((await judged(walk(zone), broken)).verdict, Reject)


async def test_nothing_that_came_in_unauthenticated_is_signed(tmp_path: Path) -> None:
    new_keys(tmp_path, "example.vn", date(2026, 11, 24))
    came = await judged(walk({}, tmp_path), LETTER)
    assert not [e for e in came.edits if isinstance(e, AddHeader) and "DKIM" in e.name]


async def test_what_comes_in_is_sealed_where_that_is_asked(tmp_path: Path) -> None:
    made = new_keys(tmp_path, "here.vn", date(2026, 11, 24))
    sealing = {"sign": Sign(seal="here.vn")}
    came = await judged(walk({}, tmp_path, settings=sealing), LETTER)
    leaving = came.message.edited(came.edits)
    zone = Canned({key.record_name: {"TXT": [key.record]} for key in made})
    found = await arc_check.check(zone, leaving)
    assert (found.word, found.sealers) == (Word.PASS, ("here.vn",))
    assert "dkim=none" in found.reported[0]


async def test_spf_alone_is_enough_and_silence_never_is() -> None:
    spf = {"example.vn": {"TXT": ["v=spf1 ip4:192.0.2.7 -all"]}}
    assert (await judged(walk(REFUSE | spf), LETTER)).verdict == Pass()
    assert isinstance((await judged(walk(REFUSE), LETTER)).verdict, Reject)
    away = REFUSE | {"example.vn": {AWAY: []}}
    assert isinstance((await judged(walk(away), LETTER)).verdict, Defer)
    unknown: Zone = {"_dmarc.example.vn": {AWAY: []}}
    assert isinstance((await judged(walk(unknown), LETTER)).verdict, Defer)


async def test_two_authors_are_no_author() -> None:
    for extra in (b"From: y@example.org\r\n", b"From : y@example.org\r\n"):
        assert isinstance((await judged(walk({}), extra + LETTER)).verdict, Reject)


async def test_results_under_our_name_are_ours_alone() -> None:
    forged = b"Authentication-Results: (x) MX.here.vn; dmarc=pass\r\n"
    other = b"Authentication-Results: mx.there.vn; dmarc=pass\r\n"
    came = await judged(walk({}), other + forged + LETTER)
    assert DropHeader("Authentication-Results", 1) in came.edits
    assert bytes(came.message.edited(came.edits)).count(b"dmarc=pass") == 1

"""Twenty-two things that happen in a records office, and the test of each.

A case goes when its test goes: this list is held to the tests that there are.
"""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.archive.commands import Receive
from gateway.archive.queries import Found
from gateway.archive.registering import Void
from gateway.cli.demo import make
from gateway.intake import entry
from gateway.mail.legacy import READERS
from gateway.mail.number import parse
from gateway.mail.papers import FileKind
from gateway.mail.verdict import Hold, Pass
from gateway.quarantine.reasons import is_pressing
from gateway.registry.columns import Beside, cells
from gateway.registry.lines import of_row
from gateway.registry.rights import Rights
from gateway.settings.read import read_settings
from tests.papers import KnownDocuments
from tests.registry.desk import NOON, open_desk
from tests.registry.office import CONFIG, UNIT, Desk, books, letter, mail, people, work
from tests.registry.papers import DISPATCH, digital
from tests.test_golden import judged

TESTS = Path(__file__).parents[1]
CASES = {
    "the year ends at 17:00 UTC": (
        "registry/test_books.py::test_numbers_follow_one_another_and_begin_anew_with_the_local_year"
    ),
    "two clerks at once, killed": "crash/test_books.py::test_two_clerks_who_are_killed",
    "one PDF by three ways": (
        "registry/test_books.py::test_the_same_pdf_by_three_ways_is_one_entry_with_three_arrivals"
    ),
    "one number, two dates": (
        "registry/test_books.py::test_one_number_with_two_days_is_two_entries_and_a_weak_warning"
    ),
    "50, 50a, 51 in order": (
        "registry/test_books.py::test_an_inserted_number_comes_behind_its_base"
    ),
    "50 finds 50a": "registry/test_lookup.py::test_inserted_numbers_come_with_their_base",
    "a void number": "registry/test_books.py::test_a_void_number_stays_and_nobody_gets_it",
    "a void number prints so": "registry/test_cases.py::test_a_void_number_prints_as_bo_so",
    "a mandate ends on the minute": (
        "approval/test_authority.py::test_a_mandate_ends_on_the_minute_and_says_so"
    ),
    "no mandate of a mandate": "approval/test_authority.py::test_a_mandate_may_not_be_passed_on",
    "the author does not approve": "approval/test_rounds.py::test_one_person_is_no_chain",
    "unless he is the head": (
        "approval/test_chapter.py::"
        "test_the_leaders_own_mail_is_his_approval_only_where_policy_says_so"
    ),
    "one byte changed after approval": (
        "approval/test_rounds.py::test_a_bit_flips_after_the_decision_and_nothing_is_released"
    ),
    "recipients named and not": (
        "filters/test_distribution.py::test_missing_and_extra_are_both_named"
    ),
    "a personal mailbox sends a dispatch": (
        "filters/test_official_name.py::test_a_dispatch_in_a_personal_letter_waits_for_approval"
    ),
    "a letter about one": "filters/test_official_name.py::test_a_letter_about_one_goes",
    "the stamp": "filters/test_dispatch.py::test_stamped_documents_that_come_in_are_shut_away",
    "the word is not the stamp": "filters/test_dispatch.py::test_the_word_is_not_the_stamp",
    "advertising has no number": (
        "registry/test_registrar.py::test_labelled_advertising_has_no_number"
    ),
    "QC is a regulation, too": "filters/test_spam.py::test_a_regulation_is_no_advertising",
    "U+00AD is a letter": "mail/test_legacy.py::test_the_letter_that_extractors_take_for_a_hyphen",
    "TCVN3 is found, its bytes kept": (
        "registry/test_cases.py::test_an_old_document_is_found_and_saved_as_it_came"
    ),
    "TCVN3 is read": "registry/test_document.py::test_a_document_in_an_old_charset_says_the_same",
    "number and day of signature fields": (
        "registry/test_document.py::test_number_and_day_in_signature_fields"
    ),
    "a blank date": "registry/test_document.py::test_a_blank_date_stays_blank",
    "look-alikes": "registry/test_lookup.py::test_any_spelling_finds_it",
    "two numbers, none chosen": (
        "registry/test_registrar.py::"
        "test_document_and_subject_that_disagree_are_both_shown_and_none_is_chosen"
    ),
    "Tết": (
        "approval/test_calendar.py::test_a_request_is_open_until_the_end_of_the_next_working_day"
    ),
    "renamed, on paper": (
        "registry/test_cli.py::test_slips_of_may_bear_the_old_name_and_those_of_august_the_new"
    ),
    "a complaint with wrong SPF": (
        "registry/test_cases.py::test_a_complaint_with_wrong_spf_is_not_refused_silently"
    ),
    "handed over": "approval/test_handover.py::test_the_command_hands_over_while_the_gateway_runs",
    "renamed, found": "registry/test_lookup.py::test_who_was_renamed_is_found_by_either_name",
}


@pytest.mark.parametrize("case", CASES)
def test_every_case_has_its_test(case: str) -> None:
    path, _, name = CASES[case].partition("::")
    text = (TESTS / path).read_text(encoding="utf-8")
    assert re.search(rf"^(?:async )?def {name}\(", text, re.MULTILINE)


def test_a_void_number_prints_as_bo_so(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        number = desk.reserve()
        desk.say(Void(number, NOON, "lan", "soạn lại"))
        line = of_row(desk.line(number))
        at = Beside({}, {}, {}, Rights(people(), books()).names)
        assert "Bỏ số: soạn lại" in cells(line, at)[-1]


async def test_an_old_document_is_found_and_saved_as_it_came(tmp_path: Path) -> None:
    """A Word file in TCVN3, in which ư is U+00AD."""
    letters = {READERS["tcvn"](bytes((code,))): chr(code) for code in range(255, 0x7F, -1)}
    old = "".join(letters.get(c, letters.get(c.lower(), c)) for c in DISPATCH)
    assert "\xad" in old
    with open_desk(tmp_path) as clerk:
        desk = Desk(clerk.shelf)
        facts = replace(digital(old), kind=FileKind.DOC)
        registrar = desk.registrar(tmp_path, KnownDocuments({"cv.doc": facts}))
        raw = old.encode("latin-1", "replace")
        desk.put(mail(1, letter("Cong van", cv_doc=raw), UNIT))
        await work(registrar)
        (line,) = desk.lines()
        assert line.key == parse("150/SNgV-LS").key  # type: ignore[union-attr]
        assert line.abstract.startswith("phối hợp tổ chức đoàn công tác")
        assert registrar.texts.papers("phoi hop to chuc doan", 2**62, 10)
        (saved,) = (p for p in (tmp_path / "files").rglob("*") if p.is_file())
        assert (saved.suffix, saved.read_bytes()) == (".doc", raw)
        registrar.texts.close()


def test_a_complaint_with_wrong_spf_is_not_refused_silently(tmp_path: Path) -> None:
    """It is delivered, or waits where its keeper is told of it at once."""
    settings = read_settings(make(CONFIG, tmp_path))
    inbound = settings.chains["inbound"]
    steps = tuple(tuple(link for link in step if link.name != "greylist") for step in inbound.steps)
    settings = replace(settings, chains={"inbound": replace(inbound, steps=steps)})
    raw = (
        "From: A <a@example.net>\r\nTo: <so@songoaivu.example>\r\n"
        "Subject: =?utf-8?b?xJDGoW4ga2hp4bq/dSBu4bqhaQ==?=\r\nMessage-ID: <9@example.net>\r\n\r\n"
        "Tôi khiếu nại việc chậm trả hộ chiếu.\r\n"
    ).encode()
    how: dict[str, object] = {"chain": "inbound", "client": "192.0.2.77"}
    how |= {"from": "a@example.net", "to": ["so@songoaivu.example"]}
    outcome = asyncio.run(judged(settings, raw, how))
    said = {finding.filter: finding.verdict for finding in outcome.findings}
    assert "spf-fail" in {point.name for point in getattr(said["spf"], "points", ())}
    assert isinstance(outcome.verdict, Pass | Hold)
    command = entry(outcome, datetime(2026, 8, 10, tzinfo=UTC)).command
    assert isinstance(command, Receive)
    assert command.state in {"accepted", "held"}
    found = Found(1, command.id, "", 0, command.state, "in", "", "", command.subject, 0, ())
    assert is_pressing(found)

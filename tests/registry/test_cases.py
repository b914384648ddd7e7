"""Twenty-two things that happen in a records office, and the test of each.

A case goes when its test goes: this list is held to the tests that there are.
"""

import re
from pathlib import Path

import pytest

from gateway.archive.registering import Void
from gateway.registry.columns import Beside, cells
from gateway.registry.lines import of_row
from gateway.registry.rights import Rights
from tests.registry.desk import NOON, open_desk
from tests.registry.office import books, people

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

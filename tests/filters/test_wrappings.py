"""The test virus is found in every wrapping, and where programs disagree it goes no further."""

import pytest

from filters.attachments import Attachments
from gateway.api import Action, Hold, Reject
from tests.filters.conftest import OURS, Letter
from tests.shared import shared
from tests.wrappings import EICAR, doubtful, wrapped

FILTER = Attachments(programs=Action.PASS, disguised=Action.PASS)
"""With the names of programs let through, so that the file itself has to be found."""


@pytest.mark.parametrize(("told", "raw"), [pytest.param(*one, id=one[0]) for one in wrapped(EICAR)])
def test_the_test_virus_is_found_in_every_wrapping(letter: Letter, told: str, raw: bytes) -> None:
    verdict = FILTER.judge(letter(raw, "a@client.example", f"so@{OURS}"))
    assert isinstance(verdict, Reject), told
    assert "EICAR" in verdict.reason


@pytest.mark.parametrize(
    ("told", "raw"), [pytest.param(*one, id=one[0]) for one in doubtful(EICAR)]
)
def test_where_programs_disagree_it_is_found_or_held(letter: Letter, told: str, raw: bytes) -> None:
    mail = letter(b"", "a@client.example", f"so@{OURS}")
    object.__setattr__(mail.message, "raw", raw)
    assert isinstance(FILTER.judge(mail), Reject | Hold), told


@pytest.mark.shared
def test_the_shared_file_is_the_test_virus(letter: Letter) -> None:
    data = shared("data/suites/eicar/eicar.com").read_bytes()
    for told, raw in wrapped(data):
        mail = letter(raw, "a@client.example", f"so@{OURS}")
        assert isinstance(FILTER.judge(mail), Reject), told

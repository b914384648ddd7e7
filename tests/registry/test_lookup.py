"""Any spelling of a number finds its line; who may not see it does not; that he looked is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.archive.registering import Assignee, Direct, Dismiss, Said, View, Void
from gateway.mail.text import folded
from gateway.registry.lookup import Hit, Lookup
from gateway.registry.rights import Asker, Rights
from gateway.registry.texts import START, FtsTexts, texts_path
from tests.registry.desk import NOON, Clerk, file, ms, open_desk
from tests.registry.office import books, people

LAN, BINH, MINH, OPERATOR = Asker("lan"), Asker("binh"), Asker("minh"), Asker("", "root")


class Finder(Clerk):
    """A clerk's desk with a look-up beside it."""

    def __init__(self, desk: Clerk, folder: Path) -> None:
        super().__init__(desk.shelf)
        self.texts = FtsTexts(texts_path(folder))
        self.views: list[View] = []
        rights = Rights(people(), books())
        self.lookup = Lookup(desk.shelf.engine, rights, self.texts, self.views.append)

    def find(self, text: str, asker: Asker = LAN) -> list[Hit]:
        return self.lookup.find(asker, text)

    def ids(self, text: str, asker: Asker = LAN) -> set[str]:
        return {hit.line.id for hit in self.find(text, asker)}


@pytest.fixture
def finder(tmp_path: Path) -> Iterator[Finder]:
    with open_desk(tmp_path) as desk:
        made = Finder(desk, tmp_path)
        yield made
        made.texts.close()


@pytest.mark.parametrize(
    ("printed", "issued", "typed"),
    [
        ("50/QĐ-SNgV", "2017-08-21", "50/QĐ-SNgV"),
        ("50/QĐ-SNgV", "2017-08-21", "50 qd sngv"),
        ("50/QĐ-SNgV", "2017-08-21", "0050/QD-SNGV"),
        ("50/QĐ-SNgV", "2017-08-21", "số 50 ngày 21/8/2017"),
        ("50/QĐ-SNgV", "2017-08-21", "50/2017"),
        ("50/QĐ-SNgV", "2017-08-21", "50"),
        ("50/QĐ-SNgV", "2017-08-21", "50/Q\u00d0-SNgV"),
        ("50 /QĐ - SNgV", "2017-08-21", "50/QĐ–SNgV"),
        ("27-NQ/TW", "2022-11-09", "27-NQ/TW"),
        ("27-NQ/TW", "2022-11-09", "27 nq tw"),
        ("66.19/2026/NQ-CP", "2026-03-01", "66.19/2026/NQ-CP"),
        ("3176B/QĐ-SYT", "2017-12-01", "3176B"),
        ("30a/2008/NQ-CP", "2008-12-27", "30a/2008/NQ-CP"),
        ("40/2026/NĐ-СР", "2026-02-01", "40/2026/NĐ-CP"),
        ("801-802/TTr-SYT", "2026-02-01", "802/TTr-SYT"),
        ("07/2026/TT-BNV", "2026-02-01", "7/2026/TT-BNV"),
        ("1830 QĐ-UBND", "2026-02-01", "1830/QĐ-UBND"),
    ],
)
def test_any_spelling_finds_it(finder: Finder, printed: str, issued: str, typed: str) -> None:
    line = finder.arrive(number=printed, issued=issued)
    finder.arrive(number="51/QĐ-KHAC", issued="2020-01-01")
    assert line in finder.ids(typed)


def test_bare_digits_are_read_both_ways_and_the_answer_says_which(finder: Finder) -> None:
    arrival = finder.arrive(number="7/SYT-NV")
    own = finder.arrive(number="01/UBND-VX")
    found = {hit.line.id: hit.matched for hit in finder.find("1")}
    assert found == {arrival: ("arrival",), own: ("number",)}
    assert finder.ids("số đến 1") == {arrival}


def test_inserted_numbers_come_with_their_base(finder: Finder) -> None:
    both = {finder.arrive(number=n, issued="2026-01-01") for n in ("50/QĐ-X", "50a/QĐ-X")}
    assert finder.ids("50/QĐ-X") == both
    assert len(finder.ids("50a/QĐ-X")) == 1


def test_the_day_that_was_said_comes_first(finder: Finder) -> None:
    finder.arrive(number="02/SYT-GAVI", issued="2018-03-06")
    wanted = finder.arrive(number="02/SYT-GAVI", issued="2018-02-10")
    finder.arrive(number="02/SYT-GAVI", issued="2018-04-06")
    hits = finder.find("02/SYT-GAVI ngày 10/02/2018")
    assert (len(hits), hits[0].line.id) == (3, wanted)
    assert "day" in hits[0].matched


def test_a_year_narrows_down(finder: Finder) -> None:
    last = finder.arrive(ms("2025-03-01T03:00:00"), number="5/X-Y", issued="2025-02-01")
    finder.arrive(number="5/X-Y", issued="2026-02-01")
    assert finder.ids("5/X-Y năm 2025") == {last}
    assert finder.ids("số đến 1/2025") == {last}


def test_a_number_that_nobody_confirmed_is_found_and_marked(finder: Finder) -> None:
    said = (
        Said("number", "4033/QĐ-TTg", "ocr", 0.4),
        Said("number", "1039/QĐ-TTg", "subject", 0.5),
    )
    finder.arrive(propose=True, said=said)
    for typed in ("4033/QĐ-TTg", "1039 qd ttg"):
        (hit,) = finder.find(typed)
        assert hit.matched[0] == "maybe"


def test_void_numbers_are_found_and_dismissed_proposals_are_not(finder: Finder) -> None:
    void = finder.reserve()
    finder.say(Void(void, NOON, "lan", "soạn lại"))
    gone = finder.arrive(propose=True, number="01/QĐ-SNgV")
    finder.say(Dismiss(gone, NOON, "lan", "nhầm"))
    assert finder.ids("01/QĐ-SNgV") == {void}


def test_words_are_found_without_accents_and_say_so(finder: Finder) -> None:
    line = finder.arrive(abstract="V/v đón đoàn đại biểu cấp cao")
    seq = finder.line(line).seq
    finder.texts.fill([(seq, "don doan dai bieu cap cao")], [], START)
    (hit,) = finder.find("đoàn đại biểu")
    assert (hit.line.id, hit.matched) == (line, ("words",))
    assert finder.find("khong co gi") == []


def test_rights_decide_what_is_found(finder: Finder) -> None:
    agency = finder.arrive(number="9/X-Y", abstract="kín")
    unit = finder.arrive(number="9/X-Y", book="den-lanhsu", unit="lanhsu", files=(file(),))
    assert finder.ids("9/X-Y", BINH) == {agency, unit}
    assert finder.ids("9/X-Y", LAN) == {agency}
    assert finder.ids("9/X-Y", MINH) == {unit}
    finder.say(Direct(agency, NOON, "binh", "xử lý", (Assignee("person:minh"),)))
    assert finder.ids("9/X-Y", MINH) == {agency, unit}


def test_the_operator_sees_that_it_is_there_and_not_what_it_says(finder: Finder) -> None:
    finder.arrive(number="9/X-Y", abstract="kín", issuer="Bộ")
    (hit,) = finder.find("9/X-Y", OPERATOR)
    assert (hit.line.said.number, hit.line.said.abstract, hit.line.said.issuer) == ("9/X-Y", "", "")


def test_every_look_is_taken_down(finder: Finder) -> None:
    line = finder.arrive(number="9/X-Y")
    finder.find("9/X-Y", Asker("lan", "vanthu"))
    (view,) = finder.views
    assert (view.actor, view.what, view.objects, view.query) == (
        "lan (os:vanthu)",
        "search",
        (line,),
        "9/X-Y",
    )


def test_who_was_renamed_is_found_by_either_name(finder: Finder) -> None:
    old, new = "Phòng Lãnh sự - Người Việt Nam ở nước ngoài", "Phòng Lãnh sự"
    may = finder.arrive(ms("2026-05-04T03:00:00"), issuer=old)
    august = finder.arrive(ms("2026-08-04T03:00:00"), issuer=new)
    rows = [(finder.line(one).seq, folded(finder.line(one).issuer)) for one in (may, august)]
    finder.texts.fill(rows, [], START)
    for typed in (old, new, "phong lanh su"):
        assert finder.ids(typed) == {may, august}
    assert finder.ids("Phòng Hợp tác") == set()

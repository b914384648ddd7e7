"""books.toml: every mistake is told with its key; and who may see and do what."""

import tomllib
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.directory.lookup import People
from gateway.directory.tables import Tables
from gateway.registry.rights import Asker, Forbidden, Rights
from gateway.registry.tables import BooksTable

CONFIG = Path(__file__).parents[2] / "config"


def people() -> Tables:
    return Tables.read(tomllib.loads((CONFIG / "directory.toml").read_text(encoding="utf-8")))


def books() -> BooksTable:
    text = (CONFIG / "books.toml").read_text(encoding="utf-8")
    return BooksTable.read(tomllib.loads(text), people())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('unit = "gone"', "there is no 'gone'"),
        ('mailboxes = ["gone"]', "there is no 'gone'"),
        ('clerks = ["gone"]', "there is no 'gone'"),
        ('series = { a = { name = "A", symbol = "QĐ" } }', "has one series"),
        ('file_folder = "../{year}"', "a folder below"),
        ('file_name = "{nothing}"', "only {"),
        ('intake = "never"', "Input should be"),
        ("surprise = 1", "Extra inputs"),
    ],
)
def test_a_mistake_is_told(text: str, told: str) -> None:
    head = '[books.x]\nname = "X"\ndirection = "in"\n'
    unit = "" if text.startswith("unit") else 'unit = "so"\n'
    with pytest.raises(ValidationError, match=told):
        BooksTable.read(tomllib.loads(f"{head}{unit}{text}\n"), people())


def test_an_outgoing_book_needs_a_series_with_a_form_that_holds_a_number() -> None:
    table = {"name": "X", "direction": "out", "unit": "so"}
    with pytest.raises(ValidationError, match="needs a series"):
        BooksTable.read({"books": {"x": table}}, people())
    series = {"a": {"name": "A", "symbol": "QĐ", "form": "{number}"}}
    with pytest.raises(ValidationError, match="must hold"):
        BooksTable.read({"books": {"x": table | {"series": series}}}, people())


def test_the_shipped_books_are_kept_by_whom_they_name() -> None:
    rights = Rights(people(), books())
    assert rights.books_of("lan") == {"den", "di"}
    assert rights.books_of("minh") == {"den-lanhsu"}
    assert rights.leaders == {"binh"}
    assert rights.units_of("binh") == {"so", "vanphong", "lanhsu"}


def test_only_who_keeps_a_book_writes_in_it() -> None:
    rights = Rights(people(), books())
    rights.must_keep(Asker("lan"), "den")
    for asker in (Asker("tuan"), Asker("", "root")):
        with pytest.raises(Forbidden, match="hoa, lan do"):
            rights.must_keep(asker, "den")


def test_personal_mail_is_its_owners() -> None:
    rights = Rights(people(), books())
    assert "minh@songoaivu.example" not in rights.addresses_of("binh")
    assert "lanhsu@songoaivu.example" in rights.addresses_of("binh")
    assert rights.addresses_of("tuan") == {"tuan@songoaivu.example", "lanhsu@songoaivu.example"}
    assert "so@songoaivu.example" in rights.addresses_of("lan")


def test_an_unknown_login_is_nobody() -> None:
    with pytest.raises(LookupError, match="no active person"):
        Rights(people(), books()).known("gone")


def test_a_unit_bears_its_name_of_the_day() -> None:
    names = Rights(people(), books()).names
    old = "Phòng Lãnh sự - Người Việt Nam ở nước ngoài"
    days = ("2026-05-04", "2026-06-30", "2026-07-01", "2026-08-04")
    assert [names.of("unit:lanhsu", day) == old for day in days] == [True, True, False, False]
    assert [names.head("lanhsu", day) for day in ("2026-05-04", "")] == [old, "Phòng Lãnh sự"]
    assert names.head("so", "2026-05-04") == "Sở Ngoại vụ"
    assert names.of("person:binh", "2026-05-04") == people().people["binh"].name


def test_an_office_has_earlier_names_too() -> None:
    table = tomllib.loads((CONFIG / "books.toml").read_text(encoding="utf-8"))
    table["office"]["formerly"] = [{"name": "Ban Ngoại vụ", "until": date(2011, 12, 31)}]
    names = Rights(people(), BooksTable.read(table, people())).names
    assert names.head("so", "2011-12-31") == "Ban Ngoại vụ"
    assert set(names.variants("họp với Sở Ngoại vụ")) == {
        "hop voi so ngoai vu",
        "hop voi ban ngoai vu",
    }


def test_a_letterhead_of_earlier_days_is_still_ours() -> None:
    assert People(people()).official("PHÒNG LÃNH SỰ - NGƯỜI VIỆT NAM Ở NƯỚC NGOÀI") is not None

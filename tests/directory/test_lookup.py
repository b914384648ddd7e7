"""Who is who, asked in every spelling."""

import tomllib

import pytest

from gateway.api import Address
from gateway.directory.lookup import People
from gateway.directory.tables import Tables
from gateway.mail.people import Directory
from tests.directory.test_tables import CONFIG


@pytest.fixture(scope="module")
def people() -> People:
    return People(Tables.read(tomllib.loads(CONFIG.read_text(encoding="utf-8"))))


def at(local: str) -> Address:
    return Address.parse(f"{local}@songoaivu.example")


def test_it_is_a_directory(people: People) -> None:
    directory: Directory = people
    assert directory.is_ours("songoaivu.example")
    assert directory.is_ours("SoNgoaiVu.Example")
    assert not directory.is_ours("x.songoaivu.example")


@pytest.mark.parametrize("local", ["so", "SO", "so+a", "vanthu", "VanThu+x+y", "postmaster"])
def test_one_mailbox_under_all_its_names(people: People, local: str) -> None:
    box = people.mailbox(at(local))
    assert box
    assert box.address == at("so")


@pytest.mark.parametrize("local", ["so.", "+so", "+", "soo", "lan%songoaivu.example"])
def test_what_is_no_mailbox(people: People, local: str) -> None:
    assert people.mailbox(Address(local, "songoaivu.example")) is None


def test_people(people: People) -> None:
    lan = people.person("LAN")
    assert lan
    assert people.owner(at("NguyenThiLan")) is lan
    assert people.mailbox(at("nguyenthilan")) == people.mailbox(at("lan"))
    assert people.person("nobody") is None


@pytest.mark.parametrize(
    "name", ["Nguyễn Thị Lan", "NGUYEN THI LAN", "Lan, Nguyễn Thị", "Nguy\u1ec5n Th\u1ecb L\u0430n"]
)
def test_names_that_read_the_same(people: People, name: str) -> None:
    assert [p.login for p in people.named(name)] == ["lan"]


def test_names_that_do_not(people: People) -> None:
    assert people.named("Lan") == ()
    assert people.named("") == ()


def test_official_names(people: People) -> None:
    box = people.official("SO NGOAI VU")
    assert box
    assert box.address == at("so")
    assert people.official("Sở Y tế") is None


@pytest.mark.parametrize(
    ("login", "local", "may"),
    [
        ("lan", "lan", True),
        ("lan", "lan+x", True),
        ("lan", "nguyenthilan", True),
        ("lan", "so", True),
        ("lan", "vanthu", True),
        ("lan", "lanhsu", False),
        ("lan", "hoa", False),
        ("minh", "lanhsu", True),
        ("tuan", "lanhsu", True),
        ("binh", "so", False),
        ("nobody", "so", False),
    ],
)
def test_who_may_send_as_whom(people: People, login: str, local: str, may: bool) -> None:
    assert people.may_send_as(login, at(local)) is may


def test_who_is_disabled_may_not_send() -> None:
    text = CONFIG.read_text(encoding="utf-8").replace("disabled = false", "disabled = true")
    people = People(Tables.read(tomllib.loads(text)))
    binh = people.person("binh")
    assert binh
    assert binh.disabled
    assert not people.may_send_as("binh", at("binh"))

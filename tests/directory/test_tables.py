"""directory.toml: read whole, or every mistake told with its key."""

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.directory.tables import Tables

CONFIG = Path(__file__).parents[2] / "config" / "directory.toml"

SMALL = """
domains = ["example.vn"]
[units.so]
name = "Sở"
leader = "lan"
[people.lan]
name = "Lan"
unit = "so"
addresses = ["lan@example.vn"]
[mailboxes.so]
kind = "agency"
name = "Sở"
address = "so@example.vn"
unit = "so"
keepers = ["lan"]
"""


def read(text: str) -> Tables:
    return Tables.read(tomllib.loads(text))


def mistakes(text: str) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        read(text)
    return {".".join(map(str, e["loc"])): e["msg"] for e in caught.value.errors()}


def test_the_demo_is_right() -> None:
    assert read(CONFIG.read_text(encoding="utf-8")).people["lan"].unit == "vanphong"
    assert read(SMALL)


@pytest.mark.parametrize(
    ("old", "new", "key", "what"),
    [
        ('leader = "lan"', 'leader = "la"', "units.so.leader", "no person 'la'; there are: lan"),
        ('keepers = ["lan"]', 'keepers = ["x"]', "mailboxes.so.keepers", "no person 'x'"),
        ('keepers = ["lan"]', "", "mailboxes.so", "needs keepers"),
        ("so@example.vn", "so@other.vn", "mailboxes.so.address", "none of our domains"),
        ("so@example.vn", "LAN@Example.vn", "mailboxes.so.address", "people.lan.addresses"),
        ("so@example.vn", "so@@example.vn", "mailboxes.so.address", "domain"),
        ("lan@example.vn", "lan+x@example.vn", "people.lan.addresses", "plus"),
        ('leader = "lan"', 'leader = "lan"\nparent = "so"', "units.so.parent", "itself"),
        ('leader = "lan"', 'leader = "lan"\nparent = "b"', "units.so.parent", "no unit 'b'"),
        ('name = "Lan"', 'name = "Lan"\nlogin = "x"', "people.lan.login", "not permitted"),
        ('domains = ["example.vn"]', "domains = []", "domains", "at least 1"),
        ('domains = ["example.vn"]', 'domains = ["exa mple"]', "domains.0", "hyphens"),
        ("[units.so]", 'postmaster = "p"\n[units.so]', "postmaster", "no mailbox 'p'"),
    ],
)
def test_mistakes(old: str, new: str, key: str, what: str) -> None:
    found = mistakes(SMALL.replace(old, new))
    assert what in found[key], found


def test_all_mistakes_at_once() -> None:
    text = SMALL.replace('leader = "lan"', 'leader = "x"').replace('["lan"]', '["y"]')
    assert set(mistakes(text)) == {"units.so.leader", "mailboxes.so.keepers"}

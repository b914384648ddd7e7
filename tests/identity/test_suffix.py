"""Organisational domains, by the public suffix list: its own tests, and a few of ours."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.identity.suffix import is_aligned, organisational, registered
from tests.shared import HOME, shared

TESTS = HOME / "data/suites/psl/tests.txt"


def cases() -> Iterator[Any]:
    if not TESTS.exists():
        yield pytest.param("", "null", id="psl")
        return
    for line in TESTS.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("//"):
            yield pytest.param(*line.split(), id=line.split()[0])


@pytest.mark.shared
@pytest.mark.parametrize(("domain", "wanted"), list(cases()))
def test_suite(domain: str, wanted: str) -> None:
    shared("data/suites/psl")
    name = "" if domain == "null" else domain
    found = registered(name)
    assert _spelt(found) == _spelt(None if wanted == "null" else wanted)


def _spelt(domain: str | None) -> str | None:
    """The suite writes some domains in letters and some in xn--; either is the same domain."""
    return domain.encode("idna").decode() if domain else None


@pytest.mark.parametrize(
    ("domain", "wanted"),
    [
        ("phong.so.quangninh.gov.vn", "quangninh.gov.vn"),
        ("SNGV.gov.vn.", "sngv.gov.vn"),
        ("gov.vn", "gov.vn"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("mail.city.kawasaki.jp", "city.kawasaki.jp"),
        ("a.unknown-tld", "a.unknown-tld"),
    ],
)
def test_organisations(domain: str, wanted: str) -> None:
    assert organisational(domain) == wanted


def test_alignment() -> None:
    assert is_aligned("a.example.vn", "b.example.vn", strict=False)
    assert not is_aligned("a.example.vn", "b.example.vn", strict=True)
    assert not is_aligned("one.gov.vn", "two.gov.vn", strict=False)
    assert not is_aligned("gov.vn", "one.gov.vn", strict=False)
    assert is_aligned("xn--b-8xm.example", "BỘ.example", strict=True)
    assert not is_aligned("", "", strict=False)

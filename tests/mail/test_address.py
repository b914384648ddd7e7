"""Addresses: what the envelope may hold, and when two spellings are one mailbox."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.address import NOBODY, Address, BadAddress, take_path
from tests.shared import shared

FIT = {"ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN", "ISEMAIL_RFC5321"}
"""isemail's categories that may stand in an envelope as they are. CFWS, DEPREC, RFC5322 and ERR
need a header's comments and folds, or RFC 822's spelling, or are wrong: refused."""


@pytest.mark.shared
def test_isemail() -> None:
    cases = ET.parse(shared("data/suites/address/tests.xml")).getroot().findall("test")
    pictures = {0x2400 + code: code for code in range(0x20)}
    wrong = []
    for case in cases:
        text = (case.findtext("address") or "").translate(pictures)
        try:
            fit = bool(Address.parse_path(text))
        except BadAddress:
            fit = False
        if fit != (case.findtext("category") in FIT):
            wrong.append((case.get("id"), text, case.findtext("diagnosis")))
    assert len(cases) == 164
    assert len(wrong) <= 6, wrong


@pytest.mark.parametrize(
    ("text", "local", "domain"),
    [
        ("<lan@example.vn>", "lan", "example.vn"),
        ("Lan@Example.VN", "Lan", "example.vn"),
        ('<"lan"@example.vn>', "lan", "example.vn"),
        (r'<"l\an"@example.vn>', "lan", "example.vn"),
        (r'<"a b\"c"@example.vn>', r'"a b\"c"', "example.vn"),
        ('<"a@b"@example.vn>', '"a@b"', "example.vn"),
        ("<lan@[192.0.2.1]>", "lan", "[192.0.2.1]"),
        ("<lan@[IPv6:2001:DB8:0:0::1]>", "lan", "[ipv6:2001:db8::1]"),
        ("<>", "", ""),
    ],
)
def test_paths(text: str, local: str, domain: str) -> None:
    assert Address.parse_path(text) == Address(local, domain)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<",
        ">",
        "< >",
        "<lan>",
        "<lan@example.vn",
        "lan@example.vn>",
        "<<lan@example.vn>>",
        "<@relay.example:lan@example.vn>",
        "<@a.example,@b.example:lan@example.vn>",
        "<lan@example.vn.>",
        "<lan@example.vn@example.net>",
        "<lan @example.vn>",
        "<lan\r\n@example.vn>",
        "<lan@example.vn\n>",
        "<lan\0@example.vn>",
        '<"lan\r"@example.vn>',
        "<.lan@example.vn>",
        "<la..n@example.vn>",
        "<lan@-example.vn>",
        "<lan@exa_mple.vn>",
        "<lan@[IPv6:fe80::1%eth0]>",
        "<lan@[127.1]>",
        "<" + "x" * 65 + "@example.vn>",
        "<lan@" + "x" * 64 + ".vn>",
        "<lan@" + "x." * 130 + "vn>",
    ],
)
@pytest.mark.parametrize("utf8", [False, True])
def test_refused(text: str, utf8: bool) -> None:
    with pytest.raises(BadAddress):
        Address.parse_path(text, utf8)


def test_smtputf8_is_asked_for() -> None:
    with pytest.raises(BadAddress) as caught:
        Address.parse_path("<lân@example.vn>")
    assert caught.value.status == "5.6.7"
    assert Address.parse_path("<lân@example.vn>", utf8=True).local == "lân"


@pytest.mark.parametrize("sign", ["\u200b", "\u202e", "\u2028", "\u00a0", "\x85", "\ud800"])
def test_what_nobody_sees_is_refused(sign: str) -> None:
    with pytest.raises(BadAddress):
        Address.parse_path(f"<l{sign}an@example.vn>", utf8=True)
    with pytest.raises(BadAddress):
        Address.parse_path(f"<lan@ex{sign}ample.vn>", utf8=True)


def test_local_parts_are_measured_in_octets() -> None:
    assert Address.parse_path("đ" * 32 + "@example.vn", utf8=True)
    with pytest.raises(BadAddress):
        Address.parse_path("đ" * 33 + "@example.vn", utf8=True)


def test_both_spellings_of_a_domain_are_one() -> None:
    written = Address.parse_path("<lan@SởNgoạiVụ.vn>", utf8=True)
    wire = Address.parse_path(f"<lan@{written.domain}>")
    assert wire == written == Address.parse("lan@sởngoạivụ.vn")
    assert written.domain.isascii()
    assert wire.shown == "lan@sởngoạivụ.vn"


def test_composed_and_decomposed_names_have_one_key() -> None:
    assert Address("Tra\u0302n", "x.vn").key == Address("tr\u00e2n", "x.vn").key


@pytest.mark.parametrize(
    ("text", "path", "rest"),
    [
        ("<a@b.vn> SIZE=10 BODY=8BITMIME", "<a@b.vn>", "SIZE=10 BODY=8BITMIME"),
        ("<>", "<>", ""),
        (r'<"a>\"b"@c.vn> X', r'<"a>\"b"@c.vn>', "X"),
    ],
)
def test_a_path_is_cut_from_its_parameters(text: str, path: str, rest: str) -> None:
    assert take_path(text) == (path, rest)


@pytest.mark.parametrize("text", ["", "a@b.vn", "<a@b.vn", '<"a>', "<a@b.vn>SIZE=1"])
def test_what_has_no_end_is_no_path(text: str) -> None:
    with pytest.raises(BadAddress):
        take_path(text)


@given(st.text(max_size=80) | st.from_regex(r"<?[\"a.@\\\[\]:0-9đ-]{0,40}>?", fullmatch=True))
def test_a_path_is_read_or_refused_and_reads_the_same_again(text: str) -> None:
    try:
        address = Address.parse_path(text, utf8=True)
    except BadAddress:
        return
    assert Address.parse_path(f"<{address}>", utf8=True) == address
    assert address == NOBODY or address.key


@given(st.text(max_size=60))
def test_the_lenient_reader_says_value_error_or_an_address(text: str) -> None:
    try:
        address = Address.parse(text)
    except ValueError:
        return
    assert "\n" not in str(address)

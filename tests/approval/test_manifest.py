"""What a reader sees and who gets it makes the manifest; what a mail program does, does not."""

from __future__ import annotations

import pytest

from gateway.approval.manifest import envelope_digest, manifest_digest, raw_digest
from gateway.approval.rendition import difference, lines_of, text_of
from gateway.mail.message import Message

TO = ("a@mofa.example", "b@mofa.example")
LETTER = """\
From: =?utf-8?B?U+G7nw==?= <so@example.vn>
To: a@mofa.example
Subject: =?utf-8?Q?M=E1=BB=9Di_h=E1=BB=8Dp?=
Message-ID: <1@x>
Date: Tue, 24 Nov 2026 15:00:00 +0700
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b1"

--b1
Content-Type: multipart/alternative; boundary="b2"

--b2
Content-Type: text/plain; charset=utf-8

Kính mời
--b2
Content-Type: text/html; charset=utf-8

<p>Kính mời</p>
--b2--
--b1
Content-Type: application/pdf
Content-Disposition: attachment; filename="12.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQK
--b1
Content-Type: text/csv
Content-Disposition: attachment; filename="2.csv"

a,b
--b1--
"""


def message(text: str = LETTER) -> Message:
    return Message(text.encode().replace(b"\n", b"\r\n"))


def digest(text: str = LETTER, to: tuple[str, ...] = TO) -> str:
    return manifest_digest(message(text), to)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Kính mời\n--b2\nContent-Type: text/html", "Kính mời anh\n--b2\nContent-Type: text/html"),
        ("<p>Kính mời</p>", "<p>Kính mời chị</p>"),
        ('filename="12.pdf"', 'filename="13.pdf"'),
        ("JVBERi0xLjQK", "JVBERi0xLjUK"),
        ("text/csv", "text/plain"),
        ("To: a@mofa.example", "To: c@mofa.example"),
        ("so@example.vn", "lan@example.vn"),
        ("To: a", "Reply-To: x@example.net\nTo: a"),
        ("To: a", "X-Thing: y\nTo: a"),
        ("=E1=BB=9Di_h", "=E1=BB=9Di__hh"),
        ("To: a@mofa.example", "To: a@mofa.example\nCc: d@mofa.example"),
    ],
)
def test_what_a_reader_sees_counts(before: str, after: str) -> None:
    assert before in LETTER
    assert digest(LETTER.replace(before, after, 1)) not in {digest(), ""}


def test_the_order_of_parts_counts() -> None:
    first, second, third = (LETTER.split("--b1\n")[n] for n in (1, 2, 3))
    turned = LETTER.replace(second + "--b1\n" + third, "X")
    parts = third.removesuffix("--b1--\n") + "--b1\n" + second + "--b1--\n"
    assert digest(turned.replace("X", parts)) not in {digest(), ""}
    assert first


def test_every_recipient_of_the_envelope_counts_in_any_order() -> None:
    assert digest(to=(*TO, "c@mofa.example")) != digest()
    assert digest(to=TO[:1]) != digest()
    assert digest(to=TO[::-1]) == digest()
    assert envelope_digest("x@y.vn", TO) == envelope_digest("X@y.vn", TO[::-1])
    assert envelope_digest("x@y.vn", TO) != envelope_digest("x@y.vn", TO[:1])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<1@x>", "<2@y>"),
        ("15:00:00", "16:01:02"),
        ("b1", "other"),
        ("To: a", "X-Mailer: Z\nReceived: from x\nApproval-Tag: 7K3F-9QXM-2V4\nTo: a"),
        ("=?utf-8?Q?M=E1=BB=9Di_h=E1=BB=8Dp?=", "[PD 7K3F-9QXM-2V4] Mời  họp"),
        ("Kính mời\n--b2\nContent-Type: text/html", "Kính mời  \n\n--b2\nContent-Type: text/html"),
        ("text/html; charset=utf-8\n\n<p>", "text/html; charset=UTF-8\n\n<p>"),
        (
            "Content-Transfer-Encoding: base64\n\nJVBERi0xLjQK",
            "Content-Transfer-Encoding: quoted-printable\n\n%PDF-1.4=0A=",
        ),
    ],
)
def test_what_a_mail_program_makes_anew_does_not(before: str, after: str) -> None:
    assert before in LETTER
    assert digest(LETTER.replace(before, after)) == digest()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("To: a", "From: other@example.vn\nTo: a"),
        ("To: a", "Subject: other\nTo: a"),
        ("MIME-Version: 1.0", "Content-Type: text/plain\nMIME-Version: 1.0"),
        ("JVBERi0xLjQK", "JVBERi0xLjQ=\nJVBE"),
        ("From: =?utf-8?B?U+G7nw==?= <so@example.vn>", "From: nobody"),
    ],
)
def test_what_programs_read_differently_has_no_manifest(before: str, after: str) -> None:
    assert digest(LETTER.replace(before, after, 1)) == ""


def test_one_bit_changes_the_raw_digest() -> None:
    raw = message().raw
    turned = bytes([raw[0] ^ 1]) + raw[1:]
    assert raw_digest(raw) != raw_digest(turned)


def test_all_alternatives_are_shown_and_unseen_signs_are_made_visible() -> None:
    shown = text_of(message(LETTER.replace("<p>Kính mời</p>", "<p>Kính\u202emời ông</p>")))
    assert "[text/plain]" in shown
    assert "<U+202E>" in shown
    assert text_of(message()) == "Kính mời"


def test_a_difference_shows_lines_recipients_and_files() -> None:
    before = lines_of(message(), TO)
    after = lines_of(message(LETTER.replace("12.pdf", "13.pdf")), (*TO, "c@x.example"))
    changed = difference(before, after)
    assert "+Người nhận / Recipient: c@x.example" in changed
    assert "-Tệp / File: 12.pdf" in changed
    assert difference(before, before) == ""

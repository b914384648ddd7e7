"""Outgoing text that is not Unicode, and all that is."""

import base64

import pytest

from filters.charset import Charset
from gateway.api import Action, Hold, Mail, Pass, Reject, Verdict
from tests.filters.conftest import Letter

TCVN3 = "Céng hßa x· héi chñ nghÜa ViÖt Nam; QuyÕt ®Þnh sè 50/Q§-SNgV".encode("latin-1")
VNI = "Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam; Quyeát ñònh soá 50/QÑ-SNgV".encode("latin-1")
PLAIN = "Cộng hòa xã hội chủ nghĩa Việt Nam"


async def judged(mail: Mail, **settings: object) -> Verdict | None:
    answer = Charset.model_validate(settings).message(mail)
    return None if answer is None else await answer  # type: ignore[misc]


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: text/plain; charset=iso-8859-1",
        b"Content-Type: text/plain; charset=windows-1252",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Type: text/plain; charset=x-viet-tcvn",
        b"Subject: x",
    ],
)
async def test_old_text_is_stopped_with_an_explanation(letter: Letter, head: bytes) -> None:
    verdict = await judged(letter(head + b"\n\n" + TCVN3 + b"\n", user="lan"))
    assert isinstance(verdict, Reject)
    assert "TCVN3 (ABC)" in verdict.reason
    assert "Cộng hòa xã hội chủ nghĩa Việt Nam" in verdict.reason
    assert "hãy chuyển sang Unicode" in verdict.reason
    assert "convert it" in verdict.reason
    assert verdict.reply.status == "5.6.0"


async def test_old_text_that_a_program_has_made_utf_8_of(letter: Letter) -> None:
    text = b"Content-Type: text/plain; charset=utf-8\n\n" + VNI.decode("latin-1").encode()
    assert isinstance(await judged(letter(text, user="lan")), Reject)


async def test_declared_windows_1258(letter: Letter) -> None:
    text = b"Content-Type: text/plain; charset=windows-1258\n\n" + "Kinh gưi ông".encode("cp1258")
    verdict = await judged(letter(text, user="lan"))
    assert isinstance(verdict, Reject)
    assert "windows-1258" in verdict.reason


async def test_subject_html_and_files(letter: Letter) -> None:
    coded = base64.b64encode(TCVN3).decode()
    subject = f"Subject: =?iso-8859-1?b?{coded}?=\n\nhi"
    assert isinstance(await judged(letter(subject, user="lan")), Reject)
    html = b"Content-Type: text/html; charset=iso-8859-1\n\n<p style='x'>" + VNI + b"</p>"
    assert isinstance(await judged(letter(html, user="lan")), Reject)
    file = (
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\nContent-Type: text/plain; "
        f"name=a.txt\nContent-Transfer-Encoding: base64\n\n{coded}\n--b--\n"
    )
    assert isinstance(await judged(letter(file, user="lan")), Hold)


async def test_it_can_warn(letter: Letter) -> None:
    verdict = await judged(letter(b"Subject: x\n\n" + TCVN3, user="lan"), text=Action.MARK)
    assert isinstance(verdict, Pass)
    assert verdict.edits


@pytest.mark.parametrize(
    "text",
    [
        f"Content-Type: text/plain; charset=utf-8\n\n{PLAIN}".encode(),
        b"Subject: plain\n\nascii only",
        b"Content-Type: text/plain; charset=iso-8859-1\n\n"
        + "Où est l'école? Ça été très bien, à bientôt, même à Noël".encode("latin-1"),
        b"Content-Type: text/plain; charset=iso-8859-15\n\n"
        + "Für die Größe müssen wir schöne Grüße schicken, natürlich".encode("latin-1"),
    ],
)
async def test_proper_text_goes(letter: Letter, text: bytes) -> None:
    assert await judged(letter(text, user="lan")) is None


async def test_mail_from_outside_is_not_judged(letter: Letter) -> None:
    assert await judged(letter(b"Subject: x\n\n" + TCVN3)) is None


async def test_accents_apart_from_their_letters(letter: Letter) -> None:
    import unicodedata

    apart = unicodedata.normalize("NFD", PLAIN)
    text = f"Content-Type: text/plain; charset=utf-8\n\n{apart}"
    assert isinstance(await judged(letter(text, user="lan")), Pass)
    assert isinstance(await judged(letter(text, user="lan"), decomposed=Action.HOLD), Hold)


async def test_names_of_files(letter: Letter) -> None:
    head = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\nContent-Disposition: "
    text = head + 'attachment; filename="QuyÕt_®Þnh_bæ_nhiÖm.pdf"\n\nx\n--b--\n'
    verdict = await judged(letter(text.encode("latin-1"), user="lan"))
    assert isinstance(verdict, Reject)
    assert "Quyết_định_bổ_nhiệm.pdf" in verdict.reason

"""Old Vietnamese charsets: read right, recognised, and nothing else taken for one."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.legacy import READERS, Charset, converted, font_charset, from_font
from gateway.mail.text import to_text
from gateway.mail.vietnamese import is_syllable, legacy_charset, readable, readable_beside

TEXT = "Cộng hòa xã hội chủ nghĩa Việt Nam; Quyết định số 50/QĐ-SNgV; Nơi nhận: Như Điều 3, lưu ý"
SPELT = {
    Charset.TCVN3: (
        "Céng hßa x· héi chñ nghÜa ViÖt Nam; QuyÕt ®Þnh sè 50/Q§-SNgV; N¬i nhËn: "
        "Nh\xad §iÒu 3, l\xadu \xfd"
    ),
    Charset.VNI: (
        "Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam; Quyeát ñònh soá 50/QÑ-SNgV; Nôi nhaän: "
        "Nhö Ñieàu 3, löu yù"
    ),
}


@pytest.mark.parametrize("charset", [Charset.TCVN3, Charset.VNI])
def test_recognised_and_read(charset: Charset) -> None:
    assert legacy_charset(SPELT[charset]) is charset
    assert readable(SPELT[charset]) == TEXT
    assert converted(SPELT[charset], charset) == TEXT


def _in(charset: str) -> str:
    """The text in a charset, as a program sees it that takes it for latin-1."""
    table = {READERS[charset](bytes((code,))): chr(code) for code in range(255, 0x20, -1)}
    return "".join(table.get(c, c) for c in TEXT)


@pytest.mark.parametrize(
    ("name", "charset"),
    [("viscii", Charset.VISCII), ("vps", Charset.VPS), ("tcvn", Charset.TCVN3)],
)
def test_charsets_of_one_byte(name: str, charset: Charset) -> None:
    spelt = _in(name)
    assert legacy_charset(spelt) is charset
    assert readable(spelt) == TEXT
    assert to_text(spelt.encode("latin-1"), name) == TEXT


def test_windows_1258_that_was_taken_for_1252() -> None:
    data = _cp1258(TEXT)
    assert data.decode("cp1258") is not None
    assert legacy_charset(data.decode("cp1252")) is Charset.CP1258
    assert readable(data.decode("cp1252")) == TEXT


def _cp1258(text: str) -> bytes:
    out = b""
    for letter in text:
        base, *marks = list(unicodedata.normalize("NFD", letter))
        tones = [m for m in marks if m in "\u0300\u0301\u0303\u0309\u0323"]
        whole = unicodedata.normalize("NFC", base + "".join(m for m in marks if m not in tones))
        out += whole.encode("cp1258") + "".join(tones).encode("cp1258")
    return out


def test_unicode_that_was_encoded_twice() -> None:
    twice = TEXT.encode().decode("latin-1")
    assert legacy_charset(twice) is Charset.UTF8_TWICE
    assert readable(twice) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        unicodedata.normalize("NFD", TEXT),
        "Là bố, mẹ và bà; không có gì",
        "Tôi có hai con trai và ba con dê, tên là Tí và Mùi, còn xe thì không có",
        "Où est l'école? Ça a été très bien, à bientôt, même à Noël: réunion de février",
        "Für die Größe müssen wir über Österreich schöne Grüße schicken, natürlich später",
        "Señor, mañana está aquí; no sé cómo, pero él llegó también a Córdoba",
        "Não há solução para a situação, você é português, irmão, avô e avó",
        "Příliš žluťoučký kůň úpěl ďábelské ódy",
        "Åse är på sjön, öl och kött från Växjö; blåbær på Sørlandet",
        "© 2026 Sở Ngoại vụ® – “giấy mời” 25°C ± 2 µm ½ ¼",
        "plain ASCII, nothing else",
        "",
    ],
)
def test_proper_text_is_left_alone(text: str) -> None:
    assert legacy_charset(text) is None
    assert readable(text) == unicodedata.normalize("NFC", text)


def test_old_text_below_a_unicode_signature() -> None:
    letter = f"{SPELT[Charset.TCVN3]}\n--\nNguyễn Thị Lan, Văn thư Sở Ngoại vụ\n"
    assert legacy_charset(letter) is Charset.TCVN3
    assert readable(letter) == f"{TEXT}\n--\nNguyễn Thị Lan, Văn thư Sở Ngoại vụ\n"


def test_a_short_subject() -> None:
    assert legacy_charset("C«ng v¨n sè 50") is Charset.TCVN3
    assert legacy_charset("Sè 50") is None


@pytest.mark.parametrize(
    ("font", "charset"),
    [
        (".VnTime", Charset.TCVN3),
        ("ABCDEF+.VnTimeH", Charset.TCVN3),
        ("VnArial-Bold", Charset.TCVN3),
        ("VNI-Times", Charset.VNI),
        ("VPS Times", Charset.VPS),
        ("TimesNewRomanPSMT", None),
        ("VnTimesNewRoman", None),
        ("Vni", None),
    ],
)
def test_fonts_that_say_their_charset(font: str, charset: Charset | None) -> None:
    assert font_charset(font) is charset


def test_the_letter_that_extractors_take_for_a_hyphen() -> None:
    text = "Nh- trªn; ®-îc h-íng dÉn; Sè: 07/SNNMT-CNTT; §éc lËp - Tù do; - L-u: VT"
    assert from_font(text, ".VnTime") == (
        "Như trên; được hướng dẫn; Số: 07/SNNMT-CNTT; Độc lập - Tự do; - Lưu: VT"
    )
    assert from_font("céng hßa", ".VnTimeH") == "CỘNG HÒA"
    assert from_font("Công văn", "Arial") == "Công văn"


def test_syllables() -> None:
    good = ["nghĩa", "Việt", "ĐỒNG", "quyển", "giặt", "khuỷu", "ngoằn", "uống", "yêu", "ấy", "rượu"]
    assert [w for w in good if not is_syllable(w)] == []
    bad = ["été", "für", "nghịệt", "hôtel", "bỵrd", "xyđ", "vỔ"]
    assert [w for w in bad if is_syllable(w)] == []


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    legacy_charset(text)
    readable(text)
    for charset in Charset:
        converted(text, charset)


@pytest.mark.parametrize("charset", ["tcvn", "vps", "viscii"])
def test_names_of_files_are_read_beside_what_they_came_with(charset: str) -> None:
    letters = {READERS[charset](bytes((code,))): chr(code) for code in range(255, 0x7F, -1)}

    def old(text: str) -> str:
        return "".join(letters.get(c, letters.get(c.lower(), c)) for c in text)

    beside = old("Kính gửi Sở Ngoại vụ, chúng tôi xin gửi danh sách đoàn và giấy mời họp")
    for name in ("Danh sách.xls", "Giấy_mời.doc", "Công văn số 12.doc"):
        assert readable_beside(old(name), beside).lower() == name.lower()
    assert readable_beside("Réservation.pdf", "Bonjour à tous, voilà") == "Réservation.pdf"
    assert readable_beside("Danh sách.xls", beside) == "Danh sách.xls"

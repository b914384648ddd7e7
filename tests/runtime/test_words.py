"""Every word that people read stands in the catalogues, and the catalogues fit the code."""

import gettext
import re

import pytest
from babel.messages.pofile import read_po

from gateway.runtime import words
from gateway.runtime.words import LOCALE, speaking, tr, trn

PO = LOCALE / "vi" / "LC_MESSAGES" / "vanthu.po"
FIELDS = re.compile(r"{(\w*)[^}]*}")


def test_translations_fill_in_the_same_values() -> None:
    for message in read_po(PO.open("rb"), locale="vi"):
        if not message.id:
            continue
        ids = (message.id,) if isinstance(message.id, str) else message.id
        said = (message.string,) if isinstance(message.string, str) else message.string
        wanted = set(FIELDS.findall(ids[-1]))
        for text in said:
            assert set(FIELDS.findall(text)) == wanted, message.id


def test_the_compiled_catalogue_is_the_readable_one() -> None:
    with PO.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in read_po(PO.open("rb"), locale="vi"):
        if isinstance(message.id, str) and message.id:
            assert compiled.gettext(message.id) == message.string, "run `make words`"


def test_a_notice_speaks_its_readers_language() -> None:
    text = "the folder of settings (config)"
    with speaking("vi"):
        assert tr(text) == "thư mục cấu hình (config)"
        with speaking("en"):
            assert tr(text) == text
    assert trn("{n} message", "{n} messages", 1) == "1 message"
    assert trn("{n} message", "{n} messages", 3) == "3 messages"


def test_an_unknown_language_is_english(monkeypatch: pytest.MonkeyPatch) -> None:
    with speaking("fr"):
        assert words.language() == "en"
    for name in ("VANTHU_LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "vi_VN.UTF-8")
    assert words.of_environment() == "vi"

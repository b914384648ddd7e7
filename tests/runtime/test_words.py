"""Every word that people read stands in the catalogues, and the catalogues fit the code."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from gateway.runtime import words
from gateway.runtime.words import LOCALE, speaking, tr, trn

CODE = Path(words.__file__).parents[2]
PO = LOCALE / "vi" / "LC_MESSAGES" / "vanthu.po"
FIELDS = re.compile(r"{(\w*)[^}]*}")


def translated() -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Every entry: its texts in English, and in Vietnamese."""
    with PO.open("rb") as file:
        catalogue = read_po(file, locale="vi")
    return [(_texts(m.id), _texts(m.string)) for m in catalogue if m.id]


def _texts(given: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


def of_the_code() -> set[tuple[str, ...]]:
    """Every text that ``tr``, ``trn`` and ``later`` are given."""
    words_of = {"tr": None, "later": None, "trn": (1, 2)}
    found: set[tuple[str, ...]] = set()
    for room in ("gateway", "filters"):
        for _, _, said, *_ in extract_from_dir(CODE / room, [("**.py", "python")], {}, words_of):
            found.add((said,) if isinstance(said, str) else tuple(said))
    return found


def test_every_text_of_the_code_is_translated() -> None:
    said = {english for english, vietnamese in translated() if all(vietnamese)}
    missing = {english for english in of_the_code() if english not in said}
    assert missing == set(), "run `make words`, then translate what is new in vanthu.po"


def test_no_text_hides_in_the_braces_of_another() -> None:
    """There the tool that gathers texts does not find it: it stands elsewhere, too."""
    gathered = {text for texts in of_the_code() for text in texts}
    hidden = {
        call.args[0].value
        for room in ("gateway", "filters")
        for path in (CODE / room).rglob("*.py")
        for outer in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(outer, ast.FormattedValue)
        for call in ast.walk(outer)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        if call.func.id in {"tr", "trn", "later"} and call.args
        if isinstance(call.args[0], ast.Constant)
    }
    assert hidden
    assert hidden <= gathered


def test_translations_fill_in_the_same_values() -> None:
    for english, vietnamese in translated():
        wanted = set(FIELDS.findall(english[-1]))
        assert vietnamese
        for text in vietnamese:
            assert set(FIELDS.findall(text)) == wanted, english


def test_the_compiled_catalogue_is_the_readable_one() -> None:
    with PO.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for english, vietnamese in translated():
        said = (
            compiled.gettext(english[0])
            if len(english) == 1
            else compiled.ngettext(english[0], english[1], 5)
        )
        assert said == vietnamese[-1], "run `make words`"


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


def test_what_was_written_down_in_english_is_told_again() -> None:
    with speaking("vi"):
        assert words.retold("e.vn has no SPF record") == "e.vn không có bản ghi SPF"
        assert words.retold("192.0.2.7 may send for e.vn (mx)") == (
            "192.0.2.7 được phép gửi thay e.vn (mx)"
        )
        assert words.retold("e.vn has no SPF record; else") == "e.vn không có bản ghi SPF; else"
        assert words.retold("never heard of") == "never heard of"
        assert words.retold("") == ""
    assert words.retold("e.vn has no SPF record") == "e.vn has no SPF record"


def test_what_a_filter_says_stands_in_the_catalogue() -> None:
    """A reason that is written down where the verdict is given, and not gathered, stays English."""
    verdicts = {"Pass", "Hold", "Reject", "Defer", "Discard"}
    bare = [
        f"{path.name}:{call.lineno}"
        for path in sorted((words.LOCALE.parents[1] / "filters").glob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        if call.func.id in verdicts and call.args and _says(call.args[0])
    ]
    assert bare == []


def _says(reason: ast.expr) -> bool:
    if isinstance(reason, ast.JoinedStr):
        told = [part.value for part in reason.values if isinstance(part, ast.Constant)]
        return any(re.search(r"[a-z]{2,} [a-z]{2,}", str(text)) for text in told)
    return isinstance(reason, ast.Constant) and bool(reason.value)

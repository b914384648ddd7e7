"""Where a scan's foot is, what red ink is, and the second engine's alphabet."""

from typing import Any

import numpy as np
import pytest

from gateway.documents import second
from gateway.documents.foot import BOTH_MM, HEADING_MM, found_in
from gateway.documents.ink import blue_mm2, without_red

DPI = 50
PER_MM = DPI / 25.4


def page() -> Any:
    return np.full((int(297 * PER_MM), int(210 * PER_MM)), 255, np.uint8)


def lines(on: Any, top: float, bottom: float, left: float, right: float) -> None:
    """Rows of words, 2 mm high every 5 mm, with blanks of 2 mm that do not lie below each other."""
    for row, y in enumerate(np.arange(top, bottom, 5.0)):
        for x in np.arange(left + row % 3, right, 11.0):
            end = min(x + 9, right)
            rows = slice(int(y * PER_MM), int((y + 2) * PER_MM))
            on[rows, int(x * PER_MM) : int(end * PER_MM)] = 0


def test_two_columns_below_a_text_are_a_foot() -> None:
    paper = page()
    lines(paper, 20, 120, 30, 190)
    lines(paper, 130, 200, 30, 85)
    lines(paper, 130, 180, 120, 180)
    foot = found_in(paper, DPI, 8)
    assert foot is not None
    assert foot.both >= BOTH_MM
    assert 115 < foot.top < 131
    assert 85 <= foot.gap <= 120


def test_a_page_of_text_has_none() -> None:
    paper = page()
    lines(paper, 20, 280, 30, 190)
    foot = found_in(paper, DPI, 8)
    assert foot is None or foot.both < BOTH_MM


def test_the_heading_of_page_one_is_none() -> None:
    paper = page()
    lines(paper, 15, 80, 30, 90)
    lines(paper, 15, 80, 110, 190)
    lines(paper, 100, 280, 30, 190)
    foot = found_in(paper, DPI, HEADING_MM)
    assert foot is None or foot.both < BOTH_MM


def test_a_page_that_is_too_small_has_none() -> None:
    assert found_in(np.zeros((10, 10), np.uint8), DPI, HEADING_MM) is None


def test_red_goes_and_black_and_blue_stay() -> None:
    inks = np.array([[[200, 30, 30], [20, 20, 20], [30, 40, 160], [250, 248, 240]]], np.uint8)
    plain, red = without_red(inks)
    assert plain[0, 0] == 255
    assert plain[0, 1] < 40
    assert plain[0, 2] < 40
    assert red[0, 0] < 40
    assert red[0, 1] == red[0, 2] == 255
    assert blue_mm2(inks, 25.4) == 1.0


def test_the_alphabet_is_as_long_as_the_network_is_wide() -> None:
    signs = second._alphabet()
    assert len(signs) == len(set(signs)) == 227
    assert signs[0] == ""


def test_without_an_engine_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second._Engine, "session", None)
    assert second.lines(page(), (), "number", (0.0, 0.0)) == []


def test_weights_that_were_not_measured_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime", reason="the second engine is optional")
    pytest.importorskip("asterocr", reason="the second engine is optional")
    monkeypatch.setattr(second, "WEIGHTS_SHA256", "00")
    assert "not the file" in second.load()["second_why"]

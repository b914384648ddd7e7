"""From bytes to hashed features."""

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.message import Message
from gateway.spam.features import LEARNT_BYTES, features
from gateway.spam.fold import disguises, fold
from gateway.spam.hashing import LOOSE, grams, pairs, slots, words
from gateway.spam.letter import RAW_BYTES, read_letter


@given(st.binary(min_size=4, max_size=300))
def test_grams_are_those_of_a_loop(text: bytes) -> None:
    naive = [int.from_bytes(text[i : i + 4], "little") for i in range(len(text) - 3)]
    assert grams(text).tolist() == naive


@given(st.lists(st.text("abcxyz0189", min_size=1, max_size=12), max_size=30), st.integers(0, 9))
def test_a_word_has_one_hash_wherever_it_stands(said: list[str], shift: int) -> None:
    found = words((" " * shift + "  ".join(said)).encode(), LOOSE)
    alone = [words(word.encode(), LOOSE)[0] for word in said]
    assert found.tolist() == alone


@given(st.lists(st.integers(0, 2**32 - 1), max_size=200))
def test_slots_are_sorted_and_without_doubles(hashes: list[int]) -> None:
    found = slots(np.array(hashes, np.uint32), 1, 12)
    assert found.tolist() == sorted(set(found.tolist()))
    assert all(place < 1 << 12 for place in found.tolist())


def test_pairs_know_order_and_distance() -> None:
    one, two = (words(text, LOOSE) for text in (b"a b c", b"b a c"))
    assert len(pairs(one)) == 3 + 2 + 1
    assert set(pairs(one).tolist()) != set(pairs(two).tolist())


@pytest.mark.parametrize(
    "disguised",
    [
        "Khuyến mãi",
        "KHUYẾN MÃI",
        "Khuyê\u0301n ma\u0303i",
        "Khu\u200byến m\u00adãi",
        "Кhuуến mãі",
        "khuyen mai",
    ],
)
def test_disguised_words_fold_into_one(disguised: str) -> None:
    assert fold(disguised) == "khuyen mai"


def test_disguise_itself_is_noticed_and_plain_text_is_not() -> None:
    assert disguises("v\u200bi\u200ba\u200bg\u200br\u200ba n\u200bow") == (
        "invisible-in-word",
        "invisible-in-many-words",
    )
    assert disguises("раypal") == ("mixed-scripts-in-word",)
    assert disguises("Đề nghị các đơn vị báo cáo trước ngày 15") == ()
    assert disguises("Привет всем") == ()


def test_the_text_is_decoded_wherever_it_hides() -> None:
    html = "<p>Nhận <b>quà</b> <a href='https://bad.example/x?y=1'>tại đây</a></p>"
    coded = base64.b64encode(html.encode()).decode()
    read = read_letter(
        Message(
            (
                "Subject: =?utf-8?q?Qu=C3=A0?=\r\n t\u1eb7ng\r\nContent-Type: text/html;"
                f" charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{coded}\r\n"
            ).encode()
        )
    )
    assert b"Subject: Qu\xc3\xa0" in read.head
    assert read.text == b"nhan qua tai day"
    assert read.links == b"bad.example/x?y=1"


def test_line_ends_do_not_change_the_smell() -> None:
    wire = b"Subject: x\r\n\r\none two\r\nthree\r\n" * 3
    one, two = (read_letter(Message(raw)) for raw in (wire, wire.replace(b"\r\n", b"\n")))
    assert one == two


@given(st.binary(max_size=2000))
def test_any_bytes_can_be_smelled(raw: bytes) -> None:
    read = read_letter(Message(raw))
    assert len(read.raw) <= RAW_BYTES
    found = features(read)
    assert found.flow.size == len(read.text)


def test_long_texts_are_read_in_windows_that_reach_the_end() -> None:
    body = b"harmless words " * 2500 + b"PRIZE"
    found = features(read_letter(Message(b"Subject: x\r\n\r\n" + body)))
    begins = found.begins()
    assert len(begins) > 2
    tail = features(read_letter(Message(b"Subject: x\r\n\r\n" + body[-LEARNT_BYTES // 3 :])))
    fresh = set(tail.learnt(0).tolist()) - set(found.learnt(0).tolist())
    assert len(fresh & set(found.learnt(begins[-1]).tolist())) > len(fresh) / 2

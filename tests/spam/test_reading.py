"""From bytes to hashed features."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.message import Message
from gateway.spam.features import (
    BLOCK_BYTES,
    BLOCKS,
    LEARNT_BLOCKS,
    TEXT,
    WEIGHT_BITS,
    Features,
    features,
)
from gateway.spam.fold import disguises, fold
from gateway.spam.hashing import LOOSE, Hashes, bounds, grams, hashed, pairs, summed
from gateway.spam.letter import RAW_BYTES, read_letter


def words(text: bytes) -> Hashes:
    return hashed(summed(text), *bounds(text, LOOSE))


@settings(deadline=None)
@given(st.binary(min_size=4, max_size=300))
def test_grams_are_those_of_a_loop(text: bytes) -> None:
    naive = [int.from_bytes(text[i : i + 4], "little") for i in range(len(text) - 3)]
    assert grams(text).tolist() == naive


@settings(deadline=None)
@given(st.lists(st.text("abcxyz0189", min_size=1, max_size=12), max_size=30), st.integers(0, 9))
def test_a_word_has_one_hash_wherever_it_stands(said: list[str], shift: int) -> None:
    found = words((" " * shift + "  ".join(said)).encode())
    alone = [words(word.encode())[0] for word in said]
    assert found.tolist() == alone


@settings(deadline=None)
@given(st.text(max_size=3000), st.text(max_size=200))
def test_what_is_learnt_is_sorted_and_without_doubles(text: str, subject: str) -> None:
    raw = f"Subject: {subject}\r\n\r\n{text}".encode("utf-8", "replace")
    found = features(read_letter(Message(raw)))
    learnt = found.learnt(0).tolist()
    assert learnt == sorted(set(learnt))
    assert set(learnt) <= set(found.marks.places.tolist())


def test_a_ruled_line_counts_once_and_what_is_said_again_far_off_twice() -> None:
    one, two, far = (
        features(read_letter(Message(b"Subject: x\r\n\r\n" + text)))
        for text in (b"buy", b"buy " * 40, b"buy" + b" filler" * 200 + b" buy")
    )
    buy = words_of(one, b"buy")
    assert [words_of(f, b"buy").count(buy[0]) for f in (one, two, far)] == [1, 1, 2]


def words_of(found: Features, word: bytes) -> list[int]:
    alone = features(read_letter(Message(b"\r\n\r\n" + word)))
    wanted = set(alone.words.places.tolist())
    return [place for place in found.words.places.tolist() if place in wanted]


def test_pairs_know_order_and_distance() -> None:
    one, two = (pairs(words(text), 3) for text in (b"a b c", b"b a c"))
    assert one.shape == (3, 3)
    assert sorted(one[0]) == sorted(two[0])
    assert not set(one[1:2, :2].ravel()) & set(two[1:2, :2].ravel())


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


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_can_be_smelled(raw: bytes) -> None:
    read = read_letter(Message(raw))
    assert len(read.raw) <= RAW_BYTES
    found = features(read)
    assert 1 <= found.blocks <= BLOCKS


def test_long_texts_are_read_in_windows_that_reach_the_end() -> None:
    body = b"harmless words " * 2500 + b"PRIZE"
    found = features(read_letter(Message(b"Subject: x\r\n\r\n" + body)))
    begins = found.begins()
    assert len(begins) > 2
    end = body[-BLOCK_BYTES * LEARNT_BLOCKS // 3 :]
    tail = features(read_letter(Message(b"Subject: x\r\n\r\n" + end)))
    fresh = text_marks(tail, 0) - text_marks(found, 0)
    assert len(fresh & text_marks(found, begins[-1])) > len(fresh) / 2


def text_marks(found: Features, begin: int) -> set[int]:
    return {place for place in found.learnt(begin).tolist() if place >> WEIGHT_BITS == TEXT}

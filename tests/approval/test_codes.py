"""A code is found however it was typed, and a mistyped one is never taken for another."""

import secrets

from hypothesis import given
from hypothesis import strategies as st

from gateway.approval.codes import (
    ALPHABET,
    Decision,
    bears_tag,
    decision_in,
    hashed,
    new_decision_code,
    new_tag,
    normal_tag,
    tags_in,
    without_tags,
)

seeds = st.binary(min_size=16, max_size=16)


def tag_of(seed: bytes) -> str:
    return new_tag(lambda count: seed[:count])


@given(seeds, st.integers(0, 2**12), st.booleans())
def test_a_tag_is_read_in_any_spelling(seed: bytes, cuts: int, is_lower: bool) -> None:
    tag = tag_of(seed)
    bare = tag.replace("-", "")
    typed = "".join(c + (" -–"[n % 3] if cuts >> n & 1 else "") for n, c in enumerate(bare))
    typed = typed.lower() if is_lower else typed.replace("0", "O").replace("1", "l")
    assert normal_tag(typed) == tag
    assert tags_in(f"Re: Fwd: [pd  {typed}] Mời họp") == (tag,)
    assert without_tags(f"Re: [PD {typed}] Mời họp") == "Re: Mời họp"
    assert hashed(typed.replace("–", "-")) == hashed(tag)


@given(seeds, st.integers(0, 9), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_noticed(seed: bytes, at: int, symbol: str) -> None:
    bare = tag_of(seed).replace("-", "")
    wrong = bare[:at] + symbol + bare[at + 1 :]
    assert (normal_tag(wrong) is None) == (wrong != bare)


def test_what_looks_like_a_tag_is_taken_out_even_when_it_is_wrong() -> None:
    assert tags_in("[PD 7K3F-9QXM-2V9] Báo cáo") == ()
    assert bears_tag("[PD 7K3F-9QXM-2V9] Báo cáo")
    assert without_tags("[PD 7K3F-9QXM-2V9] Báo cáo") == "Báo cáo"


def test_other_brackets_stay() -> None:
    for subject in ("[PD] hop", "[PDF 12345678901] x", "[Chờ duyệt] 12/SNgV-VP", "PD 7K3F"):
        assert without_tags(subject) == subject


@given(seeds)
def test_a_decision_code_survives_an_address(seed: bytes) -> None:
    code = new_decision_code(lambda count: seed[:count])
    assert decision_in(f"duyet-{code}") == Decision("approve", code)
    assert decision_in(f"TuChoi-{code.upper()}") == Decision("refuse", code)
    assert decision_in(f"duyet-{code[:-1]}") is None
    assert decision_in(f"xduyet-{code}") is None
    assert len(f"approve-{code}") <= 64


def test_codes_do_not_repeat() -> None:
    assert len({new_decision_code(secrets.token_bytes) for _ in range(2000)}) == 2000

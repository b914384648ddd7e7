"""What is learnt from letters, and where the line lies."""

from dataclasses import replace

import numpy as np

from gateway.spam.features import features
from gateway.spam.gauge import HIGHEST, LEAP, START, Gauge
from gateway.spam.letter import Letter
from gateway.spam.model import Judgement, Model, Tables
from gateway.spam.trainer import Pupil
from tests.spam.made_up import letter


def taught(count: int) -> Pupil:
    pupil = Pupil()
    for number in range(count):
        pupil.learn(features(letter(number, is_spam=bool(number % 2))), bool(number % 2), 1.0)
    return pupil


def test_nothing_learnt_says_nothing() -> None:
    judged = Model(Tables.empty()).judge(features(letter(1, is_spam=True)))
    assert judged.whole == judged.content == 0.0


def test_letters_never_seen_are_told_apart() -> None:
    pupil = taught(200)
    fresh = [(features(letter(n, is_spam=bool(n % 2))), bool(n % 2)) for n in range(1000, 1100)]
    scores = [(pupil.model.judge(found).whole, is_spam) for found, is_spam in fresh]
    assert min(s for s, is_spam in scores if is_spam) > max(
        s for s, is_spam in scores if not is_spam
    )


def test_a_smaller_weight_teaches_less() -> None:
    found = features(letter(1, is_spam=True))

    def learnt(weight: float) -> float:
        model = Model(Tables.empty())
        model.learn(found, True, weight)
        return model.judge(found).text

    assert 0 < learnt(0.25) < learnt(1.0)


def test_padding_does_not_hide_what_is_behind_it() -> None:
    pupil = taught(200)
    good = b" ".join(letter(n, is_spam=False).text for n in range(500, 540))
    bad = letter(777, is_spam=True)
    tail = b" ".join(letter(n, is_spam=True).text for n in range(777, 787))
    padded = features(replace(bad, text=good + b" " + tail))
    assert pupil.model.judge(features(replace(bad, text=good))).text < 0
    assert pupil.model.judge(padded).worst > 2.0


def well_read(letters: int = 3000) -> Gauge:
    gauge = Gauge()
    for _ in range(letters):
        gauge.note(plain(-20), is_spam=False)
    return gauge


def plain(logit: float) -> Judgement:
    """A letter of which all models say the same, with this score in all."""
    share = logit / 4.4
    return Judgement(raw=share, head=share, text=share, words=share, text_words=share, worst=share)


TRUSTED = Judgement(raw=-8, head=-8, text=10, words=-8, text_words=5)


def test_a_trusted_header_does_not_outvote_a_text_that_is_spam_through_and_through() -> None:
    gauge = well_read()
    assert gauge.score(TRUSTED) > gauge.threshold
    mild = replace(TRUSTED, text=1, text_words=1)
    assert gauge.score(mild) == mild.whole < -20


def test_one_bad_stretch_is_not_outvoted_by_the_rest_of_the_text() -> None:
    gauge = well_read()
    padded = replace(plain(-10), head=4, raw_head=2, worst=8, worst_words=8)
    assert gauge.score(padded) > gauge.threshold
    assert gauge.score(replace(padded, worst=-2, worst_words=-2)) < gauge.threshold


def test_a_stretch_and_a_text_alone_are_not_believed_before_much_is_known() -> None:
    assert Gauge().score(TRUSTED) == TRUSTED.whole < 0


def test_a_good_letter_that_a_stretch_or_its_text_betrayed_is_not_lost_again() -> None:
    gauge = well_read()
    odd = replace(TRUSTED, head=6, raw_head=6, worst=5, worst_words=6)
    assert gauge.score(odd) > gauge.threshold
    gauge.note(odd, is_spam=False)
    assert gauge.score(odd) < gauge.threshold


def test_no_view_alone_decides() -> None:
    assert Judgement(raw=99, head=-99, text=0, words=0, text_words=0).whole == 0


def test_empty_features_are_no_trouble() -> None:
    nothing = features(Letter(b"", b"", b""))
    model = Model(Tables.empty())
    model.learn(nothing, True)
    assert model.judge(nothing).whole == 0.0


def test_the_line_rises_above_a_good_letter_and_sinks_slowly() -> None:
    gauge = Gauge()
    gauge.note(plain(START + 3), is_spam=False)
    risen = gauge.threshold
    assert risen > START + 3
    for _ in range(500):
        gauge.note(plain(-5), is_spam=False)
    assert START < gauge.threshold < risen
    gauge.note(plain(34), is_spam=False)
    assert gauge.threshold <= HIGHEST


def test_what_a_beginner_took_for_spam_does_not_hold_the_lines_up_for_long() -> None:
    early, late = Gauge(), well_read()
    for gauge in (early, late):
        odd = plain(gauge.threshold + 3)
        for _ in range(5):
            gauge.note(replace(odd, raw_head=8, worst=8, worst_words=8), is_spam=False)
    risen = early.threshold, late.threshold, early.bared, late.bared
    for gauge in (early, late):
        for _ in range(400):
            gauge.note(plain(-20), is_spam=False)
    assert risen[0] - early.threshold > 2 * (risen[1] - late.threshold)
    assert risen[2] - early.bared > 1.5 * (risen[3] - late.bared)


def test_no_single_letter_lifts_the_line_out_of_reach() -> None:
    gauge = well_read()
    before = gauge.threshold
    gauge.note(plain(30), is_spam=False)
    assert before < gauge.threshold <= before + LEAP


def test_the_line_loses_about_one_good_letter_in_a_thousand() -> None:
    random = np.random.default_rng(7)
    gauge, lost = Gauge(), 0
    for score in random.normal(-10, 6, 20_000):
        lost += score > gauge.threshold
        gauge.note(plain(float(score)), is_spam=False)
    assert lost <= 20


def test_the_probability_means_what_it_says() -> None:
    random = np.random.default_rng(8)
    gauge = Gauge()
    for _ in range(4000):
        is_spam = bool(random.random() < 0.4)
        gauge.note(plain(float(random.normal(4 if is_spam else -4, 4))), is_spam)
    scores = random.normal(-4, 4, 3000), random.normal(4, 4, 2000)
    likely = [gauge.probability(float(s)) > 0.9 for part in scores for s in part]
    truth = [False] * 3000 + [True] * 2000
    right = sum(t for t, sure in zip(truth, likely, strict=True) if sure)
    assert right / sum(likely) > 0.9

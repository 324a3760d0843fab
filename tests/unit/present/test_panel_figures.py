"""Figures of panels say what their numbers say, and the opposite of the opposite numbers."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from equieval.errors import InputError
from equieval.present import figures

from . import panel_builds as made

OF = {"quantity": "stillbirth rate", "unit": made.UNIT}
RATE = {"outcome": "booking rate", "unit": "% of bookings"}
TRUST_YEARS = {"first_period": "2014", "last_period": "2023", "units": "trusts"}


def _event(frame: pd.DataFrame, **words: object) -> str:
    given = {"frequency": "year", **OF, **words}
    return figures.event_study(frame, **given).title  # type: ignore[arg-type]


def test_an_event_study_tells_what_is_clear_after_the_start_and_before_it() -> None:
    frame = made.event_frame(-4, 2, -1.0, 0.3)
    assert _event(frame) == (
        "The stillbirth rate was clearly lower than expected in all 3 years from the start; no "
        "clear difference in the 3 years before"
    )
    assert "clearly higher than expected in all 3" in _event(made.event_frame(-4, 2, 1.0, 0.3))
    gap = _event(frame, quantity="gap in stillbirth", lower="narrower", higher="wider")
    assert "The gap in stillbirth was clearly narrower" in gap
    drifting = frame.assign(band_low=lambda f: f["band_low"].where(f["event_time"] != -3, 0.5))
    assert "but it already differed in 1 of 3 years before" in _event(drifting)
    assert "no earlier period checks" in _event(made.event_frame(-1, 2, 1.0, 0.3))


def test_the_band_for_all_times_at_once_decides_what_is_clear() -> None:
    frame = made.event_frame(-4, 2, -1.0, 0.4)
    assert (frame["ci_high"] < 0).sum() == 3
    assert "shows no clear change in any of 3 years" in _event(frame)
    assert "clearly lower" in _event(frame.drop(columns=["band_low", "band_high"]))


def test_effects_without_intervals_cannot_say() -> None:
    bare = made.event_frame(-4, 2, -1.0, 0.3).assign(
        ci_low=np.nan, ci_high=np.nan, band_low=np.nan, band_high=np.nan
    )
    assert _event(bare).startswith("These data cannot say whether the stillbirth rate changed")
    assert _event(made.event_frame(-4, 2, -1.0, 0.3), cannot_say=True) == (
        "These data cannot say whether the stillbirth rate changed after the start"
    )


@pytest.mark.parametrize(
    ("power", "said"),
    [(0.9, "probably find"), (0.6, "might well miss"), (0.4, "more often miss this drift")],
)
def test_the_power_of_the_pretrend_test_is_judged(power: float, said: str) -> None:
    picture = figures.pretrend_power(made.drift_frame(0.1), slope=0.1, power=power, **OF)
    assert said in picture.title
    assert f"{power * 100:.0f}% of cases" in picture.title
    assert "no evidence of parallel trends" in picture.note
    # at event time 4 the drift has run 5 periods from the reference
    assert "the drift alone would give +0.50, and +0.65 on average" in picture.alt


def test_raw_trends_are_told_by_arm() -> None:
    arms = made.arm_frame(["Treated", "Comparison"], made.YEARS, -0.5)
    words = {"start": "2019", "intervention": "the pathway", **RATE}
    falling = figures.arms_over_time(arms, **words)
    # treated: 12 - 0.5 t, means of t = 0..4 and 5..9; comparison: 13 - 0.6 t
    assert falling.title == (
        "The booking rate fell in both arms from before 2019 to after it: Treated (11.0 to "
        "8.5) and Comparison (11.8 to 8.8)"
    )
    rising = figures.arms_over_time(arms.assign(rate=-arms["rate"] + 30), **words)
    assert "rose in both arms" in rising.title
    mixed = arms.assign(rate=arms["rate"].where(arms["arm"] == "Treated", 12.0))
    assert "fell in 1 of 2 arms and stayed level in 1 of 2 arms" in (
        figures.arms_over_time(mixed, **words).title
    )


def test_only_four_arms_are_told_apart_and_the_last_is_one_of_them() -> None:
    arms = made.arm_frame([*"ABCDEF", "Comparison"], made.YEARS, 0.5)
    picture = figures.arms_over_time(arms, **RATE)
    labels = {text.get_text().replace("\n", " ") for text in picture.figure.texts}
    assert {"A", "B", "C", "Comparison", "The other 3 arms"} <= labels
    assert "D" not in labels


def test_who_joined_is_counted_and_those_who_never_did_are_named() -> None:
    frame = pd.DataFrame({"unit": list("abcd"), "first_exposed": ["2016", 2018, None, pd.NaT]})
    picture = figures.adoption(frame, **TRUST_YEARS)
    assert picture.title == "2 of 4 trusts took part, joining from 2016 to 2018; 2 did not"
    assert "From 2016: 1 trust; From 2018: 1 trust; Not taking part: 2 trusts" in picture.alt
    everyone = figures.adoption(frame.assign(first_exposed="2017"), **TRUST_YEARS)
    assert everyone.title == "All 4 trusts took part, all from 2017; none is left that did not"


def test_the_weight_of_misleading_comparisons_is_told() -> None:
    words = {"outcome": "rate", "unit": made.UNIT}
    away = figures.bacon_weights(made.bacon_frame(-1.0, 0.5), **words)
    assert away.title == (
        "25% of the two-way estimate rests on comparisons with areas already treated, and these "
        "point the other way"
    )
    # 0.75 of the weight at -1 and 0.25 at 0.5
    assert "Together they give −0.62" in away.alt or "Together they give −0.63" in away.alt
    assert "other way" not in figures.bacon_weights(made.bacon_frame(-1, -2), **words).title
    fair = made.bacon_frame(-1, -2).iloc[:6].assign(weight=1 / 6)
    assert figures.bacon_weights(fair, **words).title.startswith("No part of the two-way estimate")


@pytest.mark.parametrize(
    ("breakdown", "kind", "said"),
    [
        (0.83, "relative-magnitudes", "0.83 times their largest departure before the start: less"),
        (1.4, "relative-magnitudes", "1.40 times their largest departure before the start: more"),
        (0.0, "relative-magnitudes", "Even with parallel trends these data show no clear change"),
        (math.inf, "relative-magnitudes", "up to 2.00 times the largest before the start"),
        (0.031, "smoothness", f"bends by 0.031 {made.UNIT} per year"),
        (0.0, "smoothness", "Even with a straight difference in trends"),
        (math.nan, "smoothness", "is not known"),
    ],
)
def test_the_breakdown_value_is_put_in_words(breakdown: float, kind: str, said: str) -> None:
    picture = figures.sensitivity(
        made.bounds_frame(0.5), breakdown=breakdown, kind=kind, frequency="year", **OF
    )
    assert said in picture.title
    assert "As estimated: −1.50 to −0.50." in picture.alt


def test_an_unknown_kind_of_sensitivity_is_refused_with_the_one_meant() -> None:
    with pytest.raises(InputError, match="smoothness"):
        figures.sensitivity(made.bounds_frame(1), breakdown=1, kind="smothness", **OF)


def test_specifications_are_counted_by_side() -> None:
    words = {"choices": made.CHOICES, **OF}
    lower = figures.specification_curve(made.specification_frame(10, -1.0), **words)
    # effect - 0.8 wide: the upper end is below 0 for estimates under -0.8
    assert (
        lower.title
        == "The stillbirth rate is clearly lower than expected in 8 of 10 specifications"
    )
    assert "10 of 10 lie below 0" in lower.alt
    assert (
        "The primary analysis stands at place 4: −1.10 (95% interval −1.90 to −0.30)" in lower.alt
    )
    higher = figures.specification_curve(made.specification_frame(10, 1.0), **words)
    assert "clearly higher than expected in 8 of 10" in higher.title
    none = figures.specification_curve(made.specification_frame(10, 0.0), **words)
    assert none.title == "None of 10 specifications shows a clear change in the stillbirth rate"


def test_a_funnel_names_the_units_beyond_chance() -> None:
    words = {"units": "trusts", **RATE}
    wide = figures.funnel(made.funnel_frame(40, 4.0), **words)
    # every fifth unit lies 4 standard errors out, up and down in turn
    assert wide.title == (
        "8 of 40 trusts lie outside the 99.8% limits of chance around the overall booking rate: "
        "4 above and 4 below"
    )
    assert "Below: Alderwick 0" in wide.alt
    narrow = figures.funnel(made.funnel_frame(40, 2.0), **words)
    assert narrow.title.startswith("All 40 trusts lie within the 99.8% limits of chance")


def test_numbers_below_a_funnel_leave_room_between_them() -> None:
    frame = made.funnel_frame(12, 2.0)
    large = frame.assign(denominator=frame["denominator"] * 400)  # up to 3,200,000
    for drawn in (frame, large):
        figure = figures.funnel(drawn, units="trusts", **RATE).figure
        renderer = figure.canvas.get_renderer()
        ticks = [label for label in figure.axes[0].get_xticklabels() if label.get_text()]
        boxes = [label.get_window_extent(renderer) for label in ticks]
        assert len(boxes) >= 2
        assert all(left.x1 + 5 < right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize("sign", [1, -1])
def test_an_estimate_is_placed_among_the_reassigned_ones(sign: int) -> None:
    words = {"smallest_attainable_p": 1 / 41, **OF}
    rare = figures.placebo_distribution(
        made.placebo_frame(sign * 3.0, 40, 2), p_value=1 / 41, **words
    )
    assert rare.title.startswith("Chance alone seldom gives such a change")
    assert "none of 40 reassignments lies as far out" in rare.title
    assert f"The true estimate is {'+' if sign > 0 else '−'}3.00" in rare.alt
    usual = figures.placebo_distribution(
        made.placebo_frame(sign * 1.0, 40, 2), p_value=0.5, **words
    )
    assert "Chance alone can give such a change" in usual.title
    few = figures.placebo_distribution(
        made.placebo_frame(3.0, 8, 2), p_value=1 / 9, smallest_attainable_p=1 / 9, **OF
    )
    assert "even the most extreme result would be 1 of 9" in few.title


def test_sources_differ_only_beyond_chance_and_the_tolerance() -> None:
    apart = made.source_frame(["Black", "White"], ["MSDS", "Local"], 2.5)
    picture = figures.source_agreement(apart, **RATE)
    assert picture.title == (
        "The sources differ on the booking rate by more than chance in all 2 groups; most in the "
        "White group"
    )
    assert "25.0% of bookings in MSDS, 27.5 in Local" in picture.alt
    tolerant = figures.source_agreement(apart, tolerance=3.0, **RATE).title
    assert "agree on the booking rate within chance and 3 percentage points" in tolerant
    counted = apart.assign(ci_low=np.nan, ci_high=np.nan)
    assert "differ" in figures.source_agreement(counted, **RATE).title
    near = made.source_frame(["Black", "White"], ["MSDS", "Local"], 1.5)
    assert "agree on the booking rate within chance in all 2" in (
        figures.source_agreement(near, **RATE).title
    )
    absent = apart.iloc[:3]
    assert (
        "Local has no figure for people in the White group."
        in figures.source_agreement(absent, **RATE).alt
    )
    with pytest.raises(InputError, match="two to four"):
        figures.source_agreement(apart.iloc[:2], **RATE)


def test_shares_recorded_are_graded_and_a_missing_figure_is_no_zero() -> None:
    words = {"item": "ethnic group", "rows": "unit", "graded": True}
    frame = pd.DataFrame(
        {"unit": ["A", "A", "B", "B"], "period": ["2020", "2021"] * 2,
         "recorded": [0.949, 0.96, 0.0, 0.97]}
    )  # fmt: skip
    picture = figures.completeness_heatmap(frame, **words)
    assert picture.title == (
        "The ethnic group is at least 95% recorded in 2 of 4 combinations of organisation and "
        "year; lowest 0% in B, 2020"
    )
    texts = {text.get_text() for text in picture.figure.axes[0].texts}
    assert {"94%", "96%", "0%", "97%"} == texts
    missing = figures.completeness_heatmap(frame.drop(index=2), **words)
    assert "lowest 94% in A, 2020" in missing.title
    assert "1 of 4 combinations of organisation and year have no figure" in missing.alt


def test_the_pooled_effect_and_what_a_further_evaluation_may_show() -> None:
    words = {"outcome": "smoking rate", "unit": made.UNIT, "i2": 43.0}
    sure = figures.pooled_forest(
        made.pooled_frame(-1.0), prediction_low=-1.8, prediction_high=-0.1, **words
    )
    assert sure.title == (
        "Together 3 evaluations show a lower rate: smoking rate; a further one should show the same"
    )
    assert "43% of the variation lies between" in sure.note
    unsure = figures.pooled_forest(
        made.pooled_frame(1.0), prediction_low=-0.4, prediction_high=2.2, **words
    )
    assert "show a higher rate" in unsure.title
    assert "a further one may show none or the opposite" in unsure.title
    none = figures.pooled_forest(
        made.pooled_frame(0.1), prediction_low=-1, prediction_high=1, **words
    )
    assert none.title == "Together 3 evaluations show no clear change in the smoking rate"


def test_what_weighs_more_is_drawn_larger_and_the_note_says_so() -> None:
    frame = made.pooled_frame(-1.0)
    frame.loc[:2, "weight"] = [64.0, 32.0, 4.0]
    picture = figures.pooled_forest(
        frame, outcome="smoking rate", unit=made.UNIT, prediction_low=-1.8, prediction_high=-0.1
    )
    dots = [line for line in picture.figure.axes[0].lines if line.get_marker() == "o"]
    areas = {float(line.get_xdata()[0]): line.get_markersize() ** 2 for line in dots}
    sizes = [areas[estimate] for estimate in frame["estimate"][:3]]
    assert sizes == pytest.approx([144, 72, 9])  # as the weights, down to 9 for what can be seen
    assert "Dots are larger the more their evaluation weighs" in picture.note


def test_coverage_is_held_against_its_promise() -> None:
    kept = figures.coverage(made.coverage_frame(0.95, 0.94))
    assert kept.title == "Intervals keep their promise in all 2 designs"
    # Monte-Carlo intervals 86-90 and 97-100 lie outside 93-97
    broken = figures.coverage(made.coverage_frame(0.95, 0.88, 0.995))
    assert broken.title == (
        "Intervals are too narrow in 1 and wider than promised in 1 of 3 designs"
    )
    assert "at least 400 simulations" in broken.alt

"""Minimum detectable effects: found as often as promised, in the user's own units."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.its import effect_at, fit_reml_ar1, level_and_slope
from equieval.methods.its_design import SegmentedModel
from equieval.methods.power import detectable_effect

MONTHS = pd.period_range("2021-01", periods=24, freq="M")


@pytest.fixture(scope="module")
def before():
    rng = np.random.default_rng(12)
    return pd.Series(20 + 0.05 * np.arange(24) + rng.normal(size=24), index=MONTHS)


@pytest.fixture(scope="module")
def answer(before):
    return detectable_effect(before, periods_after=24, replications=300)


def test_an_effect_of_that_size_is_found_that_often(answer):
    # fresh series from the same noise, with the effect in them, through the public estimator
    rng = np.random.default_rng(99)
    periods = pd.period_range("2021-01", periods=48, freq="M")
    X = level_and_slope(periods, periods[24])
    found = 0
    for _ in range(250):
        noise = rng.normal(size=48)
        for step in range(1, 48):
            noise[step] = answer.phi * noise[step - 1] + math.sqrt(1 - answer.phi**2) * noise[step]
        y = pd.Series(X.to_numpy() @ [20, 0.05, answer.effect, 0] + answer.sigma * noise, periods)
        try:
            fit = fit_reml_ar1(y, X, small_sample="kenward-roger")
        except DesignError:
            continue
        found += fit.coefficient("post").ci_low > 0
    # Monte-Carlo error of both simulations, 99 %
    assert found / 250 == pytest.approx(0.8, abs=2.58 * math.sqrt(0.16 / 250 + 0.16 / 300))


def test_it_is_in_the_units_of_the_outcome(before, answer):
    other = detectable_effect(before * 1000 - 7, periods_after=24, replications=300)
    assert other.effect == pytest.approx(1000 * answer.effect, rel=1e-6)


def test_a_month_that_is_missing_teaches_nothing_and_keeps_its_place_in_time(before, answer):
    gap = before.mask(before.index.isin(MONTHS[[5, 11]]))
    found = detectable_effect(gap, periods_after=24, replications=300)
    line = pd.DataFrame({"intercept": 1.0, "t": np.arange(24.0)}, MONTHS)
    fit = fit_reml_ar1(gap, line)
    assert (found.phi, found.sigma) == pytest.approx((fit.phi, fit.sigma), rel=1e-5)
    assert answer.effect / 1.5 < found.effect < 1.5 * answer.effect


def test_the_same_seed_gives_the_same_answer(before, answer):
    again = detectable_effect(before, periods_after=24, replications=300)
    assert again.effect == answer.effect
    pd.testing.assert_frame_equal(again.curve, answer.curve)


def test_power_grows_with_the_effect_and_reaches_the_one_asked_for(answer):
    assert answer.curve["power"].is_monotonic_increasing
    assert answer.curve.loc[0, "power"] < 0.06
    at = np.interp(answer.effect, answer.curve["effect"], answer.curve["power"])
    assert at == pytest.approx(0.8, abs=0.03)


def test_an_effect_far_on_is_harder_to_find_than_one_at_the_start(before, answer):
    later = detectable_effect(before, periods_after=24, horizon=23, replications=300)
    assert later.effect > answer.effect


def test_under_another_model_an_effect_of_that_size_is_found_as_often():
    # as above: a level that comes after a phase-in, with a season, judged by Satterthwaite
    model = SegmentedModel(impact="level", phase_in=3, fourier_pairs=1)
    rng = np.random.default_rng(5)
    months = np.arange(24)
    season = 2 * np.sin(2 * np.pi * months / 12)
    before = pd.Series(20 + season + rng.normal(size=24), MONTHS)
    answer = detectable_effect(
        before,
        periods_after=24,
        horizon=6,
        model=model,
        small_sample="satterthwaite",
        replications=300,
    )
    assert answer.sigma < 1.3, "the season is no noise"
    periods = pd.period_range("2021-01", periods=48, freq="M")
    X = model.matrix(periods, periods[24])
    found = 0
    for _ in range(250):
        noise = rng.normal(size=48)
        for step in range(1, 48):
            noise[step] = answer.phi * noise[step - 1] + math.sqrt(1 - answer.phi**2) * noise[step]
        y = pd.Series(answer.sigma * noise + answer.effect * (np.arange(48) >= 24), periods)
        try:
            fit = fit_reml_ar1(y.reindex(X.index), X)
        except DesignError:
            continue
        found += effect_at(fit, X, periods[30]).ci_low > 0
    assert found / 250 == pytest.approx(0.8, abs=2.58 * math.sqrt(0.16 / 250 + 0.16 / 300))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"periods_after": 12, "model": SegmentedModel(lag=3)}, "begins later"),
        ({"periods_after": 12, "horizon": 12}, "outside the 12 periods"),
        ({"periods_after": 24, "power": 80}, "between 0 and 1"),
    ],
)
def test_an_impossible_question_is_refused(before, change, words):
    with pytest.raises(DesignError, match=words):
        detectable_effect(before, **change)


def test_a_pre_period_too_short_to_judge_by_is_refused(before):
    with pytest.raises(DesignError, match="5 periods before the start"):
        detectable_effect(before.iloc[:5], periods_after=24)

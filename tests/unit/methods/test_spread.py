"""Spread between groups: chance alone makes none, and what there is comes out."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DataError, DesignError, InputError
from equieval.methods.spread import SPREAD_MEASURES, spread

LEVELS = list("abcde")
BIRTHS = 3 * np.array([6000, 9000, 12000, 5000, 8000])
ALIKE = (0.005,) * 5
CLOSE = (0.0062, 0.0056, 0.005, 0.0047, 0.0044)
RATES = (0.009, 0.007, 0.005, 0.004, 0.003)
SMOOTH = ["theil", "mean-log-deviation", "between-group-variance"]


def strata(events, births=BIRTHS):
    return pd.DataFrame({"stratum": LEVELS, "numerator": events, "denominator": births})


@lru_cache
def draws(rates, replications=600, more=1):
    rng = np.random.default_rng(1)
    births = more * BIRTHS
    return [
        spread(strata(rng.binomial(births, rates), births), LEVELS, per=1000).set_index("measure")
        for _ in range(replications)
    ]


def truth(rates=RATES):
    share, y = BIRTHS / BIRTHS.sum(), 1000 * np.array(rates)
    mean = share @ y
    return {
        "theil": float(share @ (y / mean * np.log(y / mean))),
        "mean-log-deviation": float(-share @ np.log(y / mean)),
        "between-group-variance": float(share @ (y - mean) ** 2),
        "index-of-disparity": float(100 * np.abs(y - mean).mean() / mean),
        "range": float(np.ptp(y)),
    }


@pytest.mark.parametrize("measure", SMOOTH)
@pytest.mark.parametrize("rates", [ALIKE, CLOSE, RATES])
def test_on_average_the_corrected_measure_is_the_truth_also_where_that_is_nought(measure, rates):
    values = np.array([found.loc[measure, "estimate"] for found in draws(rates)])
    error = values.std() / math.sqrt(len(values))
    assert abs(values.mean() - truth(rates)[measure]) < 3 * error


def test_uncorrected_it_would_not_be():
    # the plug-in between-group variance of rates that are all alike, in the same draws
    rng = np.random.default_rng(1)
    share = BIRTHS / BIRTHS.sum()
    y = 1000 * rng.binomial(BIRTHS, ALIKE, size=(600, 5)) / BIRTHS
    plug_in = ((y - (y @ share)[:, None]) ** 2) @ share
    assert plug_in.mean() > 10 * plug_in.std() / math.sqrt(600)


@pytest.mark.parametrize("measure", SMOOTH)
@pytest.mark.parametrize("rates", [ALIKE, CLOSE, RATES])
def test_intervals_hold_the_truth_as_often_as_they_say(measure, rates):
    value = truth(rates)[measure]
    held = np.mean(
        [row.loc[measure, "ci_low"] <= value <= row.loc[measure, "ci_high"] for row in draws(rates)]
    )
    slack = 2.576 * math.sqrt(0.95 * 0.05 / 600)
    assert 0.93 - slack <= held <= 0.97 + slack


@pytest.mark.parametrize("measure", ["index-of-disparity", "range"])
def test_where_groups_are_alike_the_measures_that_bend_are_not_shown(measure):
    found = draws(ALIKE)
    assert not any(math.isfinite(row.loc[measure, "estimate"]) for row in found)
    assert "standard errors" in found[0].loc[measure, "method"]


@pytest.mark.parametrize("measure", ["index-of-disparity", "range"])
def test_where_groups_are_far_apart_they_are_right(measure):
    values = [found.loc[measure, "estimate"] for found in draws(RATES, 50, 1_000)]
    assert np.isfinite(values).all()
    assert np.mean(values) == pytest.approx(truth()[measure], rel=0.002)


def test_with_very_many_births_each_is_its_formula():
    births = 10_000_000 * BIRTHS
    found = spread(strata(births * np.array(RATES), births), LEVELS, per=1000).set_index("measure")
    for measure, value in truth().items():
        assert found.loc[measure, "estimate"] == pytest.approx(value, rel=1e-6)


def test_standard_errors_are_those_of_draws():
    found = draws(RATES)
    for measure in SMOOTH:
        spread_of_draws = np.std([row.loc[measure, "estimate"] for row in found])
        claimed = np.mean([row.loc[measure, "std_error"] for row in found])
        assert claimed == pytest.approx(spread_of_draws, rel=0.08)


def test_units_and_order_change_nothing_but_the_units():
    events = BIRTHS * np.array(RATES) * 5
    one = spread(strata(events), LEVELS, per=1000).set_index("measure")["estimate"]
    other = spread(strata(events).iloc[::-1], LEVELS[::-1], per=1).set_index("measure")["estimate"]
    for measure, factor in zip(SPREAD_MEASURES, (1, 1, 1e6, 1, 1e3), strict=True):
        if math.isfinite(one[measure]):
            assert one[measure] == pytest.approx(factor * other[measure], rel=1e-9)
        else:
            assert math.isnan(other[measure])


def test_with_few_events_logarithms_are_not_shown_and_the_variance_still_is():
    found = spread(strata([3, 40, 60, 20, 24]), LEVELS, per=1000).set_index("measure")
    assert math.isnan(found.loc["theil", "estimate"])
    assert "under 10 events" in found.loc["mean-log-deviation", "method"]
    assert math.isfinite(found.loc["between-group-variance", "estimate"])


@pytest.mark.parametrize(
    ("data", "change", "error", "words"),
    [
        (strata([1, 2, 3, 4, 5]), {"which": ["thiel"]}, InputError, "no measure of spread"),
        (strata([1, 2, 3, 4, math.nan]), {}, DesignError, "missing"),
        (strata([1, 2, 3, 4, -5]), {}, DataError, "negative"),
        (strata([1, 2, 3, 4, 5]).iloc[1:], {}, DesignError, "exactly once"),
        (strata([1, 2, 3, 4, 5]), {"shares": {"a": 1}}, InputError, "every level"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_a_remedy(data, change, error, words):
    with pytest.raises(error, match=words) as refusal:
        spread(data, LEVELS, per=1000, **change)
    assert refusal.value.remedy

"""Relative magnitudes: what must hold for every event study."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import truncnorm

from equieval.errors import DesignError
from equieval.methods.honest import (
    EventStudy,
    breakdown_value,
    event_study,
    relative_magnitudes,
)
from equieval.methods.honest import _truncated_quantile as truncated_quantile
from equieval.methods.staggered import callaway_santanna


def study(effect=1.0, n_before=4, n_after=3, wobble=0.05, scale=1.0):
    estimates = np.append(wobble * np.array([1, -1, 1, -1, 1, -1])[:n_before], [effect] * n_after)
    size = n_before + n_after
    covariance = 0.01 * (0.6 * np.eye(size) + 0.4)
    return EventStudy(scale * estimates, scale**2 * covariance, n_before)


def test_intervals_widen_as_more_is_allowed():
    found = relative_magnitudes(study(), [0.0, 0.5, 1.0, 3.0])
    assert found["ci_low"].is_monotonic_decreasing
    assert found["ci_high"].is_monotonic_increasing


def test_with_parallel_trends_the_interval_is_about_the_usual_one():
    found = relative_magnitudes(study(), [0.0]).iloc[0]
    assert found["ci_low"] == pytest.approx(1 - 1.96 * 0.1, abs=0.02)
    assert found["ci_high"] == pytest.approx(1 + 1.96 * 0.1, abs=0.02)


def test_intervals_are_in_the_units_of_the_outcome():
    one = relative_magnitudes(study(), [1.0]).iloc[0]
    thousand = relative_magnitudes(study(scale=1000.0), [1.0]).iloc[0]
    assert thousand["ci_low"] == pytest.approx(1000 * one["ci_low"], rel=1e-6)


def test_turning_the_effect_round_turns_the_interval_round():
    one = relative_magnitudes(study(), [1.0]).iloc[0]
    other = EventStudy(-study().estimates, study().covariance, 4)
    mirrored = relative_magnitudes(other, [1.0]).iloc[0]
    assert mirrored["ci_low"] == pytest.approx(-one["ci_high"], abs=0.01)


def test_the_breakdown_value_is_where_the_interval_reaches_no_effect():
    value = breakdown_value(study())
    assert relative_magnitudes(study(), [value - 0.02]).loc[0, "ci_low"] > 0
    assert relative_magnitudes(study(), [value + 0.02]).loc[0, "ci_low"] < 0


def test_the_breakdown_value_at_its_limits():
    assert breakdown_value(study(effect=0.05)) == 0
    assert math.isinf(breakdown_value(study(effect=50.0)))


def test_an_average_of_effects_can_be_the_target():
    average = relative_magnitudes(study(), [1.0], weights=[1 / 3, 1 / 3, 1 / 3]).iloc[0]
    first = relative_magnitudes(study(), [1.0]).iloc[0]
    # trends that drift apart drift further in later periods
    assert average["ci_high"] - average["ci_low"] > first["ci_high"] - first["ci_low"]


def panel():
    rng = np.random.default_rng(1)
    frame = pd.MultiIndex.from_product([range(60), range(1, 9)], names=["unit", "period"]).to_frame(
        index=False
    )
    frame["first_exposed"] = np.array([0, 0, 5])[frame["unit"] % 3]
    exposed = (frame["first_exposed"] == 5) & (frame["period"] >= 5)
    frame["y"] = rng.normal(size=len(frame)) - 4.0 * exposed
    return frame


def test_it_takes_a_staggered_event_study_as_it_is():
    taken = event_study(callaway_santanna(panel(), outcome="y").aggregate("dynamic"))
    assert (taken.n_before, taken.n_after) == (3, 4)
    assert relative_magnitudes(taken, [0.5]).loc[0, "ci_high"] < 0


def test_a_varying_base_is_refused():
    varying = callaway_santanna(panel(), outcome="y", base_period="varying")
    with pytest.raises(DesignError, match="no single reference"):
        event_study(varying.aggregate("dynamic"))
    with pytest.raises(DesignError, match="'simple'"):
        event_study(varying.aggregate("simple"))


@pytest.mark.parametrize(
    ("given", "change", "words"),
    [
        (EventStudy(np.ones(2), np.eye(2), 0), {}, "difference between two periods"),
        (study(), {"mbar": [-1.0]}, "cannot be negative"),
        (study(), {"weights": [1.0]}, "1 weights do not fit 3"),
        (EventStudy(np.ones(4), np.ones((4, 4)), 2), {}, "singular"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_a_remedy(given, change, words):
    with pytest.raises(DesignError, match=words) as refusal:
        relative_magnitudes(given, **change)
    assert refusal.value.remedy


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (-np.inf, np.inf), (2.0, 9.0), (40, 41)])
def test_quantiles_of_a_truncated_normal_hold_far_out_in_the_tail(low, high):
    found = truncated_quantile(0.05, np.array([low]), np.array([high]))[0]
    assert found == pytest.approx(truncnorm.ppf(0.95, low, high), rel=1e-6)

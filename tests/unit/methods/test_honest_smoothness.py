"""Smoothness: what must hold for every event study."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import linprog, minimize
from scipy.stats import norm

from equieval.errors import DesignError
from equieval.methods.honest import EventStudy
from equieval.methods.honest_smoothness import (
    folded_quantile,
    smoothness,
    smoothness_breakdown_value,
)


def study(effect=1.0, n_before=4, n_after=3, slope=0.0, scale=1.0):
    times = np.concatenate([np.arange(-n_before, 0), np.arange(1, n_after + 1)])
    estimates = np.where(times > 0, effect, 0.0) + slope * times
    size = n_before + n_after
    covariance = 0.01 * (0.6 * np.eye(size) + 0.4)
    return EventStudy(scale * estimates, scale**2 * covariance, n_before)


def test_a_straight_difference_in_trends_moves_nothing():
    found = smoothness(study(), [0.0, 0.05])
    np.testing.assert_allclose(smoothness(study(slope=0.4), [0.0, 0.05]), found, atol=1e-6)


def test_with_no_bend_it_is_the_least_variance_estimate_free_of_a_straight_trend():
    # generalised least squares of the event study on a trend and free effects
    given = study(effect=0.7, slope=0.1)
    X = np.column_stack([[-4, -3, -2, -1, 1, 2, 3], np.vstack([np.zeros((4, 3)), np.eye(3)])])
    precision = np.linalg.inv(given.covariance)
    cov = np.linalg.inv(X.T @ precision @ X)
    effect = (cov @ X.T @ precision @ given.estimates)[1]
    found = smoothness(given, [0.0]).iloc[0]
    half = norm.ppf(0.975) * math.sqrt(cov[1, 1])
    assert found["ci_low"] == pytest.approx(effect - half)
    assert found["ci_high"] == pytest.approx(effect + half)


@pytest.mark.parametrize("m", [0.01, 0.05, 0.3])
@pytest.mark.parametrize("weights", [[1.0, 0, 0], [1 / 3, 1 / 3, 1 / 3]])
def test_no_other_weights_make_a_shorter_interval(m, weights):
    # the worst bias by linear programming over all trends; free search over the weights
    given = study()
    bends = np.zeros((6, 7))  # second differences over -4..-1, 0 (left out), 1..3
    full = np.diff(np.eye(8), n=2, axis=0)
    bends = np.delete(full, 4, axis=1)

    def length(before):
        before = np.append(before, 0.0)
        slope = before @ np.array([-4, -3, -2, -1.0]) + np.array(weights) @ [1, 2, 3]
        before[-1] = slope
        combined = np.concatenate([before, weights])
        worst = linprog(
            -combined,
            A_ub=np.vstack([bends, -bends]),
            b_ub=np.full(12, m),
            bounds=[(None, None)] * 7,
        )
        deviation = math.sqrt(combined @ given.covariance @ combined)
        return deviation * folded_quantile(-worst.fun / deviation, 0.95)

    best = minimize(length, np.zeros(3), method="Nelder-Mead", options={"maxfev": 250})
    best = minimize(length, best.x + 0.1, method="Nelder-Mead", options={"maxfev": 250}).fun
    found = smoothness(given, [m], weights=weights).iloc[0]
    # the free search stops a little short of the best, never beyond it
    assert 0.98 * best <= (found["ci_high"] - found["ci_low"]) / 2 <= best * (1 + 1e-6)


def test_intervals_are_in_the_units_of_the_outcome_and_turn_with_it():
    one = smoothness(study(), [0.05]).iloc[0]
    thousand = smoothness(study(scale=-1000.0), [50.0]).iloc[0]
    assert thousand["ci_low"] == pytest.approx(-1000 * one["ci_high"], rel=1e-5)
    assert thousand["ci_high"] == pytest.approx(-1000 * one["ci_low"], rel=1e-5)


def test_the_breakdown_value_is_where_the_interval_reaches_no_effect():
    value = smoothness_breakdown_value(study())
    assert smoothness(study(), [0.99 * value]).loc[0, "ci_low"] > 0
    assert smoothness(study(), [1.01 * value]).loc[0, "ci_low"] < 0
    assert smoothness_breakdown_value(study(effect=0.01)) == 0


@pytest.mark.parametrize("bias", [0.0, 0.3, 2.0, 40.0])
def test_the_multiplier_holds_the_share_it_says_under_the_worst_bias(bias):
    found = folded_quantile(bias, 0.95)
    assert norm.cdf(found - bias) - norm.cdf(-found - bias) == pytest.approx(0.95)


@pytest.mark.parametrize(
    ("given", "change", "words"),
    [
        (EventStudy(np.ones(2), np.eye(2), 0), {}, "difference between two periods"),
        (study(), {"m": [-1.0]}, "cannot be negative"),
        (study(), {"weights": [1.0]}, "1 weights do not fit 3"),
        (EventStudy(np.ones(4), np.ones((4, 4)), 2), {}, "singular"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_a_remedy(given, change, words):
    with pytest.raises(DesignError, match=words) as refusal:
        smoothness(given, **{"m": [0.1], **change})
    assert refusal.value.remedy

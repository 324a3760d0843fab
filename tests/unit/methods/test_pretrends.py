"""Power of the pre-trend test: what must hold for every event study."""

from __future__ import annotations

import numpy as np
import pytest

from equieval.errors import DesignError
from equieval.methods.honest import EventStudy
from equieval.methods.pretrends import pretrend_power, undetected_slope


def study(n_before=4):
    covariance = 0.01 * (0.6 * np.eye(n_before + 2) + 0.4)
    return EventStudy(np.zeros(n_before + 2), covariance, n_before)


def test_power_and_selection_are_those_of_draws():
    given, slope = study(), 0.07
    found = pretrend_power(given, slope)
    rng = np.random.default_rng(3)
    trend = slope * np.array([-4, -3, -2, -1, 1, 2])
    draws = trend + rng.normal(size=(400_000, 6)) @ np.linalg.cholesky(given.covariance).T
    passed = (np.abs(draws[:, :4]) <= 1.959964 * 0.1).all(axis=1)
    assert found.power == pytest.approx(1 - passed.mean(), abs=0.003)
    np.testing.assert_allclose(found.drift["after_passing"], draws[passed].mean(axis=0), atol=0.002)


def test_the_slope_is_found_with_the_power_asked_for():
    slope = undetected_slope(study(), power=0.8)
    assert pretrend_power(study(), slope).power == pytest.approx(0.8, abs=1e-4)
    assert undetected_slope(study(), power=0.5) < slope


def test_without_a_trend_the_test_raises_only_false_alarms():
    found = pretrend_power(study(), 0.0)
    assert 0.05 < found.power < 4 * 0.05
    assert found.bayes_factor == pytest.approx(1)
    np.testing.assert_allclose(found.drift["after_passing"], 0, atol=1e-6)


def test_one_period_before_exposure_is_enough():
    assert undetected_slope(study(1), power=0.5) == pytest.approx(0.1 * 1.959964, rel=1e-3)


@pytest.mark.parametrize(
    ("given", "power", "words"),
    [
        (study(0), 0.5, "difference between two periods"),
        (study(), 0.05, "false alarms"),
        (study(), 1.0, "false alarms"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_a_remedy(given, power, words):
    with pytest.raises(DesignError, match=words) as refusal:
        undetected_slope(given, power=power)
    assert refusal.value.remedy

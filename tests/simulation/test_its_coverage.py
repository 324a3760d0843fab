"""Does the interval of an interrupted time series hold the truth as often as it says?

Series with known effects and AR(1) noise. The short check runs with every ``make test``; the
grid, marked ``simulation``, with ``make validate``. A cell fails when its coverage lies outside
93–97 % by more than Monte-Carlo error (99 %).
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast
from equieval.methods.its import effect_at, fit_ols, fit_reml_ar1, level_and_slope

TRUTH = np.array([20.0, 0.1, -3.0, 0.2])


def noise(rng, n, phi):
    values = rng.normal(size=n)
    values[0] /= math.sqrt(1 - phi**2)
    for step in range(1, n):
        values[step] += phi * values[step - 1]
    return values


def coverage(n, start, phi, replications, seed, fitter):
    """Return the shares of intervals that hold the level change and the effect at the end.

    Series that the estimator refuses are left out of both, and counted in the third value.
    """
    rng = np.random.default_rng([seed, n, start, round(100 * phi)])
    periods = pd.period_range("2015-01", periods=n, freq="M")
    X = level_and_slope(periods, periods[start])
    at_end = TRUTH[2] + TRUTH[3] * (n - 1 - start)
    held = np.zeros(2)
    refused = 0
    for _ in range(replications):
        y = pd.Series(X.to_numpy() @ TRUTH + noise(rng, n, phi), index=periods)
        try:
            fit = fitter(y, X)
        except DesignError:
            refused += 1
            continue
        held += [
            _holds(fit.coefficient("post"), TRUTH[2]),
            _holds(effect_at(fit, X, periods[-1]), at_end),
        ]
    kept = replications - refused
    return held[0] / kept, held[1] / kept, refused / replications


def _holds(contrast: Contrast, truth: float) -> bool:
    return contrast.ci_low <= truth <= contrast.ci_high


def monte_carlo_error(replications):
    return 2.576 * math.sqrt(0.95 * 0.05 / replications)


def kenward_roger(y, X):
    return fit_reml_ar1(y, X, small_sample="kenward-roger")


def test_reml_holds_its_promise_on_two_years_of_months_where_ols_does_not():
    slack = monte_carlo_error(600)
    level, at_end, refused = coverage(24, 12, 0.4, 600, 1, kenward_roger)
    assert 0.93 - slack <= level <= 0.97 + slack
    assert 0.93 - slack <= at_end <= 0.97 + slack
    assert refused < 0.10
    # METHODS: Satterthwaite alone 92 %, OLS 81 % in 250 replications
    assert coverage(24, 12, 0.4, 600, 1, fit_reml_ar1)[0] > 0.88
    assert coverage(24, 12, 0.4, 300, 1, fit_ols)[0] < 0.88


@pytest.mark.simulation
@pytest.mark.parametrize("phi", [0.0, 0.2, 0.4, 0.6])
@pytest.mark.parametrize(("n", "start"), [(24, 12), (24, 18), (48, 24), (48, 36), (72, 36)])
def test_reml_holds_its_promise_over_the_grid(n, start, phi):
    level, at_end, refused = coverage(n, start, phi, 2000, 1, kenward_roger)
    slack = monte_carlo_error(2000)
    assert 0.93 - slack <= level <= 0.97 + slack, f"level {level:.3f}, refused {refused:.3f}"
    assert 0.93 - slack <= at_end <= 0.97 + slack, f"end {at_end:.3f}, refused {refused:.3f}"

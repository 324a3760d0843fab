"""Does the interval of a count series hold the truth when its neighbours are alike?

Poisson counts around a rate with AR(1) noise on the log scale (standard deviation 0.25, some 25
events a month). The whole grid is in ``intervals``.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from equieval.errors import DesignError
from equieval.methods.its import fit_quasi_poisson, fit_reml_ar1, level_and_slope
from equieval.methods.its_bootstrap import bootstrap_contrast
from equieval.methods.its_counts import fit_quasi_poisson_ar1

TRUTH = np.array([math.log(0.005), -0.004, -0.25, 0.005])


def ar1(rng, n, phi):
    values = rng.normal(size=n)
    for step in range(1, n):
        values[step] = phi * values[step - 1] + math.sqrt(1 - phi**2) * values[step]
    return values


def coverage(fitter, n, start, phi, replications):
    rng = np.random.default_rng([7, n, start, round(100 * phi)])
    months = pd.period_range("2015-01", periods=n, freq="M")
    X = level_and_slope(months, months[start])
    held, fitted = 0, 0
    for _ in range(replications):
        births = pd.Series(rng.uniform(4000, 6000, n), months)
        mean = births * np.exp(X.to_numpy() @ TRUTH + 0.25 * ar1(rng, n, phi))
        try:
            level = fitter(pd.Series(rng.poisson(mean).astype(float), months), births, X)
        except DesignError:
            continue
        contrast = level.coefficient("post")
        fitted += 1
        held += contrast.ci_low <= TRUTH[2] <= contrast.ci_high
    assert fitted > 0.9 * replications
    return held / fitted


def slack(replications):
    return 2.576 * math.sqrt(0.95 * 0.05 / replications)


def test_with_autocorrelation_it_holds_where_independence_does_not():
    assert coverage(fit_quasi_poisson_ar1, 48, 24, 0.6, 150) >= 0.93 - slack(150)
    assert coverage(fit_quasi_poisson, 48, 24, 0.6, 150) < 0.88


@pytest.mark.simulation
@pytest.mark.parametrize("phi", [0.0, 0.4])
def test_the_bootstrap_holds_the_effect_at_the_end_of_a_short_series(phi):
    # on 16 points a third of the series with phi = 0.4 are refused; on 24 they can be judged
    rng = np.random.default_rng([8, round(100 * phi)])
    months = pd.period_range("2015-01", periods=24, freq="M")
    X = level_and_slope(months, months[12])
    held, fitted = 0, 0
    for number in range(150):
        y = pd.Series(X.to_numpy() @ [20, 0.1, -3, 0.2] + ar1(rng, 24, phi), months)
        try:
            found = bootstrap_contrast(
                fit_reml_ar1(y, X), {"post": 1.0, "since": 11.0}, draws=299, seed=number
            ).effect
        except DesignError:
            continue
        fitted += 1
        held += found.ci_low <= -3 + 11 * 0.2 <= found.ci_high
    assert fitted > 0.7 * 150
    assert held / fitted >= 0.93 - slack(150)

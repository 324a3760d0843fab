"""Do pooled effects hold the mean of all evaluations, and prediction intervals a further effect?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from equieval.methods.synthesis import pool


def coverage(studies: int, tau: float, replications: int) -> tuple[float, float]:
    """Return how often the two intervals hold, standard errors between 0.3 and 1.2.

    How likely a prediction interval is to hold a further effect is known exactly: it is normal
    with standard deviation ``tau``.
    """
    rng = np.random.default_rng([studies, round(10 * tau)])
    mean, further = 0, 0.0
    for _ in range(replications):
        errors = rng.uniform(0.3, 1.2, studies)
        estimates = rng.normal(0, tau, studies) + errors * rng.normal(size=studies)
        found = pool(pd.DataFrame({"estimate": estimates, "std_error": errors}))
        mean += found.effect.ci_low <= 0 <= found.effect.ci_high
        ends = np.array([found.prediction_low, found.prediction_high])
        below, above = ndtr(ends / tau) if tau else ends > 0
        further += float(above) - float(below)
    return mean / replications, further / replications


def test_where_evaluations_differ_as_much_as_they_err_a_further_one_is_held():
    """Intervals that take the variance as known hold 87% here, not 95%."""
    mean, further = coverage(10, 0.6, 120)
    assert mean > 0.95 - 2.58 * np.sqrt(0.0475 / 120)
    assert further > 0.92


@pytest.mark.simulation
@pytest.mark.parametrize("tau", [0.0, 0.3, 0.6, 1.5])
@pytest.mark.parametrize("studies", [3, 10, 20, 40])
def test_both_intervals_hold_from_three_evaluations_to_forty(studies: int, tau: float) -> None:
    mean, further = coverage(studies, tau, 300)
    assert mean > 0.95 - 2.58 * np.sqrt(0.0475 / 300)
    assert further > 0.93

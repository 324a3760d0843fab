"""How likely was the pre-trend test to find a trend that would matter? (Roth 2022)

Roth (2022, AER: Insights 4:305): a test that finds no trend before exposure may have had little
power to find one, and effects that are only reported after it passed are drawn from a selected
set. Both are functions of the event study's covariance: the power against a straight difference
in trends, the slope that would go unseen, and what such a trend makes of the estimates on
average once the test has passed. Agrees with the author's R package ``pretrends``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.optimize import brentq

from equieval.errors import DesignError
from equieval.methods.contrasts import t_quantile
from equieval.methods.honest import EventStudy, target_weights

Array = npt.NDArray[np.float64]

_WHERE: Final = "power of the pre-trend test"
#: Points of the quasi-random integration (Genz): the third digit of a probability is certain.
_POINTS: Final = 20_000


@dataclass(frozen=True, eq=False)
class PretrendPower:
    """What the pre-trend test makes of a straight difference in trends of this slope.

    ``power`` is the chance that some coefficient before exposure is significant,
    ``bayes_factor`` how much less likely the test is to pass than under parallel trends,
    ``likelihood_ratio`` that of the coefficients before exposure as observed, against parallel
    trends. ``drift`` has ``event_time, drift, after_passing``: the trend itself, and the mean of
    the coefficient if there were no effect, the trend were there and the test had passed.
    """

    slope: float
    power: float
    bayes_factor: float
    likelihood_ratio: float
    drift: pd.DataFrame


def pretrend_power(
    study: EventStudy,
    slope: float,
    *,
    ci_level: float = 0.95,
    critical: Sequence[float] = (),
) -> PretrendPower:
    """Judge the test "no coefficient before exposure is significant" against a straight trend.

    ``slope`` is in the outcome's unit per period; significance is at 1 − ``ci_level`` for each
    coefficient, or beyond ``critical`` standard errors of each (``PretrendTest.critical``). Raises
    ``DesignError`` without a period before the reference and for a singular covariance.
    """
    target_weights(study, None, _WHERE)
    size = study.n_before
    times = np.concatenate([np.arange(-size, 0.0), np.arange(1, study.n_after + 1.0)])
    trend = slope * times
    before = study.covariance[:size, :size]
    bound = _bound(before, critical, ci_level)
    passing = _box(trend[:size], before, bound)
    shift = np.linalg.solve(before, _truncated_shift(trend[:size], before, bound, passing))
    density = stats.multivariate_normal
    return PretrendPower(
        slope=slope,
        power=1 - passing,
        bayes_factor=passing / _box(np.zeros(size), before, bound),
        likelihood_ratio=math.exp(
            density.logpdf(study.estimates[:size], trend[:size], before)
            - density.logpdf(study.estimates[:size], np.zeros(size), before)
        ),
        drift=pd.DataFrame(
            {
                # The reference is event time −1, exposure begins at 0.
                "event_time": (times - 1).astype(int),
                "drift": trend,
                "after_passing": trend + study.covariance[:, :size] @ shift,
            }
        ),
    )


def undetected_slope(
    study: EventStudy,
    *,
    power: float = 0.5,
    ci_level: float = 0.95,
    critical: Sequence[float] = (),
) -> float:
    """Return the slope that the pre-trend test finds with this ``power`` (Roth: 0.5 and 0.8).

    ``critical`` as for ``pretrend_power``. Raises ``DesignError`` as that does, and for a power
    that is not between the test's own false alarms and 1.
    """
    target_weights(study, None, _WHERE)
    size = study.n_before
    before = study.covariance[:size, :size]
    errors = np.sqrt(np.diag(before))
    bound = _bound(before, critical, ci_level)
    distance = np.arange(-size, 0.0)
    alarms = 1 - _box(np.zeros(size), before, bound)
    if not alarms < power < 1:
        raise DesignError(
            f"A power of {power} is not between the test's false alarms ({alarms:.2f}) and 1.",
            where=_WHERE,
            remedy="Ask for 0.5 or 0.8.",
        )
    # Far enough out that the coefficient farthest from the reference is found all but surely.
    upper = float((bound[0] + 8 * errors[0]) / size)
    return float(
        brentq(lambda slope: 1 - _box(slope * distance, before, bound) - power, 0, upper, xtol=1e-9)
    )


def _bound(covariance: Array, critical: Sequence[float], ci_level: float) -> Array:
    """Return how far each coefficient may lie from 0 and pass."""
    errors = np.sqrt(np.diag(covariance))
    multiplier = np.asarray(critical) if len(critical) else t_quantile(math.inf, ci_level)
    return np.asarray(multiplier * errors)


def _box(mean: Array, covariance: Array, bound: Array) -> float:
    """Return the probability that a normal lies within ±``bound`` in every coordinate."""
    if len(mean) == 0:
        return 1.0
    deviation = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviation, deviation)
    return float(
        stats.multivariate_normal.cdf(
            (bound - mean) / deviation,
            cov=correlation,
            lower_limit=(-bound - mean) / deviation,
            maxpts=_POINTS,
            abseps=1e-6,
            releps=1e-6,
            rng=np.random.default_rng(1),
        )
    )


def _truncated_shift(mean: Array, covariance: Array, bound: Array, passing: float) -> Array:
    """Return E(x | every |x| ≤ bound) − mean (Tallis 1961; Manjunath & Wilhelm 2021).

    It is the covariance times, for each coordinate, its density at the lower less that at the
    upper bound, the others being within theirs.
    """
    edges = np.zeros(len(mean))
    for place in range(len(mean)):
        others = np.delete(np.arange(len(mean)), place)
        variance = float(covariance[place, place])
        regression = covariance[others, place] / variance
        left = covariance[np.ix_(others, others)] - np.outer(regression, regression) * variance
        for side in (-1.0, 1.0):
            deviation = side * bound[place] - mean[place]
            density = float(stats.norm.pdf(deviation, scale=math.sqrt(variance)))
            inside = _box(mean[others] + regression * deviation, left, bound[others])
            edges[place] -= side * density * inside
    return np.asarray(covariance @ edges / passing)

"""How far may trends have bent before the finding falls? Smoothness (Δ^SD).

Rambachan & Roth (2023, Rev Econ Stud 90:2555): the difference in trends may change its slope from
one period to the next by at most M; M = 0 is a straight difference. Their fixed-length interval
(Armstrong & Kolesár 2018, Econometrica 86:655) is centred on the estimate less what the periods
before exposure foretell, with the weights on those periods that make the interval shortest. Only
a straight difference must leave the centre alone, so those weights are free but for one; in terms
of what they make of each bend the worst bias is a sum of absolute values, and the half-length a
smooth convex function once positive and negative parts are told apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.optimize import brentq, minimize

from equieval.methods.contrasts import t_quantile
from equieval.methods.honest import EventStudy, refuse_negative, target_weights

Array = npt.NDArray[np.float64]

_WHERE = "HonestDiD, smoothness"


def smoothness(
    study: EventStudy,
    m: Sequence[float],
    *,
    weights: Sequence[float] | None = None,
    ci_level: float = 0.95,
) -> pd.DataFrame:
    """Return ``m, ci_low, ci_high``: the interval of the effect for each largest bend ``m``.

    ``m`` is in the outcome's unit, per period and period. The effect is ``weights`` · effects
    after exposure (by default the first of them). Raises ``DesignError`` with fewer than two
    periods before exposure, for negative ``m`` and for a covariance that is not positive definite.
    For a study of few units (with parts) the weights are those that are best under its working
    covariance, since the least variance among many that were learnt from few units is too small
    a one; the interval has the error that those weights have, and t for its degrees of freedom.
    """
    problem = _problem(study, m, weights, ci_level)
    return pd.DataFrame(
        [(float(value), *problem.interval(float(value))) for value in m],
        columns=["m", "ci_low", "ci_high"],
    )


def smoothness_breakdown_value(
    study: EventStudy,
    *,
    weights: Sequence[float] | None = None,
    ci_level: float = 0.95,
) -> float:
    """Return the smallest bend (to 0.1 %) at which "no effect" can no longer be excluded.

    In the outcome's unit, per period and period. 0 when it cannot be excluded even with a
    straight difference in trends. Errors as for ``smoothness``.
    """
    problem = _problem(study, (0.0,), weights, ci_level)

    def includes_zero(value: float) -> bool:
        low, high = problem.interval(value)
        return low <= 0 <= high

    if includes_zero(0.0):
        return 0.0
    high = problem.unit
    while not includes_zero(high):
        high *= 2
    low = 0.0
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if includes_zero(middle) else (middle, high)
    return high


@dataclass(frozen=True, eq=False)
class _Problem:
    """The shortest interval as a function of w, what the weights make of each bend before.

    The centre is ``anchor + loadings' w`` · estimates; the worst bias is
    ``m · (fixed + Σ|w|)``, ``fixed`` being what bends after exposure add. Weights are chosen by
    ``covariance``; the interval's error is that of ``study``.
    """

    study: EventStudy
    covariance: Array
    anchor: Array
    loadings: Array
    fixed: float
    ci_level: float

    @property
    def unit(self) -> float:
        """A bend of the size of the effect's own standard error, to start a search from."""
        return math.sqrt(float(self.anchor @ self.covariance @ self.anchor))

    def interval(self, m: float) -> tuple[float, float]:
        """Return the ends of the interval for bends up to ``m``."""
        w = self._shortest(m)
        combined = self.anchor + self.loadings @ w
        centre = float(combined @ self.study.estimates)
        wider = t_quantile(self.study.df(combined), self.ci_level) / t_quantile(
            math.inf, self.ci_level
        )
        error = wider * math.sqrt(float(combined @ self.study.covariance @ combined))
        bias = m * (self.fixed + float(np.abs(w).sum()))
        half = error * folded_quantile(bias / error, self.ci_level)
        return centre - half, centre + half

    def _deviation(self, w: Array) -> tuple[float, Array]:
        combined = self.anchor + self.loadings @ w
        moved = self.covariance @ combined
        deviation = math.sqrt(float(combined @ moved))
        return deviation, self.loadings.T @ moved / deviation

    def _shortest(self, m: float) -> Array:
        """Return the best w: least variance for m = 0, else by its two parts, w = up − down."""
        size = self.loadings.shape[1]
        quadratic = self.loadings.T @ self.covariance @ self.loadings
        linear = self.loadings.T @ self.covariance @ self.anchor
        least_variance = np.linalg.solve(quadratic, -linear) if size else np.zeros(0)
        if m == 0 or size == 0:
            return np.asarray(least_variance)
        # Bends are scaled so that each alone moves the standard error alike.
        scale = 1 / np.sqrt(np.diag(quadratic))
        unit = self.unit

        def half_length(parts: Array) -> tuple[float, Array]:
            up, down = parts[:size], parts[size:]
            deviation, by_w = self._deviation((up - down) * scale * unit)
            bias = m * (self.fixed + float(((up + down) * scale).sum()) * unit)
            ratio = bias / deviation
            multiplier = folded_quantile(ratio, self.ci_level)
            by_bias = math.tanh(multiplier * ratio)
            by_deviation = (multiplier - ratio * by_bias) * by_w * scale
            worst = by_bias * m * scale
            gradient = np.concatenate([worst + by_deviation, worst - by_deviation])
            return deviation * multiplier / unit, gradient

        start = least_variance / (scale * unit)
        found = minimize(
            half_length,
            np.concatenate([np.maximum(start, 0), np.maximum(-start, 0)]),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0, None)] * (2 * size),
            options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 5_000, "maxfun": 20_000},
        )
        return np.asarray((found.x[:size] - found.x[size:]) * scale * unit)


def folded_quantile(bias: float, level: float) -> float:
    """Return the ``level`` quantile of |Z| for Z normal around ``bias`` with unit variance."""
    bias = abs(bias)
    two_sided = t_quantile(math.inf, level)
    if bias == 0:
        return two_sided
    one_sided = float(stats.norm.ppf(level))

    def excess(value: float) -> float:
        return float(stats.norm.cdf(value - bias) - stats.norm.cdf(-value - bias) - level)

    return float(brentq(excess, bias + one_sided - 1e-9, bias + two_sided, xtol=1e-14, rtol=1e-14))


def _problem(
    study: EventStudy, m: Sequence[float], weights: Sequence[float] | None, ci_level: float
) -> _Problem:
    target = target_weights(study, weights, _WHERE)
    refuse_negative(
        m, "A bend", _WHERE, "0 means that the difference in trends is a straight line."
    )
    n_before, n_after = study.n_before, study.n_after
    before = np.arange(n_before, 0, -1.0)  # periods from the reference, the first one farthest
    after = np.arange(1, n_after + 1.0)
    # A bend at k periods before the reference moves the coefficient at j > k by j − k.
    reach = np.maximum(before[:, None] - np.arange(1, n_before)[None, :], 0.0)
    later = np.maximum(after[:, None] - np.arange(n_after)[None, :], 0.0)
    # All bends aside, a straight difference of slope 1 must leave the centre alone.
    slope = float(target @ after)
    system = np.column_stack([reach, before]).T
    free = np.linalg.solve(system, np.eye(n_before))
    return _Problem(
        study=study,
        covariance=sum((part.covariance for part in study.parts), np.zeros_like(study.covariance))
        if study.parts
        else study.covariance,
        anchor=np.concatenate([free[:, -1] * slope, target]),
        loadings=np.vstack([free[:, :-1], np.zeros((n_after, n_before - 1))]),
        fixed=float(np.abs(target @ later).sum()),
        ci_level=ci_level,
    )

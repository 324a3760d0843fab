"""Pooling the effects of several evaluations: random effects, with a prediction interval.

Restricted maximum likelihood for the variance between evaluations (Viechtbauer 2005, J Educ
Behav Stat 30:261) and Hartung & Knapp's interval of the pooled effect (2001, Stat Med 20:3875), as
R's metafor, ``rma(method = "REML", test = "knha" | "adhoc")``.

Where a further evaluation's true effect should lie (the prediction interval) depends on that
variance, which few evaluations tell badly; an interval that takes the estimate as known (Higgins,
Thompson & Spiegelhalter 2009, J R Stat Soc A 172:137) holds less than it promises. So it is
weighed over the confidence distribution of the variance (Nagashima, Noma & Furukawa 2019, Stat
Methods Med Res 28:1689), here that of the generalised Q statistic, whose distribution is known
exactly (the Q profile: Viechtbauer 2007, Stat Med 26:37; Kronthaler & Held 2025,
arXiv:2510.13216); given the variance, the further effect is normal around the mean that goes with
it (the generalised pivot of Iyer, Wang & Mathew 2004, J Am Stat Assoc 99:1060). By quadrature:
nothing is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats
from scipy.optimize import brentq

from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast, t_contrast
from equieval.methods.panel import require_columns

Array = npt.NDArray[np.float64]

#: Fewer evaluations than this are not pooled: their variance cannot be told.
FEWEST_STUDIES: Final = 3
#: Points at which the confidence distribution of the variance is taken.
_POINTS: Final = 500


@dataclass(frozen=True, eq=False)
class Pooled:
    """A pooled effect and how much the evaluations differ.

    ``tau2`` is the variance between evaluations with its interval (Q profile), ``i2`` its share
    (%) of all variance, ``q`` the test of homogeneity with its ``q_p_value``; ``weights`` (%) by
    evaluation. The prediction interval is where the true effect of a further evaluation like
    these should lie; it holds the interval of the pooled effect.
    """

    effect: Contrast
    prediction_low: float
    prediction_high: float
    tau2: float
    tau2_low: float
    tau2_high: float
    i2: float
    q: float
    q_p_value: float
    n_studies: int
    weights: pd.Series


def pool(studies: pd.DataFrame, *, ci_level: float = 0.95, never_narrower: bool = True) -> Pooled:
    """Pool ``estimate`` with ``std_error`` over the rows of ``studies``.

    The index (or a column ``evaluation``) names the evaluations; ratios are pooled as
    logarithms, which the caller takes. ``never_narrower`` keeps Hartung and Knapp's standard
    error from falling below the ordinary one, as it does by luck when few evaluations agree.
    Raises ``DesignError`` for fewer than three evaluations, a missing or non-positive standard
    error, an evaluation that occurs twice, and a column ``synthetic`` that holds both: synthetic
    evaluations never pool with real ones.
    """
    estimates, variances, names = _checked(studies)
    tau2 = _reml_tau2(estimates, variances)
    weights = 1 / (variances + tau2)
    mean = float(weights @ estimates / weights.sum())
    df = len(estimates) - 1
    spread = float(weights @ (estimates - mean) ** 2) / df
    factor = max(1.0, spread) if never_narrower else spread
    effect = t_contrast(mean, math.sqrt(factor / weights.sum()), df, ci_level=ci_level)
    tails = (0.5 - ci_level / 2, 0.5 + ci_level / 2)
    further = _further(estimates, variances, tails)
    tau2_low, tau2_high = _tau2_quantiles(estimates, variances, np.array(tails))
    fixed = 1 / variances
    q = float(fixed @ (estimates - fixed @ estimates / fixed.sum()) ** 2)
    typical = df * fixed.sum() / (fixed.sum() ** 2 - (fixed**2).sum())
    return Pooled(
        effect=effect,
        prediction_low=min(further[0], effect.ci_low),
        prediction_high=max(further[1], effect.ci_high),
        tau2=tau2,
        tau2_low=float(tau2_low),
        tau2_high=float(tau2_high),
        i2=float(100 * tau2 / (tau2 + typical)),
        q=q,
        q_p_value=float(stats.chi2.sf(q, df)),
        n_studies=len(estimates),
        weights=pd.Series(100 * weights / weights.sum(), index=names),
    )


def _checked(studies: pd.DataFrame) -> tuple[Array, Array, pd.Index]:
    where = "pooling of evaluations"
    require_columns(studies, ["estimate", "std_error"], where)
    names = pd.Index(studies["evaluation"]) if "evaluation" in studies else studies.index
    if "synthetic" in studies and studies["synthetic"].nunique() > 1:
        raise DesignError(
            "Synthetic evaluations never pool with real ones.",
            where=where,
            remedy="Pool the real evaluations, or the synthetic ones.",
        )
    if names.has_duplicates:
        raise DesignError(
            f"The evaluation {names[names.duplicated()][0]!r} occurs twice.",
            where=where,
            remedy="Give one effect per evaluation: its primary estimate.",
        )
    if len(studies) < FEWEST_STUDIES:
        raise DesignError(
            f"{len(studies)} evaluations are too few to pool.",
            where=where,
            remedy=f"Show them side by side; pool from {FEWEST_STUDIES} on.",
        )
    estimates, errors = (
        pd.to_numeric(studies[name], errors="coerce").to_numpy(float)
        for name in ("estimate", "std_error")
    )
    bad = ~(np.isfinite(estimates) & np.isfinite(errors) & (errors > 0))
    if bad.any():
        raise DesignError(
            f"The evaluation {names[bad][0]!r} has no usable estimate and standard error.",
            where=where,
            remedy="Leave out evaluations whose data cannot say.",
        )
    return estimates, errors**2, names


def _reml_tau2(estimates: Array, variances: Array) -> float:
    """Return the root of the restricted score, or 0 where it is negative from the start."""

    def score(tau2: float) -> float:
        weights = 1 / (variances + tau2)
        residual = estimates - weights @ estimates / weights.sum()
        return float(
            (weights**2) @ residual**2 - weights.sum() + (weights**2).sum() / weights.sum()
        )

    # The score may cross 0 more than once: start from where it is surely negative and go down.
    upper = 4 * float(np.ptp(estimates)) ** 2 + float(variances.max())
    grid = np.concatenate([[0.0], np.geomspace(1e-8 * upper, upper, 200)])
    values = np.array([score(tau2) for tau2 in grid])
    positive = np.flatnonzero(values > 0)
    if len(positive) == 0:
        return 0.0
    last = int(positive[-1])
    if last == len(grid) - 1:
        return float(grid[-1])
    return float(brentq(score, grid[last], grid[last + 1], xtol=1e-14 * upper, rtol=1e-13))


def _tau2_quantiles(estimates: Array, variances: Array, chances: Array) -> Array:
    """Return quantiles of the variance's confidence distribution: roots of the Q profile.

    The generalised Q is χ² on studies − 1 degrees of freedom at the true variance and falls as
    the variance grows; where it is too small from the start, the variance is 0.
    """
    wanted = stats.chi2.isf(chances, len(estimates) - 1)
    low = np.zeros_like(wanted)
    # Q at τ² is at most the plain sum of squares over τ².
    high = ((estimates - estimates.mean()) ** 2).sum() / wanted
    _, _, at_zero = _given(estimates, variances, low)
    high[at_zero <= wanted] = 0.0
    for _ in range(60):
        middle = (low + high) / 2
        below = _given(estimates, variances, middle)[2] > wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def _given(estimates: Array, variances: Array, tau2: Array) -> tuple[Array, Array, Array]:
    """Return the mean, its variance and the generalised Q at each variance between studies."""
    weights = 1 / (variances + tau2[:, None])
    total = weights.sum(axis=1)
    means = weights @ estimates / total
    return means, 1 / total, (weights * (estimates - means[:, None]) ** 2).sum(axis=1)


def _further(estimates: Array, variances: Array, tails: tuple[float, float]) -> tuple[float, float]:
    """Return the quantiles of a further evaluation's true effect, weighed over the variance."""
    tau2 = _tau2_quantiles(estimates, variances, (np.arange(_POINTS) + 0.5) / _POINTS)
    means, of_means, _ = _given(estimates, variances, tau2)
    spreads = np.sqrt(tau2 + of_means)

    def quantile(chance: float) -> float:
        ends = means + special.ndtri(chance) * spreads
        first, last = float(ends.min()), float(ends.max())
        if not first < last:
            return first
        return float(
            brentq(
                lambda value: special.ndtr((value - means) / spreads).mean() - chance,
                first,
                last,
                xtol=1e-10 * (last - first),
            )
        )

    return quantile(tails[0]), quantile(tails[1])

"""Pooling the effects of several evaluations: random effects, with a prediction interval.

Restricted maximum likelihood for the variance between evaluations (Viechtbauer 2005, J Educ
Behav Stat 30:261), Hartung & Knapp's interval (2001, Stat Med 20:3875), and the interval in
which a further evaluation's true effect should lie (Higgins, Thompson & Spiegelhalter 2009, J R
Stat Soc A 172:137). Agrees with R's metafor, ``rma(method = "REML", test = "knha" | "adhoc")``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.optimize import brentq

from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast, t_contrast, t_quantile
from equieval.methods.panel import require_columns

Array = npt.NDArray[np.float64]

#: Fewer evaluations than this are not pooled: their variance cannot be told.
FEWEST_STUDIES: Final = 3


@dataclass(frozen=True, eq=False)
class Pooled:
    """A pooled effect and how much the evaluations differ.

    ``tau2`` is the variance between evaluations, ``i2`` its share (%) of all variance, ``q`` the
    test of homogeneity with its ``q_p_value``; ``weights`` (%) by evaluation. The prediction
    interval is where the true effect of a further evaluation like these should lie.
    """

    effect: Contrast
    prediction_low: float
    prediction_high: float
    tau2: float
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
    half = t_quantile(df, ci_level) * math.sqrt(tau2 + effect.std_error**2)
    fixed = 1 / variances
    q = float(fixed @ (estimates - fixed @ estimates / fixed.sum()) ** 2)
    typical = df * fixed.sum() / (fixed.sum() ** 2 - (fixed**2).sum())
    return Pooled(
        effect=effect,
        prediction_low=mean - half,
        prediction_high=mean + half,
        tau2=tau2,
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
    estimates = studies["estimate"].to_numpy(float)
    errors = studies["std_error"].to_numpy(float)
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

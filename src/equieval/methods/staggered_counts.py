"""Counts under staggered adoption: Poisson with an offset, saturated in the treated cells.

Wooldridge (2023, Econom J 26:C31): cohort effects, period effects and one coefficient for every
exposed cohort and period, so that parallel trends hold in the logarithm of the rate. The effect
is expected minus counterfactual events per exposure, and their ratio, by the delta method with
standard errors clustered by unit. Cells without exposure need no model of their own: their
counterfactual comes from the unexposed alone. Covariates act differently in every cohort, period
and exposed cell, so that trends need to be parallel among units with the same covariates only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import statsmodels.api as sm

from equieval.errors import DesignError
from equieval.methods.adoption import adoption_panel, refuse_adoption
from equieval.methods.contrasts import Contrast, t_contrast
from equieval.methods.panel import refuse_constant
from equieval.methods.separation import refuse_separation

Array = npt.NDArray[np.float64]

_WHERE = "staggered difference-in-differences of counts"


@dataclass(frozen=True, eq=False)
class CountEffects:
    """Effects on a rate, per ``per`` of exposure.

    ``difference`` is the mean effect over exposed births (or whatever the exposure counts),
    ``ratio`` events observed over events expected; ``effects`` has ``event_time, difference,
    std_error, ci_low, ci_high, ratio, ratio_low, ratio_high``.
    """

    difference: Contrast
    ratio: Contrast
    effects: pd.DataFrame
    n_events: int
    n_clusters: int


def poisson_etwfe(
    data: pd.DataFrame,
    *,
    events: str,
    exposure: str,
    first_exposed: str = "first_exposed",
    unit: str = "unit",
    period: str = "period",
    covariates: Sequence[str] = (),
    cluster: str | None = None,
    per: float = 1.0,
    ci_level: float = 0.95,
) -> CountEffects:
    """Return the effects on the rate ``events / exposure``, over all and by time since exposure.

    ``data`` is a balanced panel with ``first_exposed`` as for ``callaway_santanna``; controls
    are all units not yet exposed. ``covariates`` must be known before exposure or not moved by
    it; effects are of the exposed as they are, whatever their covariates. Intervals by t on
    clusters − 1. Raises ``DesignError`` as ``callaway_santanna``, for negative events, an exposure
    that is not positive, cohorts without events before exposure (their counterfactual would be
    without events for ever), a rate that is the same everywhere, and covariates that cohorts and
    periods cannot be told from.
    """
    panel = _counts(data, events, exposure, first_exposed, unit, period, covariates, cluster)
    fit = _saturated(panel, exposure, covariates)
    since = (panel["time"] - panel["first"]).to_numpy()
    exposed = _exposed(panel)
    records = []
    for value in np.unique(since[exposed]):
        difference, ratio = fit.effect(exposed & (since == value), per, ci_level)
        records.append(
            {
                "event_time": int(value),
                "difference": difference.estimate,
                "std_error": difference.std_error,
                "ci_low": difference.ci_low,
                "ci_high": difference.ci_high,
                "ratio": ratio.estimate,
                "ratio_low": ratio.ci_low,
                "ratio_high": ratio.ci_high,
            }
        )
    difference, ratio = fit.effect(exposed, per, ci_level)
    return CountEffects(
        difference=difference,
        ratio=ratio,
        effects=pd.DataFrame(records),
        n_events=round(float(panel["outcome"].sum())),
        n_clusters=fit.n_clusters,
    )


@dataclass(frozen=True, eq=False)
class _Saturated:
    """The fitted regression: rows of the design with and without their cell's effect."""

    actual: Array
    without: Array
    mean: Array
    expected: Array
    size: Array
    cov: Array
    n_clusters: int

    def effect(
        self, rows: npt.NDArray[np.bool_], per: float, ci_level: float
    ) -> tuple[Contrast, Contrast]:
        """Return difference and ratio of the means over ``rows``, by the delta method."""
        now, then = self.mean[rows], self.expected[rows]
        by_now, by_then = now @ self.actual[rows], then @ self.without[rows]
        size = float(self.size[rows].sum()) / per
        change = (by_now - by_then) / size
        logarithm = by_now / now.sum() - by_then / then.sum()
        df = self.n_clusters - 1
        difference = t_contrast(
            float(now.sum() - then.sum()) / size,
            math.sqrt(float(change @ self.cov @ change)),
            df,
            ci_level=ci_level,
        )
        ratio = t_contrast(
            math.log(float(now.sum() / then.sum())),
            math.sqrt(float(logarithm @ self.cov @ logarithm)),
            df,
            ci_level=ci_level,
            scale="log",
        )
        return difference, ratio.as_ratio()


def _exposed(panel: pd.DataFrame) -> npt.NDArray[np.bool_]:
    first, time = panel["first"].to_numpy(), panel["time"].to_numpy()
    return np.asarray((first > 0) & (time >= first))


def _counts(
    data: pd.DataFrame,
    events: str,
    exposure: str,
    first_exposed: str,
    unit: str,
    period: str,
    covariates: Sequence[str],
    cluster: str | None,
) -> pd.DataFrame:
    """Return the checked panel, cut where nobody is left unexposed."""
    panel, _, _ = adoption_panel(
        data, events, first_exposed, unit, period, [exposure, *covariates], cluster
    )
    refuse_adoption(panel, "not-yet-treated", _WHERE)
    if not (panel["first"] == 0).any():
        # From the last adoption on nobody is left unexposed: those periods cannot be predicted.
        last = int(panel["first"].max())
        panel = panel[panel["time"] < last]
        panel = panel.assign(first=panel["first"].where(panel["first"] < last, 0))
    if (panel["outcome"] < 0).any() or not (panel[exposure] > 0).all():
        raise DesignError(
            "Events cannot be negative, and every unit needs exposure in every period.",
            where=_WHERE,
            remedy="Check the numerator and denominator; leave out units without births.",
        )
    n_clusters = panel["cluster"].nunique()
    if n_clusters < 3:
        raise DesignError(
            f"{n_clusters} clusters tell nothing of their own luck from the effect.",
            where=_WHERE,
            remedy="Cluster by unit, or add units.",
        )
    refuse_constant(panel["outcome"] / panel[exposure], _WHERE)
    return panel


def _design(panel: pd.DataFrame, covariates: Sequence[str]) -> tuple[Array, Array]:
    """Return the columns of the unexposed, and those of the exposed cells."""
    first, time = panel["first"].to_numpy(), panel["time"].to_numpy()
    exposed = _exposed(panel)
    groups = np.column_stack(
        [np.ones(len(first))]
        + [first == value for value in np.unique(first)[1:]]
        + [time == value for value in np.unique(time)[1:]]
    ).astype(float)
    pairs = np.column_stack([first, time])
    cells = np.column_stack(
        [(pairs == pair).all(axis=1) for pair in np.unique(pairs[exposed], axis=0)]
    ).astype(float)
    base, apart = [groups], [cells]
    for name in covariates:
        x = panel[name].to_numpy(float)
        spread = float(x.std())
        if not spread > 1e-12 * max(float(np.abs(x).max()), 1e-300):
            raise _collinear([name])
        base.append(groups * ((x - x.mean()) / spread)[:, None])
        within = cells * (x[:, None] - (cells.T @ x / cells.sum(axis=0))) / spread
        # Where all units of a cell are alike (or there is one) nothing is left to tell apart.
        apart.append(within[:, np.abs(within).max(axis=0) > 1e-9])
    return np.hstack(base), np.hstack(apart)


def _collinear(names: Sequence[str]) -> DesignError:
    return DesignError(
        "Cohorts and periods cannot be told from the covariates: " + ", ".join(names) + ".",
        where=_WHERE,
        remedy="Leave out covariates that are constant, repeat each other, or are more than the "
        "cohorts have units to carry.",
    )


def _saturated(panel: pd.DataFrame, exposure: str, covariates: Sequence[str] = ()) -> _Saturated:
    y, size = panel["outcome"].to_numpy(float), panel[exposure].to_numpy(float)
    exposed = _exposed(panel)
    base, cells = _design(panel, covariates)
    actual = np.hstack([base, cells])
    if covariates and (
        np.linalg.matrix_rank(base[~exposed]) < base.shape[1]
        or np.linalg.matrix_rank(actual) < actual.shape[1]
    ):
        raise _collinear(covariates)
    refuse_separation(y[~exposed], base[~exposed])
    refuse_separation(y, actual)
    fitted = sm.GLM(y, actual, family=sm.families.Poisson(), offset=np.log(size)).fit(
        tol=1e-12, maxiter=200
    )
    beta = np.asarray(fitted.params, dtype=float)
    mean = np.asarray(fitted.fittedvalues, dtype=float)
    codes = np.unique(panel["cluster"], return_inverse=True)[1]
    n_clusters = int(codes.max()) + 1
    bread = np.linalg.inv(actual.T @ (actual * mean[:, None]))
    scores = np.zeros((n_clusters, actual.shape[1]))
    np.add.at(scores, codes, actual * (y - mean)[:, None])
    without = actual.copy()
    without[:, base.shape[1] :] = 0.0
    return _Saturated(
        actual=actual,
        without=without,
        mean=mean,
        expected=np.exp(without @ beta + np.log(size)),
        size=size,
        cov=bread @ (scores.T @ scores) @ bread * n_clusters / (n_clusters - 1),
        n_clusters=n_clusters,
    )

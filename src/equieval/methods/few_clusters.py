"""Two-way fixed effects with few clusters: CR2 with Bell–McCaffrey, and the wild bootstrap.

CR2 (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, J Bus Econ Stat 36:672) makes the
clustered variance unbiased under independence and gives it the degrees of freedom that it has;
equal to R's clubSandwich. The wild cluster bootstrap (Cameron, Gelbach & Miller 2008, Rev Econ
Stat 90:414; Webb 2023) reassigns signs to whole clusters under the hypothesis tested, and its
interval holds every value not rejected; weights are carried exactly. Both fail with few
*treated* clusters: see ``equieval.methods.inference``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.errors import DesignError
from equieval.methods.arguments import require_whole
from equieval.methods.contrasts import Contrast, t_contrast, t_quantile
from equieval.methods.panel import exposure_panel, refuse_no_spread, refuse_weights
from equieval.methods.within import refuse_absorbed, without_rounding

Array = npt.NDArray[np.float64]

#: CR2 works on dense matrices; a panel with more rows has clusters enough not to need it.
LARGEST_PANEL: Final = 6_000
#: Fewer draws cannot tell a p value of 5 % from one of 0.
FEWEST_DRAWS: Final = 99
#: Under this many clusters six-point weights replace signs, of which there would be too few.
WEBB_UNDER: Final = 12


@dataclass(frozen=True, eq=False)
class WildBootstrap:
    """Effect, p value and interval of the wild cluster bootstrap.

    ``effect`` has no standard error of its own (the clustered one is given) and infinite df;
    ``draws`` are those made, ``scheme`` their weights.
    """

    effect: Contrast
    t_statistic: float
    draws: int
    scheme: str
    n_clusters: int
    n_treated_clusters: int


@dataclass(frozen=True, eq=False)
class _Panel:
    """A panel in arrays; ``covariates`` is rows × covariates."""

    outcome: Array
    exposed: Array
    weight: Array
    cluster: npt.NDArray[np.int64]
    unit: npt.NDArray[np.int64]
    time: npt.NDArray[np.int64]
    covariates: Array
    n_clusters: int
    n_treated_clusters: int

    def absorb(self, values: Array) -> Array:
        """Return columns freed of weighted unit and period effects, and of the covariates."""
        return absorb_effects(values, self.weight, self.unit, self.time, self.covariates)


def cr2(
    data: pd.DataFrame,
    *,
    outcome: str,
    exposed: str = "exposed",
    unit: str = "unit",
    period: str = "period",
    covariates: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
    ci_level: float = 0.95,
) -> Contrast:
    """Return the two-way fixed-effects estimate with CR2 errors and Bell–McCaffrey df.

    Arguments and errors as for ``two_way_fixed_effects``; also raises ``DesignError`` for a
    panel too large for dense matrices and where one cluster alone carries the estimate.
    """
    panel = _panel(data, outcome, exposed, unit, period, covariates, weights, cluster)
    n = len(panel.outcome)
    if n > LARGEST_PANEL:
        raise DesignError(
            f"{n} rows are too many for CR2, which works on dense matrices.",
            where="CR2 standard errors",
            remedy="With so many rows use clustered standard errors, or aggregate to clusters.",
        )
    X = np.column_stack(
        [
            panel.exposed,
            np.eye(int(panel.unit.max()) + 1)[panel.unit],
            np.eye(int(panel.time.max()) + 1)[panel.time][:, 1:],
            panel.covariates,
        ]
    )
    weighted = X * panel.weight[:, None]
    bread = np.linalg.inv(weighted.T @ X)
    leftover = np.eye(n) - X @ bread @ weighted.T
    residuals = leftover @ panel.outcome
    row = bread[0] @ weighted.T  # the estimate is row · outcome
    scores, spread = np.empty(panel.n_clusters), np.empty((panel.n_clusters, n))
    for number in range(panel.n_clusters):
        members = np.flatnonzero(panel.cluster == number)
        own = leftover[members]
        adjusted = _inverse_root(own @ own.T) @ row[members]
        scores[number] = adjusted @ residuals[members]
        spread[number] = own.T @ adjusted
    products = spread @ spread.T
    squared = float((products**2).sum())
    if squared <= 0:
        raise DesignError(
            "One cluster alone carries the estimate: CR2 has nothing to learn from.",
            where="CR2 standard errors",
            remedy="Reassign the treatment over the units instead.",
        )
    refuse_no_spread(
        math.sqrt(float(scores @ scores)), pd.Series(panel.outcome), "CR2 standard errors"
    )
    return t_contrast(
        float(row @ panel.outcome),
        math.sqrt(float(scores @ scores)),
        float(np.trace(products)) ** 2 / squared,
        ci_level=ci_level,
    )


def wild_bootstrap(
    data: pd.DataFrame,
    *,
    outcome: str,
    exposed: str = "exposed",
    unit: str = "unit",
    period: str = "period",
    covariates: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
    draws: int = 9_999,
    seed: int = 1,
    ci_level: float = 0.95,
) -> WildBootstrap:
    """Return the wild cluster bootstrap of the two-way fixed-effects estimate.

    Restricted (the null is imposed), with the clustered t statistic; signs at random from
    ``WEBB_UNDER`` clusters on, Webb's six points under that. The interval inverts the test and
    is infinite on a side where no value is rejected. Arguments and errors as for
    ``two_way_fixed_effects``; also raises ``DesignError`` under ``FEWEST_DRAWS``.
    """
    require_whole(draws, "draws", least=FEWEST_DRAWS)
    t_quantile(math.inf, ci_level)  # refuses a confidence level outside (0, 1)
    panel = _panel(data, outcome, exposed, unit, period, covariates, weights, cluster)
    D = panel.absorb(panel.exposed[:, None])[:, 0]
    y = panel.absorb(panel.outcome[:, None])[:, 0]
    load = panel.weight * D
    total = float(load @ D)
    estimate = float(load @ y) / total

    def by_cluster(values: Array) -> Array:
        return np.asarray(np.bincount(panel.cluster, values, panel.n_clusters), dtype=float)

    def pieces(residual: Array) -> tuple[Array, Array]:
        """Scores of the clusters' residuals, and what absorbing the effects moves between them."""
        apart = np.zeros((len(residual), panel.n_clusters))
        apart[np.arange(len(residual)), panel.cluster] = residual
        moved = apart - panel.absorb(apart)
        shift = np.zeros((panel.n_clusters, panel.n_clusters))
        np.add.at(shift, panel.cluster, load[:, None] * moved)
        return by_cluster(load * residual), shift

    # Both are linear in the residuals, so the value tested enters through these two alone.
    score_y, shift_y = pieces(y)
    score_d, shift_d = pieces(D)
    quadratic = by_cluster(load * D)
    signs, scheme = _signs(panel.n_clusters, draws, seed)

    def p_value(tested: float) -> float:
        score, shift = score_y - tested * score_d, shift_y - tested * shift_d
        deviation = (signs @ score) / total
        own = signs * score - signs @ shift.T - deviation[:, None] * quadratic
        drawn = np.abs(deviation) / np.sqrt((own**2).sum(axis=1))
        return float(np.mean(drawn >= _t(tested) - 1e-12))

    error = math.sqrt(float((by_cluster(load * (y - estimate * D)) ** 2).sum())) / total

    def _t(tested: float) -> float:
        return abs(estimate - tested) / (error * total)

    refuse_no_spread(error, pd.Series(panel.outcome), "wild cluster bootstrap")
    factor = math.sqrt(panel.n_clusters / (panel.n_clusters - 1))
    low, high = (
        _end(p_value, estimate, side * error * factor, 1 - ci_level) for side in (-1.0, 1.0)
    )
    effect = Contrast(
        estimate=estimate,
        std_error=error * factor,
        df=math.inf,
        ci_low=low,
        ci_high=high,
        p_value=p_value(0.0),
        ci_level=ci_level,
    )
    return WildBootstrap(
        effect=effect,
        t_statistic=estimate / (error * factor),
        draws=len(signs),
        scheme=scheme,
        n_clusters=panel.n_clusters,
        n_treated_clusters=panel.n_treated_clusters,
    )


def _end(p_value: Callable[[float], float], estimate: float, step: float, alpha: float) -> float:
    """Return where the p value falls to ``alpha``, going from the estimate by ``step``."""
    inside, outside = estimate, estimate + step
    for _ in range(12):
        if p_value(outside) <= alpha:
            break
        inside, outside = outside, estimate + 2 * (outside - estimate)
    else:
        return math.copysign(math.inf, step)
    for _ in range(16):
        middle = (inside + outside) / 2
        if p_value(middle) <= alpha:
            outside = middle
        else:
            inside = middle
    return (inside + outside) / 2


def _signs(n_clusters: int, draws: int, seed: int) -> tuple[Array, str]:
    rng = np.random.default_rng(seed)
    if n_clusters < WEBB_UNDER:
        points = np.sqrt([0.5, 1.0, 1.5])
        values = np.concatenate([-points, points])
        return rng.choice(values, size=(draws, n_clusters)), "Webb six-point"
    return rng.choice([-1.0, 1.0], size=(draws, n_clusters)), "Rademacher"


def _panel(
    data: pd.DataFrame,
    outcome: str,
    exposed: str,
    unit: str,
    period: str,
    covariates: Sequence[str],
    weights: str | None,
    cluster: str | None,
) -> _Panel:
    frame, _ = exposure_panel(
        data,
        outcome=outcome,
        exposed=exposed,
        unit=unit,
        period=period,
        cluster=cluster,
        extra=[*covariates, *([weights] if weights else [])],
    )
    refuse_weights(frame, weights, "two-way fixed effects")
    weight = frame[weights].to_numpy(float) if weights else np.ones(len(frame))
    if covariates:
        columns = frame[["exposed", *covariates]].to_numpy(float)
        refuse_absorbed_covariates(columns, weight, frame["unit"], frame["time"])
    codes = frame["cluster"].to_numpy("int64")
    return _Panel(
        outcome=frame["outcome"].to_numpy(float),
        exposed=frame["exposed"].to_numpy(float),
        weight=weight,
        cluster=np.unique(codes, return_inverse=True)[1].astype(np.int64),
        unit=np.unique(frame["unit"], return_inverse=True)[1].astype(np.int64),
        time=np.unique(frame["time"], return_inverse=True)[1].astype(np.int64),
        covariates=frame[list(covariates)].to_numpy(float),
        n_clusters=len(np.unique(codes)),
        n_treated_clusters=int(frame.loc[frame["exposed"] > 0, "cluster"].nunique()),
    )


def refuse_absorbed_covariates(
    columns: Array, weight: Array, units: npt.ArrayLike, times: npt.ArrayLike
) -> None:
    """Raise ``DesignError`` for columns (n × k) that the effects absorb or that repeat others."""
    freed = without_rounding(absorb_effects(columns, weight, units, times), columns)
    refuse_absorbed(freed * np.sqrt(weight)[:, None])


def absorb_effects(
    values: Array,
    weight: Array,
    units: npt.ArrayLike,
    times: npt.ArrayLike,
    covariates: Array | None = None,
) -> Array:
    """Free columns (n × k) of weighted unit and period effects, and of ``covariates`` (n × p).

    Demeans by unit, then regresses on what is left of the period dummies and the covariates.
    """
    unit = np.unique(np.asarray(units), return_inverse=True)[1]
    time = np.unique(np.asarray(times), return_inverse=True)[1]
    n_times = int(time.max()) + 1
    dummies = np.eye(n_times)[time][:, 1:]
    if covariates is not None:
        dummies = np.column_stack([dummies, covariates])
    both = np.column_stack([values, dummies])
    sums = np.zeros((int(unit.max()) + 1, both.shape[1]))
    np.add.at(sums, unit, weight[:, None] * both)
    both = both - (sums / np.bincount(unit, weight)[:, None])[unit]
    within, periods = both[:, : values.shape[1]], both[:, values.shape[1] :]
    weighted = periods * weight[:, None]
    coefficients = np.linalg.lstsq(weighted.T @ periods, weighted.T @ within, rcond=None)[0]
    return np.asarray(within - periods @ coefficients)


def _inverse_root(matrix: Array) -> Array:
    """Symmetric inverse square root; directions without variance are left out."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > 1e-10 * max(float(values.max()), 1e-300)
    return np.asarray((vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T)

"""Difference-in-differences with one adoption date: two by two, and two-way fixed effects.

Estimated by linearmodels' ``PanelOLS`` with unit and period effects and standard errors
clustered by unit (or a coarser cluster), t on clusters − 1; a balanced panel without weights has
the same answer in closed form (``equieval.methods.within``). With staggered adoption a two-way
fixed-effects coefficient may weigh effects negatively (Goodman-Bacon 2021, J Econom 225:254):
use ``equieval.methods.staggered``. With few clusters, or few treated ones, a clustered standard
error does not hold its promise; ``equieval.methods.inference`` says when and what stands in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from linearmodels.panel import PanelOLS
from linearmodels.panel.utility import AbsorbingEffectError

from equieval.errors import DesignError, did_you_mean
from equieval.methods.arguments import require_moment
from equieval.methods.contrasts import Contrast, t_contrast
from equieval.methods.few_clusters import refuse_absorbed_covariates
from equieval.methods.panel import (
    exposure_panel,
    numeric,
    refuse_constant,
    refuse_no_spread,
    refuse_weights,
    require_columns,
    require_one_row_per_unit_and_period,
)
from equieval.methods.within import (
    balanced_codes,
    demean_balanced,
    within_regression,
    without_rounding,
)


@dataclass(frozen=True)
class DidFit:
    """An estimated effect on the exposed, and the counts that judge its interval."""

    estimator: str
    inference: str
    effect: Contrast
    n_obs: int
    n_units: int
    n_treated_units: int
    n_clusters: int
    n_treated_clusters: int
    note: str = ""


def difference_in_differences(
    data: pd.DataFrame,
    *,
    outcome: str,
    start: object,
    treated: str = "treated",
    unit: str = "unit",
    period: str = "period",
    weights: str | None = None,
    cluster: str | None = None,
    count_absorbed: bool = False,
    ci_level: float = 0.95,
) -> DidFit:
    """Estimate the effect on the ``treated`` units (0/1) from ``start`` on.

    ``data`` has one row per unit and period. With a balanced panel the estimate is the
    difference between the treated and the other units' changes in mean outcome. Errors as for
    ``two_way_fixed_effects``, and for a start that is no period of the data.
    """
    require_columns(data, [treated, period], "difference-in-differences")
    require_moment(start, data[period], "design.start")
    if not numeric(data, treated, "difference-in-differences").isin([0, 1]).all():
        raise DesignError(
            f"The column {treated!r} is neither 0 nor 1 somewhere.",
            where="difference-in-differences",
            remedy="Code every unit as treated (1) or not (0), or leave it out.",
        )
    exposed = ((data[treated].astype(float) == 1) & (data[period] >= start)).astype(float)
    return two_way_fixed_effects(
        data.assign(**{_EXPOSED: exposed}),
        outcome=outcome,
        exposed=_EXPOSED,
        unit=unit,
        period=period,
        weights=weights,
        cluster=cluster,
        count_absorbed=count_absorbed,
        ci_level=ci_level,
    )


def two_way_fixed_effects(
    data: pd.DataFrame,
    *,
    outcome: str,
    exposed: str = "exposed",
    unit: str = "unit",
    period: str = "period",
    covariates: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
    count_absorbed: bool = False,
    ci_level: float = 0.95,
) -> DidFit:
    """Regress ``outcome`` on ``exposed`` (0/1) with unit and period effects.

    ``weights`` names a column (births, for an effect per birth); without it every unit and
    period counts the same. ``cluster`` defaults to the unit; ``count_absorbed`` counts unit and
    period effects as parameters, as a regression on dummies does. Rows without an outcome are
    left out and counted in ``note``. Raises ``DesignError`` when a unit occurs twice in a period,
    when nobody is exposed, when no controls or no earlier periods are left, when there is one
    cluster or a unit is in two, and for covariates that the effects absorb.
    """
    panel, note = exposure_panel(
        data,
        outcome=outcome,
        exposed=exposed,
        unit=unit,
        period=period,
        cluster=cluster,
        extra=[*covariates, *([weights] if weights else [])],
    )
    refuse_weights(panel, weights, "two-way fixed effects")
    estimate, std_error = _closed_form(panel, covariates, count_absorbed, weights) or _by_library(
        panel, covariates, count_absorbed, weights
    )
    refuse_no_spread(std_error, panel["outcome"], "two-way fixed effects")
    ever = panel["exposed"] > 0
    n_clusters = int(panel["cluster"].nunique())
    return DidFit(
        estimator="two-way fixed effects",
        inference=f"t on {n_clusters - 1} df, clustered by {cluster or unit}",
        effect=t_contrast(
            estimate,
            std_error,
            n_clusters - 1,
            ci_level=ci_level,
        ),
        n_obs=len(panel),
        n_units=int(panel["unit"].nunique()),
        n_treated_units=int(panel.loc[ever, "unit"].nunique()),
        n_clusters=n_clusters,
        n_treated_clusters=int(panel.loc[ever, "cluster"].nunique()),
        note=note,
    )


def _closed_form(
    panel: pd.DataFrame, covariates: Sequence[str], count_absorbed: bool, weights: str | None
) -> tuple[float, float] | None:
    """Return estimate and standard error of a balanced panel without weights, else nothing."""
    codes = None if weights else balanced_codes(panel)
    if codes is None:
        return None
    unit, time = codes
    columns = panel[["outcome", "exposed", *covariates]].to_numpy(float)
    freed = without_rounding(demean_balanced(columns, unit, time), columns)
    absorbed = int(unit.max()) + int(time.max()) + 1 if count_absorbed else 0
    cluster = panel["cluster"].to_numpy(np.intp)
    beta, cov = within_regression(freed[:, 0], freed[:, 1:], cluster, absorbed)
    return float(beta[0]), float(np.sqrt(cov[0, 0]))


def _by_library(
    panel: pd.DataFrame, covariates: Sequence[str], count_absorbed: bool, weights: str | None
) -> tuple[float, float]:
    if covariates:
        # The library leaves some collinear columns out in silence.
        columns = panel[["exposed", *covariates]].to_numpy(float)
        weight = panel[weights].to_numpy(float) if weights else np.ones(len(panel))
        refuse_absorbed_covariates(columns, weight, panel["unit"], panel["time"])
    indexed = panel.set_index(["unit", "time"])
    terms = indexed[["exposed", *covariates]]
    try:
        model = PanelOLS(
            indexed["outcome"],
            terms,
            entity_effects=True,
            time_effects=True,
            weights=indexed[weights] if weights else None,
        )
        # Without count_absorbed the effects nested in the clusters are not counted twice: the
        # library's default is 12 % too wide for unit effects clustered by unit.
        fitted = model.fit(
            cov_type="clustered",
            low_memory=True,
            auto_df=False,
            count_effects=count_absorbed,
            group_debias=True,
            clusters=indexed[["cluster"]],
        )
    except (AbsorbingEffectError, ValueError) as error:
        raise DesignError(
            f"The model cannot be estimated: {str(error).strip().splitlines()[0]}",
            where="two-way fixed effects",
            remedy="Leave out covariates that do not change within units over time.",
        ) from error
    return float(fitted.params["exposed"]), float(fitted.std_errors["exposed"])


def triple_difference(
    data: pd.DataFrame,
    worst_off: str,
    best_off: str,
    *,
    outcome: str,
    exposed: str = "exposed",
    stratum: str = "stratum",
    unit: str = "unit",
    period: str = "period",
    weights: str | None = None,
    cluster: str | None = None,
    ci_level: float = 0.95,
) -> DidFit:
    """Estimate the effect of exposure on the gap: ``worst_off`` minus ``best_off``.

    ``data`` has one row per unit, period and stratum. The strata are taken from each other
    within unit and period, so whatever hits a unit's strata alike in one period drops out (all
    three pairs of unit, period and stratum have effects of their own; Olden & Møen 2022, Econom
    J 25:531); what is left is ``two_way_fixed_effects``. ``weights`` (births) become those of a
    difference, 1/(1/n₁ + 1/n₂). Units and periods that miss one stratum are left out. Raises
    ``DesignError`` as ``two_way_fixed_effects``, for an absent stratum, and where the strata of
    a unit are not exposed alike.
    """
    names = [outcome, exposed, stratum, unit, period]
    require_columns(data, [*names, *([weights] if weights else [])], "triple difference")
    sides = []
    for level in (worst_off, best_off):
        rows = data[data[stratum] == level]
        if rows.empty:
            raise DesignError(
                f"The data have no stratum {level!r}.",
                where="triple difference",
                remedy=did_you_mean(str(level), [str(name) for name in data[stratum].unique()]),
            )
        require_one_row_per_unit_and_period(rows, unit, period)
        sides.append(rows.set_index([unit, period]))
    both = sides[0].index.intersection(sides[1].index)
    worst, best = (side.loc[both] for side in sides)
    if (worst[exposed] != best[exposed]).any():
        raise DesignError(
            "Within a unit and period one stratum is exposed and the other is not.",
            where="triple difference",
            remedy="Make each stratum of a unit a unit of its own and compare those.",
        )
    outcomes = []
    for level, side in ((worst_off, worst), (best_off, best)):
        outcomes.append(numeric(side, outcome, "triple difference"))
        if outcomes[-1].notna().any():
            refuse_constant(outcomes[-1].dropna(), f"triple difference, stratum {level!r}")
    frame = pd.DataFrame({"gap": outcomes[0] - outcomes[1], "exposed": worst[exposed]})
    if weights is not None:
        births = [numeric(side, weights, "triple difference") for side in (worst, best)]
        frame["weight"] = 1 / (1 / births[0] + 1 / births[1])
    if cluster is not None and cluster not in both.names:
        frame[cluster] = worst[cluster]
    fit = two_way_fixed_effects(
        frame.reset_index(),
        outcome="gap",
        unit=unit,
        period=period,
        weights="weight" if weights is not None else None,
        cluster=cluster,
        ci_level=ci_level,
    )
    return replace(fit, estimator="triple difference")


_EXPOSED = "exposed from the start"


def balanced_means(
    data: pd.DataFrame,
    *,
    outcome: str,
    start: object,
    treated: str = "treated",
    period: str = "period",
) -> pd.DataFrame:
    """Return mean outcomes before and after, treated and not: the four cells of a 2×2 design.

    Raises ``DesignError`` for absent columns and a start that is no period of the data.
    """
    require_columns(data, [outcome, treated, period], "means before and after")
    require_moment(start, data[period], "design.start")
    after = np.where(data[period] >= start, "after", "before")
    group = np.where(data[treated].astype(float) == 1, "treated", "control")
    return data[outcome].groupby([group, after]).mean().unstack()[["before", "after"]]

"""Adjusting a difference-in-differences with one start for what units were like before it.

Parallel trends need then hold only among units that were alike: what the unexposed would have
done after the start may differ by a unit's covariates, and so may the effect. The covariates
enter as x · after and as (x − x̄) · exposed, x̄ the mean over the exposed, so that the
coefficient of exposure stays the mean effect on the exposed: in a balanced panel the outcome
regression of Heckman, Ichimura & Todd (1997, Rev Econ Stud 64:605; Wooldridge 2021,
doi:10.2139/ssrn.3906345), which the doubly robust estimator (Sant'Anna & Zhao 2020, J Econom
219:101) adds a propensity score to. Covariates are fixed before the start: one that exposure
could move would take part of the effect away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast, t_contrast
from equieval.methods.panel import refuse_weights, require_columns
from equieval.methods.staggered import callaway_santanna

_WHERE: Final = "adjustment for covariates"

#: Units on each side that every covariate needs, fixed beforehand (Harrell 2015, Regression
#: Modeling Strategies, section 4.4: ten or more observations for each term).
UNITS_PER_COVARIATE: Final = 10


def refuse_too_many(covariates: Sequence[str], n_treated: int, n_controls: int) -> None:
    """Raise ``DesignError`` for more covariates than the units on either side can carry."""
    fewer = min(n_treated, n_controls)
    carried = fewer // UNITS_PER_COVARIATE
    if len(covariates) > carried:
        allowed = f"{carried} at most" if carried else "none"
        raise DesignError(
            f"{n_treated} treated and {n_controls} other units cannot carry {len(covariates)} "
            f"covariates: with {UNITS_PER_COVARIATE} units on each side for each covariate they "
            f"carry {allowed}.",
            where=_WHERE,
            remedy="Leave covariates out, decided without the outcome, or bring in more units.",
        )


def adjustment_terms(
    data: pd.DataFrame,
    covariates: Sequence[str],
    *,
    exposed: str = "exposed",
    unit: str = "unit",
    period: str = "time",
    weights: str | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Return the panel with the terms that adjust it, and their names; none for no covariates.

    ``data`` has one row per unit and period and one start; a covariate has one value per unit.
    ``weights`` are those of the fit. The terms go to ``two_way_fixed_effects``, ``cr2`` and
    ``wild_bootstrap`` as ``covariates``. Raises ``DesignError`` for covariates that are missing,
    that change within a unit, or that all units share.
    """
    if not covariates:
        return data, []
    require_columns(data, covariates, _WHERE)
    refuse_weights(data, weights, _WHERE)
    on = data[exposed].to_numpy(float)
    after = (data[period] >= data.loc[on == 1, period].min()).to_numpy(float)
    share = on * (data[weights].to_numpy(float) if weights else 1.0)
    terms: dict[str, np.ndarray] = {}
    for name in covariates:
        values = _of_units(data, name, unit)
        terms[f"{name} after"] = values * after
        terms[f"{name} exposed"] = (values - float(share @ values) / float(share.sum())) * on
    return data.assign(**terms), list(terms)


def _of_units(data: pd.DataFrame, name: str, unit: str) -> np.ndarray:
    """Return a covariate in standard deviations of the units, checked."""
    values = data[name].to_numpy(float)
    if not np.isfinite(values).all():
        lacking = data.loc[~np.isfinite(values), unit].drop_duplicates().tolist()
        raise DesignError(
            f"The covariate {name!r} is missing for {len(lacking)} units, e.g. {lacking[0]}.",
            where=_WHERE,
            remedy="Supply it, or leave out the units or the covariate.",
        )
    by_unit = data.groupby(unit)[name].agg(["min", "max", "first"])
    if (by_unit["max"] > by_unit["min"]).any():
        raise DesignError(
            f"The covariate {name!r} changes within units over time.",
            where=_WHERE,
            remedy="Take its value before the start: exposure could move later ones.",
        )
    spread = float(by_unit["first"].std(ddof=0))
    if not spread > 1e-12 * max(float(by_unit["first"].abs().max()), 1e-300):
        raise DesignError(
            f"The covariate {name!r} is the same in every unit.",
            where=_WHERE,
            remedy="Leave it out.",
        )
    return np.asarray((values - float(by_unit["first"].mean())) / spread)


def doubly_robust(
    data: pd.DataFrame,
    covariates: Sequence[str],
    *,
    outcome: str,
    exposed: str = "exposed",
    unit: str = "unit",
    period: str = "period",
    weights: str | None = None,
    ci_level: float = 0.95,
) -> Contrast:
    """Return the doubly robust effect on each unit's change in mean outcome, t on units − 1.

    ``data`` is a balanced panel with one start; ``weights`` count a unit by their sum before it.
    Right where either the regression of the controls' changes or the propensity score is.
    Raises ``DesignError`` as ``adjustment_terms`` and ``callaway_santanna``.
    """
    adjustment_terms(data, covariates, exposed=exposed, unit=unit, period=period)
    after = data[period] >= data.loc[data[exposed] == 1, period].min()
    halves = data.assign(period=np.where(after, 2, 1)).groupby([unit, "period"])
    table = halves[outcome].mean().rename("outcome").reset_index()
    by_unit = data.groupby(unit)
    ever = table[unit].map(by_unit[exposed].max())
    table["first_exposed"] = np.where(ever == 1, 2, 0)
    for name in covariates:
        table[name] = table[unit].map(by_unit[name].first())
    if weights:
        table["weight"] = table[unit].map(data[~after].groupby(unit)[weights].sum())
    try:
        found = callaway_santanna(
            table,
            outcome="outcome",
            unit=unit,
            covariates=covariates,
            weights="weight" if weights else None,
            ci_level=ci_level,
        )
    except DesignError as refusal:
        raise DesignError(refusal.what, where=_WHERE, remedy=refusal.remedy) from refusal
    effect = found.aggregate("simple", draws=1).overall
    return t_contrast(effect.estimate, effect.std_error, found.n_units - 1, ci_level=ci_level)

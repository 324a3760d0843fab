"""What units were like before the start: the level of other indicators of the same data.

A covariate is an indicator of the evaluation's own sources, at its level over the periods before
anybody is exposed: the intervention cannot have moved it. The same periods count for all units.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
import pandas as pd

from equieval.data import Observations
from equieval.errors import DesignError, did_you_mean
from equieval.protocol import indicator
from equieval.study.counting import refuse_covariates

_WHERE: Final = "design.covariates"
_SAME: Final = 1e-6
"""Of the spread of a covariate at least this part must not follow from the others."""


def levels_before(
    observations: Observations,
    covariates: Collection[str],
    units: Collection[str],
    periods: pd.PeriodIndex,
) -> pd.DataFrame:
    """Return the level of every covariate by unit, over the periods that all units have of it.

    Returns
    -------
    DataFrame indexed by unit, a column per covariate in the indicator's own unit; no columns for
    no covariates.

    Raises
    ------
    DesignError : an indicator that the data do not have, or not before the start of every unit.
    """
    levels: dict[str, pd.Series] = {}
    for id in covariates:
        if id not in observations.indicators:
            raise DesignError(
                f"the data have no indicator '{id}' to adjust for",
                where=_WHERE,
                remedy=did_you_mean(id, observations.indicators),
            )
        rows = observations.overall(id)
        rows = rows[rows["unit"].isin(list(units)) & rows["period"].isin(periods)]
        rows = rows.dropna(subset=["rate"])
        lacking = [unit for unit in units if unit not in set(rows["unit"])]
        recorded = rows.groupby("period")["unit"].nunique()
        whole = recorded[recorded == len(units)].index
        if lacking or whole.empty:
            listed = ", ".join(lacking[:6]) + (" …" if len(lacking) > 6 else "")
            raise DesignError(
                f"'{id}' is missing before the start for {listed}"
                if lacking
                else f"no period before the start has '{id}' for every unit",
                where=_WHERE,
                remedy="supply the figures, leave the units out under design.exclusions, or do "
                "not adjust for it",
            )
        sums = rows[rows["period"].isin(whole)].groupby("unit")[["numerator", "denominator"]].sum()
        levels[id] = indicator(id).per * sums["numerator"] / sums["denominator"]
    return pd.DataFrame(levels)


def refuse_uncarried(
    levels: pd.DataFrame, treated: Collection[str], controls: Collection[str]
) -> None:
    """Refuse covariates that the units cannot carry, or that tell nothing of their own.

    Raises
    ------
    DesignError : too many for the units on a side, the same in all units that are compared with,
        or following from the others.
    """
    names = list(levels.columns)
    if controls:
        refuse_covariates(tuple(names), len(treated), len(controls))
    compared = levels.loc[list(controls)] if controls else levels
    values = compared.to_numpy(float)
    values = values - values.mean(axis=0)
    for place, name in enumerate(names):
        spread = float(np.linalg.norm(values[:, place]))
        if not spread > _SAME * abs(float(compared[name].mean())):
            raise DesignError(
                f"'{name}' was the same before the start in all units that are compared with",
                where=_WHERE,
                remedy="leave it out",
            )
        earlier = values[:, :place]
        follows = earlier @ np.linalg.lstsq(earlier, values[:, place], rcond=None)[0]
        if float(np.linalg.norm(values[:, place] - follows)) <= _SAME * spread:
            raise DesignError(
                f"'{name}' follows from the covariates named before it",
                where=_WHERE,
                remedy="leave one of them out",
            )

"""Synthetic difference-in-differences for one or few treated units.

Arkhangelsky et al. (2021, Am Econ Rev 111:4088): controls weighted to move as the treated did
before exposure, earlier periods weighted to stand for the later ones, and a two-way difference of
what is left. By diff-diff, pinned exactly (California's Proposition 99: −15.604, published
−15.60). The variance is that of placebos among the controls, which takes controls and treated to
be equally variable: with unequal sizes see ``equieval.methods.few_treated``.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from diff_diff import SyntheticDiD

from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast, t_contrast
from equieval.methods.panel import exposure_panel

_WHERE = "synthetic difference-in-differences"


@dataclass(frozen=True, eq=False)
class SyntheticDid:
    """An effect against a weighted set of controls and earlier periods.

    ``unit_weights`` and ``time_weights`` each sum to 1; ``pre_fit`` is the root mean squared
    distance of the treated from their synthetic control before exposure, level aside.
    """

    effect: Contrast
    unit_weights: pd.Series
    time_weights: pd.Series
    pre_fit: float
    n_controls: int
    n_treated_units: int
    placebos: int


def synthetic_did(
    data: pd.DataFrame,
    *,
    outcome: str,
    exposed: str = "exposed",
    unit: str = "unit",
    period: str = "period",
    placebos: int = 500,
    seed: int = 1,
    ci_level: float = 0.95,
) -> SyntheticDid:
    """Return the effect, its placebo interval (normal) and the weights.

    The library fits its placebos from the time weights of the true fit. With no fewer periods
    before the start than controls those fit every control exactly, and the placebos hardly vary:
    the interval is then missing (``placebo_synthetic_did`` fits each placebo by itself).

    For a balanced panel in which all treated units start together. Raises ``DesignError`` for an
    unbalanced panel, several starts, under two periods before exposure, and no more controls
    than treated units (placebos then cannot be formed).
    """
    data = data.reset_index(drop=True)  # a stacked table's index may repeat
    panel, _ = exposure_panel(data, outcome=outcome, exposed=exposed, unit=unit, period=period)
    outcomes = panel.pivot(index="unit", columns="time", values="outcome")
    exposure = panel.pivot(index="unit", columns="time", values="exposed")
    treated = exposure.max(axis=1) == 1
    histories = exposure[treated].drop_duplicates()
    if outcomes.isna().any(axis=None) or len(histories) > 1:
        raise DesignError(
            "Some units miss some periods, or treated units start at different times.",
            where=_WHERE,
            remedy="Keep complete units and periods, and one adoption cohort.",
        )
    after = histories.columns[histories.to_numpy()[0] == 1]
    before = outcomes.columns.difference(after)
    if len(before) < 2 or after.min() < before.max():
        raise DesignError(
            "Exposure must last once it began, after at least two periods.",
            where=_WHERE,
            remedy="Bring in earlier periods; leave out periods after exposure ended.",
        )
    n_treated, n_controls = int(treated.sum()), int((~treated).sum())
    if n_controls <= n_treated:
        raise DesignError(
            f"{n_controls} controls cannot stand in for {n_treated} treated units as placebos.",
            where=_WHERE,
            remedy="Bring in more controls than there are treated units.",
        )
    panel = panel.assign(ever=panel["unit"].map(treated).astype(int))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted: Any = SyntheticDiD(
                variance_method="placebo", n_bootstrap=placebos, seed=seed
            ).fit(panel, "outcome", "ever", "unit", "time", post_periods=list(after))
    except (ValueError, np.linalg.LinAlgError) as error:
        raise DesignError(
            f"The weights cannot be found: {str(error).strip().splitlines()[0]}",
            where=_WHERE,
            remedy="Check that the controls' outcomes vary before exposure.",
        ) from error
    unit_weights = pd.Series(fitted.unit_weights, dtype=float).sort_index()
    time_weights = pd.Series(fitted.time_weights, dtype=float).sort_index()
    labels = dict(zip(panel["time"], data.loc[panel.index, period], strict=True))
    effect = t_contrast(float(fitted.att), float(fitted.se), ci_level=ci_level)
    if len(before) >= n_controls:
        effect = replace(
            effect, std_error=math.nan, ci_low=math.nan, ci_high=math.nan, p_value=math.nan
        )
    apart = outcomes[treated].mean() - unit_weights @ outcomes.loc[unit_weights.index]
    apart = apart[before] - apart[before].mean()
    return SyntheticDid(
        effect=effect,
        unit_weights=unit_weights,
        time_weights=time_weights.rename(index=labels),
        pre_fit=math.sqrt(float((apart**2).mean())),
        n_controls=n_controls,
        n_treated_units=n_treated,
        placebos=placebos,
    )

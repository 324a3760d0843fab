"""One or few treated units against a weighted mix of the others.

Synthetic difference-in-differences (Arkhangelsky et al. 2021) weighs the comparison units so that
they ran like the treated before the start. A variance cannot be learnt from one treated unit: the
estimate is ranked among those of placebo units instead, and the interval holds the effects that
this ranking does not reject.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from equieval.methods.did import two_way_fixed_effects
from equieval.methods.few_treated import ferman_pinto
from equieval.methods.inference import ALIKE_FROM, reassignment_interval, size_ratio
from equieval.methods.synthetic_did import synthetic_did
from equieval.methods.synthetic_inequality import (
    placebo_contrast,
    placebo_synthetic_did,
    synthetic_strata,
)
from equieval.protocol import indicator
from equieval.study.analysis import CI_LEVEL
from equieval.study.comparison import (
    CLUSTERED,
    DRAWS,
    PER_SIZE,
    PER_UNIT,
    Comparison,
    Way,
    share_observed,
)
from equieval.study.counting import NOTHING, SIZE, Counting
from equieval.study.draws import draws
from equieval.study.panel import PanelDesign
from equieval.study.panel_frames import TREATED
from equieval.study.staggered import mean_when_exposed

WEIGHTED = "Weighted comparison"
PLACEBOS = "placebo units, by rank"


def compare_synthetic(
    panel: pd.DataFrame, _n_events: float | None = None, *, counting: Counting = NOTHING
) -> Comparison:
    """Estimate the effect on ``value`` against the synthetic comparison.

    Treated units count the same in their mean, or by their size (``counting``).

    Raises
    ------
    DesignError : the panel carries no synthetic difference-in-differences.
    """
    panel = counting.sized(panel)
    ranked = placebo_synthetic_did(panel, outcome="value", weights=counting.size)
    others = ranked.placebos["estimate"].to_numpy(float)[1:]
    units = panel.groupby("unit")["treated"].max()
    treated = int(units.sum())
    ratio = size_ratio(panel.groupby("unit")["weight"].mean(), units)
    return Comparison(
        effect=placebo_contrast(ranked.estimate, others, CI_LEVEL),
        inference=f"{PLACEBOS} ({len(others)} placebos)",
        interval="reassignment",
        reason=f"{treated} treated of {len(units)} units: a standard error cannot be learned from "
        f"so few; the estimate is ranked among those of {len(others)} placebos, and no p value "
        f"under {ranked.smallest_attainable_p:.3f} could come out"
        + (
            f"; of {ratio:.2g} times the size of the others, the treated stray further by chance "
            "than placebos show"
            if ratio < ALIKE_FROM
            else ""
        ),
        weighting=PER_SIZE if counting.by_size else PER_UNIT,
        observed=mean_when_exposed(panel, counting),
        n_obs=len(panel),
        n_units=len(units),
        n_treated_units=treated,
        share_observed=share_observed(panel),
    )


def other_synthetic_ways(panel: pd.DataFrame) -> tuple[Way, ...]:
    """Return the other estimators for one or few treated units."""
    value: dict[str, Any] = {"outcome": "value", "ci_level": CI_LEVEL}
    return (
        (
            "DiD, treatment reassigned",
            "reassignment of the treatment over the units",
            PER_UNIT,
            lambda: reassignment_interval(panel, **value),
        ),
        (
            "Ferman–Pinto",
            "learnt from the controls, corrected for the sizes of units",
            PER_UNIT,
            lambda: ferman_pinto(panel, size="weight", draws=draws(DRAWS), **value).effect,
        ),
        (
            "TWFE, clustered errors",
            f"{CLUSTERED}: not valid with so few treated, an arithmetic check",
            PER_UNIT,
            lambda: two_way_fixed_effects(panel, **value).effect,
        ),
    )


def synthetic_frames(
    panel: pd.DataFrame, whole: pd.DataFrame, design: PanelDesign, outcome: str
) -> dict[str, pd.DataFrame]:
    """Return the frames of the synthetic comparison.

    Parameters
    ----------
    panel : up to the horizon, which the weights are fitted on; ``whole`` the whole window.

    Returns
    -------
    ``weights`` (unit, weight), ``placebos`` (label, estimate, actual, p_value,
    smallest_attainable_p, indicator), ``arms`` (period, arm, rate, indicator: the treated, and the
    weighted comparison moved to the level of the treated before the start), ``fit`` (one row:
    pre_fit, n_controls).
    """
    counting = design.counting
    panel, whole = counting.sized(panel), counting.sized(whole)
    unit_weights, pre_fit = _weights(panel, counting)
    ranked = placebo_synthetic_did(panel, outcome="value", weights=counting.size)
    weights = unit_weights[unit_weights > 0.001].sort_values(ascending=False)
    placebos = ranked.placebos.rename(columns={"units": "label"})
    return {
        "weights": pd.DataFrame({"unit": weights.index.astype(str), "weight": weights.to_numpy()}),
        "placebos": placebos.assign(
            actual=[True] + [False] * (len(placebos) - 1),
            p_value=ranked.p_value,
            smallest_attainable_p=ranked.smallest_attainable_p,
            indicator=outcome,
        ),
        "arms": _arms(whole, design, unit_weights, outcome).assign(indicator=outcome),
        "fit": pd.DataFrame([{"pre_fit": pre_fit, "n_controls": len(unit_weights)}]),
    }


def _weights(panel: pd.DataFrame, counting: Counting) -> tuple[pd.Series, float]:
    """Return the weights of the controls, and how far the treated lay from their mix before."""
    if not counting.by_size:
        found = synthetic_did(panel, outcome="value", ci_level=CI_LEVEL)
        return found.unit_weights, found.pre_fit
    sized = synthetic_strata(
        panel.assign(stratum="all"), ["all"], outcome="value", weights=SIZE, max_placebos=1
    )
    return sized.unit_weights, float(sized.pre_fit["all"])


def _arms(
    whole: pd.DataFrame, design: PanelDesign, unit_weights: pd.Series, outcome: str
) -> pd.DataFrame:
    """Return the treated and the weighted comparison over time."""
    values = whole.pivot(index="period", columns="unit", values="value")
    treated = values[list(design.adoption)].mean(axis=1)
    if design.counting.by_size:
        share = whole.groupby("unit")[SIZE].first()[list(design.adoption)]
        treated = values[list(design.adoption)] @ (share / share.sum())
    weights = unit_weights.reindex(list(design.controls)).fillna(0.0)
    weighted = values[list(design.controls)] @ weights
    before = values.index < design.start
    level = float((treated - weighted)[before].mean())
    rows = [
        pd.DataFrame({"period": values.index, "arm": arm, "rate": series.to_numpy()})
        for arm, series in ((TREATED, treated), (WEIGHTED, weighted + level))
    ]
    return pd.concat(rows, ignore_index=True).assign(unit_of_rate=indicator(outcome).unit)

"""Beside Callaway and Sant'Anna: imputation, and what a two-way coefficient is made of.

Imputation (Borusyak, Jaravel & Spiess 2024, Rev Econ Stud 91:3253) predicts the exposed from
unit and period effects of the unexposed; Goodman-Bacon's decomposition (2021, J Econom 225:254)
shows which comparisons a two-way fixed-effects coefficient averages, forbidden ones included.
Sun & Abraham (2021, J Econom 225:175) average the cohorts' event studies
of one saturated regression. All by diff-diff, pinned exactly.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from diff_diff import BaconDecomposition, ImputationDiD, SunAbraham, SurveyDesign

from equieval.errors import DesignError
from equieval.methods.adoption import adoption_panel, refuse_adoption, refuse_changing_weights
from equieval.methods.contrasts import Contrast, t_contrast
from equieval.methods.panel import refuse_no_spread

_WHERE = "staggered difference-in-differences"

#: How Goodman-Bacon's comparisons are named here; the last one is the forbidden one.
COMPARISONS = {
    "treated_vs_never": "treated with never treated",
    "earlier_vs_later": "earlier with later treated",
    "later_vs_earlier": "later with already treated",
}


def imputation(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_exposed: str = "first_exposed",
    unit: str = "unit",
    period: str = "period",
    weights: str | None = None,
    cluster: str | None = None,
    ci_level: float = 0.95,
) -> Contrast:
    """Return the mean effect over all exposed units and periods, by imputation.

    Every exposed unit and period counts the same, or by the unit's ``weights`` (fixed over
    time), which the unexposed are then also fitted with; standard errors by unit, or by
    ``cluster``, are the authors' conservative ones, with t on clusters − 1. Errors as for
    ``callaway_santanna`` with controls not yet treated.
    """
    weighing = [weights] if weights else []
    panel, _, _ = adoption_panel(data, outcome, first_exposed, unit, period, weighing, cluster)
    refuse_adoption(panel, "not-yet-treated", _WHERE)
    refuse_changing_weights(panel, weights, _WHERE)
    if not (panel["first"] == 0).any():
        # From the last adoption on nobody is left unexposed: those periods cannot be predicted.
        last = int(panel["first"].max())
        panel = panel[panel["time"] < last]
        panel = panel.assign(first=panel["first"].where(panel["first"] < last, 0))
    panel = panel.assign(cluster=np.unique(panel["cluster"], return_inverse=True)[1])
    fitted = _quietly(
        lambda: ImputationDiD(cluster="cluster").fit(
            panel,
            "outcome",
            "unit",
            "time",
            "first",
            survey_design=SurveyDesign(weights=weights) if weights else None,
        )
    )
    refuse_no_spread(float(fitted.overall_se), panel["outcome"], _WHERE)
    return t_contrast(
        float(fitted.overall_att),
        float(fitted.overall_se),
        panel["cluster"].nunique() - 1,
        ci_level=ci_level,
    )


#: The saturated regression of a larger panel takes gigabytes.
LARGEST_SATURATED = 1_000


def sun_abraham(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_exposed: str = "first_exposed",
    unit: str = "unit",
    period: str = "period",
    cluster: str | None = None,
    ci_level: float = 0.95,
) -> pd.DataFrame:
    """Return ``event_time, estimate, std_error, ci_low, ci_high`` against the never treated.

    Cohorts weighted by their share at each event time; standard errors by unit, or by
    ``cluster``, with t on clusters − 1. The reference (−1) is left out. Raises ``DesignError``
    as ``callaway_santanna`` and above 1 000 units.
    """
    fitted, df = _saturated(data, outcome, first_exposed, unit, period, cluster)
    rows = []
    for event_time, found in sorted(fitted.event_study_effects.items()):
        contrast = t_contrast(
            float(found["effect"]),
            float(found["se"]),
            df,
            ci_level=ci_level,
        )
        rows.append(
            (
                int(event_time),
                contrast.estimate,
                contrast.std_error,
                contrast.ci_low,
                contrast.ci_high,
            )
        )
    columns = ["event_time", "estimate", "std_error", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


def sun_abraham_average(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_exposed: str = "first_exposed",
    unit: str = "unit",
    period: str = "period",
    cluster: str | None = None,
    ci_level: float = 0.95,
) -> Contrast:
    """Return the mean effect over all exposed units and periods, by Sun and Abraham.

    The event study of ``sun_abraham`` weighted by how many units are seen at each event time, all
    from one regression; the shares are taken as known. The estimate is that of
    ``callaway_santanna`` against the never treated. Intervals and errors as ``sun_abraham``.
    """
    fitted, df = _saturated(data, outcome, first_exposed, unit, period, cluster)
    return t_contrast(float(fitted.overall_att), float(fitted.overall_se), df, ci_level=ci_level)


def _saturated(
    data: pd.DataFrame,
    outcome: str,
    first_exposed: str,
    unit: str,
    period: str,
    cluster: str | None,
) -> tuple[Any, int]:
    """Return Sun and Abraham's fitted regression, and the degrees of freedom of its errors."""
    panel, _, _ = adoption_panel(data, outcome, first_exposed, unit, period, (), cluster)
    refuse_adoption(panel, "never-treated", _WHERE)
    n_units = int(panel["unit"].nunique())
    if n_units > LARGEST_SATURATED:
        raise DesignError(
            f"{n_units} units are too many for a saturated regression.",
            where=_WHERE,
            remedy="Use callaway_santanna, whose event study estimates the same.",
        )
    panel = panel.assign(cluster=np.unique(panel["cluster"], return_inverse=True)[1])
    fitted = _quietly(
        lambda: SunAbraham(cluster="cluster").fit(panel, "outcome", "unit", "time", "first")
    )
    errors = [float(found["se"]) for found in fitted.event_study_effects.values()]
    refuse_no_spread(max(errors), panel["outcome"], _WHERE)
    return fitted, int(panel["cluster"].nunique()) - 1


def goodman_bacon(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_exposed: str = "first_exposed",
    unit: str = "unit",
    period: str = "period",
) -> pd.DataFrame:
    """Return ``comparison, treated, control, estimate, weight``: all 2×2 comparisons.

    The weights sum to 1 and the weighted estimates to the two-way fixed-effects coefficient.
    ``treated`` and ``control`` are first exposed periods, missing for never treated. Errors as
    for ``callaway_santanna`` with controls not yet treated.
    """
    panel, labels, _ = adoption_panel(data, outcome, first_exposed, unit, period, (), None)
    refuse_adoption(panel, "not-yet-treated", _WHERE)
    fitted = _quietly(lambda: BaconDecomposition().fit(panel, "outcome", "unit", "time", "first"))
    return pd.DataFrame(
        [
            {
                "comparison": COMPARISONS[comparison.comparison_type],
                "treated": labels[int(comparison.treated_group)],
                "control": None
                if comparison.comparison_type == "treated_vs_never"
                else labels[int(comparison.control_group)],
                "estimate": float(comparison.estimate),
                "weight": float(comparison.weight),
            }
            for comparison in fitted.comparisons
        ]
    )


def _quietly(estimate: Any) -> Any:
    """Run an estimator of diff-diff; its refusals become ours."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return estimate()
    except (ValueError, np.linalg.LinAlgError) as error:
        raise DesignError(
            f"The effect cannot be estimated: {str(error).strip().splitlines()[0]}",
            where=_WHERE,
            remedy="Check that there are units not yet exposed in every period.",
        ) from error

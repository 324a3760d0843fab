"""What a comparison of units can carry: its units, periods and events against the thresholds."""

from __future__ import annotations

import math

import pandas as pd

from equieval.data import Observations
from equieval.protocol import Evaluation
from equieval.study.adequacy import COMPARISON_THRESHOLDS, against
from equieval.study.panel import panel_design, strata_panel

MOST = 1_000_000
"""Ways to choose the treated are counted up to here: more make no difference."""


def panel_checks(
    evaluation: Evaluation, observations: Observations, _estimate: pd.Series | None = None
) -> pd.DataFrame:
    """Hold a comparison of units against the published thresholds.

    Parameters
    ----------
    _estimate : not used: all estimates of a design rest on the same units and periods.

    Returns
    -------
    The frame of `equieval.study.adequacy.against`.
    """
    design = panel_design(evaluation, observations)
    begun = [start for start in design.adoption.values() if start <= design.horizon]
    treated, controls = len(begun), len(design.controls)
    used = design.to_horizon()
    kept = used.periods[~used.periods.isin(list(used.excluded))]
    cells = strata_panel(observations, evaluation.outcomes.primary.indicator, used)
    cells = cells[cells["treated"] == 1]
    events = cells.groupby(["unit", "stratum", "exposed"])["numerator"].sum()
    return against(
        COMPARISON_THRESHOLDS,
        {
            "treated-units": float(treated),
            "comparison-units": float(controls),
            "assignments": float(min(math.comb(treated + controls, treated), MOST)),
            "periods-before": float((kept < design.start).sum()),
            "periods-after": float((kept >= design.start).sum()),
            "events-treated": float(events.min()),
        },
    )

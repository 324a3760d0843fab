"""Control outcomes and placebo groups of a comparison of units.

Placebo units are controls that are taken as treated, against the other controls; the units really
treated are left out, so that an effect of the intervention cannot reach the estimate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from equieval.data import Observations
from equieval.errors import DesignError
from equieval.protocol import Evaluation
from equieval.study.approach import Approach
from equieval.study.comparison import NO_INTERVAL, comparison_row
from equieval.study.control_outcomes import Asked, estimated, of_levels
from equieval.study.did import subject, treated_events
from equieval.study.panel import PanelDesign, measure_panel, rate_panel


def panel_control_outcomes(
    evaluation: Evaluation, observations: Observations, design: PanelDesign, approach: Approach
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Estimate the effects where none can be; see `equieval.study.control_outcomes.estimated`.

    One that the data cannot carry is kept, with the reason.
    """

    def estimate(asked: Asked) -> dict[str, Any]:
        about = subject(evaluation, "robustness", asked.outcome, asked.measure, asked.stratum)
        columns = {"estimator": approach.estimator, **asked.columns}
        try:
            panel = _panel(asked, evaluation, observations, design.to_horizon())
            events = treated_events(panel) if "numerator" in panel else None
            found = approach.compare(panel, events)
        except DesignError as refusal:
            return about.refused(**columns, note=asked.noted(refusal.what))
        why = found.reason if found.inference == NO_INTERVAL else ""
        return comparison_row(found, about, **columns, note=asked.noted(why))

    return estimated(evaluation, estimate)


def _panel(
    asked: Asked, evaluation: Evaluation, observations: Observations, design: PanelDesign
) -> pd.DataFrame:
    """Return the panel of one outcome or group, of the units that have every figure of it."""
    if asked.units:
        design = _as_treated(design, asked.units)
    if asked.levels:
        panel = rate_panel(of_levels(observations, asked.levels), asked.outcome, design)
    elif asked.measure == "rate":
        panel = rate_panel(observations, asked.outcome, design)
    else:
        panel = measure_panel(
            evaluation, observations, asked.measure, design, outcome=asked.outcome
        )
    known = panel.dropna(subset=["value"]).groupby("unit")["period"].nunique()
    whole = known[known == panel["period"].nunique()].index
    left = panel[panel["unit"].isin(whole)].reset_index(drop=True)
    if left["treated"].nunique() < 2:
        arm = "treated" if not (left["treated"] == 1).any() else "comparison"
        raise DesignError(
            f"no {arm} unit has a figure in every period",
            where="robustness",
            remedy="supply the missing figures, or leave it out",
        )
    return left


def _as_treated(design: PanelDesign, units: tuple[str, ...]) -> PanelDesign:
    """Return the controls alone, with some taken as treated from the first start on."""
    pretended = [unit for unit in design.controls if unit in units]
    others = tuple(unit for unit in design.controls if unit not in units)
    if not pretended or not others:
        raise DesignError(
            "its units, or all others, lack figures and are not compared",
            where="robustness.placebo_groups",
            remedy="name other control units",
        )
    return replace(design, adoption=dict.fromkeys(pretended, design.start), controls=others)

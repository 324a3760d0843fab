"""What a comparison of units can carry: its units, periods and events against the thresholds.

Known before any outcome is: the events are those to be expected from the periods before the
first start, so that `equieval check`, `equieval power` and the report judge alike.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from equieval.data import Observations
from equieval.errors import DesignError
from equieval.protocol import Evaluation
from equieval.protocol.design import SyntheticDifferenceInDifferences
from equieval.study.adequacy import COMPARISON_THRESHOLDS, against, events_or_not
from equieval.study.counting import NOTHING
from equieval.study.did import refuse_without_interval
from equieval.study.panel import PanelDesign, measure_panel, panel_design
from equieval.study.planned_panel import planned_panel
from equieval.study.series import label

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

    Raises
    ------
    DesignError : nothing could be estimated, whatever the thresholds say.
    """
    design = panel_design(evaluation, observations)
    refuse_without_interval(evaluation.outcomes.primary.measure)
    _refuse_nothing_left(design)
    return planned_panel_checks(evaluation, design, observations)


def planned_panel_checks(
    evaluation: Evaluation, design: PanelDesign, observations: Observations
) -> pd.DataFrame:
    """Hold a comparison of these units over these periods, observed or planned, to thresholds.

    Where the headline goes by how many units alike tell as much, so do its thresholds; the numbers
    of a unit are those behind the primary measure.

    Parameters
    ----------
    observations : of which only those before the first start are looked at.

    Raises
    ------
    DesignError : more covariates than the units carry.
    """
    primary = evaluation.outcomes.primary
    rows = measure_panel(evaluation, observations, primary.measure, design)
    planned = planned_panel(rows, design)
    design.counting.refuse_too_many(planned)
    begun = [unit for unit, start in design.adoption.items() if start <= design.horizon]
    compared = planned[planned["unit"].isin([*begun, *design.controls])]
    counting = design.counting
    if isinstance(evaluation.design, SyntheticDifferenceInDifferences):
        counting = NOTHING  # Ranked among placebo units, each of which is one.
    alike, treated = counting.alike(counting.sized(compared))
    controls = alike - treated
    kept = _kept(design)
    counted = {}
    if counting.by_size:
        words = "alike; the {} that count by their size tell as much"
        counted = {
            "treated-units": words.format(len(begun)),
            "comparison-units": words.format(len(design.controls)),
            "assignments": "by units alike",
        }
    return against(
        COMPARISON_THRESHOLDS,
        {
            "treated-units": float(treated),
            "comparison-units": float(controls),
            "assignments": float(min(math.comb(treated + controls, treated), MOST)),
            "periods-before": float((kept < design.start - design.anticipation).sum()),
            "periods-after": float((kept >= design.start).sum()),
            "events-treated": expected_events(design, observations, primary.indicator),
        },
        counted,
    )


def expected_events(design: PanelDesign, observations: Observations, outcome: str) -> float:
    """Return the fewest events to be expected in a group of a treated unit, before or after.

    A group's mean a period before the first start, times the periods that its unit has before
    its own start, or from then to the horizon. Of a proportion, people without the event are
    counted where they are fewer. Missing where nothing comes before.
    """
    kept = _kept(design)
    early = kept[kept < design.start - design.anticipation]
    cells = observations.strata(outcome)
    cells = cells[cells["period"].isin(early)]
    groups = [cells["unit"], cells["stratum"]]
    fewest = events_or_not(cells, outcome).groupby(groups).mean().min(axis=1).groupby("unit").min()
    found = [
        float(fewest.get(unit, math.nan))
        * min((kept < start - design.anticipation).sum(), (kept >= start).sum())
        for unit, start in design.adoption.items()
        if start <= design.horizon
    ]
    return float(np.min(found)) if found else math.nan


def _refuse_nothing_left(design: PanelDesign) -> None:
    """Refuse units of which no period is left to compare, before their start or from it on."""
    kept, waits = _kept(design), design.anticipation
    for unit, start in design.adoption.items():
        if start > design.horizon:
            continue
        if not (kept < start - waits).any():
            words = f" and the anticipation of {waits} periods" if waits else ""
            raise DesignError(
                f"no period is left before the start of {unit} ({label(start)}){words}",
                where="design.anticipation" if waits else "design.exclude_periods",
                remedy="leave fewer periods out, or supply earlier data",
            )
        if not (kept >= start).any():
            raise DesignError(
                f"every period from the start of {unit} ({label(start)}) to the horizon "
                f"({label(design.horizon)}) is left out",
                where="design.exclude_periods",
                remedy="leave fewer periods out, or name a later horizon",
            )


def _kept(design: PanelDesign) -> pd.PeriodIndex:
    """Return the periods up to the horizon that the protocol does not leave out."""
    periods = design.to_horizon().periods
    return periods[~periods.isin(list(design.excluded))]

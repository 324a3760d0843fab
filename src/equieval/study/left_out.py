"""What an analysis goes without: units and periods that are left out, and why."""

from __future__ import annotations

import pandas as pd

from equieval.data import Observations
from equieval.present.numbers import listing
from equieval.protocol import Evaluation
from equieval.protocol.design import ControlledInterruptedTimeSeries, InterruptedTimeSeries
from equieval.study.compared_series import ComparedSeries, compared_series
from equieval.study.panel import panel_design
from equieval.study.panel_options import Comparative
from equieval.study.series import label, series_design


def left_out(evaluation: Evaluation, observations: Observations) -> tuple[str, ...]:
    """Return which units and periods the analysis leaves out, a phrase for each reason.

    Units by the protocol, and of a comparison those with a figure missing. A controlled series
    goes without the periods in which a comparison unit has no figure.

    Raises
    ------
    DesignError : the design cannot be used with these data.
    """
    design = evaluation.design
    if isinstance(design, Comparative):
        units = panel_design(evaluation, observations).left_out
    elif isinstance(design, InterruptedTimeSeries | ControlledInterruptedTimeSeries):
        units = pd.DataFrame(
            [(entry.unit, entry.reason) for entry in design.exclusions],
            columns=["unit", "reason"],
        )
    else:
        return ()
    words = [
        f"{listing(rows['unit'])} ({str(reason).rstrip('.')})"
        for reason, rows in units.groupby("reason", sort=False)
    ]
    if isinstance(design, ControlledInterruptedTimeSeries):
        words += _without_comparison(evaluation, observations, design)
    return tuple(words)


def _without_comparison(
    evaluation: Evaluation, observations: Observations, design: ControlledInterruptedTimeSeries
) -> list[str]:
    """Say in which periods comparison units have no figure, so that there is no difference."""
    primary = evaluation.outcomes.primary
    compared: ComparedSeries = compared_series(evaluation, observations)
    found = series_design(evaluation, compared.observations)
    used = [period for period in found.periods if period not in found.excluded]
    values = compared.measure(primary.indicator, primary.measure).reindex(used)
    gone = list(values.index[values.isna()])
    if not gone:
        return []
    cells = observations.strata(primary.indicator)
    cells = cells[cells["unit"].isin(design.controls) & cells["period"].isin(gone)]
    units = sorted({str(unit) for unit in cells.loc[cells["rate"].isna(), "unit"]})
    who = listing(units) if units else "the comparison units"
    return [f"{listing([label(period) for period in gone])} (no figure of {who})"]

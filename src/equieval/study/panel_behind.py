"""The cells behind the estimates of a comparison: what disclosure control judges them by.

An effect rests on the counts of every unit and period that it compares, and is shown by what
the smallest of them is; the effect at one time since the start has the treated units' counts of
that time to itself.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from equieval.data import Observations
from equieval.disclosure.models import CELL_COLUMNS, no_cells
from equieval.protocol import Evaluation
from equieval.study.baseline import as_one
from equieval.study.behind import series_cells
from equieval.study.control_outcomes import levels_of, of_levels
from equieval.study.its import shown_groups
from equieval.study.panel import PanelDesign, panel_design


def panel_cells(
    evaluation: Evaluation, observations: Observations, page_id: str, estimates: pd.DataFrame
) -> pd.DataFrame:
    """Return the smallest cell behind each estimate of a page about a comparison of units.

    Parameters and return value as those of `equieval.study.behind.series_cells`.
    """
    if page_id == "baseline-inequality":
        whole = as_one(evaluation, observations)
        return series_cells(evaluation, whole, page_id, estimates)
    design = panel_design(evaluation, observations)
    groups = shown_groups(observations)
    known: dict[tuple[str, str, str, int | None], dict[str, Any] | None] = {}
    rows = []
    for row in estimates[estimates["estimate"].notna()].to_dict("records"):
        measure = str(row["estimand"]).partition(":")[0]
        time = None if pd.isna(row["event_time"]) else int(row["event_time"])
        key = (str(row["outcome"]), str(row["stratum"]), measure, time)
        if key not in known:
            known[key] = _smallest(page_id, observations, groups, design, *key)
        smallest = known[key]
        if smallest is not None:
            terms = len(design.units) + len(design.periods)
            left = float("nan") if pd.isna(row["n_obs"]) else float(row["n_obs"]) - terms
            rows.append({"id": str(row["id"]), **smallest, "residual_df": left})
    return pd.DataFrame(rows, columns=list(CELL_COLUMNS)) if rows else no_cells()


def _smallest(
    page_id: str,
    observations: Observations,
    groups: Observations,
    design: PanelDesign,
    outcome: str,
    stratum: str,
    measure: str,
    time: int | None,
) -> dict[str, Any] | None:
    """Return the cell with the fewest events: of a unit and period, or of one time since."""
    if measure == "rate" and stratum == "all":
        cells = observations.overall(outcome).assign(stratum="all")
    elif measure == "rate" and page_id == "robustness":  # a placebo group of levels
        together = of_levels(observations, levels_of(stratum))
        cells = together.overall(outcome).assign(stratum=stratum)
    elif measure == "rate":
        cells = groups.strata(outcome)
        cells = cells[cells["stratum"] == stratum]
    else:
        cells = observations.strata(outcome)
    cells = cells[cells["unit"].isin(design.units) & cells["period"].isin(design.periods)]
    cells = cells[cells["rate"].notna()]
    kind = "period" if stratum == "all" and measure == "rate" else "group"
    if time is not None:
        cells, kind = _at(cells, design, time), "event-time"
    if cells.empty:
        return None
    row = cells.sort_values("numerator", kind="stable").iloc[0]
    return {
        "kind": kind,
        "cell": ", ".join(str(row[name]) for name in ("unit", "stratum", "period")),
        "people": float(row["denominator"]),
        "events": float(row["numerator"]),
    }


def _at(cells: pd.DataFrame, design: PanelDesign, time: int) -> pd.DataFrame:
    """Return the counts of the treated units together, so many periods from their starts."""
    periods = {unit: start + time for unit, start in design.adoption.items()}
    here = [
        periods.get(unit) == period
        for unit, period in zip(cells["unit"], cells["period"], strict=True)
    ]
    sums = cells[here].groupby("stratum")[["numerator", "denominator"]].sum().reset_index()
    return sums.assign(unit="all treated", period=f"{time} from the start")

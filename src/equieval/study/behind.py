"""The cells behind the estimates of a series: what disclosure control judges them by.

Every estimate rests on counts: a measure on those of all groups in a period, a model on those of
every period that it was fitted to. Handed on is the smallest cell of each kind, which decides.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from equieval.data import Observations
from equieval.disclosure.models import CELL_COLUMNS, no_cells
from equieval.protocol import Evaluation
from equieval.protocol.control_outcomes import PlaceboGroup
from equieval.study.compared_series import compared_series
from equieval.study.control_outcomes import ESTIMANDS, PLACEBO_GROUP, group_of, of_levels
from equieval.study.its import shown_groups
from equieval.study.missing_bounds import counted_before, rests_on_bounds
from equieval.study.panel import pooled
from equieval.study.series import SeriesDesign, series_design
from equieval.study.series_units import IN_UNIT, OF_UNITS, of_unit, units_of

EVERY_UNIT, BEFORE = "every unit", "all periods before the start"


def series_cells(
    evaluation: Evaluation, observations: Observations, page_id: str, estimates: pd.DataFrame
) -> pd.DataFrame:
    """Return the smallest cell behind each estimate of a page about a series.

    Parameters
    ----------
    evaluation, observations : what the estimates are of.
    page_id : the page; on that of the baseline an estimate rests on its own period, on all
        others on the periods of the design.
    estimates : the Estimates table of the page; an estimand is a measure, or starts with one.

    Returns
    -------
    The table of cells that `equieval.disclosure.models.check_models` takes.
    """
    every, observations = observations, compared_series(evaluation, observations).observations
    described = page_id == "baseline-inequality"
    design = None if described else series_design(evaluation, observations)
    groups = shown_groups(observations)
    known: dict[tuple[str, str, str, str, str], dict[str, Any] | None] = {}
    rows = []
    for row in estimates[estimates["estimate"].notna()].to_dict("records"):
        outcome, stratum = str(row["outcome"]), str(row["stratum"])
        measure = str(row["estimand"]).partition(":")[0]
        time = "" if design is not None else str(row["time"])
        if described and rests_on_bounds(row):
            time = BEFORE
        placebo = _placebo_group(evaluation, page_id, row)
        unit = _units(evaluation, row)
        key = (outcome, stratum, measure, time, placebo.name if placebo else unit)
        if key not in known:
            if time == BEFORE:
                cells = _cells_before(evaluation, observations)
            elif unit:
                cells = _cells_of_units(evaluation, every, outcome, measure, unit)
            elif placebo:
                cells = _cells_of_placebo(placebo, every, observations, outcome, measure)
            else:
                cells = _cells(observations, groups, outcome, stratum, measure)
            known[key] = _smallest(_within(cells, observations, design, time))
        smallest = known[key]
        if smallest is not None:
            terms = math.nan if design is None else len(design.matrix().columns)
            left = math.nan if pd.isna(row["n_obs"]) else float(row["n_obs"]) - terms
            rows.append({"id": str(row["id"]), **smallest, "residual_df": left})
    return pd.DataFrame(rows, columns=list(CELL_COLUMNS)) if rows else no_cells()


def _cells(
    observations: Observations, groups: Observations, outcome: str, stratum: str, measure: str
) -> pd.DataFrame:
    """Return the cells that a series is made of, those that have a rate."""
    if measure == "rate" and stratum == "all":
        found = observations.overall(outcome, counts=True).assign(stratum="all")
    elif measure == "rate":
        found = groups.strata(outcome, counts=True)
        found = found[found["stratum"] == stratum]
    else:
        found = observations.strata(outcome, counts=True)
    return found[found["rate"].notna()]


def _placebo_group(
    evaluation: Evaluation, page_id: str, row: Mapping[Hashable, Any]
) -> PlaceboGroup | None:
    """Return the placebo group that an estimate is about, if it is about one."""
    if page_id != "robustness" or not str(row["estimand"]).endswith(ESTIMANDS[PLACEBO_GROUP]):
        return None
    return group_of(evaluation, str(row["note"]))


def _cells_of_placebo(
    group: PlaceboGroup,
    every: Observations,
    treated: Observations,
    outcome: str,
    measure: str,
) -> pd.DataFrame:
    """Return the cells of a placebo group: of its units together, or of its levels together."""
    if group.units:
        together = pooled(every, group.units, group.name)
        return _cells(together, together, outcome, "all", measure)
    return _cells(of_levels(treated, group.levels), treated, outcome, "all", measure)


def _units(evaluation: Evaluation, row: Mapping[Hashable, Any]) -> str:
    """Return the unit that an estimate rests on, `EVERY_UNIT` for all of them, or nothing."""
    estimand = str(row["estimand"]).partition(": ")[2]
    if estimand not in OF_UNITS or not units_of(evaluation):
        return ""
    return str(row["note"]) if estimand == IN_UNIT else EVERY_UNIT


def _cells_of_units(
    evaluation: Evaluation, every: Observations, outcome: str, measure: str, unit: str
) -> pd.DataFrame:
    """Return the cells of the series of one unit, or of all, each by itself."""
    names = units_of(evaluation) if unit == EVERY_UNIT else (unit,)
    cells = []
    for name in names:
        own = of_unit(every, name)
        cells.append(_cells(own, own, outcome, "all", measure))
    return pd.concat(cells, ignore_index=True)


def _cells_before(evaluation: Evaluation, observations: Observations) -> pd.DataFrame:
    """Return the groups over all periods before the start, those of unknown group with them."""
    counted = counted_before(evaluation, observations)
    assert counted is not None  # Without people of unknown group there are no such estimates.
    return counted.counts.assign(period=BEFORE)


def _within(
    cells: pd.DataFrame, observations: Observations, design: SeriesDesign | None, time: str
) -> pd.DataFrame:
    if time == BEFORE:
        return cells
    if design is None:
        return cells[[observations.label(period) == time for period in cells["period"]]]
    used = design.periods.difference(
        pd.PeriodIndex(list(design.excluded), freq=design.periods.freq)
    )
    return cells[cells["period"].isin(list(used))]


def _smallest(cells: pd.DataFrame) -> dict[str, Any] | None:
    if cells.empty:
        return None
    row = cells.sort_values("numerator", kind="stable").iloc[0]
    whole = row["stratum"] == "all"
    name = str(row["period"]) if whole else f"{row['stratum']}, {row['period']}"
    return {
        "kind": "period" if whole else "group",
        "cell": name,
        "people": float(row["denominator"]),
        "events": float(row["numerator"]),
    }

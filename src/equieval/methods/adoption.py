"""Panels with staggered adoption: what every estimator of that design needs of its data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd

from equieval.errors import DesignError, one_of
from equieval.methods.arguments import require_moment
from equieval.methods.panel import (
    numeric,
    refuse_constant,
    refuse_taken_names,
    refuse_weights,
    require_columns,
    require_named_rows,
    require_one_row_per_unit_and_period,
    time_numbers,
)

ControlGroup = Literal["never-treated", "not-yet-treated"]


def adoption_panel(
    data: pd.DataFrame,
    outcome: str,
    first_exposed: str,
    unit: str,
    period: str,
    covariates: Sequence[str],
    cluster: str | None,
) -> tuple[pd.DataFrame, dict[int, object], str]:
    """Return the panel in whole numbers, the periods' own labels, and a note.

    ``unit, time, outcome, first, cluster`` and the covariates; ``first`` is 0 for units never
    exposed in these periods. Units exposed from the start are left out and counted in the note.
    Raises ``DesignError`` for an absent column, a unit that occurs twice in a period, misses
    one, or has more than one first exposed period or cluster, and for a first exposed period that
    is none of the data's kind (text, a fraction, another frequency).
    """
    names = [outcome, first_exposed, unit, period, *covariates, *([cluster] if cluster else [])]
    where = "staggered difference-in-differences"
    require_columns(data, names, where)
    refuse_taken_names(covariates, where)
    require_named_rows(data, [unit, period, *([cluster] if cluster else [])], where)
    require_one_row_per_unit_and_period(data, unit, period)
    data = data.reset_index(drop=True)  # a stacked table's index may repeat
    time = time_numbers(data[period])
    labels: dict[int, object] = {}
    first = data[first_exposed]
    _refuse_other_moments(first, data[period], where)
    if isinstance(data[period].dtype, pd.PeriodDtype):
        origin = data[period].min().ordinal
        first = first.map(lambda value: np.nan if pd.isna(value) else value.ordinal - origin + 1)
    else:
        first = first.astype(float)
        first = first.where(first != 0) - data[period].min() + 1
    # Exposed before the first period is exposed from the start; after the last one, never here.
    first = first.astype(float).clip(lower=1).where(first <= time.max())
    cohorts = first.dropna().astype(int).drop_duplicates()
    labels |= dict(zip(cohorts, data.loc[cohorts.index, first_exposed], strict=True))
    once = time.drop_duplicates()
    labels |= dict(zip(once, data.loc[once.index, period], strict=True))
    panel = pd.DataFrame(
        {
            "unit": data[unit].astype("category").cat.codes.astype("int64"),
            "time": time,
            "outcome": numeric(data, outcome, where),
            "first": first.fillna(0).astype("int64"),
            "cluster": data[cluster or unit],
            **{name: numeric(data, name, where) for name in covariates},
        }
    )
    by_unit = panel.drop_duplicates("unit").set_index("unit")
    for column, words in (("first", "first exposed period"), ("cluster", "cluster")):
        changing = panel[column] != panel["unit"].map(by_unit[column])
        if changing.any():
            raise DesignError(
                f"Unit {data[unit].to_numpy()[changing.to_numpy().argmax()]} has more than one "
                f"{words}.",
                where=where,
                remedy=f"Give every unit one {words} over all its rows.",
            )
    known = np.isfinite(panel[["outcome", *covariates]].to_numpy()).all(axis=1)
    incomplete = pd.Series(known, panel.index).groupby(panel["unit"]).sum() < time.nunique()
    if incomplete.any():
        raise DesignError(
            f"Unit {data.loc[panel['unit'] == incomplete.idxmax(), unit].iloc[0]} misses a period "
            f"({int(incomplete.sum())} units do).",
            where=where,
            remedy="Leave out units or periods that are incomplete, or use longer periods.",
        )
    start = int(panel["time"].min())
    always = (panel["first"] > 0) & (panel["first"] <= start)
    n_always = int(panel.loc[always, "unit"].nunique())
    note = f"{n_always} units exposed from the start were left out" if n_always else ""
    kept = panel.loc[~always].copy()
    if not kept.empty:
        refuse_constant(kept["outcome"], where)
    # diff-diff numbers the units it is given from 0.
    kept["unit"] = kept["unit"].astype("category").cat.codes.astype("int64")
    return kept, labels, note


def _refuse_other_moments(first: pd.Series, periods: pd.Series, where: str) -> None:
    for value in first.dropna().unique():
        if value not in (0, math.inf):  # both are ways to write "never"
            require_moment(value, periods, where)


def refuse_adoption(panel: pd.DataFrame, control_group: ControlGroup, where: str) -> None:
    """Raise ``DesignError`` when nobody is exposed later, no controls or one cluster are left."""
    one_of(control_group, get_args(ControlGroup), "control_group")
    cohorts = panel.groupby("unit")["first"].first()
    if not (cohorts > 0).any():
        raise DesignError(
            "No unit becomes exposed after the first period: there is nobody to follow.",
            where=where,
            remedy="Check the adoption dates, or bring in earlier periods.",
        )
    if control_group == "never-treated" and not (cohorts == 0).any():
        raise DesignError(
            "No controls are left: every unit is exposed at some time.",
            where=where,
            remedy="Compare with units not yet treated (control_group='not-yet-treated').",
        )
    if cohorts.nunique() < 2:
        raise DesignError(
            "No controls are left: all units are exposed at the same time.",
            where=where,
            remedy="Add units that are exposed later or never.",
        )
    if panel["cluster"].nunique() < 2:
        raise DesignError(
            "There is one cluster: nothing tells its own luck from the effect.",
            where=where,
            remedy="Cluster by unit, or add units.",
        )


def refuse_changing_weights(panel: pd.DataFrame, weights: str | None, where: str) -> None:
    """Raise ``DesignError`` for weights that are not positive or change within a unit.

    Weights that move with exposure would let it choose whom the effect counts.
    """
    if weights is None:
        return
    refuse_weights(panel, weights, where)
    spread = panel.groupby("unit")[weights].agg(["min", "max"])
    if (spread["max"] > spread["min"] * (1 + 1e-12)).any():
        raise DesignError(
            "A unit's weight changes over time: exposure could move whom the effect counts.",
            where=where,
            remedy="Give every unit one weight, e.g. its births before the first exposure.",
        )

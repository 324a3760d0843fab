"""Panels of units over periods: what every difference-in-differences needs of its data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from equieval.errors import DesignError, did_you_mean


def require_columns(data: pd.DataFrame, names: Sequence[str], where: str) -> None:
    """Raise ``DesignError`` that names the first absent column."""
    for name in names:
        if name not in data.columns:
            raise DesignError(
                f"The data have no column {name!r}.",
                where=where,
                remedy=did_you_mean(name, [str(column) for column in data.columns]),
            )


def require_one_row_per_unit_and_period(data: pd.DataFrame, unit: str, period: str) -> None:
    """Raise ``DesignError`` that names the first unit and period that occur twice."""
    twice = data.duplicated([unit, period])
    if twice.any():
        row = data.loc[twice].iloc[0]
        raise DesignError(
            f"Unit {row[unit]} occurs twice in period {row[period]}.",
            where="panel of units over periods",
            remedy="Aggregate to one row per unit and period first.",
        )


#: Columns of the panels that estimators work on; a covariate of such a name would replace one.
_TAKEN: Final = ("unit", "time", "outcome", "exposed", "first", "cluster")


def refuse_taken_names(names: Sequence[str], where: str) -> None:
    """Raise ``DesignError`` for a covariate or weight named as a column that is needed here."""
    for name in names:
        if name in _TAKEN:
            raise DesignError(
                f"A covariate or weight cannot be called {name!r}: the panel has such a column.",
                where=where,
                remedy="Rename it.",
            )


def time_numbers(periods: pd.Series) -> pd.Series:
    """Return periods as whole numbers from 1, with their true spacing."""
    if isinstance(periods.dtype, pd.PeriodDtype):
        numbers = pd.Series(periods.array.asi8, index=periods.index)
    elif pd.api.types.is_numeric_dtype(periods.dtype):
        numbers = periods
        if (numbers % 1 != 0).any():
            raise DesignError(
                "Periods are not whole numbers.",
                where="panel of units over periods",
                remedy="Use pandas periods, or whole years.",
            )
    else:
        raise DesignError(
            f"Periods of type {periods.dtype} have no spacing.",
            where="panel of units over periods",
            remedy="Use pandas periods, or whole years.",
        )
    return pd.Series(numbers - numbers.min() + 1, index=periods.index, dtype="int64")


def exposure_panel(
    data: pd.DataFrame,
    *,
    outcome: str,
    exposed: str,
    unit: str,
    period: str,
    cluster: str | None = None,
    extra: Sequence[str] = (),
) -> tuple[pd.DataFrame, str]:
    """Return ``unit, time, outcome, exposed, cluster`` and ``extra``, checked, and a note.

    Rows without an outcome are left out; the note counts them. Raises ``DesignError`` for a
    panel that cannot carry a difference-in-differences.
    """
    where = "difference-in-differences"
    names = [outcome, exposed, unit, period, *([cluster] if cluster else []), *extra]
    require_columns(data, names, where)
    refuse_taken_names(extra, where)
    require_one_row_per_unit_and_period(data, unit, period)
    panel = pd.DataFrame(
        {
            "unit": data[unit],
            "time": time_numbers(data[period]),
            "outcome": data[outcome].astype(float),
            "exposed": data[exposed].astype(float),
            "cluster": data[cluster or unit],
            **{name: data[name].astype(float) for name in extra},
        }
    )
    known = pd.Series(
        np.isfinite(panel[["outcome", "exposed", *extra]].to_numpy()).all(axis=1), panel.index
    )
    note = "" if known.all() else f"{int((~known).sum())} rows without a value were left out"
    panel = panel.loc[known].copy()
    _refuse(panel, where)
    panel["cluster"] = panel["cluster"].astype("category").cat.codes
    return panel, note


def _refuse(panel: pd.DataFrame, where: str) -> None:
    if not panel["exposed"].isin([0, 1]).all():
        raise DesignError(
            "Exposure is neither 0 nor 1 somewhere.",
            where=where,
            remedy="Code a unit and period as exposed (1) or not (0); a dose is another design.",
        )
    if not (panel["exposed"] == 1).any():
        raise DesignError(
            "Nobody is exposed in these data.",
            where=where,
            remedy="Check the treated units and the start against the data.",
        )
    by_unit = panel.groupby("unit")["exposed"]
    first = by_unit.min()
    if not ((first == 0) & (by_unit.max() == 1)).any():
        raise DesignError(
            "Every exposed unit is exposed from the start: there is no period before.",
            where=where,
            remedy="Bring in earlier periods.",
        )
    by_time = panel.groupby("time")["exposed"]
    if not (by_time.min() < by_time.max()).any():
        raise DesignError(
            "No controls are left: in every period all units are exposed alike.",
            where=where,
            remedy="Add units that are exposed later or never, or use an interrupted time series.",
        )
    if panel["cluster"].nunique() < 2:
        raise DesignError(
            "There is one cluster: nothing tells its own luck from the effect.",
            where=where,
            remedy="Cluster by unit, or add units.",
        )

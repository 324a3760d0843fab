"""Panels of units over periods: what every difference-in-differences needs of its data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from equieval.errors import DesignError, did_you_mean
from equieval.methods.arguments import numbers


def require_columns(data: pd.DataFrame, names: Sequence[str], where: str) -> None:
    """Raise ``DesignError`` that names the first absent column."""
    for name in names:
        if name not in data.columns:
            raise DesignError(
                f"The data have no column {name!r}.",
                where=where,
                remedy=did_you_mean(name, [str(column) for column in data.columns]),
            )


def numeric(data: pd.DataFrame, name: str, where: str) -> pd.Series:
    """Return a column as floats; raise ``DesignError`` where it is text or holds infinity."""
    return numbers(data[name], name, where)


def require_named_rows(data: pd.DataFrame, names: Sequence[str], where: str) -> None:
    """Raise ``DesignError`` for no rows at all, and for rows without a unit, period or cluster."""
    if data.empty:
        raise DesignError(
            "There are no rows.",
            where=where,
            remedy="Check the selection of units, periods and strata.",
        )
    for name in names:
        if data[name].isna().any():
            raise DesignError(
                f"{int(data[name].isna().sum())} rows have no {name!r}.",
                where=where,
                remedy="Leave out rows that belong to none.",
            )


def refuse_constant(outcome: pd.Series, where: str) -> None:
    """Raise ``DesignError`` for an outcome that is the same everywhere (no events at all)."""
    values = outcome.to_numpy(float)
    if not np.ptp(values) > 1e-12 * max(float(np.abs(values).max()), np.finfo(float).tiny):
        raise DesignError(
            f"The outcome is {values[0]:g} in every unit and period: nothing varies.",
            where=where,
            remedy="Check the numerator; with too few events use larger groups or longer periods.",
        )


def refuse_no_spread(std_error: float, outcome: pd.Series, where: str) -> None:
    """Raise ``DesignError`` for a standard error of (to rounding) 0."""
    if not std_error > 1e-9 * float(outcome.std(ddof=0)):
        raise DesignError(
            "Nothing is left to judge the effect by: there is one unit on each side, or units "
            "move exactly alike.",
            where=where,
            remedy="Bring in more units, or follow one by an interrupted time series.",
        )


def refuse_weights(panel: pd.DataFrame, weights: str | None, where: str) -> None:
    """Raise ``DesignError`` for weights that are not positive."""
    if weights is not None and not (panel[weights] > 0).all():
        raise DesignError(
            "A weight is 0 or negative.",
            where=where,
            remedy="Leave out rows without a denominator.",
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

    Rows without an outcome are left out; the note counts them, and periods that units miss.
    Raises ``DesignError`` for a panel that cannot carry a difference-in-differences: columns that
    are no numbers, unknown exposure, nobody exposed, no period before, no controls, one cluster,
    a unit in two clusters, an outcome that is the same everywhere.
    """
    where = "difference-in-differences"
    names = [outcome, exposed, unit, period, *([cluster] if cluster else []), *extra]
    require_columns(data, names, where)
    refuse_taken_names(extra, where)
    require_named_rows(data, [unit, period, *([cluster] if cluster else [])], where)
    require_one_row_per_unit_and_period(data, unit, period)
    panel = pd.DataFrame(
        {
            "unit": data[unit],
            "time": time_numbers(data[period]),
            "outcome": numeric(data, outcome, where),
            "exposed": numeric(data, exposed, where),
            "cluster": data[cluster or unit],
            **{name: numeric(data, name, where) for name in extra},
        }
    )
    if panel["exposed"].isna().any():
        raise DesignError(
            f"Exposure is not known in {int(panel['exposed'].isna().sum())} rows.",
            where=where,
            remedy="Code every unit and period as exposed (1) or not (0), or leave it out.",
        )
    known = pd.Series(
        np.isfinite(panel[["outcome", "exposed", *extra]].to_numpy()).all(axis=1), panel.index
    )
    panel = panel.loc[known].copy()
    _refuse(panel, where)
    refuse_constant(panel["outcome"], where)
    absent = panel["unit"].nunique() * panel["time"].nunique() - len(panel)
    notes = [
        "" if known.all() else f"{int((~known).sum())} rows without a value were left out",
        f"{absent} of the units' periods are missing" if absent else "",
    ]
    note = "; ".join(words for words in notes if words)
    panel["cluster"] = panel["cluster"].astype("category").cat.codes
    return panel, note


def _refuse(panel: pd.DataFrame, where: str) -> None:
    if panel.empty:
        raise DesignError(
            "No row has a value.",
            where=where,
            remedy="Check the columns of the outcome, the weights and the covariates.",
        )
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
    clusters = panel.groupby("unit")["cluster"].nunique()
    if (clusters > 1).any():
        raise DesignError(
            f"Unit {clusters.idxmax()} is in more than one cluster: its own periods would count "
            "as independent.",
            where=where,
            remedy="Give every unit one cluster over all its rows, the unit itself or larger.",
        )

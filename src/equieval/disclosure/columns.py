"""Which columns of a frame a disclosure rule applies to, by their names.

Frames that reach `Profile.protect` use these names; a frame with others names them when it
asks for protection.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

COUNT_COLUMNS = frozenset(
    {
        "numerator",
        "denominator",
        "n",
        "n_events",
        "count",
        "events",
        "births",
        "total_births",
        "live_births",
        "stillbirths",
        "deaths",
        "maternities",
        "women",
        "babies",
        "population",
        "total",
        "sum_of_strata",
    }
)
"""Counts of people or events. ``births_2015`` and ``n_treated`` are counts too: see `is_count`."""

ROWS_NOT_PEOPLE = frozenset(
    {
        "n_obs",
        "n_units",
        "n_treated_units",
        "n_clusters",
        "n_controls",
        "n_before",
        "n_assignments",
    }
)
"""Counts of periods, units (trusts) and ways to assign them, which say nothing of people."""

RATE_COLUMNS = ("rate",)
"""Numerator over denominator, times a constant."""

MEAN_COLUMNS = ("mean", "median", "value", "sd")
"""Summaries of a measurement over ``n`` people."""

BESIDE_COUNTS = ("std_error", "ci_low", "ci_high", "p_value", "difference")
"""What gives an exact count away when it stands beside a rounded one."""


def is_count(name: str) -> bool:
    """Whether a column of this name counts people or events.

    >>> is_count("numerator"), is_count("births_2015"), is_count("n_treated"), is_count("period")
    (True, True, True, False)
    >>> is_count("n_units"), is_count("n_obs"), is_count("n_before")
    (False, False, False)
    """
    if name in ROWS_NOT_PEOPLE:
        return False
    if name in COUNT_COLUMNS:
        return True
    return any(name.startswith(f"{count}_") for count in COUNT_COLUMNS)


def count_columns(data: pd.DataFrame, also: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the count columns of a frame, in its order."""
    named = set(also)
    return tuple(str(name) for name in data.columns if str(name) in named or is_count(str(name)))


def uncovered_columns(data: pd.DataFrame, counts: Iterable[str]) -> tuple[str, ...]:
    """Return the numeric columns that no primary rule covers.

    Errors and intervals are covered only beside the counts or rates that they belong to: in a
    frame of model estimates no primary rule can judge them.
    """
    covered = {*counts, *RATE_COLUMNS, *MEAN_COLUMNS}
    if counts or any(name in data.columns for name in RATE_COLUMNS):
        covered.update(BESIDE_COUNTS)
    numeric = data.select_dtypes("number").columns
    return tuple(str(name) for name in numeric if str(name) not in covered)

"""One outcome of a panel whose units start at different times.

The headline is the average of Callaway and Sant'Anna's group-time effects, every exposed unit and
period counting the same. A two-way regression stands beside it for comparison: where effects
differ between cohorts or grow, it compares with units that are already treated.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from equieval.methods.adoption import ControlGroup
from equieval.methods.contrasts import t_contrast
from equieval.methods.did import two_way_fixed_effects
from equieval.methods.inference import headline_interval
from equieval.methods.staggered import callaway_santanna
from equieval.methods.staggered_alternatives import imputation
from equieval.study.analysis import CI_LEVEL
from equieval.study.comparison import (
    CLUSTERED,
    NO_INTERVAL,
    PER_UNIT,
    Comparison,
    Way,
    without_interval,
)

_OTHER: dict[ControlGroup, ControlGroup] = {
    "never-treated": "not-yet-treated",
    "not-yet-treated": "never-treated",
}


def compare_staggered(
    panel: pd.DataFrame,
    control_group: ControlGroup,
    n_events: float | None = None,
    *,
    anticipation: int = 0,
) -> Comparison:
    """Estimate the average effect on ``value`` over all exposed units and periods.

    With ``anticipation`` the periods compared with are those before any effect may show.

    Raises
    ------
    DesignError : the panel carries no staggered difference-in-differences.
    """
    found = callaway_santanna(
        panel,
        outcome="value",
        control_group=control_group,
        anticipation=anticipation,
        ci_level=CI_LEVEL,
    )
    overall = found.aggregate("simple").overall
    units = panel.groupby("unit")["exposed"].max()
    rule = headline_interval(len(units), int(units.sum()), n_events)
    treated = int(units.sum())
    reason = f"{len(units)} units, {treated} of them treated: t on units − 1"
    interval = "clustered"
    effect = t_contrast(overall.estimate, overall.std_error, len(units) - 1, ci_level=CI_LEVEL)
    inference = f"influence functions, {CLUSTERED}"
    if rule.interval in ("reassignment", "none"):
        effect, inference = without_interval(effect), NO_INTERVAL
        interval, reason = "none", rule.reason
    return Comparison(
        effect,
        inference,
        interval,
        reason,
        PER_UNIT,
        float(panel.loc[panel["exposed"] == 1, "value"].mean()),
        len(panel),
        found.n_units,
        treated,
    )


def other_staggered_ways(
    panel: pd.DataFrame, control_group: ControlGroup, *, anticipation: int = 0
) -> tuple[Way, ...]:
    """Return the other estimators for a panel with several starts."""
    value: dict[str, Any] = {"outcome": "value", "ci_level": CI_LEVEL}
    group_time: dict[str, Any] = {"anticipation": anticipation, **value}
    unaffected = panel[~panel["anticipated"]]
    other = _OTHER[control_group]
    return (
        (
            f"Callaway–Sant'Anna, {other.replace('-', ' ')} controls",
            f"influence functions, {CLUSTERED}",
            PER_UNIT,
            lambda: (
                callaway_santanna(panel, control_group=other, **group_time)
                .aggregate("simple")
                .overall
            ),
        ),
        (
            "Callaway–Sant'Anna, cohorts averaged",
            "influence functions, clustered by unit, normal",
            PER_UNIT,
            lambda: (
                callaway_santanna(panel, control_group=control_group, **group_time)
                .aggregate("group")
                .overall
            ),
        ),
        (
            "Imputation",
            "conservative errors by unit, t on clusters − 1",
            PER_UNIT,
            lambda: imputation(unaffected, **value),
        ),
        (
            "TWFE, unweighted",
            CLUSTERED,
            PER_UNIT,
            lambda: two_way_fixed_effects(unaffected, **value).effect,
        ),
    )

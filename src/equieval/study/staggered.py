"""One outcome of a panel whose units start at different times.

The headline is the average of Callaway and Sant'Anna's group-time effects, every exposed unit and
period counting the same, or by the unit's numbers before anybody is exposed. A two-way regression
stands beside it for comparison: where effects differ between cohorts or grow, it compares with
units that are already treated.
"""

from __future__ import annotations

from dataclasses import replace
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
    PER_SIZE,
    PER_UNIT,
    Comparison,
    Way,
    without_interval,
)
from equieval.study.counting import NOTHING, SIZE, Counting

ALIKE = "clustered by unit, t on as many units alike − 1"
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
    counting: Counting = NOTHING,
) -> Comparison:
    """Estimate the average effect on ``value`` over all exposed units and periods.

    With ``anticipation`` the periods compared with are those before any effect may show. Where
    units count by their size (``counting``), the interval goes by the number of units alike that
    would tell as much.

    Raises
    ------
    DesignError : the panel carries no staggered difference-in-differences, or not its covariates.
    """
    counting.refuse_too_many(panel)
    panel = counting.sized(panel)
    found = callaway_santanna(
        panel,
        outcome="value",
        control_group=control_group,
        anticipation=anticipation,
        ci_level=CI_LEVEL,
        **counting.group_time,
    )
    overall = found.aggregate("simple").overall
    units = panel.groupby("unit")["exposed"].max()
    treated = int(units.sum())
    alike, alike_treated = counting.alike(panel)
    reason = f"{len(units)} units, {treated} of them treated: t on units − 1"
    if counting.by_size:
        reason = (
            f"{len(units)} units, {treated} of them treated, tell as much as {alike} units alike, "
            f"{alike_treated} of them treated: t on those − 1"
        )
    rule = headline_interval(alike, alike_treated, n_events)
    interval = "clustered"
    effect = t_contrast(overall.estimate, overall.std_error, alike - 1, ci_level=CI_LEVEL)
    inference = counting.words(f"influence functions, {ALIKE if counting.by_size else CLUSTERED}")
    if rule.interval in ("reassignment", "none"):
        effect, inference = without_interval(effect), NO_INTERVAL
        interval, reason = "none", rule.reason
    return Comparison(
        effect,
        inference,
        interval,
        reason,
        PER_SIZE if counting.by_size else PER_UNIT,
        mean_when_exposed(panel, counting),
        len(panel),
        found.n_units,
        treated,
    )


def mean_when_exposed(panel: pd.DataFrame, counting: Counting) -> float:
    """Return the mean of ``value`` over exposed units and periods, counted as the effect is."""
    exposed = panel[panel["exposed"] == 1]
    if not counting.by_size:
        return float(exposed["value"].mean())
    return float((exposed["value"] * exposed[SIZE]).sum() / exposed[SIZE].sum())


def other_staggered_ways(
    panel: pd.DataFrame,
    control_group: ControlGroup,
    *,
    anticipation: int = 0,
    counting: Counting = NOTHING,
) -> tuple[Way, ...]:
    """Return the other estimators for a panel with several starts.

    Callaway and Sant'Anna's weigh and adjust as the headline does, the others only weigh so;
    where the headline weighs or adjusts, it stands beside itself without.
    """
    value: dict[str, Any] = {"outcome": "value", "ci_level": CI_LEVEL}
    group_time: dict[str, Any] = {"anticipation": anticipation, **value, **counting.group_time}
    panel = counting.sized(panel)
    unaffected = panel[~panel["anticipated"]]
    other = _OTHER[control_group]
    counted = PER_SIZE if counting.by_size else PER_UNIT
    unadjusted = ", unadjusted" if counting.covariates else ""
    return (
        *_without(panel, control_group, anticipation, counting),
        (
            f"Callaway–Sant'Anna, {other.replace('-', ' ')} controls",
            counting.words(f"influence functions, {CLUSTERED}"),
            counted,
            lambda: (
                callaway_santanna(panel, control_group=other, **group_time)
                .aggregate("simple")
                .overall
            ),
        ),
        (
            "Callaway–Sant'Anna, cohorts averaged",
            counting.words("influence functions, clustered by unit, normal"),
            counted,
            lambda: (
                callaway_santanna(panel, control_group=control_group, **group_time)
                .aggregate("group")
                .overall
            ),
        ),
        (
            f"Imputation{unadjusted}",
            "conservative errors by unit, t on clusters − 1",
            counted,
            lambda: imputation(unaffected, weights=counting.size, **value),
        ),
        (
            f"TWFE, {'weighted' if counting.by_size else 'unweighted'}{unadjusted}",
            CLUSTERED,
            counted,
            lambda: two_way_fixed_effects(unaffected, weights=counting.size, **value).effect,
        ),
    )


def _without(
    panel: pd.DataFrame, control_group: ControlGroup, anticipation: int, counting: Counting
) -> tuple[Way, ...]:
    """Return the headline's estimator without covariates, and with units counting the same."""
    choices = {
        "unadjusted": (counting.unadjusted, bool(counting.covariates)),
        "unweighted": (replace(counting, by_size=False), counting.by_size),
    }

    def way(name: str, other: Counting) -> Way:
        return (
            f"Callaway–Sant'Anna, {name}",
            other.words(f"influence functions, {CLUSTERED}"),
            PER_SIZE if other.by_size else PER_UNIT,
            lambda: (
                compare_staggered(
                    panel, control_group, anticipation=anticipation, counting=other
                ).effect
            ),
        )

    return tuple(way(name, other) for name, (other, differs) in choices.items() if differs)

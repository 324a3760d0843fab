"""Beside the headline of a staggered design: the other estimators for the same panel.

A two-way regression is among them for comparison: where effects differ between cohorts or grow,
it compares with units that are already treated.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from equieval.methods.adoption import ControlGroup
from equieval.methods.did import two_way_fixed_effects
from equieval.methods.staggered import callaway_santanna
from equieval.methods.staggered_alternatives import imputation
from equieval.study.analysis import CI_LEVEL
from equieval.study.comparison import CLUSTERED, PER_SIZE, PER_UNIT, Way
from equieval.study.counting import NOTHING, Counting
from equieval.study.staggered import compare_staggered

_OTHER: dict[ControlGroup, ControlGroup] = {
    "never-treated": "not-yet-treated",
    "not-yet-treated": "never-treated",
}


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

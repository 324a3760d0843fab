"""Beside the headline of a staggered design: the other estimators for the same panel.

A two-way regression is among them for comparison: where effects differ between cohorts or grow,
it compares with units that are already treated. Sun and Abraham's regression estimates the same
effects as Callaway and Sant'Anna against the never treated, with errors of its own; the Poisson
regression of the events takes the trends to be parallel in the logarithm of the rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, Final

import pandas as pd

from equieval.errors import DesignError
from equieval.methods.adoption import ControlGroup
from equieval.methods.contrasts import Contrast
from equieval.methods.did import two_way_fixed_effects
from equieval.methods.staggered_alternatives import imputation, sun_abraham_average
from equieval.methods.staggered_counts import CountEffects, poisson_etwfe
from equieval.study.analysis import CI_LEVEL
from equieval.study.comparison import BY_ARM, CLUSTERED, PER_PERSON, PER_SIZE, PER_UNIT, Way
from equieval.study.counting import NOTHING, Counting
from equieval.study.staggered import compare_staggered

_OTHER: dict[ControlGroup, ControlGroup] = {
    "never-treated": "not-yet-treated",
    "not-yet-treated": "never-treated",
}
POISSON: Final = "Poisson with offset"
OF_COHORTS: Final = f"one regression, each cohort and period against the never treated, {CLUSTERED}"
OF_EVENTS: Final = f"one regression of the events, trends parallel in their logarithm, {CLUSTERED}"


def other_staggered_ways(
    panel: pd.DataFrame,
    control_group: ControlGroup,
    *,
    anticipation: int = 0,
    counting: Counting = NOTHING,
) -> tuple[Way, ...]:
    """Return the other estimators for a panel with several starts.

    Callaway and Sant'Anna's weigh and adjust as the headline does, the others only weigh so, and
    Sun and Abraham's does neither; where the headline weighs or adjusts, it stands beside itself
    without.
    """
    value: dict[str, Any] = {"outcome": "value", "ci_level": CI_LEVEL}
    learnt = counting.words(f"influence functions, {BY_ARM}")
    panel = counting.sized(panel)
    other = _OTHER[control_group]
    counted = PER_SIZE if counting.by_size else PER_UNIT
    unadjusted = ", unadjusted" if counting.covariates else ""
    return (
        *_without(panel, control_group, anticipation, counting),
        (
            f"Callaway–Sant'Anna, {other.replace('-', ' ')} controls",
            learnt,
            counted,
            lambda: compare_staggered(panel, other, anticipation=anticipation, counting=counting),
        ),
        (
            "Callaway–Sant'Anna, cohorts averaged",
            learnt,
            counted,
            lambda: compare_staggered(
                panel,
                control_group,
                anticipation=anticipation,
                counting=counting,
                average="group",
            ),
        ),
        (
            f"Imputation{unadjusted}",
            "conservative errors by unit, t on clusters − 1",
            counted,
            _without_anticipation(
                anticipation, lambda: imputation(panel, weights=counting.size, **value)
            ),
        ),
        (
            f"Sun–Abraham{unadjusted}",
            OF_COHORTS,
            PER_UNIT,
            _without_anticipation(anticipation, lambda: sun_abraham_average(panel, **value)),
        ),
        (
            f"TWFE, {'weighted' if counting.by_size else 'unweighted'}{unadjusted}",
            CLUSTERED,
            counted,
            lambda: (
                two_way_fixed_effects(
                    panel[~panel["anticipated"]], weights=counting.size, **value
                ).effect
            ),
        ),
    )


def count_ways(
    panel: pd.DataFrame, per: float, *, anticipation: int = 0, counting: Counting = NOTHING
) -> tuple[Way, Way]:
    """Return the effect by a Poisson regression of the events: as a difference, and as a ratio.

    Saturated in cohorts and periods (`equieval.methods.staggered_counts`), adjusted as the
    headline is.

    Parameters
    ----------
    panel : with the events and what they are out of, ``numerator, denominator``.
    per : persons that the rate is told by.
    """

    @cache
    def fitted() -> CountEffects:
        return poisson_etwfe(
            panel,
            events="numerator",
            exposure="denominator",
            covariates=counting.covariates,
            per=per,
            ci_level=CI_LEVEL,
        )

    def way(estimate: Callable[[], Contrast]) -> Way:
        return (
            POISSON,
            counting.words(OF_EVENTS),
            PER_PERSON,
            _without_anticipation(anticipation, estimate),
        )

    return way(lambda: fitted().difference), way(lambda: fitted().ratio)


def _without_anticipation(
    anticipation: int, estimate: Callable[[], Contrast]
) -> Callable[[], Contrast]:
    """Return an estimate that is refused where an effect may show before the start."""

    def refused() -> Contrast:
        raise DesignError(
            "It takes no periods before the start in which an effect may already show.",
            where="design.anticipation",
            remedy="go by the estimators that take them",
        )

    return refused if anticipation else estimate


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
            other.words(f"influence functions, {BY_ARM}"),
            PER_SIZE if other.by_size else PER_UNIT,
            lambda: compare_staggered(
                panel, control_group, anticipation=anticipation, counting=other
            ),
        )

    return tuple(way(name, other) for name, (other, differs) in choices.items() if differs)

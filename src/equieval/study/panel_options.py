"""What of a protocol a comparison of units can honour; all else is refused by its key."""

from __future__ import annotations

import pandas as pd

from equieval.data import Observations, parse_period
from equieval.errors import DesignError, did_you_mean
from equieval.protocol import Evaluation
from equieval.protocol.design import (
    ControlledInterruptedTimeSeries,
    DifferenceInDifferences,
    InterruptedTimeSeries,
    StaggeredDifferenceInDifferences,
    SyntheticDifferenceInDifferences,
)
from equieval.protocol.fields import repeated
from equieval.study.counting import Counting
from equieval.study.groups import direction
from equieval.study.series import label

Comparative = (
    DifferenceInDifferences | StaggeredDifferenceInDifferences | SyntheticDifferenceInDifferences
)
EQUAL, FIXED, PERSONS = "equal", "fixed-shares", "denominator"


def comparative(evaluation: Evaluation) -> Comparative:
    """Return the design block if this version fits every option in it and in the estimand.

    Raises
    ------
    DesignError : another design, or an option that is not fitted.
    """
    design = evaluation.design
    if not isinstance(design, Comparative):
        raise DesignError(
            f"design '{design.type}' compares no units",
            where="design.type",
            remedy="use the pages of that design",
        )
    if design.cluster is not None and design.cluster != design.unit:
        raise DesignError(
            f"the data do not say which {design.unit} is in which '{design.cluster}', so no "
            "interval can take its units to vary together: each unit is a cluster of its own",
            where="design.cluster",
            remedy=f"where whole clusters were treated, supply the figures by '{design.cluster}' "
            f"and set design.unit to it; where each {design.unit} was treated by itself, leave "
            "it out",
        )
    _refuse_covariates(evaluation, design)
    direction(evaluation.outcomes.primary.indicator)
    _refuse_weighting(evaluation, design)
    _refuse_reference(evaluation)
    if evaluation.has("robustness") and evaluation.robustness.newey_west_lag is not None:
        raise DesignError(
            "a comparison of units has no Newey–West row: its errors are by unit",
            where="robustness.newey_west_lag",
            remedy="leave it out",
        )
    return design


def counting_of(evaluation: Evaluation) -> Counting:
    """Return how a comparison of units weighs them and what it adjusts for.

    With one start, weights are the denominators of each period: no estimator there needs one
    number per unit.
    """
    design = evaluation.design
    assert isinstance(design, Comparative)
    weighting = evaluation.outcomes.primary.weighting
    return Counting(
        by_size=weighting == FIXED and not isinstance(design, DifferenceInDifferences),
        covariates=tuple(design.covariates),
    )


def _refuse_covariates(evaluation: Evaluation, design: Comparative) -> None:
    """Refuse covariates of a design that takes none, and those that the effect could reach."""
    where = "design.covariates"
    if not design.covariates:
        return
    if isinstance(design, SyntheticDifferenceInDifferences):
        raise DesignError(
            "the weights of a synthetic comparison already follow the course of the treated "
            "before the start; with so few treated no slope of a covariate can be learnt besides",
            where=where,
            remedy="leave them out; say in design.selection how the treated differ",
        )
    for id in repeated(design.covariates):
        raise DesignError(f"'{id}' is named twice", where=where, remedy="name it once")
    outcomes = set(evaluation.outcomes.indicators)
    if evaluation.has("robustness"):
        outcomes |= {control.indicator for control in evaluation.robustness.control_outcomes}
    for id in design.covariates:
        if id in outcomes:
            raise DesignError(
                f"'{id}' is an outcome here: units alike in its level before the start part "
                "again by regression to the mean, which would look like an effect",
                where=where,
                remedy="adjust for another indicator; parallel trends take care of levels",
            )


def _refuse_weighting(evaluation: Evaluation, design: Comparative) -> None:
    """Refuse weights that the estimator does not use, or that would not hold the groups fixed."""
    primary = evaluation.outcomes.primary
    if not isinstance(design, DifferenceInDifferences):
        if primary.weighting == PERSONS:
            raise DesignError(
                f"'{design.type}' weighs a unit by one number over all periods, and the numbers "
                "of each period could move with the intervention",
                where="outcomes.primary.weighting",
                remedy=f"set it to {FIXED} (each person counts the same, by the numbers before "
                f"the start) or {EQUAL} (each unit does)",
            )
    elif primary.weighting == PERSONS and primary.measure != "gap":
        raise DesignError(
            f"the groups of '{primary.measure}' keep the shares that they had before the start, "
            "so that it cannot move because people do",
            where="outcomes.primary.weighting",
            remedy=f"set it to {FIXED} (each person counts the same) or {EQUAL} (each unit does)",
        )


def _refuse_reference(evaluation: Evaluation) -> None:
    equity, reference = evaluation.equity, evaluation.outcomes.primary.reference_group
    if equity.ordered and reference is not None:
        raise DesignError(
            f"reference_group '{reference}' is not used: measures of an ordered dimension compare "
            "its two ends, or all of its levels",
            where="outcomes.primary.reference_group",
            remedy="leave it out",
        )


def refuse_robustness_outside(
    evaluation: Evaluation,
    observations: Observations,
    periods: pd.PeriodIndex,
    *,
    horizon: pd.Period,
    staggered: bool,
) -> None:
    """Refuse robustness checks that name nothing in the data, or nothing that could be run."""
    if not evaluation.has("robustness"):
        return
    block, frequency = evaluation.robustness, observations.frequency
    if staggered and block.alternative_starts:
        raise DesignError(
            "units that start at different times have no one other start",
            where="robustness.alternative_starts",
            remedy="leave it out; design.anticipation moves all starts",
        )
    asked = [("robustness.placebo_starts", name) for name in block.placebo_starts]
    asked += [("robustness.alternative_starts", name) for name in block.alternative_starts]
    asked += [("robustness.exclude_periods", n) for each in block.exclude_periods for n in each]
    for where, name in asked:
        period = parse_period(name, frequency)
        refuse_outside(periods, period, where)
        if period == periods[0] and where != "robustness.exclude_periods":
            raise DesignError(
                f"nothing comes before {name}, the first period",
                where=where,
                remedy="name a later start, or supply earlier data",
            )
        if where == "robustness.alternative_starts" and period > horizon:
            raise DesignError(
                f"the other start {name} comes after the horizon ({label(horizon)}), up to which "
                "the effect is judged",
                where=where,
                remedy="name a start up to the horizon",
            )


def refuse_outside(periods: pd.PeriodIndex, period: pd.Period, where: str) -> None:
    """Refuse a period that is not in the window."""
    if period not in periods:
        raise DesignError(
            f"{label(period)} lies outside the data ({label(periods[0])} to {label(periods[-1])})",
            where=where,
            remedy="correct it, or supply data around it",
        )


def refuse_unknown_units(
    design: Comparative | ControlledInterruptedTimeSeries | InterruptedTimeSeries,
    observations: Observations,
) -> None:
    """Refuse units that are named but not there, and units that are there but not named."""
    if isinstance(design, InterruptedTimeSeries):
        noun, where_forgotten, remedy = "unit", "design.units", "add them"
        named = {"design.units": design.units}
    else:
        noun, where_forgotten, remedy = design.unit, "design.controls", "name them as controls"
        treated = "design.adoption" if hasattr(design, "adoption") else "design.treated"
        named = {treated: design.treated, "design.controls": design.controls}
    named["design.exclusions"] = tuple(entry.unit for entry in design.exclusions)
    for where, units in named.items():
        for unit in units:
            if unit not in observations.units:
                raise DesignError(
                    f"the data have no {noun} '{unit}'",
                    where=where,
                    remedy=did_you_mean(unit, observations.units),
                )
    known = {unit for units in named.values() for unit in units}
    forgotten = [unit for unit in observations.units if unit not in known]
    if forgotten:
        listed = ", ".join(forgotten[:6]) + (" …" if len(forgotten) > 6 else "")
        raise DesignError(
            f"the data have units that the design does not name: {listed}",
            where=where_forgotten,
            remedy=f"{remedy}, or leave them out under design.exclusions with a reason",
        )

"""What each design simulates to learn its power, judged as its reports judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from equieval.data import Observations, parse_period
from equieval.errors import DesignError
from equieval.methods.inference import headline_interval
from equieval.methods.power import FEWEST_BEFORE, detectable_effect
from equieval.methods.power_panel import Inference, detectable_effect_panel
from equieval.protocol import Evaluation
from equieval.study.adequacy import LEAST_DF
from equieval.study.analysis import CI_LEVEL
from equieval.study.compared_series import compared_series
from equieval.study.did import refuse_without_interval
from equieval.study.panel import PanelDesign, measure_panel, panel_design, rate_panel
from equieval.study.power_plan import Plan
from equieval.study.rates_by_period import measure_values, outcome_series
from equieval.study.series import (
    SeriesDesign,
    refuse_other_units,
    stated_design,
    withheld_note,
)

Question = Literal["outcome", "gap"]


@dataclass(frozen=True)
class Simulation:
    """How it is simulated: the power asked for, the number of drawn data sets, the seed."""

    power: float = 0.8
    replications: int = 500
    seed: int = 1

    def arguments(self) -> dict[str, Any]:
        """Return them as the methods take them."""
        return {
            "power": self.power,
            "replications": self.replications,
            "seed": self.seed,
            "ci_level": CI_LEVEL,
        }


@dataclass(frozen=True)
class Found:
    """What a simulation found: the effect, the noise behind it, and how it was judged."""

    effect: float
    phi: float
    sigma: float
    judged: str
    curve: pd.DataFrame
    refused: float = 0.0


@dataclass(frozen=True)
class Prepared:
    """A design made ready: its plan, what to ask for each question, and the remedies."""

    plan: Plan
    before: Callable[[Question], float]
    find: Callable[[Question, int], Found]
    remedies: tuple[str, ...]


def prepare_series(
    evaluation: Evaluation, observations: Observations, end: pd.Period, simulation: Simulation
) -> Prepared:
    """Make ready one series, or its difference to comparison units."""
    frequency, primary = evaluation.data.frequency, evaluation.outcomes.primary
    compared = compared_series(evaluation, observations)
    own = compared.observations
    covered = own.periods(primary.indicator)
    first = evaluation.design.first_period
    begins = parse_period(first, frequency) if first else covered[0]
    periods = pd.period_range(begins, end)
    design = stated_design(evaluation, periods, frequency)
    refuse_other_units(evaluation.design, own)  # type: ignore[arg-type]
    learnt = periods[periods < design.start]
    _refuse_withheld(design.over(learnt, design.horizon), own, primary.indicator)
    excluded = design.excluded
    model = replace(design.model, exclude=tuple(p for p in excluded if p >= design.start))
    after = pd.period_range(design.start, end)

    def series(question: Question) -> pd.Series:
        outcome = primary.indicator
        values = (
            compared.outcome(outcome)
            if question == "outcome"
            else compared.measure(outcome, primary.measure)
        )
        return values.reindex(learnt).mask(learnt.isin(list(excluded)))

    def before(question: Question) -> float:
        outcome = primary.indicator
        values = (
            outcome_series(own, outcome)
            if question == "outcome"
            else measure_values(own, outcome, primary.measure)
        )
        return float(values.reindex(learnt).mean())

    def find(question: Question, times: int) -> Found:
        found = detectable_effect(
            series(question),
            periods_after=times * len(after),
            horizon=(design.horizon - design.start).n,
            model=model,
            small_sample="satterthwaite",
            least_df=LEAST_DF,
            **simulation.arguments(),
        )
        judged = "REML AR(1), t with Satterthwaite degrees of freedom"
        return Found(
            found.effect, found.phi, found.sigma, judged, found.curve, refused=found.refused
        )

    plan = Plan(
        learnt=learnt[~learnt.isin(list(excluded))],
        start=design.start,
        end=end,
        horizon=design.horizon,
        after=int((~after.isin(list(excluded))).sum()),
    )
    return Prepared(plan, before, find, _series_remedies(design))


def _series_remedies(design: SeriesDesign) -> tuple[str, ...]:
    return (
        "a longer series before the start",
        "more frequent figures, if each still counts enough events",
        *(
            ("more comparison units, or some that move more alike",)
            if design.controlled
            else ("comparison units that share its ups and downs (design: controlled-its)",)
        ),
    )


def _refuse_withheld(design: SeriesDesign, observations: Observations, outcome: str) -> None:
    cells = [observations.overall(outcome), observations.strata(outcome)]
    note = withheld_note(design, observations, pd.concat(cells, ignore_index=True))
    if note:
        raise DesignError(
            f"the power for '{outcome}' by {observations.dimension} cannot be judged: {note}",
            where="disclosure.profile",
            remedy="use fewer groups or longer periods, so that each count is larger",
        )


def prepare_comparison(
    evaluation: Evaluation, observations: Observations, end: pd.Period, simulation: Simulation
) -> Prepared:
    """Make ready a comparison of units, with one start or several."""
    primary = evaluation.outcomes.primary
    refuse_without_interval(primary.measure)
    design = panel_design(evaluation, observations)
    learnt = _unbroken(design)
    inference = _inference(evaluation, design)
    after = pd.period_range(design.start, end)
    left_out = after.isin(list(design.excluded))
    kept = int((~left_out).sum())
    # Planned periods count from 0, and those that are left out do not count.
    place = {
        unit: int((~left_out[: (begins - design.start).n]).sum())
        for unit, begins in design.adoption.items()
    }
    whole = replace(design, anticipation=0)

    def panel(question: Question) -> pd.DataFrame:
        rows = (
            rate_panel(observations, primary.indicator, whole)
            if question == "outcome"
            else measure_panel(evaluation, observations, primary.measure, whole)
        )
        return rows[rows["period"].isin(learnt)]

    def before(question: Question) -> float:
        rows = panel(question)
        rows = rows[rows["treated"] == 1]
        return float((rows["value"] * rows["weight"]).sum() / rows["weight"].sum())

    def find(question: Question, times: int) -> Found:
        found = detectable_effect_panel(
            panel(question),
            place,
            outcome="value",
            periods_after=times * kept,
            inference=inference,
            **simulation.arguments(),
        )
        judged = found.inference.replace("-", " ")
        reason = "" if found.reason == "asked for" else f" ({found.reason})"
        return Found(found.effect, found.phi, found.sigma, f"{judged}{reason}", found.curve)

    plan = Plan(
        learnt=learnt,
        start=design.start,
        end=end,
        horizon=design.horizon,
        after=kept,
        n_units=len(design.units),
        n_treated_units=len(design.adoption),
    )
    return Prepared(plan, before, find, _comparison_remedies(design))


def _unbroken(design: PanelDesign) -> pd.PeriodIndex:
    """Return the periods up to the start in which nothing is left out or anticipated."""
    earlier = design.periods[design.periods < design.start - design.anticipation]
    gaps = [period for period in design.excluded if period in earlier]
    learnt = earlier[earlier > max(gaps)] if gaps else earlier
    if len(learnt) < FEWEST_BEFORE:
        raise DesignError(
            f"{len(learnt)} periods without a gap before the start are too few to judge power by",
            where="design.exclude_periods" if gaps else "design.first_period",
            remedy=f"supply at least {FEWEST_BEFORE}",
        )
    return learnt


def _inference(evaluation: Evaluation, design: PanelDesign) -> Inference | None:
    """Return how the evaluation will judge; None where the rule for one start decides."""
    if evaluation.design.type == "synthetic-did":
        return "synthetic"
    if not design.staggered:
        return None
    rule = headline_interval(len(design.units), len(design.adoption))
    if rule.interval in ("reassignment", "none"):
        raise DesignError(
            f"with several starts the effect would have no interval: {rule.reason}",
            where="design.adoption",
            remedy="plan for more units that start, or more that do not",
        )
    return "clustered"


def _comparison_remedies(design: PanelDesign) -> tuple[str, ...]:
    treated, controls = len(design.adoption), len(design.controls)
    fewer = "treated units" if treated <= controls else "comparison units"
    return (
        f"more {fewer} ({min(treated, controls)} now)",
        "larger units or longer periods, where chance is large because events are few",
        "units that moved more alike before the start",
    )

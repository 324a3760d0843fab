"""What each design simulates to learn its power, judged as its reports judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from equieval.data import Observations, parse_period
from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast
from equieval.methods.power import FEWEST_BEFORE, detectable_effect
from equieval.methods.power_panel import detectable_effect_panel
from equieval.protocol import Evaluation
from equieval.study.analysis import CI_LEVEL
from equieval.study.approach import approach_of
from equieval.study.compared_series import compared_series
from equieval.study.comparison import Comparison
from equieval.study.did import refuse_without_interval, treated_events
from equieval.study.panel import (
    PanelDesign,
    measure_panel,
    panel_design,
    rate_panel,
    until_the_last_start,
    with_covariates,
)
from equieval.study.panel_adequacy import planned_panel_checks
from equieval.study.panel_options import comparative
from equieval.study.planned_panel import planned_panel
from equieval.study.power_plan import Plan
from equieval.study.rates_by_period import measure_values, outcome_series
from equieval.study.recorded import recorded_periods
from equieval.study.series import (
    MIN_POINTS_PER_SIDE,
    SeriesDesign,
    label,
    refuse_gaps,
    refuse_other_units,
    stated_design,
    withheld_note,
)
from equieval.study.series_adequacy import expected_events, planned_checks
from equieval.study.series_options import refuse_unseen_interruptions
from equieval.study.words import first_start

Question = Literal["outcome", "gap"]

NO_INTERVAL: Final = "none"
"""What the rule for the headline calls it where no interval may stand."""


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
    """A design made ready: its plan, what to ask for each question, and the remedies.

    ``checks`` holds the plan, or one with so many times the periods after the start, against the
    thresholds that the report is judged by.
    """

    plan: Plan
    checks: Callable[[int], pd.DataFrame]
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
    covered = recorded_periods(own, primary.indicator)
    first = evaluation.design.first_period
    begins = parse_period(first, frequency) if first else covered[0]
    periods = pd.period_range(begins, end)
    design = stated_design(evaluation, periods, frequency)
    refuse_other_units(evaluation.design, own)  # type: ignore[arg-type]
    refuse_unseen_interruptions(design)
    learnt = periods[periods < design.start]
    earlier = design.over(learnt, design.horizon)
    _refuse_withheld(earlier, own, primary.indicator)
    refuse_gaps(earlier, own, primary.indicator)
    excluded = design.excluded
    after = pd.period_range(design.start, end)
    known = learnt[~learnt.isin(list(excluded))]
    if known.empty:
        raise _too_few(0, "design.exclude_periods")
    _refuse_too_few_after(design)
    # Periods left out just before the start are planned ones without an effect yet, left out.
    waiting = pd.period_range(known[-1] + 1, design.start - 1)
    model = replace(
        design.model,
        lag=design.lag + len(waiting),
        exclude=(*waiting, *(p for p in excluded if p >= design.start)),
    )

    def series(question: Question) -> pd.Series:
        """Return what the report will analyse; missing where one side of a difference is."""
        outcome = primary.indicator
        values = (
            compared.outcome(outcome)
            if question == "outcome"
            else compared.measure(outcome, primary.measure)
        )
        return values.reindex(known)

    observed_before = pd.PeriodIndex(series("gap").dropna().index)

    def before(question: Question) -> float:
        outcome = primary.indicator
        values = (
            outcome_series(own, outcome)
            if question == "outcome"
            else measure_values(own, outcome, primary.measure)
        )
        return float(values.reindex(known).mean())

    def checks(times: int) -> pd.DataFrame:
        whole = pd.period_range(begins, design.start + (times * len(after) - 1))
        longer = design.over(whole, design.horizon)
        counted = pd.PeriodIndex(longer.counted().index)
        observed = counted[(counted >= design.start) | counted.isin(observed_before)]
        expected = expected_events(compared, longer, primary.indicator)
        return planned_checks(longer, observed, expected)

    def find(question: Question, times: int) -> Found:
        found = detectable_effect(
            series(question),
            periods_after=len(waiting) + times * len(after),
            horizon=(design.horizon - known[-1]).n - 1,
            model=model,
            small_sample="satterthwaite",
            ci_level=CI_LEVEL,
            **simulation.arguments(),
        )
        judged = "REML AR(1), t with Satterthwaite degrees of freedom"
        return Found(
            found.effect, found.phi, found.sigma, judged, found.curve, refused=found.refused
        )

    plan = Plan(
        learnt=observed_before,
        start=design.start,
        end=end,
        horizon=design.horizon,
        after=int((~after.isin(list(excluded))).sum()),
    )
    return Prepared(plan, checks, before, find, _series_remedies(design))


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


def _refuse_too_few_after(design: SeriesDesign) -> None:
    """Refuse a plan that the report would refuse, whatever is observed in it."""
    after = int((design.counted().index >= design.start).sum())
    if after < MIN_POINTS_PER_SIDE:
        raise DesignError(
            f"too few points are planned from the start ({label(design.start)}): {after}, where "
            f"an interrupted time series needs at least {MIN_POINTS_PER_SIDE} on each side",
            where="design.start",
            remedy="plan for more periods after the start (--periods-after, design.last_period), "
            "or more frequent figures",
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
    design, approach = _planned_panel(evaluation, observations, end), approach_of(evaluation)
    learnt = _unbroken(design)
    after = pd.period_range(design.start, end)
    kept = int((~after.isin(list(design.excluded))).sum())
    whole = replace(design, anticipation=0)

    def panel(question: Question) -> pd.DataFrame:
        return (
            rate_panel(observations, primary.indicator, whole)
            if question == "outcome"
            else measure_panel(evaluation, observations, primary.measure, whole)
        )

    def learnt_from(question: Question) -> pd.DataFrame:
        rows = panel(question)
        return rows[rows["period"].isin(learnt)]

    def before(question: Question) -> float:
        rows = learnt_from(question)
        rows = rows[rows["treated"] == 1]
        return float((rows["value"] * rows["weight"]).sum() / rows["weight"].sum())

    def longer(times: int) -> PanelDesign:
        last = design.start + (times * len(after) - 1)
        if not comparative(evaluation).controls:
            until_the_last_start(design.periods, last, _starts(evaluation), design.anticipation)
        return replace(design, periods=pd.period_range(design.periods[0], last), horizon=last)

    def checks(times: int) -> pd.DataFrame:
        return planned_panel_checks(evaluation, longer(times), observations)

    def find(question: Question, times: int) -> Found:
        planned = planned_panel(panel(question), longer(times))
        events = treated_events(planned) if question == "outcome" else None
        judged: list[Comparison] = []

        def judge(drawn: pd.DataFrame) -> Contrast:
            judged.append(_with_interval(approach.vary(drawn, events)))
            return judged[-1].effect

        found = detectable_effect_panel(
            learnt_from(question),
            planned,
            judge,
            outcome="value",
            covariates=design.counting.covariates,
            # What units share is what a synthetic comparison lives on.
            noise="blocks" if evaluation.design.type == "synthetic-did" else "autoregressive",
            **simulation.arguments(),
        )
        how = _typical(judged)
        words = f"{how.inference}; {how.weighting} ({how.reason})"
        return Found(found.effect, found.phi, found.sigma, words, found.curve)

    plan = Plan(
        learnt=learnt,
        start=design.start,
        end=end,
        horizon=design.horizon,
        after=kept,
        n_units=len(design.units),
        n_treated_units=len(design.adoption),
    )
    return Prepared(plan, checks, before, find, _comparison_remedies(design))


def _planned_panel(
    evaluation: Evaluation, observations: Observations, end: pd.Period
) -> PanelDesign:
    """Return the planned design; its units and options are held against the time before.

    For that the design is given starts in the last periods before the true one: those that are
    planned are not in the data.
    """
    design, primary = comparative(evaluation), evaluation.outcomes.primary
    frequency, starts = observations.frequency, _starts(evaluation)
    known = recorded_periods(observations, primary.indicator)
    if len(known) < FEWEST_BEFORE:
        raise _too_few(len(known), "design.first_period")
    excluded = [parse_period(name, frequency) for name in design.exclude_periods]
    last = label(known[-1])
    changes: dict[str, Any] = {
        "last_period": last,
        "exclude_periods": tuple(label(period) for period in excluded if period <= known[-1]),
        "anticipation": 0,
    }
    judged = last
    if not hasattr(design, "adoption"):
        changes["start"] = last
    else:
        # Where all start, the last to do so are compared with until then.
        waiting = max(starts.values()) if not design.controls else None
        judged = label(known[-2])
        changes["adoption"] = {
            unit: label(known[-3]) if begins == min(starts.values())
            else last if begins == waiting
            else judged
            for unit, begins in starts.items()
        }  # fmt: skip
    earlier = primary.model_copy(update={"horizon": judged})
    given = {name: block for name, block in evaluation.given.items() if name != "robustness"}
    given["design"] = design.model_copy(update=changes)
    given["outcomes"] = evaluation.outcomes.model_copy(update={"primary": earlier})
    held = panel_design(Evaluation(given, evaluation.where), observations)
    planned = replace(
        held,
        periods=pd.period_range(held.periods[0], end),
        adoption={unit: starts[unit] for unit in held.adoption},
        horizon=end,
        excluded=tuple(excluded),
        anticipation=design.anticipation,
    )
    return with_covariates(planned, observations)


def _starts(evaluation: Evaluation) -> dict[str, pd.Period]:
    """Return the first exposed period of every unit that starts, as the protocol plans it."""
    design = comparative(evaluation)
    names = getattr(design, "adoption", None) or dict.fromkeys(
        design.treated, first_start(evaluation)
    )
    frequency = evaluation.data.frequency
    return {unit: parse_period(str(name), frequency) for unit, name in names.items()}


def _too_few(periods: int, where: str) -> DesignError:
    return DesignError(
        f"{periods} periods without a gap before the start are too few to judge power by",
        where=where,
        remedy=f"supply at least {FEWEST_BEFORE}, by quarters or months if not by years",
    )


def _unbroken(design: PanelDesign) -> pd.PeriodIndex:
    """Return the periods up to the start in which nothing is left out or anticipated."""
    earlier = design.periods[design.periods < design.start - design.anticipation]
    gaps = [period for period in design.excluded if period in earlier]
    learnt = earlier[earlier > max(gaps)] if gaps else earlier
    if len(learnt) < FEWEST_BEFORE:
        raise _too_few(len(learnt), "design.exclude_periods" if gaps else "design.first_period")
    return learnt


def _with_interval(found: Comparison) -> Comparison:
    """Return what the report would say of a panel; refuse where it would have no interval."""
    if found.interval == NO_INTERVAL:
        raise DesignError(
            f"the effect would have no interval: {found.reason}",
            where="design",
            remedy="plan for more units that start, or more that do not",
        )
    return found


def _typical(judged: list[Comparison]) -> Comparison:
    """Return the panel whose interval is of middling width: what is learnt differs by panel."""
    widths = [found.effect.ci_high - found.effect.ci_low for found in judged]
    return judged[int(np.argsort(widths, kind="stable")[len(widths) // 2])]


def _comparison_remedies(design: PanelDesign) -> tuple[str, ...]:
    treated, controls = len(design.adoption), len(design.controls)
    fewer = "treated units" if treated <= controls else "comparison units"
    return (
        f"more {fewer} ({min(treated, controls)} now)",
        "larger units or longer periods, where chance is large because events are few",
        "units that moved more alike before the start",
    )

"""What effects could an evaluation find? Answered before it begins, from its own pre-period.

The smallest effects on the outcome and on the inequality in it come by simulation
(`equieval.methods.power`, `equieval.methods.power_panel`), judged as the evaluation will judge.
Nothing from the start on is read (`equieval.study.power_plan`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from equieval.data import load_observations, parse_period
from equieval.errors import DesignError
from equieval.methods.power import refuse_power
from equieval.present.numbers import change_unit, number, of_unit, percent
from equieval.protocol import Evaluation
from equieval.study.adequacy import (
    CANNOT_SAY,
    ITS_THRESHOLDS,
    WITH_CAUTION,
    design_level,
    missed,
)
from equieval.study.power_designs import (
    Prepared,
    Question,
    Simulation,
    prepare_comparison,
    prepare_series,
)
from equieval.study.power_plan import (
    SERIES,
    Plan,
    before_start,
    planned_end,
    planned_evaluation,
)
from equieval.study.safeguard import safeguard
from equieval.study.words import first_start, measure_unit

__all__ = ["Detectable", "DetectableEffects", "Plan", "Simulation", "detectable_effects"]

QUESTIONS: tuple[Question, ...] = ("outcome", "gap")


@dataclass(frozen=True, eq=False)
class Detectable:
    """The smallest effect on the outcome, or on the inequality in it, that would be found.

    Attributes
    ----------
    question : ``outcome`` or ``gap``.
    measure, unit : what is measured, and in what.
    effect : in ``unit``, in either direction.
    before : the mean of the treated before the start, in ``unit``.
    longer : the same with twice as many periods after the start; infinite where none is found.
    autocorrelation, deviation : of the noise.
    judged : how the intervals are made, with the reason.
    seconds : how long the simulation took.
    curve : ``effect, power, monte_carlo_error``.
    """

    question: Question
    measure: str
    unit: str
    effect: float
    before: float
    longer: float
    autocorrelation: float
    deviation: float
    judged: str
    seconds: float
    curve: pd.DataFrame

    @property
    def relative(self) -> float:
        """The effect as a share of the mean before the start; NaN where that is 0."""
        return self.effect / abs(self.before) if self.before else math.nan


@dataclass(frozen=True)
class DetectableEffects:
    """What an evaluation could find, and what it could not.

    Attributes
    ----------
    plan : what was simulated.
    answers : one for each question that the design carries.
    refusals : question -> why the design does not carry it.
    remedies : what would make the effects smaller, a phrase each.
    checks : the plan held against the thresholds that the report is judged by, one row each.
    caution : why the answers may be too hopeful; empty where nothing says so.
    """

    plan: Plan
    answers: tuple[Detectable, ...]
    refusals: Mapping[Question, DesignError]
    remedies: tuple[str, ...]
    checks: pd.DataFrame
    caution: str = ""


def detectable_effects(
    evaluation: Evaluation,
    root: Path,
    *,
    simulation: Simulation | None = None,
    periods_after: int | None = None,
    step: Callable[[Question], None] | None = None,
) -> DetectableEffects:
    """Return the smallest effects that an evaluation would find.

    Parameters
    ----------
    periods_after : planned periods from the start on; left out, up to the horizon for a
        comparison of units, and for a series up to its end, since all of it is fitted.
    step : called with each question before it is simulated.

    Raises
    ------
    InputError : the parameters, the data before the start, or the design cannot be used.
    """
    frequency = evaluation.data.frequency
    simulation = simulation or Simulation()
    refuse_power(simulation.power)
    begins = first_start(evaluation)
    if begins is None:
        raise DesignError(
            f"design '{evaluation.design.type}' estimates no effect, so it has no power",
            where="design.type",
            remedy="use a design that compares or interrupts: its, controlled-its, did, "
            "staggered-did, synthetic-did",
        )
    start = parse_period(begins, frequency)
    recorded = load_observations(evaluation, root)
    end = planned_end(evaluation, recorded, start, periods_after)
    planned = planned_evaluation(evaluation, end)
    observations = safeguard(planned, before_start(recorded, start), root).grouped(
        planned.equity.grouping
    )
    prepare = prepare_series if evaluation.design.type in SERIES else prepare_comparison
    prepared = prepare(planned, observations, end, simulation)
    answers: list[Detectable] = []
    refusals: dict[Question, DesignError] = {}
    checks = prepared.checks(1)
    for question in QUESTIONS:
        if step is not None:
            step(question)
        try:
            _refuse_what_cannot_say(checks, prepared)
            answers.append(_answer(planned, prepared, question))
        except DesignError as refusal:
            refusals[question] = refusal
    return DetectableEffects(
        prepared.plan,
        tuple(answers),
        refusals,
        prepared.remedies,
        checks,
        _caution(prepared.plan, checks),
    )


def _caution(plan: Plan, checks: pd.DataFrame) -> str:
    """Say why the answers may be too hopeful, and why the report would say them with caution."""
    found = []
    enough = next(each for each in ITS_THRESHOLDS if each.id == "points-before").can_carry_from
    if len(plan.learnt) < enough:
        found.append(
            f"{len(plan.learnt)} periods before the start hardly tell how alike neighbouring "
            "periods are: the true figures may be much larger"
        )
    if design_level(checks) == WITH_CAUTION:
        found.append(
            f"the report would speak with caution: {'; '.join(missed(checks, WITH_CAUTION))}"
        )
    return "; ".join(found)


def _refuse_what_cannot_say(checks: pd.DataFrame, prepared: Prepared) -> None:
    """Refuse a plan of which the report would say, whatever it finds, that it cannot say."""
    if design_level(checks) != CANNOT_SAY:
        return
    remedies = list(checks.loc[checks["judgement"] == CANNOT_SAY, "remedy"])
    with suppress(DesignError):  # Where all units start, nobody may be left to compare with.
        if design_level(prepared.checks(2)) != CANNOT_SAY:
            remedies.insert(0, "twice as many periods after the start would do")
    raise DesignError(
        "whatever the effect, the report would answer that the data cannot say: "
        + "; ".join(missed(checks, CANNOT_SAY)),
        where="design",
        remedy="; ".join(dict.fromkeys(remedies)),
    )


def _answer(evaluation: Evaluation, prepared: Prepared, question: Question) -> Detectable:
    primary = evaluation.outcomes.primary
    measure = "rate" if question == "outcome" else primary.measure
    began = time.perf_counter()
    found = prepared.find(question, 1)
    try:
        longer = prepared.find(question, 2).effect
    except DesignError:
        longer = math.inf
    unit = measure_unit(measure, primary.indicator)
    if not math.isfinite(found.effect):
        more = "more periods after the start"
        if math.isfinite(longer):
            size = of_unit(number(longer), change_unit(unit))
            more = f"twice as many periods after the start (then {size} would be found)"
        raise DesignError(
            f"no effect would be found often enough, however large: {percent(found.refused)} of "
            "such series cannot be fitted",
            where="design",
            remedy="; ".join((more, *prepared.remedies)),
        )
    return Detectable(
        question=question,
        measure=measure,
        unit=unit,
        effect=found.effect,
        before=prepared.before(question),
        longer=longer,
        autocorrelation=found.phi,
        deviation=found.sigma,
        judged=found.judged,
        seconds=time.perf_counter() - began,
        curve=found.curve,
    )

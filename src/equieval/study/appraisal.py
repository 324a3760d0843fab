"""From estimates to an answer: verdict and certainty, by rules stated here and printed.

The verdict, in this order:

1. the design's adequacy is "cannot say", or the estimate has no interval -> ``cannot-say``;
2. the interval excludes no effect, but a stated variant points the other way -> ``cannot-say``;
3. the interval includes no effect -> ``no-clear-change``;
4. otherwise the direction of the estimate: ``narrowed`` or ``widened`` for inequality,
   ``improved``, ``worsened`` (or ``rose``, ``fell`` where neither is better) for an outcome.

Certainty starts at high and loses one step for each serious concern (GRADE's domains, read
for one study): what a design of this kind can never rule out, a design that carries only with
caution, an interval that includes no effect, variants that disagree in direction, an effect on a
control outcome or in a placebo group, where none can be, and each other kind of finding against it
(`equieval.study.doubts`). A verdict of "cannot say" is always of very low certainty; synthetic
evaluations are not rated.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from equieval.data import Observations
from equieval.present.numbers import listing
from equieval.present.periods import periods_named
from equieval.protocol import Evaluation, indicator
from equieval.study.adequacy import (
    CANNOT_SAY,
    WITH_CAUTION,
    design_level,
    missed,
)
from equieval.study.designs import study_of
from equieval.study.doubts import doubts
from equieval.study.headline import outcome_row, primary_row
from equieval.study.words import as_clause

CERTAINTY = ("very-low", "low", "moderate", "high")
NOT_RATED = "not-rated"


@dataclass(frozen=True)
class Answer:
    """The verdict on one question, with its estimate and why.

    Attributes
    ----------
    verdict : ``cannot-say``, ``no-clear-change``, or a direction.
    estimate : the row of the Estimates table that it rests on.
    checks : the adequacy checks, one row each.
    level : the worst level among the checks.
    disagreeing : labels of the variants that point the other way.
    reasons : why the verdict is not a direction; empty where it is one.
    """

    verdict: str
    estimate: pd.Series
    checks: pd.DataFrame
    level: str
    disagreeing: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def cannot_say(self) -> bool:
        """Whether the answer is that the data cannot say."""
        return self.verdict == "cannot-say"

    @property
    def rows(self) -> pd.DataFrame:
        """The estimate as a one-row frame, as makers of sentences take it."""
        return pd.DataFrame([self.estimate])


@dataclass(frozen=True)
class Appraisal:
    """Both answers of an evaluation, and the certainty of the evidence with its reasons.

    ``doubts`` are what the tests of the design found against the answers; where the evidence is
    rated they are among the reasons, too.
    """

    inequality: Answer
    outcome: Answer
    certainty: str
    certainty_reasons: tuple[str, ...]
    doubts: tuple[str, ...] = ()


def judge(evaluation: Evaluation, observations: Observations, estimates: pd.DataFrame) -> Appraisal:
    """Judge the evaluation.

    Parameters
    ----------
    estimates : the estimates of the pages effect, inequality-effect and robustness.
    """
    inequality = judge_inequality(evaluation, observations, estimates)
    overall = judge_outcome(evaluation, observations, estimates)
    against = doubts(evaluation, observations, estimates)
    certainty, reasons = _certainty(evaluation, inequality, against)
    return Appraisal(inequality, overall, certainty, reasons, against)


def judge_inequality(
    evaluation: Evaluation, observations: Observations, estimates: pd.DataFrame
) -> Answer:
    """Judge the primary question from the estimates at hand."""
    row = primary_row(estimates)
    return _answer(evaluation, observations, estimates, row, ("narrowed", "widened"))


def judge_outcome(
    evaluation: Evaluation, observations: Observations, estimates: pd.DataFrame
) -> Answer:
    """Judge whether the outcome itself changed, from the estimates at hand."""
    outcome = evaluation.outcomes.primary.indicator
    words = {"low": ("improved", "worsened"), "high": ("worsened", "improved")}
    directions = words.get(indicator(outcome).polarity, ("fell", "rose"))
    row = outcome_row(estimates, outcome)
    return _answer(evaluation, observations, estimates, row, directions)


def _answer(
    evaluation: Evaluation,
    observations: Observations,
    estimates: pd.DataFrame,
    row: pd.Series,
    directions: tuple[str, str],
) -> Answer:
    checks = study_of(evaluation.design.type).checks(evaluation, observations, row)
    level = design_level(checks)
    disagreeing = _disagreeing(estimates, row)
    excludes = bool(row["ci_low"] > 0 or row["ci_high"] < 0)
    reasons = missed(checks)
    bounded = not pd.isna(row["ci_low"])
    if not bounded:
        note = as_clause(str(row["note"]))
        reasons = (note,) if pd.isna(row["estimate"]) else (note, *reasons)
    if level == CANNOT_SAY or not bounded:
        verdict = "cannot-say"
    elif excludes and disagreeing:
        verdict = "cannot-say"
        reasons = (f"the direction turns with one choice ({listing(disagreeing)})",)
    elif not excludes:
        verdict = "no-clear-change"
    else:
        verdict = directions[0] if row["estimate"] < 0 else directions[1]
    return Answer(verdict, row, checks, level, disagreeing, reasons)


def _disagreeing(estimates: pd.DataFrame, row: pd.Series) -> tuple[str, ...]:
    """Return the variants of one estimate whose sign is the other one."""
    same = estimates[
        (estimates["outcome"] == row["outcome"])
        & (estimates["estimand"] == row["estimand"])
        & (estimates["scale"] == row["scale"])
        & (estimates["stratum"] == row["stratum"])
        & (estimates["role"] == "robustness")
    ]
    opposite = same[same["estimate"] * float(row["estimate"]) < 0]
    named = opposite["note"].fillna(opposite["estimator"])
    return tuple(periods_named(str(name)) for name in named)


def _certainty(
    evaluation: Evaluation, answer: Answer, against: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    if evaluation.identity.synthetic:
        return NOT_RATED, ("the data are synthetic",)
    reasons = [_of_the_design(evaluation)]
    if answer.level == WITH_CAUTION:
        reasons.append("the design carries the estimate only with caution")
    low, high = answer.estimate["ci_low"], answer.estimate["ci_high"]
    if low <= 0 <= high:
        reasons.append("the interval includes no effect")
    if answer.disagreeing:
        reasons.append(f"the direction changes with one choice ({listing(answer.disagreeing[:4])})")
    reasons += against
    if answer.verdict == "cannot-say":
        return CERTAINTY[0], (*answer.reasons, *reasons)
    step = max(0, len(CERTAINTY) - 1 - len(reasons))
    return CERTAINTY[step], tuple(reasons)


def _of_the_design(evaluation: Evaluation) -> str:
    """Return what a design of this kind can never rule out."""
    return {
        "its": "there is no comparison series, so anything else that changed at the start counts "
        "too",
        "controlled-its": "whatever changed for the treated series alone at the start counts too",
    }.get(
        evaluation.design.type,
        "who was treated was not drawn by lot, so the treated may have changed for another reason",
    )

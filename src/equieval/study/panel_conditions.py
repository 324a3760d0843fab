"""The seven conditions of a difference-in-differences, each with the evidence for it.

Data requirements, parallel trends, no anticipation, statistical assumptions, common shocks,
group composition, spillover: the list against which a 2024 review held early-life
difference-in-differences studies, none of which met them all.
"""

from __future__ import annotations

import math

import pandas as pd

from equieval.present import numbers
from equieval.protocol import Evaluation
from equieval.study.analysis import Analysis
from equieval.study.appraisal import Appraisal
from equieval.study.conditions import (
    CANNOT_TELL,
    MET,
    NOT_MET,
    PARTLY,
    data_words,
    placebo_words,
    shock_evidence,
)
from equieval.study.panel_options import Comparative
from equieval.study.words import measure_unit

CLEARLY = 0.05
FRAGILE, STURDY = 0.5, 1.0
"""Breakdown values (relative magnitudes) under and over which a finding is called so."""


def seven_panel_conditions(
    evaluation: Evaluation, appraisal: Appraisal, pretrend: pd.DataFrame, robustness: Analysis
) -> pd.DataFrame:
    """Answer the seven conditions for a comparison of units.

    Parameters
    ----------
    pretrend : the frame ``pre-trend`` of the primary measure (effects on inequality).
    robustness : the analysis of the robustness page.

    Returns
    -------
    DataFrame ``condition, question, answer, evidence``.
    """
    placebo, breakdown = robustness.frame("placebo"), robustness.frame("breakdown").iloc[0]
    rows = [
        ("Data requirements", "Are there enough units, periods and events?",
         *data_words(appraisal)),
        ("Parallel trends", "Would treated and comparison units have moved alike?",
         *_parallel(evaluation, pretrend.iloc[0], breakdown)),
        ("No anticipation", "Did nothing change before the start?",
         *_anticipation(evaluation, placebo)),
        ("Statistical assumptions", "Do other estimators and intervals say the same?",
         *_agreement(robustness.frame("specifications"))),
        ("Common shocks", "Did anything else hit one side at the same time?",
         *shock_evidence(evaluation, robustness.frame("controls"))),
        ("Group composition", "Are the groups made up of the same people before and after?",
         *_composition(robustness.frame("alternatives"))),
        ("Spillover", "Could the intervention reach the comparison units?",
         *_spillover(evaluation)),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["condition", "question", "answer", "evidence"])


def _parallel(evaluation: Evaluation, pretrend: pd.Series, breakdown: pd.Series) -> tuple[str, str]:
    if pretrend["reason"]:
        return CANNOT_TELL, f"Cannot be tested: {pretrend['reason']}."
    differ = pretrend["p_value"] < CLEARLY
    primary, block = evaluation.outcomes.primary, breakdown["block"] or "period"
    unit = numbers.change_unit(measure_unit(primary.measure, primary.indicator))
    drift = numbers.of_unit(numbers.number(pretrend["slope_most"]), unit)
    test = (
        f"The gaps before the start {'differ' if differ else 'do not clearly differ'} between "
        f"treated and comparison units ({_p(pretrend['p_value'])} on "
        f"{int(pretrend['df'])} {block}s); a steady drift of {drift} each {block} would have been "
        "found four times in five."
    )
    if breakdown["reason"]:
        return (NOT_MET if differ else CANNOT_TELL), test
    value = float(breakdown["relative"])
    held = f"{test} {_held(value)}"
    if differ:
        return NOT_MET, held
    return (MET if value >= STURDY else PARTLY if value >= FRAGILE else CANNOT_TELL), held


def _held(value: float) -> str:
    """Say how far trends may part after the start before the finding falls.

    >>> _held(0.02)
    'The finding does not hold for even a small departure from parallel trends after the start.'
    """
    if value == 0:
        return "Even with parallel trends the mean effect over the event study includes none."
    if math.isinf(value):
        return "The finding holds at every departure after the start that was tried."
    if round(value, 1) == 0:
        return (
            "The finding does not hold for even a small departure from parallel trends after the "
            "start."
        )
    return (
        "The finding holds for departures after the start up to "
        f"{numbers.plain(value)} times the largest one before."
    )


def _p(value: float) -> str:
    return "p below 0.01" if value < 0.01 else f"p = {value:.2f}"


def _anticipation(evaluation: Evaluation, placebo: pd.DataFrame) -> tuple[str, str]:
    design = evaluation.design
    allowed = design.anticipation if isinstance(design, Comparative) else 0
    extra = (
        f" The {allowed} periods before the start are left out, since an effect may show there."
        if allowed
        else ""
    )
    known = placebo.dropna(subset=["estimate"])
    clear = known[(known["ci_low"] > 0) | (known["ci_high"] < 0)]
    if known.empty:
        return CANNOT_TELL, "The protocol names no placebo start that could be estimated." + extra
    return (PARTLY if clear.empty else NOT_MET), placebo_words(placebo) + extra


def _agreement(specifications: pd.DataFrame) -> tuple[str, str]:
    known = specifications.dropna(subset=["estimate"])
    if known.empty:
        return CANNOT_TELL, "No other specification could be estimated."
    share = float(known["share_same_sign"].iloc[0])
    lowest, highest = (numbers.change(known["estimate"].agg(end)) for end in ("min", "max"))
    words = (
        f"{round(100 * share)}% of {len(known)} specifications (estimator, weighting, comparison "
        f"units, periods) have the same sign; they range from {lowest} to {highest}."
    )
    bounded = int(known[["ci_low", "ci_high"]].notna().all(axis=1).sum())
    if bounded < len(known):
        words += f" {f'Only {bounded}' if bounded else 'None'} of them can have an interval."
    agreed = share == 1 and bounded == len(known)
    return (MET if agreed else PARTLY if share >= 0.9 else NOT_MET), words


def _composition(alternatives: pd.DataFrame) -> tuple[str, str]:
    if alternatives.empty:
        return CANNOT_TELL, "Who is counted could not be compared."
    moved = alternatives[(alternatives["ci_low"] > 0) | (alternatives["ci_high"] < 0)]
    words = "; ".join(
        f"{row['label'][:1].lower()}{row['label'][1:]}: {numbers.change(row['estimate'])} "
        f"{row['unit']} (95% interval "
        f"{numbers.interval(row['ci_low'], row['ci_high'], signed=True)})"
        for _, row in alternatives.iterrows()
    )
    return (PARTLY if moved.empty else NOT_MET), words[:1].upper() + words[1:] + "."


def _spillover(evaluation: Evaluation) -> tuple[str, str]:
    design = evaluation.design
    left_out = design.exclusions if isinstance(design, Comparative) else ()
    if not left_out:
        return CANNOT_TELL, (
            "The data cannot show it, and the protocol leaves no neighbouring unit out."
        )
    words = "; ".join(f"{entry.unit}: {entry.reason}" for entry in left_out)
    return PARTLY, f"Left out beforehand: {words}."
